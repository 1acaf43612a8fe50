//! Greeting, HELLO, password, and the place among the connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use workmill_proto::limits::LINE_BYTES_BEFORE_HELLO_MAX;
use workmill_proto::{Challenge, Hello, Reply, WireError, greeting};

use super::close_reason::CloseReason;
use super::conversation::Conversation;
use super::stream::Stream;
use super::watch::{Closed, gone};
use super::wire::Wire;
use crate::auth_queue::AuthSlot;
use crate::connections::ConnectionGuard;
use crate::newcomers::Newcomer;
use crate::password::Password;
use crate::registry::WorkerConnection;
use crate::rejections::Reason;
use crate::shared::Shared;

/// How long a client has for its HELLO, and for a TLS handshake before that. Faktory's. What the server takes to check
/// the password is not counted: it may have many to check.
pub(crate) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(2);

/// How often a client must hash its password. Faktory's range; clients accept it.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4_000..=8_095;

/// A connection that has come in.
#[derive(Debug)]
pub(crate) struct Arrival {
    /// The other end.
    pub(crate) peer: SocketAddr,
    /// Closes the connection.
    pub(crate) close: CancellationToken,
    /// Its place among those that have not said HELLO.
    pub(crate) newcomer: Newcomer,
}

/// Serves one connection from its greeting to its end.
pub(crate) async fn converse<S: Stream>(shared: Arc<Shared>, stream: S, arrival: Arrival) {
    let mut wire = Wire::new(
        stream,
        LINE_BYTES_BEFORE_HELLO_MAX,
        &shared.budgets.input,
        &shared.budgets.output,
    );
    // Boxed, so that the connection keeps no room for what it does once.
    let shaken = Box::pin(shake_hands(&shared, &mut wire, arrival)).await;
    match shaken {
        Ok((connection, worker)) => {
            let mut conversation = Conversation::new(shared, wire, connection, worker);
            conversation.serve().await;
        }
        Err(reason) => Box::pin(wire.close(reason.error())).await,
    }
}

async fn shake_hands<S: Stream>(
    shared: &Arc<Shared>,
    wire: &mut Wire<S>,
    arrival: Arrival,
) -> Result<(ConnectionGuard, Option<WorkerConnection>), CloseReason> {
    let Arrival {
        peer,
        close,
        newcomer,
    } = arrival;
    let password = shared.settings.now().password.clone();
    let guarded = password.map(|password| (make_challenge(), password));
    let challenge = guarded.as_ref().map(|(challenge, _)| challenge);
    wire.out.extend_from_slice(greeting(challenge).as_bytes());
    let mut hello = receive_hello(shared, wire, peer, newcomer).await?;
    if let Some((challenge, password)) = guarded {
        let slot = wait_for_slot(shared, wire, peer, &close).await?;
        let wrong = match hello.pwdhash.is_empty() {
            true => Reason::NoPassword,
            false => Reason::WrongPassword,
        };
        hello = check_proof(slot, challenge, password, hello)
            .await
            .inspect_err(|_| shared.entrance.rejections.note(peer, wrong))?;
    }
    let connections_max = shared.settings.now().connections_max;
    Reply::Ok.write(&mut wire.out);
    let connection = shared
        .roster
        .connections
        .enter(peer, &hello.wid, close.clone(), connections_max)
        .map_err(|too_many| {
            shared
                .entrance
                .rejections
                .note(peer, Reason::TooManyConnections);
            CloseReason::with_error(too_many.to_string())
        })?;
    let now = shared.clock.uptime();
    let worker = shared
        .roster
        .registry
        .join(&hello, connection.id(), &close, now);
    wire.send().await?;
    wire.lines
        .set_line_bytes_max(shared.settings.now().line_bytes_max);
    wire.release_input();
    Ok((connection, worker))
}

