//! Keys as bytes, whose order is that of the keys.

use workmill_proto::SteadyTime;

use crate::{CallbackKind, FailureId, PartOf};

/// Ends a text; in it, a byte of this value is followed by [`ESCAPED`].
const END: u8 = 0;
/// Says that an [`END`] before it ends nothing.
const ESCAPED: u8 = 0xff;

/// What can be a key, or a part of one.
pub(in crate::postgres) trait StoredKey: Sized {
    /// Appends its bytes.
    fn put(&self, out: &mut Vec<u8>);

    /// Takes it off the front of bytes.
    fn take(input: &mut &[u8]) -> Option<Self>;

    /// Its bytes.
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.put(&mut out);
        out
    }

    /// Reads its bytes.
    fn of_bytes(mut bytes: &[u8]) -> Option<Self> {
        let key = Self::take(&mut bytes)?;
        bytes.is_empty().then_some(key)
    }
}

fn take_array<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (&taken, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(taken)
}

impl StoredKey for () {
    fn put(&self, _: &mut Vec<u8>) {}

    fn take(_: &mut &[u8]) -> Option<Self> {
        Some(())
    }
}

impl StoredKey for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_be_bytes());
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input).map(Self::from_be_bytes)
    }
}

/// The sign is flipped, so that what is negative comes first.
impl StoredKey for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        (self.cast_unsigned() ^ (1 << 63)).put(out);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(|bits| (bits ^ (1 << 63)).cast_signed())
    }
}

impl StoredKey for [u8; 32] {
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        take_array(input)
    }
}

impl StoredKey for Box<str> {
    fn put(&self, out: &mut Vec<u8>) {
        for &byte in self.as_bytes() {
            out.push(byte);
            if byte == END {
                out.push(ESCAPED);
            }
        }
        out.extend_from_slice(&[END, END]);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        let mut text = Vec::new();
        loop {
            let [byte] = take_array(input)?;
            if byte != END {
                text.push(byte);
                continue;
            }
            match take_array(input)? {
                [ESCAPED] => text.push(END),
                [END] => break,
                _ => return None,
            }
        }
        String::from_utf8(text).ok().map(Into::into)
    }
}

impl StoredKey for FailureId {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        u64::take(input).map(Self)
    }
}

impl StoredKey for SteadyTime {
    fn put(&self, out: &mut Vec<u8>) {
        self.as_micros().put(out);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        i64::take(input).map(Self::from_micros)
    }
}

impl StoredKey for PartOf {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Change => 0,
            Self::Progress => 1,
        });
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        match take_array(input)? {
            [0] => Some(Self::Change),
            [1] => Some(Self::Progress),
            _ => None,
        }
    }
}

impl StoredKey for CallbackKind {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Self::Complete => 0,
            Self::Success => 1,
        });
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        match take_array(input)? {
            [0] => Some(Self::Complete),
            [1] => Some(Self::Success),
            _ => None,
        }
    }
}

impl<A: StoredKey, B: StoredKey> StoredKey for (A, B) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(input: &mut &[u8]) -> Option<Self> {
        Some((A::take(input)?, B::take(input)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_keys_are_in_the_order_of_the_keys() {
        let texts = ["", "\0", "\0\0", "\0a", "a", "a\0", "a\0b", "ab", "b", "é"];
        let mut keys: Vec<(Box<str>, i64)> = Vec::new();
        for text in texts {
            for number in [i64::MIN, -1, 0, 1, i64::MAX] {
                keys.push((text.into(), number));
            }
        }
        assert!(keys.is_sorted());
        let bytes: Vec<Vec<u8>> = keys.iter().map(StoredKey::to_bytes).collect();
        assert!(bytes.is_sorted_by(|one, next| one < next), "{bytes:?}");
        for (key, bytes) in keys.iter().zip(&bytes) {
            assert_eq!(StoredKey::of_bytes(bytes).as_ref(), Some(key));
            let cut = bytes
                .split_last()
                .and_then(|(_, cut)| <(Box<str>, i64)>::of_bytes(cut));
            assert_eq!(cut, None);
        }
    }
}
