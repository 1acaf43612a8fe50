use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;

/// Far more than any test sends.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What the whole budget of a test covers, in bytes.
const BUDGET_BYTES: usize = 256 << 10;

struct World {
    budget: Arc<InputBudget>,
}

impl World {
    fn new() -> Self {
        let budget = Arc::new(InputBudget::new(BUDGET_BYTES));
        Self { budget }
    }

    /// A connection and its client; between them fits so much unread.
    fn connect(&self, unread_bytes_max: usize) -> (Wire<DuplexStream>, DuplexStream) {
        let (server, client) = duplex(unread_bytes_max);
        (Wire::new(server, LINE_BYTES_MAX, &self.budget), client)
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

#[tokio::test(start_paused = true)]
async fn large_line_counts_until_it_is_answered() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
    send_line(&mut client, 200_000).await;
    assert_eq!(read_line(&mut wire).await, 200_000);
    assert!(world.take_all().await.is_err());
    wire.settle_input();
    assert_eq!(world.take_all().await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn connection_that_has_sent_large_commands_may_be_idle_for_long() {
    for bytes in [5_000, 15_000, 30_000, 60_000, 100_000] {
        let world = World::new();
        let (mut wire, mut client) = world.connect(LINE_BYTES_MAX);
        send_line(&mut client, bytes).await;
        read_line(&mut wire).await;
        wire.settle_input();
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

#[tokio::test(start_paused = true)]
async fn slow_client_gets_everything_as_long_as_it_goes_on_reading() {
    let world = World::new();
    let (mut wire, mut client) = world.connect(100);
    wire.out.extend_from_slice(&[b'x'; 1_000]);
    let slow = tokio::spawn(async move {
        let mut taken = 0;
        while taken < 1_000 {
            tokio::time::sleep(SEND_STALL_MAX / 2).await;
            taken += client.read(&mut [0; 100]).await.unwrap();
        }
        taken
    });
    wire.send().await.unwrap();
    assert_eq!(slow.await.unwrap(), 1_000);
}

#[tokio::test(start_paused = true)]
async fn error_at_the_end_reaches_a_client_that_is_still_sending() {
    let world = World::new();
    let (wire, mut client) = world.connect(1_000);
    let closing = tokio::spawn(wire.close(Farewell::told("too much")));
    // Blocks unless the server reads on.
    client.write_all(&[b'x'; 100_000]).await.unwrap();
    client.shutdown().await.unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "-ERR too much\r\n");
    closing.await.unwrap();
}
