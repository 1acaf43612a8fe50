//! Batches: what changes of them, what never does, whose children they are, and when to look at them again.

use workmill_proto::{SteadyTime, Timestamp};

use super::{Stored, StoredKey, stored};
use crate::postgres::live::{decode, encode};
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackKind, CallbackState,
};

/// The kind of what never changes of a batch.
pub(in crate::postgres) const BATCH_DETAILS: i64 = 11;
/// The kind of callbacks.
const BATCH_CALLBACK: i64 = 12;

/// The states of a callback, each at the place of the number it is stored as.
const CALLBACK_STATES: [CallbackState; 4] = [
    CallbackState::Absent,
    CallbackState::Waiting,
    CallbackState::Queued,
    CallbackState::Done,
];

/// The random part of the id; total, pending, failed; committed, completed, succeeded; the callbacks; the children that are not
/// complete, or have not succeeded; when it changed.
type StateFields = (
    u64,
    (u64, u64, u64),
    (bool, bool, bool),
    (u8, u8),
    (u64, u64),
    i64,
);

stored!(
    BatchState = 10,
    |state, _key| encode(&(
        state.check,
        (state.total, state.pending, state.failed),
        (state.committed, state.completed, state.succeeded),
        (state.complete as u8, state.success as u8),
        (state.children_incomplete, state.children_unsuccessful),
        state.changed_at.as_micros(),
    )),
    |_key, bytes| {
        let (check, members, marks, callbacks, children, changed_at): StateFields = decode(bytes)?;
        let callback = |state: u8| CALLBACK_STATES.get(usize::from(state)).copied();
        Some(Self {
            check,
            total: members.0,
            pending: members.1,
            failed: members.2,
            committed: marks.0,
            completed: marks.1,
            succeeded: marks.2,
            complete: callback(callbacks.0)?,
            success: callback(callbacks.1)?,
            children_incomplete: children.0,
            children_unsuccessful: children.1,
            changed_at: SteadyTime::from_micros(changed_at),
        })
    }
);

/// To remove it is to remove the callbacks too.
impl Stored for BatchDetails {
    const KIND: i64 = BATCH_DETAILS;

    fn key_bytes(id: &u64) -> Vec<u8> {
        id.to_bytes()
    }

    fn read_key(bytes: &[u8]) -> Option<u64> {
        u64::of_bytes(bytes)
    }

    fn bytes(&self, _: &u64) -> Vec<u8> {
        encode(&(&self.description, self.created_at.as_micros()))
    }

    fn read(_: &u64, bytes: &[u8]) -> Option<Self> {
        let (description, created_at): (String, i64) = decode(bytes)?;
        Some(Self {
            description,
            created_at: Timestamp::from_micros(created_at),
        })
    }

    fn takes_along(id: &u64) -> Vec<(i64, Vec<u8>)> {
        let keys = callback_keys(*id);
        keys.map(|key| (BATCH_CALLBACK, key)).into()
    }
}

/// The keys of the callbacks of a batch: of the complete one, and of the success one.
pub(in crate::postgres) fn callback_keys(id: u64) -> [Vec<u8>; 2] {
    [CallbackKind::Complete, CallbackKind::Success].map(|kind| (id, kind).to_bytes())
}

/// A payload as it is. Without the details of its batch it is not kept.
impl Stored for BatchCallback {
    const KIND: i64 = BATCH_CALLBACK;

    fn key_bytes(key: &(u64, CallbackKind)) -> Vec<u8> {
        key.to_bytes()
    }

    fn read_key(bytes: &[u8]) -> Option<(u64, CallbackKind)> {
        StoredKey::of_bytes(bytes)
    }

    fn bytes(&self, _: &(u64, CallbackKind)) -> Vec<u8> {
        self.0.clone()
    }

    fn read(_: &(u64, CallbackKind), bytes: &[u8]) -> Option<Self> {
        Some(Self(bytes.to_vec()))
    }

    fn needs((id, _): &(u64, CallbackKind)) -> Option<(i64, Vec<u8>)> {
        Some((BATCH_DETAILS, id.to_bytes()))
    }
}

/// How many bytes each parent takes, behind a byte for the version: so people can count them.
const PARENT_BYTES: usize = 8;

/// A version, and eight bytes for each.
const PARENTS_VERSION: u8 = 1;

stored!(
    BatchParents = 13,
    |parents, _key| {
        let mut bytes = vec![PARENTS_VERSION];
        parents.0.iter().for_each(|parent| parent.put(&mut bytes));
        bytes
    },
    |_key, bytes| {
        let (&PARENTS_VERSION, mut parents) = bytes.split_first()? else {
            return None;
        };
        let count = parents.len() / PARENT_BYTES;
        (0..count)
            .map(|_| u64::take(&mut parents))
            .collect::<Option<_>>()
            .map(Self)
    }
);

stored!(BatchDue = 14, ends ends_at,
    |_due, _key| encode(&()),
    |_key, bytes| decode::<()>(bytes).map(|()| Self)
);
