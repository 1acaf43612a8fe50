//! Recurring jobs fire as they are written down, under a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use workmill_engine::{
    CronTable, Duty, Engine, Fetch, GroupContext, Op, Outcome, Request, Rules, ServerId, Ticket,
};
use workmill_proto::Timestamp;
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Store, Tx};

use super::*;

/// A configuration as users of Faktory's open-source plugins have it.
const PLUGIN_EXAMPLE: &str = include_str!("plugin-example.toml");

/// The jobs that fire, with the moment of each; what is new in every run is checked and taken out.
fn run(cron: &Arc<CronTable>, from: Timestamp, secs: i64) -> Vec<(Timestamp, Value)> {
    let dir = tempfile::tempdir().unwrap();
    let durability = Durability::Interval(Duration::from_secs(3_600));
    let mut store = SqliteStore::open(dir.path(), durability).unwrap();
    let mut engine = Engine::new(Rules::default());
    let queues: Arc<[String]> = ["default", "reports", "sync"].map(str::to_owned).into();
    let fetch = Op::Fetch(Fetch {
        queues,
        wid: "w".into(),
        server: ServerId::LOCAL,
        connection: 0,
    });
    let mut fired = Vec::new();
    let mut tickets = 0..;
    for secs in 0..=secs {
        let now = from.plus_secs(secs);
        // A FETCH that finds nothing waits and is served by a later tick.
        let fire = Op::Tick(Duty::FireCron(Arc::clone(cron)));
        let ops = std::iter::once(fire).chain(std::iter::repeat_n(fetch.clone(), 4));
        let requests: Vec<Request> = ops
            .zip(tickets.by_ref())
            .map(|(op, ticket)| Request {
                ticket: Ticket(ticket),
                op,
            })
            .collect();
        let mut tx = store.begin().unwrap();
        let context = GroupContext {
            wall: now,
            uptime: Duration::from_secs(secs.cast_unsigned()),
            frozen: Duration::ZERO,
            seed: secs.cast_unsigned(),
        };
        let result = engine.run_group(&mut tx, context, &requests).unwrap();
        tx.commit().unwrap();
        engine.committed();
        for answer in result.answers {
            if let Outcome::Job(job) = answer.outcome {
                fired.push((now, payload(&job.body, now)));
            }
        }
    }
    fired
}

/// A job's payload without its id and the time it was made at.
fn payload(body: &[u8], now: Timestamp) -> Value {
    let mut payload: Value = serde_json::from_slice(body).unwrap();
    let members = payload.as_object_mut().unwrap();
    assert!(members.remove("jid").unwrap().as_str().unwrap().len() >= 8);
    assert_eq!(members.remove("created_at").unwrap(), now.to_string());
    payload
}

#[test]
fn the_configuration_of_the_plugins_loads_and_fires_exactly_its_payloads() {
    let setup = Setup::with_config(PLUGIN_EXAMPLE);
    let warnings = setup.warnings();
    let misplaced = "line 33: [[cron.jobs.args]] is read as [[cron.job.args]]; write it so";
    assert!(
        warnings.iter().any(|line| line.ends_with(misplaced)),
        "{warnings:?}"
    );

    // A Monday in January, on the clock of this machine's zone.
    let monday = date(2026, 1, 5).at(8, 49, 59, 0);
    let start = monday.to_zoned(TimeZone::system()).unwrap().timestamp();
    let start = Timestamp::from_micros(start.as_microsecond());
    let fired = run(&setup.load().cron, start, 2 * 3_600);

    let report = json!({
        "jobtype": "Report", "queue": "reports", "retry": 5, "args": ["daily", 2, true],
        "custom": {"owner": "billing"},
    });
    let sync = json!({
        "jobtype": "Sync", "queue": "sync", "retry": 1,
        "args": [{"region": "eu", "full": true}, {"region": "us", "full": false}],
        "custom": {"owner": "search"},
    });
    let sweep = json!({ "jobtype": "Sweep", "queue": "default", "retry": 25, "args": [] });
    let morning = json!({ "jobtype": "Morning", "queue": "default", "retry": 25, "args": [] });
    let moments = |payload: &Value| -> Vec<i64> {
        let of_it = fired.iter().filter(|(_, fired)| fired == payload);
        of_it
            .map(|(at, _)| at.since(start).as_secs().cast_signed())
            .collect()
    };
    assert_eq!(
        moments(&report),
        (0..12).map(|n| 1 + n * 600).collect::<Vec<_>>()
    );
    assert_eq!(
        moments(&sync),
        (0..120).map(|n| 6 + n * 60).collect::<Vec<_>>()
    );
    assert_eq!(moments(&sweep), [5_400]);
    assert_eq!(moments(&morning), [631]);
    assert_eq!(fired.len(), 12 + 120 + 1 + 1, "and nothing else");
}

#[test]
fn values_of_toml_become_those_of_json() {
    let config = r#"
        [[cron]]
        schedule = "* * * * * *"
        [cron.job]
        type = "Sync"
        reserve_for = 600
        retry = -1
        team = "ops"
        args = [1.5, -7, 9223372036854775807, 1_000.0, "x", [], {a = [true]}, 2026-01-05T08:49:59Z, 2026-01-05, 08:49:59]
        [cron.job.custom]
        track = 1
        deep = {er = {"ä b" = 1e3}}
    "#;
    let cron = Setup::with_config(config).load().cron;
    let fired = run(&cron, Timestamp::default(), 1);
    let wanted = json!({
        "jobtype": "Sync", "queue": "default", "retry": -1, "reserve_for": 600, "team": "ops",
        "args": [1.5, -7, i64::MAX, 1000.0, "x", [], {"a": [true]}, "2026-01-05T08:49:59Z", "2026-01-05", "08:49:59"],
        "custom": {"track": 1, "deep": {"er": {"ä b": 1000.0}}},
    });
    assert_eq!(fired, [(Timestamp::default().plus_secs(1), wanted)]);
}
