//! What browsers keep for us.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue};

use crate::guard::ScriptName;

/// A year, for what somebody has chosen.
pub(super) const A_YEAR_SECS: u32 = 365 * 86_400;

/// The value that a browser sends with this name. The first one, if it sends several.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let sent = headers.get_all(COOKIE).iter();
    let sent = sent.filter_map(|value| value.to_str().ok());
    sent.flat_map(|value| value.split(';')).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        (key.trim() == name).then_some(value.trim())
    })
}

/// The header that has a browser keep a value for this long below our pages; 0 has it forget. None if the value cannot
/// stand in a header.
pub(super) fn keep(prefix: &ScriptName, name: &str, value: &str, secs: u32) -> Option<HeaderValue> {
    let path = match prefix.as_str() {
        "" => "/",
        prefix => prefix,
    };
    let header = format!("{name}={value}; Path={path}; Max-Age={secs}; HttpOnly; SameSite=Lax");
    HeaderValue::from_str(&header).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; theme=dark;b=2"));
        headers.append(COOKIE, HeaderValue::from_static("language=de"));
        assert_eq!(cookie(&headers, "theme"), Some("dark"));
        assert_eq!(cookie(&headers, "language"), Some("de"));
        assert_eq!(cookie(&headers, "me"), None);
    }
}
