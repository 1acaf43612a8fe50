//! The files pages need, in the binary: found at `/static/{hash}/{name}`, packed once, kept by browsers for ever.
//!
//! The hash is that of all files together. So modules can import one another by relative names, and a browser never mixes
//! files of two versions.

mod answer;
mod files;
mod packed;

pub(crate) use answer::serve;
pub(crate) use packed::path;