/// Sends the greeting and reads the HELLO, unless the client takes too long or has to make room.
async fn receive_hello<S: Stream>(
    shared: &Shared,
    wire: &mut Wire<S>,
    peer: SocketAddr,
    newcomer: Newcomer,
) -> Result<Hello, CloseReason> {
    let hearing = async {
        wire.send().await?;
        read_hello(shared, wire, peer).await
    };
    let heard = tokio::select! {
        biased;
        heard = timeout(HANDSHAKE_WITHIN, hearing) => Some(heard),
        () = newcomer.pushed_out() => None,
    };
    match heard {
        Some(Ok(heard)) => heard,
        // Too slow: closed without a word, as Faktory does.
        Some(Err(_)) => {
            shared.entrance.rejections.note(peer, Reason::HelloTooSlow);
            Err(CloseReason::Silent)
        }
        None => {
            shared.entrance.rejections.note(peer, Reason::PushedOut);
            // Sent with the end, which waits for nothing: others need the place.
            let reason = "too many connections say nothing: say HELLO sooner, or try again later";
            Reply::Error(&WireError::err(reason)).write(&mut wire.out);
            Err(CloseReason::Silent)
        }
    }
}

async fn read_hello<S: Stream>(
    shared: &Shared,
    wire: &mut Wire<S>,
    peer: SocketAddr,
) -> Result<Hello, CloseReason> {
    let rejected = |reason| {
        shared.entrance.rejections.note(peer, reason);
        CloseReason::Silent
    };
    loop {
        if let Some(reason) = Reason::of_first_bytes(wire.lines.unread()) {
            return Err(rejected(reason));
        }
        match wire.lines.next_line() {
            Ok(Some(line)) => {
                shared.meters.count_commands(1);
                return Hello::parse(&line).ok_or_else(|| {
                    rejected(match line.starts_with(b"HELLO") {
                        true => Reason::BadHello,
                        false => Reason::NoHello,
                    })
                });
            }
            Ok(None) => wire.fill().await?,
            Err(too_long) => {
                rejected(Reason::LineTooLong);
                return Err(CloseReason::with_error(too_long.to_string()));
            }
        }
        if wire.at_end() {
            // A check of health that only connects is no news.
            return Err(match wire.lines.unread_bytes() {
                0 => CloseReason::Silent,
                _ => rejected(Reason::NoHello),
            });
        }
    }
}

/// Waits until the client's proof may be checked, unless the client goes first.
async fn wait_for_slot<S: Stream>(
    shared: &Shared,
    wire: &mut Wire<S>,
    peer: SocketAddr,
    close: &CancellationToken,
) -> Result<AuthSlot, CloseReason> {
    let mut closed: Closed = Box::pin(close.clone().cancelled_owned());
    tokio::select! {
        // Whoever need not wait may have closed its side already.
        biased;
        slot = shared.entrance.auth_queue.slot(peer.ip()) => slot.map_err(|missed| {
            shared.entrance.rejections.note(peer, Reason::NotChecked);
            CloseReason::with_error(missed.to_string())
        }),
        gone = gone(wire, &mut closed) => {
            gone?;
            Err(CloseReason::Silent)
        }
    }
}

/// Lets a HELLO pass whose proof is right.
async fn check_proof(
    slot: AuthSlot,
    challenge: Challenge,
    password: Password,
    hello: Hello,
) -> Result<Hello, CloseReason> {
    let checked = tokio::task::spawn_blocking(move || {
        let _slot = slot;
        let accepted = challenge.accepts(password.expose(), &hello);
        accepted.then_some(hello)
    });
    let accepted = checked.await.map_err(|_| CloseReason::Silent)?;
    accepted.ok_or_else(|| CloseReason::with_error("Invalid password"))
}

fn make_challenge() -> Challenge {
    let mut rng = rand::rng();
    Challenge {
        salt: format!("{:x}", rng.random::<u64>()),
        iterations: rng.random_range(ITERATIONS),
    }
}
