//! How [`Features`] are written into a record: a byte of flags, then what they announce.

use workmill_proto::{Bid, SteadyTime, Timestamp};

use super::codec::{put_micros, put_text, take_bytes, take_micros, take_text, take_u32};
use super::varint::{put_varint, take_varint};
use crate::{CallbackKind, CallbackOf, Features, JobLock, Membership};

const EXPIRES: u8 = 1;
const LOCKED: u8 = 2;
const LOCKED_UNTIL_START: u8 = 4;
const IN_BATCH: u8 = 8;
const FAILED_IN_BATCH: u8 = 16;
const CALLBACK: u8 = 32;
const CALLBACK_OF_SUCCESS: u8 = 64;
const TRACKED: u8 = 128;
/// A job of a cron entry is no callback: without that flag this one means the entry.
const OF_CRON: u8 = CALLBACK_OF_SUCCESS;

pub(super) fn put_features(out: &mut Vec<u8>, features: &Features) {
    out.push(flags(features));
    if let Some(at) = features.expires_at {
        put_micros(out, at.as_micros());
    }
    if let Some(lock) = &features.lock {
        out.extend_from_slice(&lock.key);
        put_micros(out, lock.ends_at.as_micros());
        put_varint(out, u64::from(lock.pushing));
    }
    if let Some(member) = &features.batch {
        put_bid(out, member.bid);
    }
    match (&features.callback, &features.cron) {
        (Some(callback), _) => put_bid(out, callback.bid),
        (None, Some(entry)) => put_text(out, entry),
        (None, None) => {}
    }
}

fn flags(features: &Features) -> u8 {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    let lock = features.lock.as_ref();
    let batch = features.batch.as_ref();
    let callback = features.callback.as_ref();
    flag(features.expires_at.is_some(), EXPIRES)
        | flag(lock.is_some(), LOCKED)
        | flag(
            lock.is_some_and(|lock| lock.until_start),
            LOCKED_UNTIL_START,
        )
        | flag(batch.is_some(), IN_BATCH)
        | flag(batch.is_some_and(|member| member.failed), FAILED_IN_BATCH)
        | flag(callback.is_some(), CALLBACK)
        | flag(
            callback.is_some_and(|callback| callback.kind == CallbackKind::Success),
            CALLBACK_OF_SUCCESS,
        )
        | flag(callback.is_none() && features.cron.is_some(), OF_CRON)
        | flag(features.tracked, TRACKED)
}

/// `with_pushing` says whether locks have the number of a pushing.
pub(super) fn take_features(input: &mut &[u8], with_pushing: bool) -> Option<Features> {
    let &[flags] = take_bytes(input, 1)? else {
        return None;
    };
    let has = |flag: u8| flags & flag != 0;
    let mut features = Features {
        tracked: has(TRACKED),
        ..Features::default()
    };
    if has(EXPIRES) {
        features.expires_at = Some(Timestamp::from_micros(take_micros(input)?));
    }
    if has(LOCKED) {
        features.lock = Some(JobLock {
            key: take_bytes(input, 32)?.try_into().ok()?,
            ends_at: SteadyTime::from_micros(take_micros(input)?),
            until_start: has(LOCKED_UNTIL_START),
            pushing: match with_pushing {
                true => take_u32(input)?,
                false => 0,
            },
        });
    }
    if has(IN_BATCH) {
        features.batch = Some(Membership {
            bid: take_bid(input)?,
            failed: has(FAILED_IN_BATCH),
        });
    }
    if has(CALLBACK) {
        let kind = match has(CALLBACK_OF_SUCCESS) {
            true => CallbackKind::Success,
            false => CallbackKind::Complete,
        };
        let bid = take_bid(input)?;
        features.callback = Some(CallbackOf { bid, kind });
    } else if has(OF_CRON) {
        features.cron = Some(take_text(input)?);
    }
    Some(features)
}

fn put_bid(out: &mut Vec<u8>, bid: Bid) {
    put_varint(out, bid.id);
    put_varint(out, bid.check);
}

fn take_bid(input: &mut &[u8]) -> Option<Bid> {
    Some(Bid {
        id: take_varint(input)?,
        check: take_varint(input)?,
    })
}
