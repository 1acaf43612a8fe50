//! What there is of everything, as gauges.

use workmill_proto::Timestamp;
use workmill_store::Totals;
use workmill_store::reading::QueueView;

use super::datagrams::Datagrams;
use super::format::{Format, Kind};
use crate::reads::seconds_since;

/// How many queues are looked at in one read: what they take to send fits into the buffer of an agent.
pub(super) const QUEUES_AT_ONCE: usize = 250;

/// The lines of what does not belong to a queue.
pub(super) fn write_totals(format: &Format, totals: &Totals, connections: usize) -> Datagrams {
    let mut datagrams = Datagrams::default();
    for (name, value) in [
        ("ops.connections", connections as u64),
        ("jobs.working", totals.working),
        ("jobs.scheduled", totals.scheduled),
        ("jobs.retries", totals.retries),
        ("jobs.dead", totals.dead),
    ] {
        let mut line = String::new();
        format.write(&mut line, name, value, Kind::Gauge, &[]);
        datagrams.add(&line);
    }
    datagrams
}

/// The lines of queues: how many jobs wait, and how long the oldest of them has waited.
pub(super) fn write_queues(format: &Format, queues: &[QueueView], now: Timestamp) -> Datagrams {
    let mut datagrams = Datagrams::default();
    for queue in queues {
        let latency_ms = (seconds_since(queue.head, now) * 1e6).round() / 1e3;
        let tags = [("queue", &*queue.name)];
        let mut line = String::new();
        format.write(&mut line, "jobs.enqueued", queue.size, Kind::Gauge, &tags);
        datagrams.add(&line);
        for (name, kind) in [
            ("jobs.current_latency", Kind::Gauge),
            ("jobs.latency", Kind::Timing),
        ] {
            line.clear();
            format.write(&mut line, name, latency_ms, kind, &tags);
            datagrams.add(&line);
        }
    }
    datagrams
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::AgentAddress;
    use crate::settings::MetricsSettings;

    fn text(datagrams: Datagrams) -> String {
        let texts: Vec<String> = datagrams.into_iter().map(|d| d.text).collect();
        texts.join("\n")
    }

    fn format() -> Format {
        Format::new(&MetricsSettings {
            address: AgentAddress::parse("localhost", 1).unwrap(),
            namespace: String::from("faktory."),
            tags: vec![String::from("env:prod")],
        })
    }

    #[test]
    fn sizes_are_gauges() {
        let totals = Totals {
            working: 1,
            scheduled: 2,
            retries: 3,
            dead: 4,
            ..Totals::default()
        };
        assert_eq!(
            text(write_totals(&format(), &totals, 5)),
            "faktory.ops.connections:5|g|#env:prod\n\
             faktory.jobs.working:1|g|#env:prod\n\
             faktory.jobs.scheduled:2|g|#env:prod\n\
             faktory.jobs.retries:3|g|#env:prod\n\
             faktory.jobs.dead:4|g|#env:prod"
        );
    }

    #[test]
    fn queues_have_a_size_and_a_latency_in_milliseconds() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let queue = |name: &str, size, waited_micros: Option<i64>| QueueView {
            name: name.into(),
            size,
            paused: false,
            head: waited_micros.map(|micros| Timestamp::from_micros(now.as_micros() - micros)),
        };
        let queues = [queue("q", 2, Some(1_234_568)), queue("r", 0, None)];
        assert_eq!(
            text(write_queues(&format(), &queues, now)),
            "faktory.jobs.enqueued:2|g|#env:prod,queue:q\n\
             faktory.jobs.current_latency:1234.568|g|#env:prod,queue:q\n\
             faktory.jobs.latency:1234.568|ms|#env:prod,queue:q\n\
             faktory.jobs.enqueued:0|g|#env:prod,queue:r\n\
             faktory.jobs.current_latency:0|g|#env:prod,queue:r\n\
             faktory.jobs.latency:0|ms|#env:prod,queue:r"
        );
    }
}
