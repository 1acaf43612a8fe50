//! What there is of everything, as gauges.

use std::sync::Arc;

use smallvec::smallvec;
use workmill_engine::{InfoReport, Op, Outcome};
use workmill_proto::QueueCommand;
use workmill_store::Totals;

use super::datagrams::Datagrams;
use super::format::{Format, Kind};
use crate::shared::Shared;

/// How many queues are looked at in one go: what they take to send fits into the buffer of an agent.
pub(super) const QUEUES_AT_ONCE: usize = 250;

/// All sizes; nothing if the committer is too troubled to tell.
pub(super) async fn totals(shared: &Shared) -> Option<Arc<InfoReport>> {
    match ask(shared, Op::Info).await? {
        Outcome::Info(report) => Some(report),
        _ => None,
    }
}

/// How long the oldest job of each of these queues has waited, in seconds.
pub(super) async fn latencies(shared: &Shared, queues: &[String]) -> Option<Vec<(String, f64)>> {
    let command = QueueCommand::Latency(queues.to_vec());
    match ask(shared, Op::Queue(command.into(), 0)).await? {
        Outcome::Latencies(latencies) => Some(latencies),
        _ => None,
    }
}

async fn ask(shared: &Shared, op: Op) -> Option<Outcome> {
    let mut pending = shared.gate.submit(smallvec![op], 0).ok()?;
    let mut answers = pending.answers().await.ok()?;
    answers.outcomes.pop()
}

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

/// The lines of queues: name, jobs that wait, and how long the oldest of them has waited, in seconds.
pub(super) fn write_queues(format: &Format, queues: &[(String, u64, f64)]) -> Datagrams {
    let mut datagrams = Datagrams::default();
    for (queue, size, latency_secs) in queues {
        let latency_ms = (latency_secs * 1e6).round() / 1e3;
        let tags = [("queue", queue.as_str())];
        let mut line = String::new();
        format.write(&mut line, "jobs.enqueued", size, Kind::Gauge, &tags);
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
        let queues = [("q".to_owned(), 2, 1.234_567_8), ("r".to_owned(), 0, 0.0)];
        assert_eq!(
            text(write_queues(&format(), &queues)),
            "faktory.jobs.enqueued:2|g|#env:prod,queue:q\n\
             faktory.jobs.current_latency:1234.568|g|#env:prod,queue:q\n\
             faktory.jobs.latency:1234.568|ms|#env:prod,queue:q\n\
             faktory.jobs.enqueued:0|g|#env:prod,queue:r\n\
             faktory.jobs.current_latency:0|g|#env:prod,queue:r\n\
             faktory.jobs.latency:0|ms|#env:prod,queue:r"
        );
    }
}
