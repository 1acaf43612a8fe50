//! The sizes and counters INFO shows, compared with the ledger: between what is certain and what is possible.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::client::Client;
use crate::course::Status;
use crate::ledger::Ledger;
use crate::ledger_job::Entry;

/// The sizes INFO shows.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    pub(crate) queues: BTreeMap<String, u64>,
    pub(crate) sets: BTreeMap<String, u64>,
    pub(crate) processed: u64,
    pub(crate) failures: u64,
}

impl Sizes {
    pub(crate) fn of(info: &Value) -> Self {
        let sizes = |value: &Value| {
            let object = value
                .as_object()
                .unwrap_or_else(|| panic!("no sizes in {info}"));
            object
                .iter()
                .map(|(name, size)| (name.clone(), size.as_u64().expect("a size is a number")))
                .collect()
        };
        let total = |name: &str| {
            info["faktory"][name]
                .as_u64()
                .unwrap_or_else(|| panic!("no {name} in {info}"))
        };
        Self {
            queues: sizes(&info["faktory"]["queues"]),
            sets: sizes(&info["faktory"]["sets"]),
            processed: total("total_processed"),
            failures: total("total_failures"),
        }
    }

    pub(crate) fn working(&self) -> u64 {
        self.sets.get("working").copied().unwrap_or_default()
    }

    pub(crate) fn total(&self) -> u64 {
        self.queues.values().sum::<u64>() + self.sets.values().sum::<u64>()
    }
}

impl Ledger {
    /// Compares what INFO says with what may be. Nobody else may be connected.
    pub fn check_info(&self, client: &mut Client) {
        self.compare_sizes(&Sizes::of(&client.info()));
    }

    pub(crate) fn compare_sizes(&self, sizes: &Sizes) {
        let mut state = self.state();
        let count = |status| {
            state
                .jobs
                .values()
                .filter(|entry| entry.course.status == status)
                .count() as u64
        };
        let (held, acks, fails) = (
            count(Status::Held),
            count(Status::AckSent),
            count(Status::FailSent),
        );
        let presences: Vec<_> = state.jobs.values().map(Entry::presence).collect();
        let certain = presences.iter().filter(|(certain, _)| *certain).count() as u64;
        let possible = presences.iter().filter(|(_, possible)| *possible).count() as u64;
        let bounds = [
            ("jobs in all places", sizes.total(), certain, possible),
            (
                "jobs under reservation",
                sizes.working(),
                held,
                held + acks + fails + state.fetches_unknown,
            ),
            (
                "total_processed",
                sizes.processed,
                state.processed,
                state.processed + acks + fails,
            ),
            (
                "total_failures",
                sizes.failures,
                state.failures,
                state.failures + fails,
            ),
        ];
        for (what, found, min, max) in bounds {
            state.checked.numbers += 1;
            if !(min..=max).contains(&found) {
                state.violate(format!(
                    "INFO counts {found} {what}; there must be {min} to {max}"
                ));
            }
        }
    }
}
