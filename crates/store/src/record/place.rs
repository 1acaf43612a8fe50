//! Where a record belongs: part of what its checksum is of, so that one found elsewhere is not taken for sound.

use crc32fast::Hasher;

/// The key of the row a record is written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a queue, or reserved out of it.
    Job { key: i64 },
    /// In a set.
    Entry { set_id: i64, at: i64, serial: i64 },
    /// In the trash.
    Trashed { action: i64, number: i64 },
}

impl Place {
    /// The checksum of bytes that are at this place.
    pub(super) fn checksum(self, bytes: &[u8]) -> u32 {
        let mut hasher = Hasher::new();
        match self {
            Self::Job { key } => hasher.update(&key.to_le_bytes()),
            Self::Entry { set_id, at, serial } => {
                for number in [set_id, at, serial] {
                    hasher.update(&number.to_le_bytes());
                }
            }
            Self::Trashed { action, number } => {
                for number in [action, number] {
                    hasher.update(&number.to_le_bytes());
                }
            }
        }
        hasher.update(bytes);
        hasher.finalize()
    }

    /// All places whose keys are one bit away.
    pub(super) fn nearly_same(self) -> impl Iterator<Item = Self> {
        let numbers = match self {
            Self::Job { .. } => 1,
            Self::Entry { .. } => 3,
            Self::Trashed { .. } => 2,
        };
        (0..numbers)
            .flat_map(move |number| (0..i64::BITS).map(move |bit| self.flipped(number, bit)))
    }

    fn flipped(self, number: usize, bit: u32) -> Self {
        let flip = 1_i64 << bit;
        match (self, number) {
            (Self::Job { key }, _) => Self::Job { key: key ^ flip },
            (Self::Entry { set_id, at, serial }, 0) => Self::Entry {
                set_id: set_id ^ flip,
                at,
                serial,
            },
            (Self::Entry { set_id, at, serial }, 1) => Self::Entry {
                set_id,
                at: at ^ flip,
                serial,
            },
            (Self::Entry { set_id, at, serial }, _) => Self::Entry {
                set_id,
                at,
                serial: serial ^ flip,
            },
            (Self::Trashed { action, number }, 0) => Self::Trashed {
                action: action ^ flip,
                number,
            },
            (Self::Trashed { action, number }, _) => Self::Trashed {
                action,
                number: number ^ flip,
            },
        }
    }
}
