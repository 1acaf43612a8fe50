//! The documents of the repository hold together, and what they say a server answers is what it answers.

mod links;
mod pattern;
mod settings;
mod wire;
