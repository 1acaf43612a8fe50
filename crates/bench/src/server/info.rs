//! What a server says of itself.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

/// The parts of INFO's answer that results state or checks need.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Info {
    pub(crate) faktory: Contents,
    pub(crate) server: Identity,
}

/// What is in the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Contents {
    /// Jobs that wait, by queue.
    pub(crate) queues: BTreeMap<String, u64>,
    tasks: Tasks,
}

/// The sets, as the server's duties look after them.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Tasks {
    scheduled: SetSize,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SetSize {
    size: u64,
}

impl Contents {
    /// How many jobs wait in these queues together.
    pub(crate) fn waiting(&self, queues: &[String]) -> u64 {
        let sizes = queues.iter().filter_map(|queue| self.queues.get(queue));
        sizes.sum()
    }

    /// How many jobs wait for their time.
    pub(crate) fn scheduled(&self) -> u64 {
        self.tasks.scheduled.size
    }
}

/// Which server it is.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default)]
pub(crate) struct Identity {
    pub(crate) description: String,
    pub(crate) faktory_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) workmill_version: Option<String>,
}

impl Info {
    pub(super) fn parse(json: &[u8]) -> anyhow::Result<Self> {
        serde_json::from_slice(json).context("INFO's answer is not what it should be")
    }
}

impl Identity {
    /// Name and version, in the words a reader knows it by.
    pub(crate) fn title(&self) -> String {
        match &self.workmill_version {
            Some(version) => format!("Workmill {version}"),
            None => format!("{} {}", self.description, self.faktory_version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_known_by_its_own_name() {
        let json = br#"{"now":"x","faktory":{"queues":{"a":3,"b":4,"c":5},"tasks":{"Scheduled":{"size":7}}},
            "server":{"description":"Faktory Enterprise","faktory_version":"1.10.0","workmill_version":"0.1.0"}}"#;
        let info = Info::parse(json).unwrap();
        assert_eq!(info.server.title(), "Workmill 0.1.0");
        let queues = ["a", "c", "d"].map(str::to_owned);
        assert_eq!(info.faktory.waiting(&queues), 8);
        assert_eq!(info.faktory.scheduled(), 7);
        let json = br#"{"server":{"description":"Faktory","faktory_version":"1.9.0"}}"#;
        assert_eq!(Info::parse(json).unwrap().server.title(), "Faktory 1.9.0");
        assert!(Info::parse(b"[]x").is_err());
    }
}
