//! What is shown of addresses and of long lists.

/// How many of a kind are told of one by one.
pub(crate) const TOLD_MAX: usize = 20;

/// Whether a text that should be an address holds what may be a user and a password.
pub(crate) fn has_credentials(address: &str) -> bool {
    address.contains('@')
}

/// An address as it may be shown to anybody: without what stands before its last `@`, which may be a password.
pub(crate) fn without_credentials(address: &str) -> String {
    let Some((before, host)) = address.rsplit_once('@') else {
        return address.to_owned();
    };
    let scheme = before
        .split_once("://")
        .map(|(scheme, _)| scheme)
        .filter(|scheme| scheme.bytes().all(is_of_scheme));
    match scheme {
        Some(scheme) => format!("{scheme}://***@{host}"),
        None => format!("***@{host}"),
    }
}

fn is_of_scheme(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)
}

/// The first of many lines, and one that says how many more there are `of` their kind.
pub(crate) fn first_lines(mut lines: Vec<String>, of: &str) -> Vec<String> {
    let more = lines.len().saturating_sub(TOLD_MAX);
    if more > 0 {
        lines.truncate(TOLD_MAX);
        lines.push(format!("{more} more {of}"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_left_out_of_addresses() {
        for (address, shown) in [
            ("localhost:7419", "localhost:7419"),
            ("tcp://:secret@host:7419", "tcp://***@host:7419"),
            ("udp://user:se://cr@et@host", "udp://***@host"),
            ("user:secret@host", "***@host"),
            ("user:sec://ret@host", "***@host"),
            ("secret@", "***@"),
        ] {
            assert_eq!(without_credentials(address), shown);
            assert_eq!(has_credentials(address), address != shown);
        }
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let lines = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
        assert_eq!(first_lines(lines(20), "lines"), lines(20));
        let cut = first_lines(lines(10_000), "lines");
        assert_eq!(cut.len(), 21);
        assert_eq!(cut[20], "9980 more lines");
    }
}
