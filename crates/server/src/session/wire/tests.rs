use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::super::close_reason::CloseReason;
use super::*;

/// Far more than any test sends.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What the whole budget of a test covers, in bytes.
const BUDGET_BYTES: usize = 256 << 10;

struct World {
    budget: Arc<MemoryBudget>,
    output: Arc<MemoryBudget>,
}

impl World {
    fn new() -> Self {
        let budget = Arc::new(MemoryBudget::new(BUDGET_BYTES));
        let output = Arc::new(MemoryBudget::new(BUDGET_BYTES));
        Self { budget, output }
    }

    /// A connection and its client; between them fits so much unread.
    fn connect(&self, unread_bytes_max: usize) -> (Wire<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(unread_bytes_max);
        (
            Wire::new(server, LINE_BYTES_MAX, &self.budget, &self.output),
            client,
        )
    }

    /// Takes the whole budget and gives it back.
    async fn take_all(&self) -> Result<(), BudgetExhausted> {
        self.budget.charge().cover(BUDGET_BYTES).await
    }
}

async fn read_line(wire: &mut Wire<DuplexStream>) -> usize {
    loop {
        if let Some(line) = wire.lines.next_line().unwrap() {
            return line.len();
        }
        wire.fill().await.unwrap();
    }
}

async fn send_line(client: &mut DuplexStream, bytes: usize) {
    let mut line = vec![b'x'; bytes];
    line.push(b'\n');
    client.write_all(&line).await.unwrap();
}

#[tokio::test]
async fn connection_that_waits_keeps_no_room_to_read_into() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(100);
    for _ in 0..2 {
        send_line(&mut client, 50).await;
        assert_eq!(read_line(&mut wire).await, 50);
    }
    let waiting = timeout(Duration::from_millis(1), wire.fill()).await;
    waiting.expect_err("nothing comes");
    assert!(wire.lines.buffered_bytes() < 200);
}

#[tokio::test]
async fn line_that_comes_in_pieces_is_read_whole() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(10);
    let sending = tokio::spawn(async move { send_line(&mut client, 20_000).await });
    assert_eq!(read_line(&mut wire).await, 20_000);
    sending.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn large_line_counts_until_it_is_answered() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
    send_line(&mut client, 200_000).await;
    assert_eq!(read_line(&mut wire).await, 200_000);
    assert!(world.take_all().await.is_err());
    wire.release_input();
    assert_eq!(world.take_all().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn connection_that_has_sent_large_commands_may_be_idle_for_long() {
    for bytes in [5_000, 15_000, 30_000, 60_000, 100_000] {
        let world = World::new();
        let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
        send_line(&mut client, bytes).await;
        read_line(&mut wire).await;
        wire.release_input();
        assert_eq!(world.take_all().await, Ok(()), "after {bytes} bytes");
        let day = Duration::from_secs(86_400);
        timeout(day, wire.fill()).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn large_line_that_never_ends_is_refused() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
    client.write_all(&vec![b'x'; 100_000]).await.unwrap();
    let fault = loop {
        if let Err(fault) = wire.fill().await {
            break fault;
        }
    };
    assert!(matches!(fault, WireFault::LineTooSlow), "{fault:?}");
}

#[tokio::test(start_paused = true)]
async fn short_line_may_take_as_long_as_it_likes() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
    client.write_all(b"INF").await.unwrap();
    wire.fill().await.unwrap();
    let day = Duration::from_secs(86_400);
    timeout(day, wire.fill()).await.unwrap_err();
    client.write_all(b"O\r\n").await.unwrap();
    assert_eq!(read_line(&mut wire).await, 4);
}

#[tokio::test(start_paused = true)]
async fn client_that_takes_nothing_in_is_given_up() {
    let world = World::new();
    let (mut wire, _client) = world.connect(100);
    wire.out.extend_from_slice(&[b'x'; 101]);
    let fault = wire.send().await.unwrap_err();
    assert!(matches!(fault, WireFault::SendStalled), "{fault:?}");
}

/// Takes in some bytes of a client's, so many every so often, until the connection ends. Tells how many came.
async fn read_slowly(mut client: DuplexStream, bytes: usize, every: Duration) -> usize {
    let mut taken = 0;
    loop {
        tokio::time::sleep(every).await;
        match client.read(&mut vec![0; bytes]).await.unwrap() {
            0 => return taken,
            more => taken += more,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn slow_client_gets_everything_as_long_as_it_keeps_to_the_least_rate() {
    let world = World::new();
    let (mut wire, client) = world.connect(100_000);
    wire.out.extend_from_slice(&vec![b'x'; 10_000_000]);
    // Some 66 kilobytes per second, with pauses shorter than a stall.
    let slow = tokio::spawn(read_slowly(client, 100_000, Duration::from_millis(1_500)));
    wire.send().await.unwrap();
    drop(wire);
    assert_eq!(slow.await.unwrap(), 10_000_000);
}

#[tokio::test(start_paused = true)]
async fn client_that_takes_in_a_byte_now_and_then_is_given_up_and_gets_nothing_twice() {
    let world = World::new();
    let (mut wire, client) = world.connect(100);
    wire.out.extend_from_slice(&[b'x'; 1_000]);
    let slow = tokio::spawn(read_slowly(client, 1, SEND_STALL_MAX / 2));
    let fault = wire.send().await.unwrap_err();
    assert!(matches!(fault, WireFault::SendTooSlow), "{fault:?}");
    wire.close(None).await;
    assert!(slow.await.unwrap() <= 102);
}

#[tokio::test(start_paused = true)]
async fn reply_is_not_begun_while_unread_replies_take_up_the_budget() {
    let world = World::new();
    let (mut first, _unread) = world.connect(100);
    first.out.extend_from_slice(&vec![b'x'; BUDGET_BYTES]);
    let first = tokio::spawn(async move { first.send().await });
    tokio::task::yield_now().await;
    let (mut second, mut client) = world.connect(BUDGET_BYTES);
    second.out.extend_from_slice(&vec![b'x'; BUDGET_BYTES / 2]);
    let fault = second.send().await.unwrap_err();
    assert!(matches!(fault, WireFault::OutputExhausted(_)), "{fault:?}");
    second.close(CloseReason::from(fault).error()).await;
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("-ERR replies that"), "{text}");
    // Small replies go on.
    let (mut small, _client) = world.connect(1_000);
    small.out.extend_from_slice(b"+OK\r\n");
    small.send().await.unwrap();
    first.abort();
}

#[tokio::test(start_paused = true)]
async fn reply_counts_until_it_is_sent() {
    let world = World::new();
    for _ in 0..3 {
        let (mut wire, _client) = world.connect(BUDGET_BYTES);
        wire.out.extend_from_slice(&vec![b'x'; BUDGET_BYTES]);
        wire.send().await.unwrap();
        assert_eq!(world.output.charge().cover(BUDGET_BYTES).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn error_at_the_end_reaches_a_client_that_is_still_sending() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(1_000);
    let closing = tokio::spawn(async move { wire.close(Some(&WireError::err("too much"))).await });
    // Blocks unless the server reads on.
    client.write_all(&[b'x'; 100_000]).await.unwrap();
    client.shutdown().await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "-ERR too much\r\n");
    closing.await.unwrap();
}
