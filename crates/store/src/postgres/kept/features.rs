//! Locks, tracks, tombstones, cron entries, history, failures, answers.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::{Stored, StoredKey, stored};
use crate::postgres::live::{decode, encode};
use crate::{
    AnswerLog, CronDefinition, CronTick, EntryKey, FailureGroup, HistoryKey, HistorySlot, Lock,
    LockOwner, PastRuns, SetTime, Tombstone, Track, TrackState, Ungrouped,
};

stored!(Lock = 1, ends ends_at,
    |lock, _key| encode(&(&*lock.owner.jid, lock.owner.pushing, lock.ends_at.as_micros())),
    |_key, bytes| {
        let (jid, pushing, ends_at): (Box<str>, u32, i64) = decode(bytes)?;
        Some(Self {
            owner: LockOwner { jid, pushing },
            ends_at: SteadyTime::from_micros(ends_at),
        })
    }
);

/// The states of a track, each at the place of the number it is stored as.
const TRACK_STATES: [TrackState; 6] = [
    TrackState::Unknown,
    TrackState::Enqueued,
    TrackState::Working,
    TrackState::Success,
    TrackState::Failed,
    TrackState::Dead,
];

/// State, percent, description, and two moments.
type TrackFields = (u8, Option<i64>, Option<String>, i64, Option<i64>);

stored!(Track = 2, ends ends_at,
    |track, _key| encode(&(
        track.state as u8,
        track.percent,
        track.desc.as_deref(),
        track.updated_at.as_micros(),
        track.forget_at.map(SteadyTime::as_micros),
    )),
    |_key, bytes| {
        let (state, percent, desc, updated_at, forget_at): TrackFields = decode(bytes)?;
        Some(Self {
            state: *TRACK_STATES.get(usize::from(state))?,
            percent,
            desc,
            updated_at: Timestamp::from_micros(updated_at),
            forget_at: forget_at.map(SteadyTime::from_micros),
        })
    }
);

stored!(Tombstone = 3, ends ends_at,
    |end, _key| encode(&(end.at.as_micros(), end.trashed)),
    |_key, bytes| {
        let (at, trashed): (i64, Option<(u64, u64)>) = decode(bytes)?;
        let at = SteadyTime::from_micros(at);
        Some(Self { at, trashed })
    }
);

stored!(CronTick = 4 { LASTS },
    |tick, _key| encode(&(tick.at.as_micros(), tick.paused_since.map(Timestamp::as_micros))),
    |_key, bytes| {
        let (at, paused_since): (i64, Option<i64>) = decode(bytes)?;
        Some(Self {
            at: Timestamp::from_micros(at),
            paused_since: paused_since.map(Timestamp::from_micros),
        })
    }
);

/// Schedule, zone, catching up, job, when and by whom.
type DefinitionFields = (Box<str>, Option<Box<str>>, bool, Vec<u8>, i64, Box<str>);

stored!(CronDefinition = 5 { LASTS },
    |entry, _key| encode(&(
        &*entry.schedule,
        entry.timezone.as_deref(),
        entry.catch_up,
        &*entry.job,
        entry.changed_at.as_micros(),
        &*entry.changed_by,
    )),
    |_key, bytes| {
        let (schedule, timezone, catch_up, job, at, changed_by): DefinitionFields = decode(bytes)?;
        Some(Self {
            schedule,
            timezone,
            catch_up,
            job: job.into(),
            changed_at: Timestamp::from_micros(at),
            changed_by,
        })
    }
);

stored!(PastRuns = 15 { LASTS, BEGINS_ANEW },
    |runs, name| runs.encode(name),
    |name, bytes| Self::decode(name, bytes)
);

stored!(FailureGroup = 6 { BEGINS_ANEW }, ends ends_at,
    |group, key| group.encode(*key),
    |key, bytes| Self::decode(*key, bytes)
);

stored!(Ungrouped = 7 { LASTS },
    |ungrouped, _key| {
        let after = ungrouped.after;
        encode(&(after.set.as_str(), after.at.as_micros(), after.serial))
    },
    |_key, bytes| {
        let (set, at, serial): (String, i64, i64) = decode(bytes)?;
        let after = EntryKey {
            set: SetName::parse(&set)?,
            at: SetTime::from_micros(at),
            serial,
        };
        Some(Self { after })
    }
);

stored!(AnswerLog = 8 { LASTS }, ends ends_at,
    |log, _key| encode(&(log.noted_at.as_micros(), &*log.bytes)),
    |_key, bytes| {
        let (noted_at, bytes): (i64, Vec<u8>) = decode(bytes)?;
        Some(Self {
            noted_at: SteadyTime::from_micros(noted_at),
            bytes: bytes.into(),
        })
    }
);

/// A slot is where the one was that is too old to be kept beside it; its number is before its stored form.
impl Stored for HistorySlot {
    const KIND: i64 = 9;
    const SHARES_PLACES: bool = true;

    fn key_bytes(key: &HistoryKey) -> Vec<u8> {
        key.place().to_bytes()
    }

    /// Where it is does not tell which it is.
    fn read_key(_: &[u8]) -> Option<HistoryKey> {
        None
    }

    fn bytes(&self, key: &HistoryKey) -> Vec<u8> {
        let mut bytes = key.slot.to_bytes();
        bytes.append(&mut self.encode(*key));
        bytes
    }

    fn read(key: &HistoryKey, mut bytes: &[u8]) -> Option<Self> {
        let slot = i64::take(&mut bytes)?;
        match slot == key.slot {
            true => Self::decode_or_drop(*key, bytes),
            false => None,
        }
    }
}

/// The slot at a place, as far as it can be read, and the place.
pub(in crate::postgres) fn slot_at(
    place: &[u8],
    mut bytes: &[u8],
) -> Option<(i64, Option<HistorySlot>)> {
    let place = i64::of_bytes(place)?;
    let read = i64::take(&mut bytes)
        .and_then(|slot| HistoryKey::at_place(place, slot))
        .and_then(|key| HistorySlot::decode(key, bytes));
    Some((place, read))
}
