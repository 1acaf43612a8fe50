//! The ids of batches.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The id of a batch: `b-` and 14 URL-safe characters, as Faktory's have.
///
/// The text begins with what cannot be guessed, so that the ids of batches made one after the other differ at
/// first sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bid {
    /// Which batch it is. At most 40 bits: more are not written.
    pub id: u64,
    /// What keeps ids from being guessed. At most 40 bits: more are not written.
    pub check: u64,
}

/// What every text begins with. Some clients know the id of a batch by it.
const PREFIX: &str = "b-";

/// The bytes of either half.
const HALF_BYTES: usize = 5;

impl Bid {
    /// Reads what was written of an id. None if no id is written so.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        let [c0, c1, c2, c3, c4, i0, i1, i2, i3, i4] = bytes.try_into().ok()?;
        Some(Self {
            id: u64::from_be_bytes([0, 0, 0, i0, i1, i2, i3, i4]),
            check: u64::from_be_bytes([0, 0, 0, c0, c1, c2, c3, c4]),
        })
    }
}

impl fmt::Display for Bid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, _, _, check @ ..]: [u8; 8] = self.check.to_be_bytes();
        let [_, _, _, id @ ..]: [u8; 8] = self.id.to_be_bytes();
        let mut bytes = [0; 2 * HALF_BYTES];
        for (slot, byte) in bytes.iter_mut().zip(check.into_iter().chain(id)) {
            *slot = byte;
        }
        write!(f, "{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: u64 = (1 << 40) - 1;

    #[test]
    fn an_id_is_written_with_what_cannot_be_guessed_first() {
        let text = |check, id| Bid { id, check }.to_string();
        assert_eq!(text(0, 0), "b-AAAAAAAAAAAAAA");
        assert_eq!(text(0, 1), "b-AAAAAAAAAAAAAQ");
        assert_eq!(text(MAX, 0), "b-______8AAAAAAA");
        assert_eq!(text(0x005B_952E_5B2D, 0x0003_0405_0607), "b-W5UuWy0DBAUGBw");
    }

    #[test]
    fn what_was_written_reads_the_same() {
        for id in [0, 1, 255, 256, MAX - 1, MAX] {
            for check in [0, 1, 0x0001_0203_0405, MAX] {
                let bid = Bid { id, check };
                assert_eq!(Bid::parse(&bid.to_string()), Some(bid));
            }
        }
    }

    #[test]
    fn another_spelling_is_no_id() {
        for text in [
            "",
            "b-",
            "b",
            "AAAAAAAAAAAAAA",
            "B-AAAAAAAAAAAAAA",
            "b-AAAAAAAAAAAAA",
            "b-AAAAAAAAAAAAAAA",
            "b-AAAAAAAAAAAAAA==",
            "b-AAAAAAAAAAAAAB",
            "b-AAAAAAAAAAAA+A",
            "b-AAAAAAAAAAAA/A",
            "b-AAAAAAAAAAAA A",
            " b-AAAAAAAAAAAAAA",
            "b-AAAAAAAAAAAAAA ",
            "b-\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert_eq!(Bid::parse(text), None, "{text}");
        }
    }
}
