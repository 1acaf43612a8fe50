//! A client that does what operators do: it looks, and sends jobs back to their queues.

use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::client::Client;
use crate::fleet::{Crew, Gone, connect};
use crate::reply::Reply;

/// The longest pause between two commands.
const PAUSE_MS_MAX: u64 = 120;

pub(crate) fn operate(crew: &Crew, seed: u64) {
    // The end of the server is the end of the work.
    let _ = work(crew, &mut SmallRng::seed_from_u64(seed));
}

fn work(crew: &Crew, rng: &mut SmallRng) -> Result<(), Gone> {
    let mut client = connect(crew.addr, "")?;
    while !crew.is_stopped() {
        thread::sleep(Duration::from_millis(rng.random_range(1..=PAUSE_MS_MAX)));
        let target = ["retries", "retries", "dead", "scheduled", "INFO"]
            .choose(rng)
            .expect("there are choices");
        match *target {
            "INFO" => look(crew, &mut client)?,
            set => requeue(crew, &mut client, set)?,
        }
    }
    Ok(())
}

fn look(crew: &Crew, client: &mut Client) -> Result<(), Gone> {
    match client.cmd("INFO") {
        Reply::Closed => Err(Gone),
        reply @ Reply::Error(_) => {
            crew.answered_oddly("INFO", &reply);
            Ok(())
        }
        reply => {
            assert!(
                reply.json()["faktory"].is_object(),
                "INFO has a part of its own for Faktory's numbers"
            );
            Ok(())
        }
    }
}

fn requeue(crew: &Crew, client: &mut Client, set: &str) -> Result<(), Gone> {
    match client.cmd(format!(
        "MUTATE {}",
        json!({"cmd": "requeue", "target": set})
    )) {
        Reply::Closed => Err(Gone),
        reply => {
            if !reply.is_ok() {
                crew.answered_oddly("MUTATE", &reply);
            }
            Ok(())
        }
    }
}
