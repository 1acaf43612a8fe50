//! The numbers INFO answers with, in Faktory's shape and order.

use std::collections::BTreeMap;
use std::fs;

use serde::{Serialize, Serializer};
use workmill_store::{QueueTotals, Totals};
use workmill_web::Standing;

use crate::json;
use crate::meters::{DutyCount, DutyKind};
use crate::registry::WorkerCounts;
use crate::shared::Shared;

/// What we call ourselves to clients: they switch their support of batches, unique jobs and tracking on by
/// the word `Enterprise`.
pub(crate) const DESCRIPTION: &str = "Faktory Enterprise";

/// The version of Faktory whose protocol this is.
pub(crate) const FAKTORY_VERSION: &str = "1.10.0";

/// INFO's answer.
#[derive(Debug, Serialize)]
struct Info<'a> {
    now: String,
    server_utc_time: String,
    faktory: FaktoryInfo<'a>,
    server: ServerInfo,
}

#[derive(Debug, Serialize)]
struct FaktoryInfo<'a> {
    #[serde(serialize_with = "write_sizes")]
    queues: &'a BTreeMap<String, QueueTotals>,
    sets: SetsInfo,
    tasks: TasksInfo,
    total_failures: u64,
    total_processed: u64,
    /// Not Faktory's: jobs dropped because they had expired.
    total_expired: u64,
    total_enqueued: u64,
    total_queues: u64,
}

#[derive(Debug, Serialize)]
struct SetsInfo {
    dead: u64,
    retries: u64,
    scheduled: u64,
    working: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct TasksInfo {
    busy: ReaperInfo,
    dead: ScannerInfo,
    retries: ScannerInfo,
    scheduled: ScannerInfo,
    workers: ReaperInfo,
}

#[derive(Debug, Serialize)]
struct ReaperInfo {
    reaped: u64,
    size: u64,
}

/// A set and the duty that looks after it.
#[derive(Debug, Serialize)]
struct ScannerInfo {
    cycles: u64,
    /// Faktory counts here what its scanner has moved; the engine does not tell, and 0 is no lie about
    /// anything a client acts on.
    enqueued: u64,
    size: u64,
    wall_time_sec: f64,
}

#[derive(Debug, Serialize)]
struct ServerInfo {
    description: &'static str,
    faktory_version: &'static str,
    workmill_version: &'static str,
    uptime: u64,
    connections: u64,
    command_count: u64,
    used_memory_mb: u64,
    /// Who leads; only where several servers share a database.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterInfo>,
}

#[derive(Debug, Serialize)]
struct ClusterInfo {
    leads: bool,
    epoch: u64,
    leader: Option<String>,
}

impl From<Standing> for ClusterInfo {
    fn from(standing: Standing) -> Self {
        Self {
            leads: standing.leads,
            epoch: standing.epoch,
            leader: standing.leader,
        }
    }
}

/// Writes the answer.
pub(crate) fn render(shared: &Shared, totals: &Totals) -> Vec<u8> {
    json::to_vec(&info(shared, totals)).unwrap_or_else(|error| {
        tracing::error!(%error, "the answer to INFO could not be written as JSON");
        b"{}".to_vec()
    })
}

/// Puts the answer together.
fn info<'a>(shared: &Shared, totals: &'a Totals) -> Info<'a> {
    let promote = shared.meters.duties.so_far(DutyKind::Promote);
    let now = shared.clock.wall();
    let text = now.to_string();
    let time = text.get(11..19).unwrap_or_default();
    Info {
        server_utc_time: format!("{time} UTC"),
        now: text,
        faktory: FaktoryInfo::new(
            totals,
            shared.roster.registry.counts(),
            promote,
            shared.meters.duties.so_far(DutyKind::Purge),
        ),
        server: ServerInfo {
            description: DESCRIPTION,
            faktory_version: FAKTORY_VERSION,
            workmill_version: env!("CARGO_PKG_VERSION"),
            uptime: shared.clock.age().as_secs(),
            connections: shared.roster.connections.len() as u64,
            command_count: shared.meters.commands(),
            used_memory_mb: resident_bytes() >> 20,
            cluster: shared.standing.lock().clone().map(ClusterInfo::from),
        },
    }
}

