//! Linux tells.

use std::ffi::c_int;
use std::io;
use std::os::fd::AsFd;

use rustix::ioctl::{Getter, Opcode, ioctl};

use crate::SendQueue;

/// The bytes that are not acknowledged (`linux/sockios.h`).
const SIOCOUTQ: Opcode = 0x5411;

/// The bytes that have not been sent (`linux/sockios.h`).
const SIOCOUTQNSD: Opcode = 0x894B;

pub(super) fn send_queue(socket: &impl AsFd) -> io::Result<SendQueue> {
    // In this order, so that what is sent in between does not make more unsent than unacknowledged bytes.
    let unsent = ask::<SIOCOUTQNSD>(socket)?;
    let unacknowledged = ask::<SIOCOUTQ>(socket)?;
    Ok(SendQueue {
        unacknowledged: unacknowledged.max(unsent),
        unsent,
    })
}

fn ask<const WHAT: Opcode>(socket: &impl AsFd) -> io::Result<u64> {
    // SAFETY: both opcodes write one int and do nothing else.
    let getter = unsafe { Getter::<WHAT, c_int>::new() };
    // SAFETY: the same; a file that is no such socket is an error.
    let bytes = unsafe { ioctl(socket, getter) }?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}
