//! The page for what no handler has answered: it asks the server nothing, which may be why there is no other.

use askama::Template;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse as _, Response};

use super::preferences::{Preferences, Theme};
use crate::assets;
use crate::guard::ScriptName;
use crate::locale::{Language, Texts};

/// Why nobody has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unserved {
    /// The path is there for other methods.
    Method,
    /// The body is larger than the path takes.
    TooLarge,
    /// It took too long.
    Late,
    /// What was sent cannot be read.
    Form,
}

impl Unserved {
    /// What is said to programs; none if the answer says it itself.
    pub(crate) fn detail(self) -> Option<&'static str> {
        match self {
            Self::Method => {
                Some("this path does not take this method: Allow names those that it does")
            }
            Self::TooLarge => Some("the body is larger than this path takes: send less at a time"),
            Self::Late => {
                Some("there was no answer within 30 seconds: the disk may be slow; ask again")
            }
            Self::Form => None,
        }
    }

    /// What is said to people: a title, and more, if the answer does not say that itself.
    fn words(self, t: &Texts) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Method => (t.problem_invalid, Some(t.unserved_method)),
            Self::TooLarge => (t.problem_invalid, Some(t.unserved_large)),
            Self::Late => (t.problem_unavailable, Some(t.unserved_late)),
            Self::Form => (t.problem_invalid, None),
        }
    }
}

/// Who is to read it.
pub(crate) struct Reader {
    prefix: ScriptName,
    language: Language,
    theme: Theme,
}

impl Reader {
    /// Whoever has sent this.
    pub(crate) fn of(request: &Request) -> Self {
        let prefix: ScriptName = request.extensions().get().cloned().unwrap_or_default();
        let query = request.uri().query().unwrap_or_default();
        let Preferences {
            language, theme, ..
        } = Preferences::of(query, request.headers(), &prefix);
        Self {
            prefix,
            language,
            theme,
        }
    }

    fn link(&self, path: &str) -> String {
        format!("{}{path}", self.prefix.as_str())
    }
}

#[derive(Template)]
#[template(path = "bare.html")]
struct BarePage<'a> {
    reader: &'a Reader,
    t: &'static Texts,
    title: &'static str,
    detail: &'a str,
}

impl BarePage<'_> {
    fn style(&self) -> String {
        self.reader.link(&assets::path("css/workmill.css"))
    }
}

/// The page. `line` is what the answer says itself.
pub(crate) fn unserved(reader: &Reader, status: StatusCode, why: Unserved, line: &str) -> Response {
    let t = reader.language.texts();
    let (title, detail) = why.words(t);
    let page = BarePage {
        reader,
        t,
        title,
        detail: detail.unwrap_or(line),
    };
    let text = page.render().unwrap_or_else(|_| line.to_owned());
    (status, Html(text)).into_response()
}
