//! What pages say, in each language.
//!
//! All texts are fields of one structure (`texts.rs`), and each language is one value of it, in a file of its own. So the
//! compiler finds a text that a language lacks, and one that no page says. Which language somebody reads is found in
//! `language.rs`; `phrase.rs` puts values into texts, and `numbers.rs` and `times.rs` write them as readers are used to.

mod ar;
mod de;
mod en;
mod es;
mod fr;
mod ja;
mod language;
mod markup;
mod numbers;
mod phrase;
mod texts;
mod times;

#[cfg(test)]
mod tests;

pub(crate) use language::Language;
pub(crate) use markup::Markup;
pub(crate) use phrase::Phrase;
pub(crate) use texts::{Counted, Texts};
