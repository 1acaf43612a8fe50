//! The agent's side of DogStatsD, strict: what an agent would repair or skip is a failure here.
//!
//! The format is the public one: `name:value|type|@rate|#tag,tag`, one metric a line, UTF-8.

use std::collections::BTreeSet;

/// Bytes of a datagram that clients of DogStatsD keep to.
pub const DATAGRAM_BYTES_MAX: usize = 1_432;

/// Characters of a name and of a tag, beyond which Datadog cuts them.
const NAME_CHARS_MAX: usize = 200;
const TAG_CHARS_MAX: usize = 200;

/// One metric as an agent reads it.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name, namespace included.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// `c`, `g`, `ms`, `h`, `d` or `s`.
    pub kind: String,
    /// The share that was sent, if it says so.
    pub rate: Option<f64>,
    /// Its tags.
    pub tags: BTreeSet<String>,
}

impl Metric {
    /// The value of the tag with this key.
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find_map(|tag| tag.strip_prefix(key)?.strip_prefix(':'))
    }

    /// Whether it has this name and exactly these tags.
    pub fn is(&self, name: &str, tags: &[&str]) -> bool {
        self.name == name && self.tags.iter().eq(tags.iter().collect::<BTreeSet<_>>())
    }
}

/// Reads a datagram.
///
/// # Errors
/// A text that says what is not as it should be.
pub fn parse_datagram(bytes: &[u8]) -> Result<Vec<Metric>, String> {
    if bytes.len() > DATAGRAM_BYTES_MAX {
        return Err(format!("a datagram of {} bytes", bytes.len()));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    text.split('\n')
        .map(|line| parse_metric(line).map_err(|what| format!("{what} in {line:?}")))
        .collect()
}

fn parse_metric(line: &str) -> Result<Metric, String> {
    let mut sections = line.split('|');
    let (name, value) = sections
        .next()
        .and_then(|head| head.split_once(':'))
        .ok_or("no name and value")?;
    check_name(name)?;
    let value = parse_value(value)?;
    let kind = sections.next().ok_or("no type")?;
    if !["c", "g", "ms", "h", "d", "s"].contains(&kind) {
        return Err(format!("an unknown type {kind:?}"));
    }
    let mut metric = Metric {
        name: name.to_owned(),
        value,
        kind: kind.to_owned(),
        rate: None,
        tags: BTreeSet::new(),
    };
    let mut rest = sections.peekable();
    if let Some(rate) = rest.next_if(|section| section.starts_with('@')) {
        metric.rate = Some(parse_value(&rate[1..])?);
    }
    if let Some(tags) = rest.next_if(|section| section.starts_with('#')) {
        metric.tags = parse_tags(&tags[1..])?;
    }
    match rest.next() {
        None => Ok(metric),
        Some(section) => Err(format!("a section {section:?} too many")),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let good = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
        && name.len() <= NAME_CHARS_MAX;
    good.then_some(())
        .ok_or_else(|| format!("a bad name {name:?}"))
}

/// A decimal number, without an exponent.
fn parse_value(text: &str) -> Result<f64, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let good = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.ends_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.parse()
        .ok()
        .filter(|_| good)
        .ok_or_else(|| format!("a bad value {text:?}"))
}

fn parse_tags(text: &str) -> Result<BTreeSet<String>, String> {
    let mut tags = BTreeSet::new();
    for tag in text.split(',') {
        let good = tag.starts_with(|c: char| c.is_ascii_alphabetic())
            && tag
                .chars()
                .all(|c| c.is_alphanumeric() || "_-:./".contains(c))
            && tag.chars().count() <= TAG_CHARS_MAX;
        if !good {
            return Err(format!("a bad tag {tag:?}"));
        }
        if !tags.insert(tag.to_owned()) {
            return Err(format!("the tag {tag:?} twice"));
        }
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_read_with_all_their_sections() {
        let metrics = parse_datagram(b"a.b_c:1|c\nx:-2.5|ms|@0.5|#env:prod,b:c:d").unwrap();
        assert_eq!(metrics.len(), 2);
        assert!(metrics[0].is("a.b_c", &[]));
        assert!(metrics[1].is("x", &["b:c:d", "env:prod"]));
        assert_eq!((metrics[1].value, metrics[1].rate), (-2.5, Some(0.5)));
        assert_eq!(metrics[1].tag("b"), Some("c:d"));
        assert_eq!(metrics[1].tag("en"), None);
    }

    #[test]
    fn whatever_is_not_as_it_should_be_is_refused() {
        for text in [
            "",
            "a",
            "a:1",
            "a:1|",
            "a:1|x",
            "a:|c",
            "a:1e3|c",
            "a:1.|c",
            "a:x|c",
            ":1|c",
            "1a:1|c",
            "a b:1|c",
            "é:1|c",
            "a:1:2|c",
            "a:1|c\n",
            "\na:1|c",
            "a:1|c\r",
            "a:1|c|",
            "a:1|c|#",
            "a:1|c|#b,",
            "a:1|c|#b,b",
            "a:1|c|#1",
            "a:1|c|#b c",
            "a:1|c|#b|#c",
            "a:1|c|#b|@1",
            "a:1|c|x",
        ] {
            assert!(parse_datagram(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(parse_datagram(b"a:1|c|#\xff").is_err());
        let long = format!("a:{}|c", "1".repeat(DATAGRAM_BYTES_MAX));
        assert!(parse_datagram(long.as_bytes()).is_err());
    }
}
