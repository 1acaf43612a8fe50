//! Locks of unique jobs.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::query::JobState;
use workmill_proto::Timestamp;
use workmill_store::reading::Bounds;
use workmill_store::{Clocks, LockKey, Reading, StoreError};

use super::hex::hex;
use super::moment::told;
use super::{Page, PageRequest, Problem};
use crate::desk::Desk;

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct JobLock {
    /// A digest of what may be there once only: 64 hexadecimal digits.
    pub key: String,
    /// The job that has it.
    pub jid: String,
    /// Its type; null if it was not found within a tenth of a second.
    pub jobtype: Option<String>,
    /// Where it is: `enqueued`, `working`, `scheduled`, `retries` or `dead`; null if it was not found.
    pub state: Option<&'static str>,
    /// When it ends by itself.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub ends_at: Timestamp,
    /// Whether it counts no more, as its time is over.
    pub ended: bool,
}

/// How long the jobs of a page of locks are looked for: ids have no index.
const FIND_WITHIN: Duration = Duration::from_millis(100);

/// Locks in the order of their keys. Those that cannot be read are left out. The cursor is the key of the last one.
///
/// # Errors
/// The limit is out of range; the cursor is no key; reading failed.
pub async fn list(desk: &dyn Desk, asked: &PageRequest) -> Result<Page<JobLock>, Problem> {
    let limit = asked.limit()?;
    let after = asked.after(read_key)?;
    let (locks, kept) = desk
        .read(move |reading| {
            Ok((
                reading.locks(after, Bounds::of_rows(limit))?,
                reading.clocks()?,
            ))
        })
        .await?;
    let jids = locks.items.iter().filter_map(|lock| lock.as_ref().ok());
    let jids: Vec<Box<str>> = jids.map(|(_, lock)| lock.owner.jid.clone()).collect();
    let mut found = desk.read(move |reading| find(reading, jids)).await?;
    let now = Clocks::of_kept(kept, desk.now());
    let readable = locks.items.into_iter().filter_map(Result::ok);
    let items = readable.map(|(key, lock)| {
        let (jobtype, state) = found.remove(&lock.owner.jid).unzip();
        JobLock {
            key: hex(&key),
            jid: lock.owner.jid.into(),
            jobtype,
            state,
            ends_at: now.on_wall(lock.ends_at),
            ended: lock.ends_at <= now.steady,
        }
    });
    Ok(Page {
        items: items.collect(),
        cursor: locks.next.map(|key| hex(&key)),
    })
}

/// The types and states of the jobs with these ids, as far as they are found in time.
fn find(
    reading: &dyn Reading,
    jids: Vec<Box<str>>,
) -> Result<BTreeMap<Box<str>, (String, &'static str)>, StoreError> {
    let until = Instant::now() + FIND_WITHIN;
    let mut found = BTreeMap::new();
    for jid in jids {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let bounds = Bounds {
            time: left,
            ..Bounds::of_rows(1)
        };
        let hit = reading
            .find_jobs(&jid, None, bounds)?
            .items
            .into_iter()
            .next();
        if let Some((place, Ok(job))) = hit.map(|(place, job)| (place, job.job)) {
            let state = JobState::of(&place).as_str();
            found.insert(jid, (job.jobtype.into(), state));
        }
    }
    Ok(found)
}

fn read_key(text: &str) -> Option<LockKey> {
    let digits = text.as_bytes().chunks_exact(2);
    if !digits.remainder().is_empty() {
        return None;
    }
    let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.map(byte).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_its_digits() {
        let key = std::array::from_fn(|n| u8::try_from(n).unwrap() * 8);
        assert_eq!(read_key(&hex(&key)), Some(key));
        for text in [
            "",
            "0",
            "zz",
            &"0".repeat(63),
            &"0".repeat(66),
            &"é".repeat(32),
        ] {
            assert_eq!(read_key(text), None, "{text}");
        }
    }
}
