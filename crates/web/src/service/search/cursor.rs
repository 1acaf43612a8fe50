//! Where a search goes on, as a text that is given to whoever asks and comes back from them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use workmill_engine::query::Query;
use workmill_proto::{SetName, Timestamp};
use workmill_store::reading::SearchCursor;
use workmill_store::{JobRef, Place};

use super::route::Position;
use super::scan::Scan;

/// The longest that is looked at, in bytes: the name of a queue is the longest part of one.
const CURSOR_BYTES_MAX: usize = 1_000;

/// How cursors are written; those of another way are refused.
const VERSION: &str = "1";

impl Scan {
    /// The text, for this query.
    pub(super) fn cursor(&self, query: &Query) -> String {
        let position = match &self.position {
            None => String::new(),
            Some(Position::In(place, after)) => {
                let after = after.map(|key| key.to_string()).unwrap_or_default();
                match place {
                    Place::Working => format!("w {after}"),
                    Place::Set(set) => format!("{} {after}", set.as_str()),
                    // The name comes last: it may have anything in it.
                    Place::Queue(name) => format!("q {after} {name}"),
                }
            }
            Some(Position::ById(cursor)) => match cursor {
                None => "id".to_owned(),
                Some(SearchCursor::Working(key)) => format!("id w {}", JobRef::Job(*key)),
                Some(SearchCursor::Queues(key)) => format!("id q {}", JobRef::Job(*key)),
                Some(SearchCursor::Sets(key)) => format!("id s {}", JobRef::Entry(*key)),
            },
        };
        let began_at = self.began_at.as_micros();
        let (looked_at, unknown) = (self.looked_at, self.unknown);
        let print = fingerprint(query);
        let text = format!("{VERSION} {print} {began_at} {looked_at} {unknown} {position}");
        URL_SAFE_NO_PAD.encode(text)
    }

    /// Reads a text. None if it is none, or one of another query.
    pub(super) fn resumed(query: &Query, cursor: &str) -> Option<Self> {
        if cursor.len() > CURSOR_BYTES_MAX {
            return None;
        }
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.splitn(6, ' ');
        let mut part = || parts.next();
        let is_ours = part()? == VERSION && part()? == fingerprint(query);
        let scan = Self {
            began_at: Timestamp::from_micros(part()?.parse().ok()?),
            looked_at: part()?.parse().ok()?,
            unknown: part()?.parse().ok()?,
            position: read_position(query, part()?)?,
        };
        is_ours.then_some(scan)
    }
}

fn read_position(query: &Query, text: &str) -> Option<Option<Position>> {
    if text.is_empty() {
        return Some(None);
    }
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    if kind == "id" {
        let has_id = query.jids().is_some_and(|jids| jids.len() == 1);
        let cursor = read_search_cursor(rest)?;
        return has_id.then_some(Some(Position::ById(cursor)));
    }
    let (after, name) = match kind {
        "q" => rest.split_once(' ')?,
        _ => (rest, ""),
    };
    let place = match kind {
        "w" => Place::Working,
        "q" => Place::Queue(name.into()),
        set => Place::Set(SetName::parse(set)?),
    };
    let after = match after {
        "" => None,
        key => Some(JobRef::parse(key)?),
    };
    // No other place is ever read for this query.
    let can_match = query.can_match_in(&place);
    can_match.then_some(Some(Position::In(place, after)))
}

fn read_search_cursor(text: &str) -> Option<Option<SearchCursor>> {
    let Some((kind, key)) = text.split_once(' ') else {
        return text.is_empty().then_some(None);
    };
    Some(Some(match (kind, JobRef::parse(key)?) {
        ("w", JobRef::Job(key)) => SearchCursor::Working(key),
        ("q", JobRef::Job(key)) => SearchCursor::Queues(key),
        ("s", JobRef::Entry(key)) => SearchCursor::Sets(key),
        _ => return None,
    }))
}

/// Tells queries apart.
fn fingerprint(query: &Query) -> String {
    let digest = Sha256::digest(query.to_string());
    let short: Vec<u8> = digest.into_iter().take(9).collect();
    URL_SAFE_NO_PAD.encode(short)
}