/// Writes the sizes of queues by name.
fn write_sizes<S: Serializer>(
    queues: &BTreeMap<String, QueueTotals>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(queues.iter().map(|(name, queue)| (name, queue.size)))
}

impl<'a> FaktoryInfo<'a> {
    fn new(
        totals: &'a Totals,
        workers: WorkerCounts,
        promote: DutyCount,
        purge: DutyCount,
    ) -> Self {
        let Totals {
            queues,
            scheduled,
            retries,
            dead,
            // Faktory has no such thing.
            completed: _,
            working,
            counts,
        } = totals;
        Self {
            queues,
            sets: SetsInfo {
                dead: *dead,
                retries: *retries,
                scheduled: *scheduled,
                working: *working,
            },
            tasks: TasksInfo {
                busy: ReaperInfo {
                    reaped: 0,
                    size: *working,
                },
                dead: ScannerInfo::new(purge, *dead),
                retries: ScannerInfo::new(promote, *retries),
                scheduled: ScannerInfo::new(promote, *scheduled),
                workers: ReaperInfo {
                    reaped: workers.reaped,
                    size: workers.size,
                },
            },
            total_failures: counts.failures,
            total_processed: counts.processed,
            total_expired: counts.expired,
            total_enqueued: queues.values().map(|queue| queue.size).sum(),
            total_queues: queues.len() as u64,
        }
    }
}

impl ScannerInfo {
    fn new(duty: DutyCount, size: u64) -> Self {
        Self {
            cycles: duty.runs,
            enqueued: 0,
            size,
            wall_time_sec: duty.time.as_secs_f64(),
        }
    }
}

/// The memory of this process that is in the machine's memory, in bytes; 0 where the system does not
/// tell.
pub(crate) fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    resident_kb(&status).unwrap_or(0) * 1_024
}

fn resident_kb(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use workmill_store::Counts;

    use super::*;

    #[test]
    fn numbers_are_rendered_in_faktorys_order() {
        let queue = |size| QueueTotals {
            size,
            paused: false,
        };
        let totals = Totals {
            queues: BTreeMap::from([("b".to_owned(), queue(2)), ("a".to_owned(), queue(0))]),
            scheduled: 3,
            retries: 4,
            dead: 5,
            completed: 99,
            working: 6,
            counts: Counts {
                processed: 10,
                failures: 7,
                expired: 2,
            },
        };
        let duty = |runs, millis| DutyCount {
            runs,
            time: Duration::from_millis(millis),
        };
        let workers = WorkerCounts { size: 8, reaped: 9 };
        let info = FaktoryInfo::new(&totals, workers, duty(11, 1_500), duty(12, 2_000));
        let expected = concat!(
            r#"{"queues":{"a":0,"b":2},"sets":{"dead":5,"retries":4,"scheduled":3,"working":6},"#,
            r#""tasks":{"Busy":{"reaped":0,"size":6},"#,
            r#""Dead":{"cycles":12,"enqueued":0,"size":5,"wall_time_sec":2},"#,
            r#""Retries":{"cycles":11,"enqueued":0,"size":4,"wall_time_sec":1.5},"#,
            r#""Scheduled":{"cycles":11,"enqueued":0,"size":3,"wall_time_sec":1.5},"#,
            r#""Workers":{"reaped":9,"size":8}},"#,
            r#""total_failures":7,"total_processed":10,"total_expired":2,"total_enqueued":2,"total_queues":2}"#,
        );
        assert_eq!(json::to_vec(&info).unwrap(), expected.as_bytes());
    }

    #[test]
    fn resident_memory_is_read_from_what_the_system_tells() {
        assert_eq!(
            resident_kb("Name:\tx\nVmRSS:\t  20480 kB\nThreads:\t3\n"),
            Some(20_480)
        );
        assert_eq!(resident_kb("Name:\tx\n"), None);
    }
}
