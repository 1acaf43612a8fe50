//! The pages: what they show, and the handlers that put it together. The templates are in `templates/`.

mod failure;
mod frame;
mod overview;

pub(crate) use failure::Failure;
pub(crate) use frame::Frame;
pub(crate) use overview::show as overview;
