//! The server itself: what it is, how it fares, how it is set; its counters.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::Op;
use workmill_proto::Timestamp;
use workmill_store::{Counts, Totals};

use super::moment::told;
use super::outcome::done;
use super::{Problem, ProblemKind};
use crate::desk::{Action, Actor, Desk, Durability, Permit, ServerState, Standing};
use crate::observe::Observer;

/// The most days that one answer tells of.
pub const DAYS_MAX: i64 = 366;

/// How many days are told of, if nobody says how many.
pub const DAYS_DEFAULT: i64 = 30;

const SECS_OF_DAY: i64 = 86_400;

/// The server.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Server {
    /// Its version.
    pub version: String,
    /// The version of Faktory whose protocol it speaks.
    pub faktory_version: String,
    /// `development`, `staging` or `production`.
    pub environment: String,
    /// `starting`, `ready`, `stalled` (the disk does not answer) or `stopping`.
    pub state: &'static str,
    /// What its clock shows.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub now: Timestamp,
    /// When it started.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// Its process id.
    pub pid: u32,
    /// Where its data lies.
    pub storage_dir: String,
    /// Where clients connect.
    pub listens_at: String,
    /// Who leads, of several servers on one database; null if this one shares it with no other.
    pub cluster: Option<Cluster>,
    /// After how many milliseconds at most an acknowledged change is on disk: 0 means before the answer.
    pub durability_ms: u64,
    /// The disk that the data lies on; null if the system does not tell.
    pub disk: Option<Disk>,
    /// Resident memory in bytes; 0 if the system does not tell.
    pub memory_bytes: u64,
    /// Open connections that have said HELLO.
    pub connections: u64,
    /// Workers that are connected.
    pub workers: u64,
    /// Commands since the start.
    pub commands: u64,
    /// Transactions since the start.
    pub commits: u64,
    /// Transactions rolled back since the start.
    pub rollbacks: u64,
}

/// Who leads, of several servers on one database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Cluster {
    /// `leader`, `follower`, or `none` while nobody leads as far as is known.
    pub role: &'static str,
    /// Which leadership it is: each has a greater number than all before it.
    pub epoch: u64,
    /// Where other servers reach the one that leads.
    pub leader: Option<String>,
}

impl From<Standing> for Cluster {
    fn from(standing: Standing) -> Self {
        Self {
            role: match (standing.leads, &standing.leader) {
                (true, _) => "leader",
                (false, Some(_)) => "follower",
                (false, None) => "none",
            },
            epoch: standing.epoch,
            leader: standing.leader,
        }
    }
}

/// A disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Disk {
    /// Bytes that the server may still write.
    pub free_bytes: u64,
    /// Bytes in all.
    pub bytes: u64,
}

/// How many jobs are where, and what has been counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Counters {
    /// Jobs in queues.
    pub enqueued: u64,
    /// Jobs that run.
    pub working: u64,
    /// Jobs that are scheduled.
    pub scheduled: u64,
    /// Jobs that wait to be tried again.
    pub retries: u64,
    /// Jobs that are dead.
    pub dead: u64,
    /// Those that are done and kept.
    pub completed: u64,
    /// Queues.
    pub queues: u64,
    /// Workers that are connected.
    pub workers: u64,
    /// Executions that ended, well or badly.
    pub processed: u64,
    /// Those that ended badly.
    pub failures: u64,
    /// Jobs that were dropped because their time was over.
    pub expired: u64,
}

/// What was counted on a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Day {
    /// The day, in UTC: `2026-03-01`.
    pub date: String,
    /// Executions that ended, well or badly.
    pub processed: u64,
    /// Those that ended badly.
    pub failures: u64,
    /// Jobs that were dropped because their time was over.
    pub expired: u64,
}

