//! How somebody likes to read: in which language, in which colors. Said in the address (`?lang=`, `?theme=`), kept in a cookie
//! from then on; until then as their browser says.

use axum::http::header::ACCEPT_LANGUAGE;
use axum::http::{HeaderMap, HeaderValue};

use super::cookies::{A_YEAR_SECS, cookie, keep};
use crate::guard::ScriptName;
use crate::locale::Language;

const LANGUAGE_COOKIE: &str = "workmill_language";
const THEME_COOKIE: &str = "workmill_theme";

/// Colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system of the reader.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(super) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text)
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Preferences {
    pub(super) language: Language,
    pub(super) theme: Theme,
    /// Headers that keep what the address says.
    pub(super) kept: Vec<HeaderValue>,
}

impl Preferences {
    pub(super) fn of(query: &str, headers: &HeaderMap, prefix: &ScriptName) -> Self {
        let asked_language = parameter(query, "lang").and_then(Language::parse);
        let asked_theme = parameter(query, "theme").and_then(Theme::parse);
        let accepted = headers.get(ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok());
        let language = asked_language
            .or_else(|| cookie(headers, LANGUAGE_COOKIE).and_then(Language::parse))
            .or_else(|| accepted.and_then(Language::negotiate));
        let theme = asked_theme.or_else(|| cookie(headers, THEME_COOKIE).and_then(Theme::parse));
        let language_kept =
            asked_language.and_then(|it| keep(prefix, LANGUAGE_COOKIE, it.tag(), A_YEAR_SECS));
        let theme_kept =
            asked_theme.and_then(|it| keep(prefix, THEME_COOKIE, it.as_str(), A_YEAR_SECS));
        Self {
            language: language.unwrap_or_default(),
            theme: theme.unwrap_or_default(),
            kept: language_kept.into_iter().chain(theme_kept).collect(),
        }
    }
}

/// The value of a parameter whose values need no decoding.
fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name);
    values.next().map(|(_, value)| value)
}

/// The same address with another value of a parameter: `/queues?lang=de`.
pub(super) fn with_parameter(path: &str, query: &str, name: &str, value: &str) -> String {
    let mut link = without_parameter(path, query, name);
    link.push(if link.contains('?') { '&' } else { '?' });
    link.push_str(name);
    link.push('=');
    link.push_str(value);
    link
}

/// The same address without a parameter.
pub(super) fn without_parameter(path: &str, query: &str, name: &str) -> String {
    let others = query.split('&').filter(|pair| {
        let key = pair.split('=').next().unwrap_or_default();
        !pair.is_empty() && key != name
    });
    let others: Vec<&str> = others.collect();
    match others.is_empty() {
        true => path.to_owned(),
        false => format!("{path}?{}", others.join("&")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(
        query: &str,
        cookies: &'static str,
        accepted: &'static str,
    ) -> (Language, Theme, usize) {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", HeaderValue::from_static(cookies));
        headers.insert("accept-language", HeaderValue::from_static(accepted));
        let found = Preferences::of(query, &headers, &ScriptName::default());
        (found.language, found.theme, found.kept.len())
    }

    #[test]
    fn address_counts_before_cookie_and_cookie_before_browser() {
        let kept = "workmill_language=fr; workmill_theme=dark";
        let asked = found("lang=de&theme=light", kept, "es");
        assert_eq!(asked, (Language::German, Theme::Light, 2));
        assert_eq!(found("", kept, "es"), (Language::French, Theme::Dark, 0));
        assert_eq!(found("", "", "es"), (Language::Spanish, Theme::System, 0));
        let nonsense = found("lang=xx&theme=pink", "workmill_language=", "tlh");
        assert_eq!(nonsense, (Language::English, Theme::System, 0));
    }

    #[test]
    fn link_changes_one_parameter_and_keeps_the_others() {
        let link = |query| with_parameter("/search", query, "lang", "ja");
        assert_eq!(link(""), "/search?lang=ja");
        assert_eq!(link("query=a%20b&lang=de"), "/search?query=a%20b&lang=ja");
        assert_eq!(without_parameter("/x", "a=1&cursor=2", "cursor"), "/x?a=1");
        assert_eq!(without_parameter("/x", "cursor=2", "cursor"), "/x");
    }
}
