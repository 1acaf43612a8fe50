//! What somebody is told on the next page of what they did: kept in a cookie until then.

use axum::http::{HeaderMap, HeaderValue};

use super::Frame;
use super::cookies::{cookie, keep};
use crate::guard::ScriptName;

const COOKIE: &str = "workmill_notice";

/// For how long it is kept, if the next page never comes.
const KEPT_SECS: u32 = 30;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Paused,
    Resumed,
    Removed,
}

impl Notice {
    fn code(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::Removed => "removed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let known = [Self::Paused, Self::Resumed, Self::Removed];
        known.into_iter().find(|notice| notice.code() == text)
    }

    /// The header that keeps it for the next page.
    pub(super) fn kept(self, prefix: &ScriptName) -> Option<HeaderValue> {
        keep(prefix, COOKIE, self.code(), KEPT_SECS)
    }

    /// The one that a browser has kept, and the header that has it forget it.
    pub(super) fn of(
        headers: &HeaderMap,
        prefix: &ScriptName,
    ) -> (Option<Self>, Option<HeaderValue>) {
        match cookie(headers, COOKIE) {
            Some(text) => (Self::parse(text), keep(prefix, COOKIE, "", 0)),
            None => (None, None),
        }
    }

    pub(super) fn text(self, frame: &Frame) -> &'static str {
        let t = frame.t;
        match self {
            Self::Paused => t.queue_was_paused,
            Self::Resumed => t.queue_was_resumed,
            Self::Removed => t.queue_was_removed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_is_read_as_it_was_kept() {
        for notice in [Notice::Paused, Notice::Removed] {
            let kept = notice.kept(&ScriptName::default()).unwrap();
            let sent = kept.to_str().unwrap().split(';').next().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert("cookie", HeaderValue::from_str(sent).unwrap());
            let (read, forgotten) = Notice::of(&headers, &ScriptName::default());
            assert_eq!(read, Some(notice));
            assert!(forgotten.unwrap().to_str().unwrap().contains("Max-Age=0"));
        }
        assert_eq!(Notice::parse(""), None);
        assert_eq!(Notice::parse("else"), None);
    }
}
