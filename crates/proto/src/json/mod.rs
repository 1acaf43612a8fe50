//! JSON as Go reads it: field names in any case, null like absent, the last of equal names wins.
//!
//! Values that are only passed on stay the text they were. Nothing here recurses, so depth costs no stack.

mod canonical;
mod compact;
mod decode;
mod depth;
mod error;
mod members;
mod replace;
mod shape;
mod surrogates;
mod write;

pub(crate) use canonical::write_canonical;
pub use compact::compact_json;
pub(crate) use decode::{integer, string, strings, text};
pub(crate) use error::JsonError;
pub(crate) use members::{read_elements, read_members, read_objects};
pub(crate) use replace::replace_members;
pub use shape::JsonShape;
pub(crate) use surrogates::replace_lone_surrogates;
pub(crate) use write::{write_integer, write_string};
