//! A text with values in it.

use std::fmt;

use askama::filters::HtmlSafe;

use super::{Counted, Language, Markup};

/// Sets what is between them apart from the direction of the text around it.
const ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// A text, and what stands for each `{name}` in it. Shown by a template it is HTML, all of it escaped.
#[derive(Clone, Debug)]
pub(crate) struct Phrase<'a> {
    language: Language,
    text: &'static str,
    parts: Vec<(&'static str, Part<'a>)>,
}

#[derive(Clone, Debug)]
enum Part<'a> {
    /// Of our own making.
    Plain(String),
    /// What others have written.
    Text(&'a str),
    Markup(Markup),
}

impl<'a> Phrase<'a> {
    pub(crate) fn new(language: Language, text: &'static str) -> Self {
        Self {
            language,
            text,
            parts: Vec::new(),
        }
    }

    /// The form of a text for this many, which stand for `{n}`.
    pub(crate) fn counted(language: Language, forms: Counted, count: u64) -> Self {
        let form = forms.get(language.plural(count)).or(forms.last());
        Self::new(language, form.copied().unwrap_or_default()).number("n", &count)
    }

    pub(crate) fn number(self, name: &'static str, number: &u64) -> Self {
        let text = self.language.number(*number);
        self.plain_part(name, text)
    }

    /// What others have written.
    pub(crate) fn text(mut self, name: &'static str, text: &'a str) -> Self {
        self.parts.push((name, Part::Text(text)));
        self
    }

    /// What we have written.
    pub(crate) fn plain_part(mut self, name: &'static str, text: impl Into<String>) -> Self {
        self.parts.push((name, Part::Plain(text.into())));
        self
    }

    pub(crate) fn markup(mut self, name: &'static str, markup: Markup) -> Self {
        self.parts.push((name, Part::Markup(markup)));
        self
    }

    /// Without HTML, for attributes and titles.
    pub(crate) fn plain(&self) -> String {
        let mut plain = String::new();
        self.pieces(|piece| match piece {
            Piece::Own(text) => plain.push_str(text),
            Piece::Part(Part::Plain(text)) => plain.push_str(text),
            Piece::Part(Part::Text(text)) => {
                plain.push(ISOLATE);
                plain.push_str(text);
                plain.push(POP_ISOLATE);
            }
            Piece::Part(Part::Markup(_)) => {}
        });
        plain
    }

    /// All of it as HTML.
    pub(crate) fn html(&self) -> Markup {
        let mut html = Markup::default();
        self.pieces(|piece| {
            match piece {
                Piece::Own(text) => html.text(text),
                Piece::Part(Part::Plain(text)) => html.text(text),
                Piece::Part(Part::Text(text)) => html.isolated(text),
                Piece::Part(Part::Markup(markup)) => html.raw(markup.as_str()),
            };
        });
        html
    }

    /// Goes through the text once. A part is never looked into.
    fn pieces(&self, mut each: impl FnMut(Piece<'_>)) {
        let mut rest = self.text;
        while let Some((before, after)) = rest.split_once('{') {
            each(Piece::Own(before));
            let Some((name, after)) = after.split_once('}') else {
                return;
            };
            let part = self.parts.iter().find(|(known, _)| *known == name);
            if let Some((_, part)) = part {
                each(Piece::Part(part));
            }
            rest = after;
        }
        each(Piece::Own(rest));
    }
}

enum Piece<'a> {
    Own(&'static str),
    Part(&'a Part<'a>),
}

impl fmt::Display for Phrase<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.html().fmt(f)
    }
}

impl HtmlSafe for Phrase<'_> {}
