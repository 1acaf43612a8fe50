//! Moments and spans of time: short for people, exact for machines.

use std::time::Duration;

use workmill_proto::Timestamp;

use super::{Language, Markup, Phrase};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

impl Language {
    /// A span, by its two largest units: `4 s`, `12 min`, `1 h 4 min`, `3 d`.
    pub(crate) fn span(self, span: Duration) -> String {
        let texts = self.texts();
        let secs = span.as_secs();
        let part = |count: u64, unit: &str| format!("{}{unit}", self.number(count));
        match secs {
            0 if span.subsec_millis() > 0 => {
                format!("{}{}", span.subsec_millis(), texts.unit_millisecond)
            }
            0..MINUTE => part(secs, texts.unit_second),
            MINUTE..HOUR => part(secs / MINUTE, texts.unit_minute),
            HOUR..DAY => {
                let hours = part(secs / HOUR, texts.unit_hour);
                match secs % HOUR / MINUTE {
                    0 => hours,
                    minutes => format!("{hours} {}", part(minutes, texts.unit_minute)),
                }
            }
            _ => part(secs / DAY, texts.unit_day),
        }
    }

    /// How far a moment is from now: `12 min ago`, `in 3 s`.
    pub(crate) fn distance(self, at: Timestamp, now: Timestamp) -> String {
        let texts = self.texts();
        let (text, span) = match at <= now {
            true => (texts.time_ago, now.since(at)),
            false => (texts.time_ahead, at.since(now)),
        };
        if span < Duration::from_secs(1) {
            return texts.time_now.to_owned();
        }
        Phrase::new(self, text)
            .plain_part("time", self.span(span))
            .plain()
    }

    /// A moment, by how far it is from now; the exact one is a look away, and scripts turn it to the reader's zone.
    pub(crate) fn moment(self, at: Timestamp, now: Timestamp) -> Markup {
        let mut html = Markup::default();
        html.raw_args(format_args!(
            "<time datetime=\"{at}\" title=\"{}\" data-distance>",
            utc(at)
        ));
        html.text(&self.distance(at, now)).raw("</time>");
        html
    }

    /// A moment by its date and time.
    pub(crate) fn exact(self, at: Timestamp) -> Markup {
        let mut html = Markup::default();
        let utc = utc(at);
        html.raw_args(format_args!(
            "<time datetime=\"{at}\" title=\"{utc}\" data-exact>{utc}</time>"
        ));
        html
    }

    /// The hour and the minute of a moment.
    pub(crate) fn minute(self, at: Timestamp) -> Markup {
        let utc = utc(at);
        let minute = utc.get(11..16).unwrap_or_default();
        let mut html = Markup::default();
        html.raw_args(format_args!(
            "<time datetime=\"{at}\" title=\"{utc}\" data-minute>{minute}</time>"
        ));
        html
    }

    /// The date of a moment.
    pub(crate) fn date(self, at: Timestamp) -> Markup {
        let utc = utc(at);
        let date = utc.get(..10).unwrap_or_default();
        let mut html = Markup::default();
        html.raw_args(format_args!(
            "<time datetime=\"{at}\" title=\"{utc}\" data-date>{date}</time>"
        ));
        html
    }

    /// The time of a moment of today.
    pub(crate) fn clock(self, at: Timestamp) -> Markup {
        let utc = utc(at);
        let time = utc.get(11..).unwrap_or_default();
        let mut html = Markup::default();
        html.raw_args(format_args!(
            "<time datetime=\"{at}\" title=\"{utc}\" data-clock>{time}</time>"
        ));
        html
    }
}

/// `2026-03-01 10:00:00 UTC`.
fn utc(at: Timestamp) -> String {
    let text = at.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.split(['.', 'Z']).next().unwrap_or_default();
    format!("{date} {time} UTC")
}
