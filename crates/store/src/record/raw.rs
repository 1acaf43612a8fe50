//! What a backend finds where a record belongs.

use super::codec::has_jid;
use super::{CorruptRecord, JobRecord, Place, StoredJob};

/// What a backend finds where a record belongs: bytes, unless the database is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawRecord<'a> {
    /// Bytes, of a record or not.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a [u8]),
    /// Anything else.
    Nothing,
}

impl<'a> RawRecord<'a> {
    /// The bytes of a record, or of what else is there.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Bytes(bytes) | Self::Text(bytes) => bytes,
            Self::Nothing => &[],
        }
    }

    /// Whether this looks like the record of a job with this id. Its checksum is not looked at.
    pub(crate) fn has_jid(self, jid: &str) -> bool {
        match self {
            Self::Bytes(bytes) => has_jid(bytes, jid),
            Self::Text(_) | Self::Nothing => false,
        }
    }

    /// Reads a record in place; whatever else is there is handed on as unreadable.
    pub(crate) fn decode(self, place: Place) -> StoredJob {
        self.decode_with(place, JobRecord::decode)
    }

    /// The same, without the payload, or the bytes that cannot be read.
    pub(crate) fn decode_head(self, place: Place) -> StoredJob {
        let head = self.decode_with(place, JobRecord::decode_head);
        head.map_err(|corrupt| CorruptRecord {
            bytes: Vec::new(),
            ..corrupt
        })
    }

    fn decode_with(self, place: Place, decode: fn(Place, &[u8]) -> StoredJob) -> StoredJob {
        let reason = match self {
            Self::Bytes(bytes) => return decode(place, bytes),
            Self::Text(_) => "a text stands in place of a record",
            Self::Nothing => "no bytes stand in place of a record",
        };
        Err(CorruptRecord {
            bytes: self.bytes().to_vec(),
            reason: reason.into(),
        })
    }
}
