//! The limits of connections to the web port.

use std::time::Duration;

/// Sockets that may be open beyond the limit of connections: of those that are being told that there is no room, and those
/// that are on their way out.
pub(super) const SOCKETS_SPARE: usize = 8;

/// Bytes of a request's line and its headers, and of what is read ahead. What is read at once may be as much again.
pub(super) const HEAD_BYTES_MAX: usize = 32 << 10;

/// Headers of a request.
pub(super) const HEADERS_MAX: usize = 64;

/// How long a TLS handshake may take.
pub(super) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);

/// How long the head of a request may take, and a connection wait for the next one.
pub(super) const HEAD_WITHIN: Duration = Duration::from_secs(30);

/// How long the other end may take nothing in of what is sent to it.
pub(super) const TAKE_IN_WITHIN: Duration = Duration::from_secs(30);

/// How long somebody who is turned away may take to read that.
pub(super) const TURN_AWAY_WITHIN: Duration = Duration::from_secs(2);

/// How long requests that are being answered have when the server stops.
pub(super) const END_WITHIN: Duration = Duration::from_secs(3);

/// How long no connection is taken in after the system refused one.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
