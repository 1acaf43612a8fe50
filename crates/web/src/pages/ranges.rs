//! How far back one looks: the links to choose it by.

use std::time::Duration;

use serde::Deserialize;

use super::Frame;

/// What the address says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct RangeParameters {
    pub(super) range: Option<String>,
}

/// A link to the same page with another range.
pub(super) struct RangeLink {
    pub(super) href: String,
    pub(super) title: String,
    pub(super) is_current: bool,
}

/// A link for each range: its name in addresses, and how far it goes back.
pub(super) fn links(
    frame: &Frame,
    ranges: impl IntoIterator<Item = (&'static str, Duration)>,
    current: &str,
) -> Vec<RangeLink> {
    let ranges = ranges.into_iter();
    ranges
        .map(|(name, length)| RangeLink {
            href: frame.with("range", name),
            title: frame.span(&length),
            is_current: name == current,
        })
        .collect()
}
