//! How [`Ties`] are written into a record: a byte of flags, then what they announce.

use workmill_proto::{Bid, SteadyTime, Timestamp};

use super::codec::{put_micros, take_bytes, take_micros, take_u32};
use super::varint::{put_varint, take_varint};
use crate::{CallbackKind, CallbackTie, LockTie, Membership, Ties};

const EXPIRES: u8 = 1;
const LOCKED: u8 = 2;
const LOCKED_UNTIL_START: u8 = 4;
const IN_BATCH: u8 = 8;
const FAILED_IN_BATCH: u8 = 16;
const CALLBACK: u8 = 32;
const CALLBACK_OF_SUCCESS: u8 = 64;
const TRACKED: u8 = 128;

pub(super) fn put_ties(out: &mut Vec<u8>, ties: &Ties) {
    out.push(flags(ties));
    if let Some(at) = ties.expires_at {
        put_micros(out, at.as_micros());
    }
    if let Some(lock) = &ties.lock {
        out.extend_from_slice(&lock.key);
        put_micros(out, lock.ends_at.as_micros());
        put_varint(out, u64::from(lock.pushing));
    }
    if let Some(member) = &ties.batch {
        put_bid(out, member.bid);
    }
    if let Some(callback) = &ties.callback {
        put_bid(out, callback.bid);
    }
}

fn flags(ties: &Ties) -> u8 {
    let flag = |holds: bool, flag: u8| if holds { flag } else { 0 };
    let lock = ties.lock.as_ref();
    let batch = ties.batch.as_ref();
    let callback = ties.callback.as_ref();
    flag(ties.expires_at.is_some(), EXPIRES)
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
        | flag(ties.tracked, TRACKED)
}

/// `with_pushing` says whether locks have the number of a pushing.
pub(super) fn take_ties(input: &mut &[u8], with_pushing: bool) -> Option<Ties> {
    let &[flags] = take_bytes(input, 1)? else {
        return None;
    };
    let has = |flag: u8| flags & flag != 0;
    let mut ties = Ties {
        tracked: has(TRACKED),
        ..Ties::default()
    };
    if has(EXPIRES) {
        ties.expires_at = Some(Timestamp::from_micros(take_micros(input)?));
    }
    if has(LOCKED) {
        ties.lock = Some(LockTie {
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
        ties.batch = Some(Membership {
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
        ties.callback = Some(CallbackTie { bid, kind });
    }
    Some(ties)
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
