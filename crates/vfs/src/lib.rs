//! A file system layer for SQLite that writes what a transaction adds to the write-ahead log in one system call.
//!
//! SQLite itself writes each page in two, a header of 24 bytes and the page. Here those of a COMMIT are gathered, and
//! written when the frame that commits is complete: before SQLite shows the transaction to anybody. Everything else goes to
//! SQLite's own layer at once, and other files do not even know of this one. With one exception: the index of the log, which
//! a database could not be opened without on a full disk (`index_file.rs`).
//!
//! It is meant for `synchronous = NORMAL`, in which a COMMIT writes whole frames and does not sync them.
//!
//! This crate exists so that `unsafe` is forbidden elsewhere: a layer is called through C. All of it is in
//! `log_file.rs`, `index_file.rs` and `register.rs`; what is gathered and when it is written is decided in `gather.rs`, without any.

mod commit;
mod gather;
mod index_file;
mod log_file;
mod register;

pub use commit::commit;
pub use index_file::keep_index;
pub use register::vfs_name;
