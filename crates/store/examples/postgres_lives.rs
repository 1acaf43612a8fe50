//! How many jobs a PostgreSQL store pushes, hands out and forgets per second, what each group of them costs in round trips, and what
//! each job in bytes of the log of the database.
//!
//! usage: `postgres_lives URL [GROUP [SECONDS]]`; makes the schema `workmill_lives` and leaves it there.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "it is a measurement: what fails must stop it, and it tells what it has measured"
)]

use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::postgres::{PostgresLease, PostgresStore, Target, migrate};
use workmill_store::{Counts, JobKey, JobRecord, Lease as _, Reservation, Store, Syncer as _, Tx};

/// Commits that may wait for a sync.
const COMMITS_AHEAD_MAX: usize = 4;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().expect("name the database");
    let mut number = |default| {
        arguments
            .next()
            .map_or(default, |text| text.parse().unwrap())
    };
    let (group, seconds): (usize, usize) = (number(16), number(6));
    let target = Target::parse(&url, "workmill_lives").unwrap();
    migrate(&target).unwrap();
    let mut lease = PostgresLease::new(&target);
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let wall = Timestamp::from_micros(i64::try_from(wall.as_micros()).unwrap());
    lease
        .acquire("a measurement", wall.plus(Duration::from_secs(60)))
        .unwrap();
    let mut store = PostgresStore::open(&target, lease.epoch().unwrap()).unwrap();

    let (committed, syncs) = sync_channel::<()>(COMMITS_AHEAD_MAX);
    let mut syncer = store.syncer();
    let syncing = thread::spawn(move || {
        let mut count = 0_u64;
        while syncs.recv().is_ok() {
            while syncs.try_recv().is_ok() {}
            syncer.sync().unwrap();
            count += 1;
        }
        count
    });
    let (mut groups, mut held) = (0, Vec::new());
    let begun = Instant::now();
    let before = store.round_trips();
    while begun.elapsed() < Duration::from_secs(seconds as u64) {
        held = run_group(&mut store, group, held);
        committed.send(()).unwrap();
        groups += 1;
    }
    drop(committed);
    let count = syncing.join().unwrap();
    let took = begun.elapsed().as_secs_f64();
    let lives = group as f64 * f64::from(groups) / took;
    let trips = (store.round_trips() - before) as f64 / f64::from(groups);
    println!(
        "groups of {group}: {lives:.0} job lives/s, {trips:.2} round trips a group, {:.0} syncs/s",
        count as f64 / took
    );
}

/// Acknowledges the jobs that are held, pushes as many as make a group, and fetches them one by one.
fn run_group(store: &mut PostgresStore, group: usize, held: Vec<JobKey>) -> Vec<JobKey> {
    let mut tx = store.begin().unwrap();
    let now = SteadyTime::from_micros(1);
    let record = record();
    let mut claimed = Vec::new();
    for _ in 0..group {
        tx.enqueue(&[&record], Timestamp::from_micros(0)).unwrap();
    }
    for key in &held {
        tx.finish(&[*key]).unwrap();
    }
    for _ in 0..group {
        let (key, _) = tx.claim("default", 1).unwrap().remove(0);
        let reservation = Reservation {
            key,
            jid: record.jid.clone(),
            wid: "a worker".into(),
            reserved_at: now,
            expires_at: now,
            has_features: false,
            connection: 0,
            series: 0,
        };
        tx.reserve(&[reservation]).unwrap();
        claimed.push(key);
    }
    let counts = Counts {
        processed: held.len() as u64,
        ..Counts::default()
    };
    tx.count(20_000, counts).unwrap();
    tx.commit().unwrap();
    claimed
}

fn record() -> JobRecord {
    JobRecord {
        jid: "0123456789abcdef01234567".into(),
        queue: "default".into(),
        jobtype: "Measured".into(),
        reserve_for_secs: 1_800,
        enqueued_at: None,
        failure_count: 0,
        recovered_at: Vec::new(),
        failure: None,
        attempts: workmill_store::Attempts::default(),
        features: None,
        body: vec![b'x'; 300],
        enqueued_at_index: 0,
    }
}
