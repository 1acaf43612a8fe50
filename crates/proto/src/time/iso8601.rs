//! Moments as the clients of expiring jobs write them.

use super::Timestamp;

impl Timestamp {
    /// Reads ISO 8601 as languages write it: RFC 3339, also with a space for its `T`, without a zone, which means
    /// UTC, or with a zone without a colon (`+0000`). None if it is not that.
    pub(crate) fn parse_iso8601(text: &str) -> Option<Self> {
        let (date, rest) = text.split_at_checked("0000-00-00".len())?;
        let clock = rest.strip_prefix(['T', ' '])?;
        let zone_start = clock.find(['Z', '+', '-']).unwrap_or(clock.len());
        let (clock, zone) = clock.split_at_checked(zone_start)?;
        let (hours, minutes) = match zone.len() {
            0 => ("Z", ""),
            5 => zone.split_at_checked("+00".len())?,
            _ => (zone, ""),
        };
        let colon = if minutes.is_empty() { "" } else { ":" };
        Self::parse_rfc3339(&format!("{date}T{clock}{hours}{colon}{minutes}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_languages_write_it() {
        for (text, wanted) in [
            ("2026-01-31T08:00:00Z", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00.25+01:30", "2026-01-31T06:30:00.25Z"),
            ("2026-01-31T08:00:00.25+0130", "2026-01-31T06:30:00.25Z"),
            ("2026-01-31T08:00:00+0000", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00-0100", "2026-01-31T09:00:00Z"),
            ("2026-01-31T08:00:00", "2026-01-31T08:00:00Z"),
            ("2026-01-31T08:00:00.123456", "2026-01-31T08:00:00.123456Z"),
            ("2026-01-31 08:00:00", "2026-01-31T08:00:00Z"),
            ("2026-01-31 08:00:00.5Z", "2026-01-31T08:00:00.5Z"),
        ] {
            let read = Timestamp::parse_iso8601(text).map(|moment| moment.to_string());
            assert_eq!(read.as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "tomorrow",
            "1769846400",
            "2026-01-31",
            "2026-01-31T",
            "2026-01-31T08:00",
            "2026-01-31t08:00:00Z",
            "2026-01-31  08:00:00",
            "2026-01-31T08:00:00 +0000",
            "2026-01-31T08:00:00+00",
            "2026-01-31T08:00:00+000",
            "2026-01-31T08:00:00+00000",
            "2026-01-31T08:00:00+0a00",
            "2026-01-31T08:00:00+2500",
            "2026-01-31T08:00:00+1\u{e9}00",
            "2026-01-31T08:00:00ZZZZZ",
            "2026-02-30T08:00:00",
            "2026-01-31T08:00:00Z ",
            "\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}T08:00:00Z",
        ] {
            assert_eq!(Timestamp::parse_iso8601(text), None, "{text}");
        }
    }
}
