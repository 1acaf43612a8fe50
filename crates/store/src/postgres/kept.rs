//! What is kept besides jobs, as rows of one table: each kind has a number, keys whose bytes are in their order, and a stored form.

mod actions;
mod batches;
mod features;
mod key;
mod trash;

pub(super) use batches::callback_keys;
pub(super) use features::slot_at;
pub(super) use key::StoredKey;

use workmill_proto::SteadyTime;

use crate::{Keyed, StoreError};

/// The generation of what belongs to none: it outlives a flush.
pub(super) const LASTING: i64 = i64::MAX;

/// Where something is kept: the generation, the kind, and the bytes of its key.
pub(super) type KeptPlace = (i64, i64, Vec<u8>);

/// A kind of thing that is kept.
pub(super) trait Stored: Keyed {
    /// Its number. Never changes.
    const KIND: i64;
    /// Whether it outlives a flush.
    const LASTS: bool = false;
    /// Whether one takes the place of another one whose key is different.
    const SHARES_PLACES: bool = false;
    /// Whether it begins anew if it cannot be read.
    const BEGINS_ANEW: bool = false;

    /// The bytes of a key.
    fn key_bytes(key: &Self::Key) -> Vec<u8>;

    /// Reads the bytes of a key; none if they are not that.
    fn read_key(bytes: &[u8]) -> Option<Self::Key>;

    /// The form it is stored in under this key.
    fn bytes(&self, key: &Self::Key) -> Vec<u8>;

    /// Reads what is stored under this key; none if it is not that.
    fn read(key: &Self::Key, bytes: &[u8]) -> Option<Self>;

    /// When its time is over, for what is looked for by that.
    fn over_at(&self, _: &Self::Key) -> Option<SteadyTime> {
        None
    }

    /// Where something must be for this to be kept; none if nothing has to.
    fn needs(_: &Self::Key) -> Option<(i64, Vec<u8>)> {
        None
    }

    /// Where what goes with it is.
    fn takes_along(_: &Self::Key) -> Vec<(i64, Vec<u8>)> {
        Vec::new()
    }

    /// The generation that it is kept in, while this is the generation.
    fn generation(now: i64) -> i64 {
        if Self::LASTS { LASTING } else { now }
    }

    /// Where it is kept.
    fn place(now: i64, key: &Self::Key) -> KeptPlace {
        (Self::generation(now), Self::KIND, Self::key_bytes(key))
    }

    /// Reads it for the writer. If it is of another key in the same place, there is none.
    fn read_back(key: &Self::Key, bytes: &[u8]) -> Result<Option<Self>, StoreError> {
        match Self::read(key, bytes) {
            Some(kept) => Ok(Some(kept)),
            None if Self::SHARES_PLACES || Self::BEGINS_ANEW => Ok(None),
            None => Err(StoreError::Inconsistent(format!(
                "something that is kept (kind {}) cannot be read",
                Self::KIND
            ))),
        }
    }
}

/// Implements what is the same for nearly all kinds: keys that are [`StoredKey`]s, and, in braces, constants.
macro_rules! stored {
    ($kept:ty = $kind:literal $({ $($constant:ident),* })?, $(ends $ends:ident,)? |$this:ident, $key:ident| $bytes:expr, |$of:ident, $input:ident| $read:expr) => {
        impl $crate::postgres::kept::Stored for $kept {
            const KIND: i64 = $kind;
            $($(const $constant: bool = true;)*)?

            fn key_bytes(key: &Self::Key) -> Vec<u8> {
                $crate::postgres::kept::StoredKey::to_bytes(key)
            }

            fn read_key(bytes: &[u8]) -> Option<Self::Key> {
                $crate::postgres::kept::StoredKey::of_bytes(bytes)
            }

            fn bytes(&self, $key: &Self::Key) -> Vec<u8> {
                let $this = self;
                $bytes
            }

            fn read($of: &Self::Key, $input: &[u8]) -> Option<Self> {
                $read
            }

            $(fn over_at(&self, key: &Self::Key) -> Option<workmill_proto::SteadyTime> {
                $crate::Passing::$ends(self, key)
            })?
        }
    };
}
use stored;
