//! How measurements are written: `name:value|type|#tag,tag`.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use workmill_engine::{Event, EventKind};

use crate::agent::write_tag;
use crate::settings::MetricsSettings;

/// The types of `DogStatsD` in use.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Gauge,
    Count,
    /// A histogram of times in milliseconds.
    Timing,
}

impl Kind {
    fn symbol(self) -> &'static str {
        match self {
            Self::Gauge => "g",
            Self::Count => "c",
            Self::Timing => "ms",
        }
    }
}

/// Writes lines, with what is the same in all of them.
#[derive(Debug)]
pub(super) struct Format {
    namespace: String,
    /// The tags of the operator, separated by commas.
    tags: String,
}

impl Format {
    pub(super) fn new(settings: &MetricsSettings) -> Self {
        Self {
            namespace: settings.namespace.clone(),
            tags: settings.tags.join(","),
        }
    }

    /// Writes one line, without an end.
    pub(super) fn write(
        &self,
        out: &mut String,
        name: &str,
        value: impl Display,
        kind: Kind,
        tags: &[(&str, &str)],
    ) {
        let symbol = kind.symbol();
        // Writing into a text cannot fail.
        let _ = write!(out, "{}{name}:{value}|{symbol}", self.namespace);
        let mut separator = "|#";
        if !self.tags.is_empty() {
            out.push_str(separator);
            out.push_str(&self.tags);
            separator = ",";
        }
        for (key, value) in tags {
            out.push_str(separator);
            write_tag(out, key, value);
            separator = ",";
        }
    }

    /// Writes the line of something that happened to a job.
    pub(super) fn write_event(&self, out: &mut String, event: &Event) {
        let queue = ("queue", &*event.queue);
        let jobtype = ("jobtype", &*event.jobtype);
        match event.kind {
            EventKind::Pushed => {
                self.write(out, "jobs.pushed", 1, Kind::Count, &[queue, jobtype]);
            }
            EventKind::Fetched => {
                self.write(out, "jobs.fetched", 1, Kind::Count, &[queue, jobtype]);
            }
            EventKind::Expired => {
                self.write(out, "jobs.expired", 1, Kind::Count, &[queue, jobtype]);
            }
            EventKind::Succeeded { ran_for } => {
                let tags = [queue, jobtype, ("status", "success")];
                self.write(out, "jobs.processed", millis(ran_for), Kind::Timing, &tags);
            }
            EventKind::Failed { ran_for, dead } => {
                let dead = if dead { "true" } else { "false" };
                let tags = [queue, jobtype, ("status", "fail"), ("dead", dead)];
                self.write(out, "jobs.processed", millis(ran_for), Kind::Timing, &tags);
            }
        }
    }
}

/// Milliseconds, to the microsecond.
pub(super) fn millis(time: Duration) -> f64 {
    time.as_micros() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::super::datagrams::DATAGRAM_BYTES_MAX;
    use super::*;
    use crate::agent::AgentAddress;
    use crate::agent::{TAG_BYTES_MAX, TAGS_BYTES_MAX};
    use crate::settings::NAMESPACE_BYTES_MAX;

    fn format(namespace: &str, tags: &[&str]) -> Format {
        Format::new(&MetricsSettings {
            address: AgentAddress::parse("localhost", 1).unwrap(),
            namespace: namespace.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        })
    }

    fn line_of(format: &Format, kind: EventKind, queue: &str, jobtype: &str) -> String {
        let mut line = String::new();
        let event = Event {
            kind,
            queue: queue.into(),
            jobtype: jobtype.into(),
        };
        format.write_event(&mut line, &event);
        line
    }

    #[test]
    fn events_have_their_name_type_and_tags() {
        let ran_for = Duration::from_micros(1_500);
        for (kind, expected) in [
            (
                EventKind::Pushed,
                "faktory.jobs.pushed:1|c|#queue:q,jobtype:T",
            ),
            (
                EventKind::Fetched,
                "faktory.jobs.fetched:1|c|#queue:q,jobtype:T",
            ),
            (
                EventKind::Expired,
                "faktory.jobs.expired:1|c|#queue:q,jobtype:T",
            ),
            (
                EventKind::Succeeded { ran_for },
                "faktory.jobs.processed:1.5|ms|#queue:q,jobtype:T,status:success",
            ),
            (
                EventKind::Failed {
                    ran_for,
                    dead: true,
                },
                "faktory.jobs.processed:1.5|ms|#queue:q,jobtype:T,status:fail,dead:true",
            ),
            (
                EventKind::Failed {
                    ran_for,
                    dead: false,
                },
                "faktory.jobs.processed:1.5|ms|#queue:q,jobtype:T,status:fail,dead:false",
            ),
        ] {
            assert_eq!(line_of(&format("faktory.", &[]), kind, "q", "T"), expected);
        }
    }

    #[test]
    fn tags_of_the_operator_are_on_every_line() {
        let format = format("x.", &["env:prod", "team:ops"]);
        let mut line = String::new();
        format.write(&mut line, "jobs.dead", 7, Kind::Gauge, &[]);
        assert_eq!(line, "x.jobs.dead:7|g|#env:prod,team:ops");
        let line = line_of(&format, EventKind::Pushed, "q", "T");
        assert_eq!(
            line,
            "x.jobs.pushed:1|c|#env:prod,team:ops,queue:q,jobtype:T"
        );
        let mut line = String::new();
        self::format("x.", &[]).write(&mut line, "jobs.dead", 7, Kind::Gauge, &[]);
        assert_eq!(line, "x.jobs.dead:7|g");
    }

    #[test]
    fn longest_line_fits_into_a_datagram() {
        let tags = vec!["t".repeat(TAG_BYTES_MAX - 1); TAGS_BYTES_MAX / TAG_BYTES_MAX];
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let format = format(&"n".repeat(NAMESPACE_BYTES_MAX), &tags);
        let kind = EventKind::Failed {
            ran_for: Duration::MAX,
            dead: false,
        };
        let line = line_of(&format, kind, &"q".repeat(256), &"T".repeat(1_024));
        assert!(line.len() <= DATAGRAM_BYTES_MAX, "{} bytes", line.len());
        assert!(line.len() > 1_000, "{} bytes", line.len());
    }

    #[test]
    fn times_are_milliseconds_to_the_microsecond() {
        let shown = |time| millis(time).to_string();
        assert_eq!(shown(Duration::ZERO), "0");
        assert_eq!(shown(Duration::from_micros(1)), "0.001");
        assert_eq!(shown(Duration::from_nanos(1_999)), "0.001");
        assert_eq!(shown(Duration::from_secs(86_400)), "86400000");
    }
}
