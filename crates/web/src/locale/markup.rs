//! Text that is HTML already.

use std::fmt::{self, Write as _};

use askama::filters::HtmlSafe;

/// HTML that templates take as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Markup(String);

impl Markup {
    /// HTML of our own making; what others have written goes through [`Markup::text`].
    pub(crate) fn raw(&mut self, html: &str) -> &mut Self {
        self.0.push_str(html);
        self
    }

    /// HTML of our own making, put together by `format_args!`.
    pub(crate) fn raw_args(&mut self, html: fmt::Arguments<'_>) -> &mut Self {
        // Writing into a text cannot fail.
        let _ = self.0.write_fmt(html);
        self
    }

    /// Text, which may say what it likes.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        for char in text.chars() {
            match char {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                other => self.0.push(other),
            }
        }
        self
    }

    /// Text of others, whose direction does not spill over.
    pub(crate) fn isolated(&mut self, text: &str) -> &mut Self {
        self.raw("<bdi>").text(text).raw("</bdi>")
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}
