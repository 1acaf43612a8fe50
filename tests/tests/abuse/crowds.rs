//! Very many connections.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::thread;

use workmill_tests::{Client, Reply, Server, job, raise_open_files};

use crate::attack::attack_while_others_work;

const MIB: u64 = 1 << 20;

/// Connections that stop in the middle of HELLO.
const HALF_HELLOS: usize = 10_000;

/// What they may cost at most.
const HALF_HELLOS_MEMORY_MAX: u64 = 256 * MIB;

/// FETCHes that wait at the same time.
const WAITING_FETCHES: usize = 5_000;

/// What they may cost at most, their connections included.
const WAITING_FETCHES_MEMORY_MAX: u64 = 192 * MIB;

/// How often the FETCHes are sent again if the machine is so slow that they end before all are there.
const ROUNDS_MAX: u64 = 10;

/// Descriptors of this process for other things than the crowd.
const FILES_SPARE: u64 = 200;

#[test]
fn ten_thousand_half_said_hellos_leave_the_server_serving() {
    raise_open_files(HALF_HELLOS as u64 + FILES_SPARE);
    attack_while_others_work(Server::builder(), HALF_HELLOS_MEMORY_MAX, |server| {
        let crowd: Vec<TcpStream> = (0..HALF_HELLOS)
            .map(|_| {
                let mut stream =
                    TcpStream::connect(server.addr()).expect("the system takes connections");
                stream
                    .write_all(b"HELLO {\"v\":2,\"wid\":\"half-sa")
                    .expect("the server does not refuse");
                stream
            })
            .collect();
        for mut stream in crowd {
            let mut text = String::new();
            // Turned away with bytes unread is as good.
            let _ = stream.read_to_string(&mut text);
            assert!(text.is_empty() || text == "+HI {\"v\":2}\r\n", "{text:?}");
        }
        let connections = server.client().info()["server"]["connections"].as_u64();
        assert!(
            connections <= Some(10),
            "{connections:?} connections are left"
        );
        0
    });
}

/// The five thousand ask; returns what they got: one job at most.
fn fetch_all(crowd: &mut [Client], meanwhile: impl FnOnce()) -> Vec<Vec<u8>> {
    for client in &mut *crowd {
        client.send("FETCH crowded");
    }
    meanwhile();
    let replies = crowd.iter_mut().map(Client::read_reply);
    let is_job = |reply: Reply| match reply {
        Reply::Nil => None,
        reply => Some(reply.bulk()),
    };
    replies.filter_map(is_job).collect()
}

#[test]
fn five_thousand_waiting_fetches_hold_nobody_up_and_one_gets_the_job() {
    raise_open_files(WAITING_FETCHES as u64 + FILES_SPARE);
    attack_while_others_work(Server::builder(), WAITING_FETCHES_MEMORY_MAX, |server| {
        let mut crowd: Vec<Client> = (0..WAITING_FETCHES).map(|_| server.client()).collect();
        let mut good = server.client();
        for round in 0..ROUNDS_MAX {
            let jid = format!("jid-round-{round}");
            let got = fetch_all(&mut crowd, || {
                good.push(&job("jid-aside", "aside"));
                assert_eq!(good.fetch_jid("aside"), "jid-aside");
                good.ack("jid-aside");
                good.push(&job(&jid, "crowded"));
            });
            if got.is_empty() {
                // All waits were over before the job came, so it is in its queue.
                assert_eq!(good.fetch_jid("crowded"), jid);
                good.ack(&jid);
                continue;
            }
            assert_eq!(got.len(), 1, "one job, fetched {} times", got.len());
            assert!(String::from_utf8_lossy(&got[0]).contains(&jid));
            good.ack(&jid);
            return 2 * (round + 1);
        }
        panic!("in {ROUNDS_MAX} rounds no FETCH was still waiting when the job came");
    });
}

/// The server may have 100 files open, and 1,000 clients come. The others are served, and the server recovers.
#[test]
fn exhausted_file_descriptors_hurt_only_newcomers() {
    let builder = Server::builder().open_files_max(100);
    attack_while_others_work(builder, HALF_HELLOS_MEMORY_MAX, |server| {
        let mut inside = server.worker("inside");
        let rounds = 3;
        for _ in 0..rounds {
            let crowd: Vec<_> = (0..1_000)
                .filter_map(|_| TcpStream::connect(server.addr()).ok())
                .collect();
            assert!(
                crowd.len() > 100,
                "only {} connections came in",
                crowd.len()
            );
            inside.push(&job("jid-000001", "narrow"));
            assert_eq!(inside.fetch_jid("narrow"), "jid-000001");
            inside.ack("jid-000001");
        }
        // The fleet, the one inside, and the last of the crowd on their way out.
        inside.wait_for_info(|info| info["server"]["connections"].as_u64() <= Some(8));
        thread::scope(|scope| {
            for number in 0..10 {
                scope.spawn(move || server.worker(&format!("late-{number}")).info());
            }
        });
        rounds
    });
}
