//! How fast jobs may leave a queue: `[throttles]`, a table for each queue.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use workmill_proto::queue_name_flaw;

use super::SettingsError;
use super::bounds::{
    THROTTLE_BURST_RANGE, THROTTLE_RATE_RANGE, THROTTLE_SLOTS_RANGE, THROTTLE_TIMEOUT_SECS_RANGE,
};
use super::origin::Origin;
use super::reader::{Found, Reader, refuse_because, refuse_table};
use super::tree::{Node, Table, Value};

/// The span of time a rate is for when nothing is said.
const PER_DEFAULT: Duration = Duration::from_secs(1);

/// The throttles of queues, by their names.
pub type Throttles = BTreeMap<String, ThrottleSettings>;

/// How fast jobs may leave a queue. At least one of `worker`, `concurrency` and `rate` is there; all that are hold.
#[derive(Clone, Debug, PartialEq)]
pub struct ThrottleSettings {
    /// How many of its jobs one worker process may run at a time.
    pub worker: Option<usize>,
    /// How many of its jobs may run at a time in all.
    pub concurrency: Option<usize>,
    /// After how many seconds a job no longer counts as running.
    pub timeout_secs: Option<u64>,
    /// How often a job may be fetched.
    pub rate: Option<RateSettings>,
}

/// How often a job may be fetched: a bucket of `burst` tokens, of which each job takes one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateSettings {
    /// How many tokens come into the bucket in the time `per`. Above zero.
    pub rate: f64,
    /// Longer than zero.
    pub per: Duration,
    /// How many tokens the bucket holds, at least one.
    pub burst: u64,
}

impl fmt::Display for ThrottleSettings {
    /// As an operator would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.worker.map(|count| format!("worker = {count}")));
        parts.extend(
            self.concurrency
                .map(|count| format!("concurrency = {count}")),
        );
        parts.extend(self.timeout_secs.map(|secs| format!("timeout = {secs}")));
        parts.extend(self.rate.map(|rate| rate.to_string()));
        write!(f, "{{ {} }}", parts.join(", "))
    }
}

impl fmt::Display for RateSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rate, per, burst } = self;
        write!(f, "rate = {rate}, per = \"{per:?}\", burst = {burst}")
    }
}

/// Reads the throttles. The places they were written at come too.
pub(super) fn choose_throttles(
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<(Throttles, BTreeMap<String, Origin>), SettingsError> {
    let mut throttles = Throttles::new();
    let mut origins = BTreeMap::new();
    for (queue, node) in reader.entries("throttles")? {
        if let Some(flaw) = queue_name_flaw(&queue) {
            let (key, what) = (
                format!("{queue:?}"),
                format!("there can be no such queue: {flaw}"),
            );
            return Err(refuse_because(node.origin, "throttles", &key, what));
        }
        origins.insert(queue.clone(), node.origin.clone());
        let throttle = read_throttle(&queue, node, warnings)?;
        throttles.insert(queue, throttle);
    }
    Ok((throttles, origins))
}

fn read_throttle(
    queue: &str,
    node: Node,
    warnings: &mut Vec<String>,
) -> Result<ThrottleSettings, SettingsError> {
    let table = format!("throttles.{queue}");
    let origin = node.origin.clone();
    if !matches!(node.value, Value::Table(_)) {
        return Err(refuse_table(&origin, &table, &node.value));
    }
    let mut reader = Reader::new(Table::from([(table.clone(), node)]));
    let worker = reader.integer(&table, "worker", THROTTLE_SLOTS_RANGE)?;
    let concurrency = reader.integer(&table, "concurrency", THROTTLE_SLOTS_RANGE)?;
    let timeout = reader.duration_secs(&table, "timeout", THROTTLE_TIMEOUT_SECS_RANGE)?;
    let throttle = ThrottleSettings {
        worker: worker.map(|found| found.value),
        concurrency: concurrency.map(|found| found.value),
        timeout_secs: timeout.map(|found| found.value),
        rate: read_rate(&mut reader, &table, warnings)?,
    };
    if let (None, None, None) = (throttle.worker, throttle.concurrency, throttle.rate) {
        return Err(SettingsError::Value {
            at: origin,
            key: table.clone(),
            allowed: String::from(
                "a limit: { worker = 4 }, { concurrency = 30 } or { rate = 100 }",
            ),
            found: instead_of_a_limit(&reader, &table, queue),
        });
    }
    warnings.extend(reader.warn_of_unknown_keys());
    Ok(throttle)
}

/// What a table has in which no limit was found: a dot in a queue's name makes tables of its parts.
fn instead_of_a_limit(reader: &Reader, table: &str, queue: &str) -> String {
    let keys = reader
        .table
        .get(table)
        .and_then(|node| node.value.as_table());
    let Some((key, node)) = keys.and_then(Table::first_key_value) else {
        return String::from("a table without one");
    };
    match node.value {
        Value::Table(_) => format!(
            "a table with {key}; if the queue is called {queue}.{key}, write its name in quotes: \"{queue}.{key}\""
        ),
        _ => format!("a table with {key} alone, which is no limit"),
    }
}

fn read_rate(
    reader: &mut Reader,
    table: &str,
    warnings: &mut Vec<String>,
) -> Result<Option<RateSettings>, SettingsError> {
    let rate = reader.number(table, "rate", THROTTLE_RATE_RANGE)?;
    let per = read_per(reader, table)?;
    let burst = reader.integer(table, "burst", THROTTLE_BURST_RANGE)?;
    let Some(Found { value: rate, .. }) = rate else {
        let without_effect = [
            ("per", per.map(|found| found.origin)),
            ("burst", burst.map(|found| found.origin)),
        ];
        for (key, origin) in without_effect {
            warnings.extend(
                origin.map(|at| format!("{at}: {table}.{key} has no effect without {table}.rate")),
            );
        }
        return Ok(None);
    };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "above zero and within its bounds"
    )]
    let rate_rounded_up = rate.ceil() as u64;
    Ok(Some(RateSettings {
        rate,
        per: per.map_or(PER_DEFAULT, |found| found.value),
        burst: burst.map_or(rate_rounded_up, |found| found.value as u64),
    }))
}

fn read_per(reader: &mut Reader, table: &str) -> Result<Option<Found<Duration>>, SettingsError> {
    let allowed =
        "a number of seconds, or a text such as \"1s\", \"1h30m\" or \"1d\", longer than zero";
    reader.duration(
        table,
        "per",
        Duration::from_nanos(1)..=Duration::MAX,
        allowed,
    )
}
