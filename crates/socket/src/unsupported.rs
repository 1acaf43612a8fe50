//! Other systems do not tell.

use std::io;
use std::os::fd::AsFd;

use crate::SendQueue;

pub(super) fn send_queue(_: &impl AsFd) -> io::Result<SendQueue> {
    Err(io::ErrorKind::Unsupported.into())
}