/// What the server is and how it fares.
pub async fn server(desk: &dyn Desk) -> Server {
    let (facts, numbers) = (desk.facts(), desk.numbers());
    let disk = desk.disk_space().await;
    Server {
        version: facts.version.into(),
        faktory_version: facts.faktory_version.into(),
        environment: facts.environment.clone(),
        state: match desk.state() {
            ServerState::Starting => "starting",
            ServerState::Ready => "ready",
            ServerState::Stalled(_) => "stalled",
            ServerState::Stopping => "stopping",
        },
        now: desk.now(),
        started_at: facts.started_at,
        pid: facts.pid,
        storage_dir: facts.storage_dir.clone(),
        listens_at: facts.listens_at.clone(),
        cluster: desk.standing().map(Cluster::from),
        durability_ms: match facts.durability {
            Durability::Always => 0,
            Durability::Interval(interval) => {
                u64::try_from(interval.as_millis()).unwrap_or(u64::MAX)
            }
        },
        disk: disk.map(|disk| Disk {
            free_bytes: disk.free_bytes,
            bytes: disk.bytes,
        }),
        memory_bytes: numbers.memory_bytes,
        connections: numbers.connections,
        workers: numbers.workers,
        commands: numbers.commands,
        commits: numbers.commits,
        rollbacks: numbers.rollbacks,
    }
}

/// Every setting: its key and its value. Secrets are not among them.
pub fn settings(desk: &dyn Desk) -> BTreeMap<String, String> {
    desk.settings().into_iter().collect()
}

impl Counters {
    /// What is there and was counted.
    pub(super) fn new(totals: &Totals, workers: u64) -> Self {
        Self {
            enqueued: totals.queues.values().map(|queue| queue.size).sum(),
            working: totals.working,
            scheduled: totals.scheduled,
            retries: totals.retries,
            dead: totals.dead,
            completed: totals.completed,
            queues: totals.queues.len() as u64,
            workers,
            processed: totals.counts.processed,
            failures: totals.counts.failures,
            expired: totals.counts.expired,
        }
    }
}

/// How many jobs are where, and what has been counted of all time.
///
/// # Errors
/// Reading failed.
pub async fn counters(desk: &dyn Desk) -> Result<Counters, Problem> {
    let totals = desk.read(|reading| reading.totals()).await?;
    Ok(Counters::new(&totals, desk.numbers().workers))
}

/// What was counted on the last days, today last. A day on which nothing happened has zeros.
///
/// # Errors
/// `days` is 0 or above [`DAYS_MAX`]; reading failed.
pub async fn days(desk: &dyn Desk, days: Option<i64>) -> Result<Vec<Day>, Problem> {
    let days = days.unwrap_or(DAYS_DEFAULT);
    if !(1..=DAYS_MAX).contains(&days) {
        let detail = format!("days is to be from 1 to {DAYS_MAX}");
        return Err(Problem::new(ProblemKind::Invalid, detail));
    }
    let last = desk.now().utc_day();
    let first = last.saturating_sub(days - 1);
    let counted = desk.read(move |reading| reading.days(first, last)).await?;
    let counted: BTreeMap<i64, Counts> = counted.into_iter().collect();
    let day = |day: i64| {
        let counts = counted.get(&day).copied().unwrap_or_default();
        let start = Timestamp::default().plus_secs(day.saturating_mul(SECS_OF_DAY));
        let start = start.to_string();
        Day {
            date: start.split('T').next().unwrap_or_default().to_owned(),
            processed: counts.processed,
            failures: counts.failures,
            expired: counts.expired,
        }
    };
    Ok((first..=last).map(day).collect())
}

/// Forgets all jobs, queues, batches and locks there are.
///
/// # Errors
/// The role; the server takes nothing in.
pub async fn flush(desk: &dyn Desk, observer: &Observer, actor: &Actor) -> Result<(), Problem> {
    let permit = Permit::check(actor, Action::Flush)?;
    done(desk.ask(&permit, Op::Flush).await?)?;
    observer.look_again().await;
    Ok(())
}
