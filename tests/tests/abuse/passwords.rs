//! Guessing passwords.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use workmill_tests::{Client, Memory, Reply, Server, job, log_in, password_proof, read_challenge};

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
                        assert_eq!(reply, Reply::Error("ERR Invalid password".to_owned()));
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

/// Wrong proofs of one address that wait for their check.
const WRONG: usize = 200;

/// Right ones behind them.
const RIGHT: usize = 50;

/// Each sends its proof in time; what it takes to check those before it is not its fault.
#[test]
fn everybody_of_a_crowded_address_gets_a_true_answer() {
    let server = Server::builder().password("sesame").start();
    let wrong: Vec<Client> = (0..WRONG)
        .map(|_| say_hello(&server, |_, _| "0".repeat(64)))
        .collect();
    let right: Vec<Client> = (0..RIGHT)
        .map(|_| {
            say_hello(&server, |salt, iterations| {
                password_proof("sesame", salt, iterations)
            })
        })
        .collect();
    for mut client in wrong {
        let refused = Reply::Error("ERR Invalid password".to_owned());
        assert_eq!(client.read_reply(), refused);
    }
    for mut client in right {
        assert_eq!(client.read_reply(), Reply::ok());
    }
}

/// Connects and says HELLO with the proof that is made of salt and iterations. The answer is not read.
fn say_hello(server: &Server, proof: impl Fn(&str, u64) -> String) -> Client {
    let mut client = Client::connect(server.addr());
    let (salt, iterations) = read_challenge(client.greeting());
    let proof = proof(&salt, iterations);
    client.send(format!(r#"HELLO {{"v":2,"pwdhash":"{proof}"}}"#));
    client
}
