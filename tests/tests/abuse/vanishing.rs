//! Clients that vanish while a job is on its way to them.

use std::thread;
use std::time::{Duration, Instant};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use workmill_tests::{Client, Reply, Server, job, seed};

/// How often clients vanish.
const ROUNDS: usize = 300;

/// How a client goes.
#[derive(Clone, Copy, Debug)]
enum Exit {
    /// It closes its socket after it has asked.
    Closes,
    /// The same with bytes unread, so that the system resets the connection.
    Resets,
    /// It closes once its FETCH waits.
    ClosesLater,
}

/// A client asks for a job and is gone before there is one.
fn ask_and_vanish(server: &Server, observer: &mut Client, exit: Exit) {
    let mut client = server.worker("ghost");
    match exit {
        Exit::Closes => client.send("FETCH haunted"),
        Exit::Resets => client.send("INFO\r\nFETCH haunted"),
        Exit::ClosesLater => client.park(observer, "haunted"),
    }
}

/// Demand 4.
#[test]
fn job_for_a_client_that_is_gone_is_there_for_the_next_at_once() {
    let server = Server::start();
    let mut good = server.client();
    for round in 0..ROUNDS {
        let exit = [Exit::Closes, Exit::Resets, Exit::ClosesLater][round % 3];
        let jid = format!("jid-{round:06}");
        ask_and_vanish(&server, &mut good, exit);
        good.push(&job(&jid, "haunted"));
        assert_eq!(
            good.fetch("haunted").map(|job| job["jid"].clone()),
            Some(jid.as_str().into()),
            "{exit:?}"
        );
        good.ack(&jid);
    }
    good.wait_for_info(|info| info["server"]["connections"] == 1);
    assert_eq!(good.task_size("Busy"), 0);
    assert_eq!(good.queue_size("haunted"), Some(0));
}

/// The client stops sending at about the moment when the job comes, and reads on to the end. Either it reads the
/// job, which is its own then; or the job is there for the next.
#[test]
fn job_that_a_leaving_client_does_not_read_is_not_stuck() {
    let mut rng = SmallRng::seed_from_u64(seed());
    let server = Server::start();
    let mut good = server.client();
    let (mut delivered, mut returned) = (0, 0);
    for round in 0..ROUNDS {
        let jid = format!("jid-{round:06}");
        let pause = Duration::from_micros(rng.random_range(0..1_500));
        let mut leaving = server.worker("leaving");
        leaving.send("FETCH haunted");
        let reply = thread::scope(|scope| {
            let leaver = scope.spawn(|| {
                let start = Instant::now();
                while start.elapsed() < pause {
                    std::hint::spin_loop();
                }
                leaving.shut_down_sending();
                leaving.read_reply()
            });
            good.push(&job(&jid, "haunted"));
            leaver.join().expect("the leaving client does not panic")
        });
        match reply {
            Reply::Bulk(_) => delivered += 1,
            Reply::Nil | Reply::Closed => {
                assert_eq!(good.fetch_jid("haunted"), jid, "round {round}");
                returned += 1;
            }
            other => panic!("FETCH was answered {other:?}"),
        }
        good.ack(&jid);
        assert_eq!(good.task_size("Busy"), 0, "round {round}");
    }
    println!("{delivered} jobs delivered, {returned} returned");
    assert!(returned > 0, "no client ever left before its job came");
}
