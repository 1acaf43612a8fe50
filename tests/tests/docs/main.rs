//! The documents of the repository hold together, and what they say a server answers is what it answers. Its messages
//! are fit for any terminal.

mod images;
mod links;
mod messages;
mod pattern;
mod settings;
mod wire;
