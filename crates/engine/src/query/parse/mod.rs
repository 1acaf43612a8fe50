//! From text to a query: terms joined by AND, OR, NOT and brackets.

mod field;
mod grammar;
mod parser;
mod value;
mod word;

pub(super) use field::{begins_with_field, is_plain_step};
pub(super) use value::is_plain_text_value;
pub(super) use word::is_plain;
