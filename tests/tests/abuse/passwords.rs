//! Guessing passwords.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use workmill_tests::{Memory, Reply, Server, job, log_in};

/// Clients that guess at the same time.
const GUESSERS: usize = 16;

/// Guesses of each.
const GUESSES: usize = 25;

/// The most memory that guessing may cost.
const GUESSING_MEMORY_MAX: u64 = 128 << 20;

#[test]
fn guessing_passwords_lets_nobody_in_and_holds_nobody_up() {
    let mut server = Server::builder().password("sesame").start();
    let (mut good, reply) = log_in(server.addr(), "sesame");
    assert_eq!(reply, Reply::ok());
    let addr = server.addr();
    let guessed = AtomicBool::new(false);
    let mut served = 0;
    thread::scope(|scope| {
        let guessers: Vec<_> = (0..GUESSERS)
            .map(|guesser| {
                scope.spawn(move || {
                    for guess in 0..GUESSES {
                        let (mut client, reply) = log_in(addr, &format!("guess-{guesser}-{guess}"));
                        // Whoever is not answered in time is closed without a word.
                        let is_refused = reply == Reply::Error("ERR Invalid password".to_owned());
                        assert!(is_refused || reply == Reply::Closed, "{reply:?}");
                        assert_eq!(client.cmd("INFO"), Reply::Closed);
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            for guesser in guessers {
                guesser.join().expect("a guesser does not panic");
            }
            guessed.store(true, Ordering::Relaxed);
        });
        while !guessed.load(Ordering::Relaxed) {
            good.push(&job("jid-000001", "q"));
            assert_eq!(good.fetch_jid("q"), "jid-000001");
            good.ack("jid-000001");
            served += 1;
        }
    });
    assert!(served > 0);
    let (mut late, reply) = log_in(server.addr(), "sesame");
    assert_eq!(
        reply,
        Reply::ok(),
        "the right password after all the wrong ones"
    );
    late.wait_for_info(|info| info["server"]["connections"] == 2);
    let memory = Memory::of(server.pid());
    assert!(memory.peak_bytes <= GUESSING_MEMORY_MAX, "{memory:?}");
    assert!(server.is_running());
}
