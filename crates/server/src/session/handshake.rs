//! Greeting, HELLO, password, and the place among the connections.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use workmill_proto::limits::LINE_BYTES_BEFORE_HELLO_MAX;
use workmill_proto::{Challenge, Hello, Reply, greeting};

use super::conversation::Conversation;
use super::farewell::Farewell;
use super::stream::Stream;
use super::wire::Wire;
use crate::connections::Place;
use crate::password::Password;
use crate::registry::Membership;
use crate::shared::Shared;

/// How long a client has from its connection to the `+OK` of its HELLO. Faktory's.
pub(crate) const HANDSHAKE_WITHIN: Duration = Duration::from_secs(2);

/// How often a client must hash its password. Faktory's range; clients accept it.
const ITERATIONS: std::ops::RangeInclusive<u32> = 4_000..=8_095;

/// Serves one connection from its greeting to its end.
pub(crate) async fn converse<S: Stream>(
    shared: Arc<Shared>,
    stream: S,
    peer: SocketAddr,
    deadline: Instant,
    close: CancellationToken,
) {
    let mut wire = Wire::new(
        stream,
        LINE_BYTES_BEFORE_HELLO_MAX,
        &shared.input,
        &shared.output,
    );
    // Boxed, so that the connection keeps no room for what it does once.
    let shaking = Box::pin(shake_hands(&shared, &mut wire, peer, close));
    let shaken = timeout_at(deadline, shaking).await;
    match shaken {
        Ok(Ok((place, membership))) => {
            let mut conversation = Conversation::new(shared, wire, place, membership);
            conversation.serve().await;
        }
        Ok(Err(farewell)) => Box::pin(wire.close(farewell)).await,
        // Too slow: closed without a word, as Faktory does.
        Err(_) => {}
    }
}

async fn shake_hands<S: Stream>(
    shared: &Arc<Shared>,
    wire: &mut Wire<S>,
    peer: SocketAddr,
    close: CancellationToken,
) -> Result<(Place, Option<Membership>), Farewell> {
    let password = shared.live().password.clone();
    let guarded = password.map(|password| (make_challenge(), password));
    let challenge = guarded.as_ref().map(|(challenge, _)| challenge);
    wire.out.extend_from_slice(greeting(challenge).as_bytes());
    wire.send().await?;
    let mut hello = read_hello(shared, wire).await?;
    if let Some((challenge, password)) = guarded {
        hello = check_proof(shared, peer.ip(), challenge, password, hello).await?;
    }
    let connections_max = shared.live().connections_max;
    Reply::Ok.write(&mut wire.out);
    let place = shared
        .connections
        .enter(peer, &hello.wid, close.clone(), connections_max)
        .map_err(|too_many| Farewell::told(too_many.to_string()))?;
    let now = std::time::Instant::now();
    let membership = shared.registry.join(&hello, place.id(), &close, now);
    wire.send().await?;
    wire.lines.set_line_bytes_max(shared.live().line_bytes_max);
    wire.settle_input();
    Ok((place, membership))
}

async fn read_hello<S: Stream>(shared: &Shared, wire: &mut Wire<S>) -> Result<Hello, Farewell> {
    loop {
        match wire.lines.next_line() {
            Ok(Some(line)) => {
                shared.count_commands(1);
                return Hello::parse(&line).ok_or(Farewell::Silent);
            }
            Ok(None) => wire.fill().await?,
            Err(too_long) => return Err(Farewell::told(too_long.to_string())),
        }
        if wire.at_end {
            return Err(Farewell::Silent);
        }
    }
}

/// Lets a HELLO pass whose proof is right.
async fn check_proof(
    shared: &Shared,
    peer: IpAddr,
    challenge: Challenge,
    password: Password,
    hello: Hello,
) -> Result<Hello, Farewell> {
    let turn = shared.proofs.turn(peer).await.ok_or(Farewell::Silent)?;
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let accepted = challenge.accepts(password.expose(), &hello);
        accepted.then_some(hello)
    });
    let accepted = checked.await.map_err(|_| Farewell::Silent)?;
    accepted.ok_or_else(|| Farewell::told("Invalid password"))
}

fn make_challenge() -> Challenge {
    let mut rng = rand::rng();
    Challenge {
        salt: format!("{:x}", rng.random::<u64>()),
        iterations: rng.random_range(ITERATIONS),
    }
}
