//! The parameters of a database's address that are read here: the library knows three of libpq's `sslmode`s, and none of the files.
//!
//! Source: chapter "Connection Strings" and "Parameter Key Words" of the manual of libpq.

use std::borrow::Cow;

use crate::StoreError;

/// The parameters that are taken out of an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) sslmode: Option<String>,
    pub(super) sslrootcert: Option<String>,
    pub(super) sslcert: Option<String>,
    pub(super) sslkey: Option<String>,
    pub(super) target_session_attrs: Option<String>,
}

impl Parameters {
    /// Takes them out of an address; what is left is the library's.
    ///
    /// # Errors
    /// [`StoreError::Open`] if a quotation mark is not closed.
    pub(super) fn take_out_of(address: &str) -> Result<(Self, String), StoreError> {
        let is_url = ["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| address.starts_with(scheme));
        match is_url {
            true => Ok(Self::out_of_url(address)),
            false => Self::out_of_words(address),
        }
    }

    /// Takes a parameter, if it is one of these.
    fn take(&mut self, key: &str, value: &str) -> bool {
        let place = match key {
            "sslmode" => &mut self.sslmode,
            "sslrootcert" => &mut self.sslrootcert,
            "sslcert" => &mut self.sslcert,
            "sslkey" => &mut self.sslkey,
            "target_session_attrs" => &mut self.target_session_attrs,
            _ => return false,
        };
        *place = Some(value.to_owned());
        true
    }

    fn out_of_url(address: &str) -> (Self, String) {
        let mut taken = Self::default();
        let Some((base, query)) = address.split_once('?') else {
            return (taken, address.to_owned());
        };
        let others = query.split('&').filter(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            !taken.take(key, &decoded(value))
        });
        let others: Vec<&str> = others.filter(|pair| !pair.is_empty()).collect();
        let rest = match others.is_empty() {
            true => base.to_owned(),
            false => format!("{base}?{}", others.join("&")),
        };
        (taken, rest)
    }

    fn out_of_words(address: &str) -> Result<(Self, String), StoreError> {
        let mut taken = Self::default();
        let mut others = Vec::new();
        let mut rest = address.trim_start();
        while let Some((key, after)) = rest.split_once('=') {
            let (value, after) = value_at(after.trim_start())?;
            let key = key.trim();
            if !taken.take(key, &value) {
                let quoted = value.replace('\\', "\\\\").replace('\'', "\\'");
                others.push(format!("{key}='{quoted}'"));
            }
            rest = after.trim_start();
        }
        if !rest.is_empty() {
            // The library says what is wrong with it.
            others.push(rest.to_owned());
        }
        Ok((taken, others.join(" ")))
    }
}

/// The value that a text begins with, and what follows it.
fn value_at(text: &str) -> Result<(String, &str), StoreError> {
    let (is_quoted, text) = match text.strip_prefix('\'') {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => value.extend(chars.next().map(|(_, escaped)| escaped)),
            '\'' if is_quoted => return Ok((value, chars.as_str())),
            char if !is_quoted && char.is_whitespace() => {
                return Ok((value, text.get(at..).unwrap_or_default()));
            }
            char => value.push(char),
        }
    }
    match is_quoted {
        true => Err(StoreError::Open(
            "the address of the database has a quotation mark that is not closed".into(),
        )),
        false => Ok((value, "")),
    }
}

/// A value of a URL without its percent signs. What is no text then is left as it is.
fn decoded(value: &str) -> Cow<'_, str> {
    if !value.contains('%') {
        return Cow::Borrowed(value);
    }
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let hex = after.get(..2).filter(|_| byte == b'%');
        let hex = hex.and_then(|hex| std::str::from_utf8(hex).ok());
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(escaped.unwrap_or(byte));
        rest = match escaped {
            Some(_) => after.get(2..).unwrap_or_default(),
            None => after,
        };
    }
    String::from_utf8(bytes).map_or(Cow::Borrowed(value), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn url_keeps_what_the_library_knows() {
        let (taken, rest) = Parameters::take_out_of(
            "postgres://u:p%3F@h1,h2:6/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fa%20b&target_session_attrs=any",
        )
        .unwrap();
        assert_eq!(rest, "postgres://u:p%3F@h1,h2:6/d?connect_timeout=3");
        assert_eq!(taken.sslmode.as_deref(), Some("verify-full"));
        assert_eq!(taken.sslrootcert.as_deref(), Some("/a b"));
        assert_eq!(taken.target_session_attrs.as_deref(), Some("any"));
        for url in ["postgresql://h/d", "postgres://h/d?sslmode=disable"] {
            let (_, rest) = Parameters::take_out_of(url).unwrap();
            assert!(rest.ends_with("://h/d"), "{rest}");
        }
    }

    #[test]
    fn words_keep_what_the_library_knows() {
        let (taken, rest) = Parameters::take_out_of(
            " host=h sslmode = require password='a b\\'c\\\\d' sslcert='/x y' user=u\\ v ",
        )
        .unwrap();
        assert_eq!(rest, "host='h' password='a b\\'c\\\\d' user='u v'");
        assert_eq!(taken.sslmode.as_deref(), Some("require"));
        assert_eq!(taken.sslcert.as_deref(), Some("/x y"));
        assert!(Parameters::take_out_of("host='h").is_err());
        let (_, rest) = Parameters::take_out_of("host=h nonsense").unwrap();
        assert_eq!(rest, "host='h' nonsense");
    }
}
