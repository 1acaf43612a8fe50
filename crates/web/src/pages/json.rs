//! JSON as people read it: indented, colored, each number exactly as it was sent.

use crate::locale::Markup;

/// What is inside brackets stands on one line if it is no longer than this, in bytes.
const INLINE_BYTES: usize = 72;

/// Bytes that are shown of one text.
const TEXT_BYTES: usize = 4 << 10;

/// Bytes that are shown in all.
const SHOWN_BYTES: usize = 48 << 10;

/// JSON, written for people.
pub(super) struct Pretty {
    pub(super) html: Markup,
    /// Whether something was left out.
    pub(super) is_shortened: bool,
}

impl Pretty {
    /// Writes valid JSON.
    pub(super) fn of(json: &str) -> Self {
        let mut writer = Writer {
            rest: json,
            html: Markup::default(),
            depth: 0,
            inline: 0,
            is_shortened: false,
        };
        while writer.step().is_some() {}
        Self {
            html: writer.html,
            is_shortened: writer.is_shortened,
        }
    }
}

struct Writer<'a> {
    rest: &'a str,
    html: Markup,
    /// How many brackets are open that have lines of their own.
    depth: usize,
    /// How many are open within a line.
    inline: usize,
    is_shortened: bool,
}

impl Writer<'_> {
    /// Writes the next token. None at the end.
    fn step(&mut self) -> Option<()> {
        self.rest = self.rest.trim_ascii_start();
        let first = *self.rest.as_bytes().first()?;
        if self.html.as_str().len() > SHOWN_BYTES {
            self.is_shortened = true;
            self.html.raw(" \u{2026}");
            return None;
        }
        match first {
            b'[' | b'{' => self.open(first),
            b']' | b'}' => self.close(first),
            b',' => {
                self.take(1);
                self.html.raw(",");
                match self.inline {
                    0 => self.line(),
                    _ => drop(self.html.raw(" ")),
                }
            }
            b':' => {
                self.take(1);
                self.html.raw(": ");
            }
            b'"' => self.text(),
            _ => {
                let end = self.rest.find([',', ']', '}', ' ', '\n', '\r', '\t']);
                let word = self.take(end.unwrap_or(self.rest.len()));
                let class = match first {
                    b't' | b'f' | b'n' => 'l',
                    _ => 'n',
                };
                self.spanned(class, word);
            }
        }
        Some(())
    }

    fn take(&mut self, bytes: usize) -> String {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        let taken = taken.to_owned();
        self.rest = rest;
        taken
    }

    fn open(&mut self, bracket: u8) {
        let fits = self.inline > 0 || closes_within(self.rest.as_bytes(), INLINE_BYTES);
        let text = self.take(1);
        self.html.raw(&text);
        if fits {
            self.inline += 1;
            let is_empty = self.rest.trim_ascii_start().starts_with(['}', ']']);
            if bracket == b'{' && !is_empty {
                self.html.raw(" ");
            }
        } else {
            self.depth += 1;
            self.line();
        }
    }

    fn close(&mut self, bracket: u8) {
        let text = self.take(1);
        if self.inline > 0 {
            self.inline -= 1;
            if bracket == b'}' && !self.html.as_str().ends_with('{') {
                self.html.raw(" ");
            }
        } else {
            self.depth = self.depth.saturating_sub(1);
            self.line();
        }
        self.html.raw(&text);
    }

    fn line(&mut self) {
        // Deeper than this nobody can tell levels apart.
        let indent = "  ".repeat(self.depth.min(24));
        self.html.raw("\n").raw(&indent);
    }

    fn text(&mut self) {
        let end = text_end(self.rest.as_bytes());
        let text = self.take(end);
        let class = match self.rest.trim_ascii_start().starts_with(':') {
            true => 'k',
            false => 's',
        };
        match text.len() > TEXT_BYTES {
            true => {
                let mut cut = text;
                cut.truncate(floor_char(&cut, TEXT_BYTES));
                cut.push('\u{2026}');
                self.is_shortened = true;
                self.spanned(class, cut);
            }
            false => self.spanned(class, text),
        }
    }

    fn spanned(&mut self, class: char, text: String) {
        self.html.raw_args(format_args!("<bdi class=\"{class}\">"));
        self.html.text(&text).raw("</bdi>");
    }
}

/// The last end of a character that is no further than this.
fn floor_char(text: &str, mut bytes: usize) -> usize {
    while !text.is_char_boundary(bytes) {
        bytes -= 1;
    }
    bytes
}

/// Where a text ends that begins here, with its quotes.
fn text_end(json: &[u8]) -> usize {
    let mut is_escaped = false;
    for (index, byte) in json.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    json.len()
}

/// Whether the bracket that opens here closes within so many bytes.
fn closes_within(json: &[u8], bytes: usize) -> bool {
    let (mut depth, mut index) = (0_usize, 0);
    while let Some(byte) = json.get(index).filter(|_| index < bytes) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                index += text_end(json.get(index..).unwrap_or_default());
                continue;
            }
            _ => {}
        }
        index += 1;
        if depth == 0 {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown, without colors.
    fn shown(json: &str) -> String {
        let mut text = Pretty::of(json).html.as_str().replace("</bdi>", "");
        for class in "ksnl".chars() {
            text = text.replace(&format!("<bdi class=\"{class}\">"), "");
        }
        text.replace("&quot;", "\"")
    }

    #[test]
    fn short_brackets_stay_on_a_line_and_numbers_stay_as_they_are() {
        let json = r#"[12345678901234567890,{"a":1.50,"b":[]},{}, null]"#;
        let line = r#"[12345678901234567890, { "a": 1.50, "b": [] }, {}, null]"#;
        assert_eq!(shown(json), line);
        let long = format!(r#"[{{"key":"{}"}},2]"#, "x".repeat(80));
        let lines = format!(
            "[\n  {{\n    \"key\": \"{}\"\n  }},\n  2\n]",
            "x".repeat(80)
        );
        assert_eq!(shown(&long), lines);
    }

    #[test]
    fn texts_are_escaped_and_brackets_in_them_mean_nothing() {
        let html = Pretty::of(r#"["<b>]\"[",{"{":"}"}]"#).html;
        assert!(!html.as_str().contains("<b>"), "{html}");
        assert_eq!(shown(r#"["]\"[",{"{":"}"}]"#), r#"["]\"[", { "{": "}" }]"#);
    }

    #[test]
    fn what_is_endless_is_cut_and_says_so() {
        for json in [
            format!("[\"{}\"]", "\u{fc}".repeat(TEXT_BYTES)),
            format!("[{}1]", "1,".repeat(SHOWN_BYTES)),
            format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        ] {
            let pretty = Pretty::of(&json);
            assert!(pretty.is_shortened);
            assert!(pretty.html.as_str().len() < 2 * SHOWN_BYTES);
        }
        assert!(!Pretty::of("[1]").is_shortened);
    }
}
