//! Lines packed into datagrams.

/// Bytes of a datagram: what an Ethernet frame carries without being split, with room for the headers of tunnels. The
/// measure of Datadog's clients.
pub(super) const DATAGRAM_BYTES_MAX: usize = 1_432;

/// Lines packed into as few datagrams as keep their order.
#[derive(Debug, Default)]
pub(super) struct Datagrams(Vec<Datagram>);

/// Lines that are sent together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Datagram {
    /// The lines, with a line feed between two.
    pub(super) text: String,
    /// How many lines it has.
    pub(super) lines: u64,
}

impl Datagrams {
    /// Adds a line, which has at most [`DATAGRAM_BYTES_MAX`] bytes and no line feed.
    pub(super) fn add(&mut self, line: &str) {
        if let Some(last) = self.0.last_mut()
            && last.text.len() + 1 + line.len() <= DATAGRAM_BYTES_MAX
        {
            last.text.push('\n');
            last.text.push_str(line);
            last.lines += 1;
            return;
        }
        let mut text = String::with_capacity(DATAGRAM_BYTES_MAX);
        text.push_str(line);
        self.0.push(Datagram { text, lines: 1 });
    }

    pub(super) fn into_iter(self) -> impl Iterator<Item = Datagram> {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packed(lines: &[String]) -> Vec<Datagram> {
        let mut datagrams = Datagrams::default();
        for line in lines {
            datagrams.add(line);
        }
        datagrams.into_iter().collect()
    }

    #[test]
    fn datagram_is_filled_to_the_last_byte_and_not_beyond() {
        let half = "a".repeat(DATAGRAM_BYTES_MAX / 2 - 1);
        let rest = "b".repeat(DATAGRAM_BYTES_MAX / 2);
        assert_eq!(
            packed(&[half.clone(), rest.clone()]),
            [Datagram {
                text: format!("{half}\n{rest}"),
                lines: 2
            }]
        );
        let lines = [half, format!("{rest}b")];
        let texts: Vec<String> = packed(&lines).into_iter().map(|d| d.text).collect();
        assert_eq!(texts, lines);
    }

    #[test]
    fn lines_keep_their_order_and_none_is_lost() {
        let lines: Vec<String> = (0..1_000).map(|n| format!("line-{n}")).collect();
        let datagrams = packed(&lines);
        assert!(datagrams.iter().all(|d| d.text.len() <= DATAGRAM_BYTES_MAX));
        assert_eq!(datagrams.iter().map(|d| d.lines).sum::<u64>(), 1_000);
        let texts: Vec<String> = datagrams.into_iter().map(|d| d.text).collect();
        assert_eq!(texts.join("\n"), lines.join("\n"));
        assert_eq!(packed(&[]), []);
    }
}
