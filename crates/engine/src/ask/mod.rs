//! How ops are made of what clients send, one file per command that needs more than its words: outside of any
//! transaction, by whoever asks. How they are run is in `rules/`.

mod batch;
mod edit;
mod features;
mod mutate;
mod push;

pub(crate) use batch::CALLBACK_READING;
