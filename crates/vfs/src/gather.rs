//! What has been written to the log and not yet handed to the system.

/// The header before each page in the log. See "The WAL File Format" of SQLite.
const FRAME_HEADER_BYTES: usize = 24;

/// Where the header has the size of the database after the transaction: not zero in the frame that commits.
const COMMIT_FIELD: std::ops::Range<usize> = 4..8;

/// Bytes that make it more are put at once, with those that are held. With a header and the largest page there is they are
/// fewer than 128 KiB: SQLite's own layer takes no more in one call.
const HELD_BYTES_MAX: usize = 60 << 10;

/// One stretch of bytes that follow each other in the file.
#[derive(Debug, Default)]
pub(crate) struct Gather {
    begin: i64,
    held: Vec<u8>,
    /// The last header that was written was that of a frame that commits: its page ends the transaction.
    is_committing: bool,
}

impl Gather {
    /// Takes bytes to be written at `offset`. Hands to `put` what has to be in the file now: all that is held, when
    /// these end a transaction, do not follow what is held, or there is too much of it.
    ///
    /// A header that commits is never held alone: SQLite also rewrites headers without their pages.
    pub(crate) fn write<E>(
        &mut self,
        bytes: &[u8],
        offset: i64,
        put: &mut impl FnMut(&[u8], i64) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.end() != Some(offset) {
            self.flush(put)?;
            self.begin = offset;
        }
        let is_due = if bytes.len() == FRAME_HEADER_BYTES {
            self.is_committing = commits(bytes);
            self.is_committing && self.held.is_empty()
        } else {
            self.is_committing || self.held.len() + bytes.len() >= HELD_BYTES_MAX
        };
        self.held.extend_from_slice(bytes);
        match is_due {
            true => self.flush(put),
            false => Ok(()),
        }
    }

    /// Hands over what is held. It is held no more, whatever came of it: the COMMIT it is of fails.
    pub(crate) fn flush<E>(
        &mut self,
        put: &mut impl FnMut(&[u8], i64) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.held.is_empty() {
            return Ok(());
        }
        let result = put(&self.held, self.begin);
        self.held.clear();
        result
    }

    /// Forgets what is held.
    pub(crate) fn forget(&mut self) {
        self.held.clear();
    }

    /// Where the next bytes have to be written to be held too.
    fn end(&self) -> Option<i64> {
        i64::try_from(self.held.len())
            .ok()
            .and_then(|held| self.begin.checked_add(held))
    }
}

/// Whether it is the header of a frame that commits.
fn commits(header: &[u8]) -> bool {
    header
        .get(COMMIT_FIELD)
        .is_none_or(|field| field.iter().any(|&byte| byte != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; FRAME_HEADER_BYTES] = [0; FRAME_HEADER_BYTES];
    const COMMIT: [u8; FRAME_HEADER_BYTES] = {
        let mut header = HEADER;
        header[7] = 1;
        header
    };
    const PAGE: [u8; 512] = [7; 512];

    /// Writes one after the other from `offset` on, and tells how many bytes were put where.
    fn puts(gather: &mut Gather, mut offset: i64, writes: &[&[u8]]) -> Vec<(i64, usize)> {
        let mut puts = Vec::new();
        for bytes in writes {
            let mut put = |bytes: &[u8], at| {
                puts.push((at, bytes.len()));
                Ok::<_, ()>(())
            };
            gather.write(bytes, offset, &mut put).unwrap();
            offset += i64::try_from(bytes.len()).unwrap();
        }
        puts
    }

    #[test]
    fn a_transaction_is_put_at_once_when_it_is_complete() {
        let mut gather = Gather::default();
        let writes: [&[u8]; 6] = [&HEADER, &PAGE, &HEADER, &PAGE, &COMMIT, &PAGE];
        assert_eq!(puts(&mut gather, 32, &writes[..5]), []);
        let at = 32 + 536 * 2 + 24;
        assert_eq!(puts(&mut gather, at, &writes[5..]), [(32, 536 * 3)]);
        assert_eq!(
            puts(&mut gather, 32 + 536 * 3, &writes),
            [(32 + 536 * 3, 536 * 3)]
        );
    }

    #[test]
    fn a_transaction_of_one_page_is_held_back_nowhere() {
        let mut gather = Gather::default();
        assert_eq!(
            puts(&mut gather, 32, &[&COMMIT, &PAGE]),
            [(32, 24), (56, 512)]
        );
    }

    #[test]
    fn a_header_that_is_rewritten_alone_is_put_at_once() {
        let mut gather = Gather::default();
        assert_eq!(puts(&mut gather, 32, &[&COMMIT]), [(32, 24)]);
        // The next transaction is none the wiser.
        let writes: [&[u8]; 4] = [&HEADER, &PAGE, &COMMIT, &PAGE];
        assert_eq!(puts(&mut gather, 568, &writes), [(568, 536 * 2)]);
        assert_eq!(
            puts(&mut gather, 9_000, &[&COMMIT, &PAGE]),
            [(9_000, 24), (9_024, 512)]
        );
    }

    #[test]
    fn what_does_not_follow_is_put_apart_and_in_order() {
        let mut gather = Gather::default();
        assert_eq!(puts(&mut gather, 32, &[&HEADER, &PAGE]), []);
        assert_eq!(puts(&mut gather, 4_000, &[&PAGE]), [(32, 536)]);
        assert_eq!(
            puts(&mut gather, 568, &[&COMMIT, &PAGE]),
            [(4_000, 512), (568, 24), (592, 512)]
        );
    }

    #[test]
    fn no_more_is_put_at_once_than_the_layer_below_takes() {
        for size in 9..=16 {
            let page = vec![7; 1 << size];
            let writes: Vec<&[u8]> = (0..300).flat_map(|_| [&HEADER[..], &page]).collect();
            let puts = puts(&mut Gather::default(), 32, &writes);
            assert!(!puts.is_empty());
            for (_, bytes) in puts {
                assert!((HELD_BYTES_MAX..128 << 10).contains(&bytes), "{bytes}");
            }
        }
    }

    #[test]
    fn what_is_forgotten_is_never_put() {
        let mut gather = Gather::default();
        assert_eq!(puts(&mut gather, 32, &[&HEADER, &PAGE]), []);
        gather.forget();
        assert_eq!(
            puts(&mut gather, 568, &[&COMMIT, &PAGE]),
            [(568, 24), (592, 512)]
        );
    }

    #[test]
    fn what_could_not_be_put_is_not_put_later() {
        let mut gather = Gather::default();
        assert_eq!(puts(&mut gather, 32, &[&HEADER, &PAGE]), []);
        assert_eq!(gather.flush(&mut |_, _| Err("full")), Err("full"));
        assert_eq!(gather.flush(&mut |_, _| Err("full")), Ok(()));
        let writes: [&[u8]; 4] = [&HEADER, &PAGE, &COMMIT, &PAGE];
        assert_eq!(puts(&mut gather, 32, &writes), [(32, 536 * 2)]);
    }
}
