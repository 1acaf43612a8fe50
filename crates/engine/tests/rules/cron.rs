//! Recurring jobs.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use workmill_engine::{CronEntry, CronTable, Duty, Op, Request, Rules, Schedule};
use workmill_proto::Timestamp;
use workmill_store::QUEUES_MAX;

use crate::world::World;

mod making;
mod pausing;
mod runs;

/// An entry of a table: name, schedule, whether it catches up, members of its payload.
type Line<'a> = (&'a str, &'a str, bool, Value);

fn table(lines: &[Line<'_>]) -> Arc<CronTable> {
    let mut table = CronTable::default();
    for (name, schedule, catch_up, more) in lines {
        let mut payload = json!({ "jobtype": "Thing", "queue": name, "args": [] });
        let members = payload.as_object_mut().unwrap();
        members.extend(more.as_object().unwrap().clone());
        let schedule = Schedule::parse(schedule, TimeZone::UTC).unwrap();
        table.insert(
            name,
            CronEntry::new(schedule, *catch_up, members.clone()).unwrap(),
        );
    }
    Arc::new(table)
}

fn one(schedule: &str, catch_up: bool) -> Arc<CronTable> {
    table(&[("q", schedule, catch_up, json!({}))])
}

/// A world at 10:00:00, where the table is known since this moment.
fn world(table: &Arc<CronTable>) -> World {
    let mut world = World::new();
    set_time(&mut world, "10:00:00");
    fire(&mut world, table);
    world
}

fn set_time(world: &mut World, time: &str) {
    world.now = Timestamp::parse_rfc3339(&format!("2026-03-02T{time}Z")).unwrap();
}

fn fire(world: &mut World, table: &Arc<CronTable>) {
    world.tick(Duty::FireCron(Arc::clone(table)));
}

/// How many jobs wait in the queue `q` after a tick of the server at this time.
fn size_at(world: &mut World, time: &str, table: &Arc<CronTable>) -> u64 {
    set_time(world, time);
    fire(world, table);
    world.size("q")
}

#[test]
fn a_job_is_pushed_at_each_tick_and_once() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:09:59", &table), 0);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:10:01", &table), 1);
    assert_eq!(size_at(&mut world, "10:20:00.4", &table), 2);
    assert_eq!(size_at(&mut world, "10:29:59.9", &table), 2);
}

#[test]
fn each_run_is_a_new_job_with_the_payload() {
    let custom = json!({ "retry": 3, "args": [1, {"a": 1.5}], "reserve_for": 90, "custom": {"owner": "me"}, "team": "x" });
    let table = table(&[("q", "* * * * *", false, custom)]);
    let mut world = world(&table);
    size_at(&mut world, "10:01:00", &table);
    size_at(&mut world, "10:02:00", &table);
    let first = world.fetch(&["q"], "w").payload;
    let second = world.fetch(&["q"], "w").payload;
    assert_eq!(
        first,
        json!({
            "retry": 3, "custom": {"owner": "me"}, "jid": first["jid"], "queue": "q", "jobtype": "Thing",
            "created_at": "2026-03-02T10:01:00Z", "enqueued_at": "2026-03-02T10:01:00Z",
            "args": [1, {"a": 1.5}], "reserve_for": 90, "team": "x",
        })
    );
    let jids = [&first, &second].map(|job| job["jid"].as_str().unwrap().to_owned());
    assert_ne!(jids[0], jids[1]);
    for jid in jids {
        let hex = jid.bytes().all(|byte| byte.is_ascii_hexdigit());
        assert!(hex && jid.len() == 24, "{jid}");
    }
}

#[test]
fn a_tick_wakes_who_waits() {
    let table = one("* * * * *", false);
    let mut world = world(&table);
    set_time(&mut world, "10:00:59");
    let waiting = world.try_fetch(&["q"], "w").unwrap_err();
    size_at(&mut world, "10:01:00", &table);
    assert!(world.take_job(waiting).is_some());
}

#[test]
fn several_late_ticks_are_one_run() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:45:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:49:59", &table), 1);
    assert_eq!(size_at(&mut world, "10:50:00", &table), 2);
}

#[test]
fn ticks_without_a_server_are_skipped() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    world.restart();
    assert_eq!(size_at(&mut world, "10:35:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:40:00", &table), 2);
}

#[test]
fn a_missed_entry_catches_up_once_if_it_is_to() {
    let table = one("*/10 * * * *", true);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    world.restart();
    assert_eq!(size_at(&mut world, "10:35:00", &table), 2);
    world.restart();
    assert_eq!(size_at(&mut world, "10:36:00", &table), 2, "once");
    assert_eq!(size_at(&mut world, "10:40:00", &table), 3);
}

#[test]
fn a_downtime_before_the_first_tick_is_caught_up_too() {
    let table = one("0 12 * * *", true);
    let mut world = world(&table);
    world.restart();
    assert_eq!(size_at(&mut world, "11:59:59", &table), 0);
    world.restart();
    assert_eq!(size_at(&mut world, "12:30:00", &table), 1);
}

#[test]
fn a_tick_never_fires_again_after_a_restart() {
    for catch_up in [false, true] {
        let table = one("*/10 * * * *", catch_up);
        let mut world = world(&table);
        assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
        world.restart();
        assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
        world.restart();
        // The clock was put back meanwhile.
        assert_eq!(size_at(&mut world, "10:05:00", &table), 1);
        assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
        assert_eq!(size_at(&mut world, "10:20:00", &table), 2);
    }
}

#[test]
fn a_tick_that_a_restart_has_missed_by_a_moment_is_fired() {
    let table = one("*/10 * * * *", false);
    for (time, expected) in [("10:20:00", 2), ("10:20:59", 2), ("10:21:00", 1)] {
        let mut world = world(&table);
        assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
        set_time(&mut world, "10:19:59");
        world.restart();
        assert_eq!(size_at(&mut world, time, &table), expected, "{time}");
        world.restart();
        assert_eq!(size_at(&mut world, time, &table), expected, "once");
        assert_eq!(size_at(&mut world, "10:30:00", &table), expected + 1);
    }
}

#[test]
fn a_missed_tick_need_not_have_fired_before() {
    let table = one("0 12 * * *", false);
    let mut world = world(&table);
    set_time(&mut world, "11:59:59");
    world.restart();
    assert_eq!(size_at(&mut world, "12:00:01", &table), 1);
}

#[test]
fn of_many_missed_ticks_the_last_is_fired_if_it_was_a_moment_ago() {
    for (schedule, expected) in [("* * * * *", 1), ("*/10 * * * * *", 1), ("@every 10s", 0)] {
        let table = one(schedule, false);
        let mut world = world(&table);
        world.restart();
        assert_eq!(
            size_at(&mut world, "11:00:05", &table),
            expected,
            "{schedule}"
        );
    }
}

#[test]
fn how_long_ago_a_missed_tick_may_be_is_the_operators() {
    let table = one("*/10 * * * *", false);
    for (secs, expected) in [(0, 0), (300, 1)] {
        let mut world = World::with_rules(Rules {
            cron_missed_within_secs: secs,
            ..Rules::default()
        });
        set_time(&mut world, "10:00:00");
        fire(&mut world, &table);
        world.restart();
        assert_eq!(size_at(&mut world, "10:14:00", &table), expected, "{secs}");
        assert_eq!(size_at(&mut world, "10:20:00", &table), expected + 1);
    }
}

#[test]
fn a_clock_that_was_hours_ahead_keeps_no_entry_from_firing() {
    for restarts in [false, true] {
        for catch_up in [false, true] {
            let table = one("*/10 * * * *", catch_up);
            let mut world = world(&table);
            assert_eq!(size_at(&mut world, "18:10:00", &table), 1);
            if restarts {
                world.restart();
            }
            assert_eq!(size_at(&mut world, "10:05:00", &table), 1);
            assert_eq!(size_at(&mut world, "10:10:00", &table), 2);
            assert_eq!(size_at(&mut world, "10:20:00", &table), 3);
        }
    }
}

#[test]
fn a_tick_that_has_not_fired_comes_when_the_clock_that_was_put_back_says_so() {
    let table = one("30 9 * * *", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "09:00:00", &table), 0);
    assert_eq!(size_at(&mut world, "09:29:59", &table), 0);
    assert_eq!(size_at(&mut world, "09:30:00", &table), 1);
}

#[test]
fn an_interval_does_not_wait_for_a_clock_that_was_put_back() {
    let table = one("@every 10m", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "09:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "09:19:59", &table), 1);
    assert_eq!(size_at(&mut world, "09:20:00", &table), 2);
}

#[test]
fn a_group_that_fails_after_the_clock_was_put_back_plans_again() {
    let table = one("30 9 * * *", false);
    let mut world = world(&table);
    set_time(&mut world, "09:00:00");
    let request = Request {
        ticket: world.next_ticket(),
        op: Op::Tick(Duty::FireCron(Arc::clone(&table))),
    };
    world.try_slice(&[request], false).unwrap();
    assert_eq!(size_at(&mut world, "09:29:59", &table), 0);
    assert_eq!(size_at(&mut world, "09:30:00", &table), 1);
}

#[test]
fn a_clock_put_back_fires_no_tick_again() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "09:59:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 2);
}

#[test]
fn a_tick_whose_group_fails_fires_in_the_next() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    set_time(&mut world, "10:10:00");
    let request = Request {
        ticket: world.next_ticket(),
        op: Op::Tick(Duty::FireCron(Arc::clone(&table))),
    };
    world.try_slice(&[request], false).unwrap();
    assert_eq!(world.size("q"), 0);
    assert_eq!(size_at(&mut world, "10:10:01", &table), 1);
}

#[test]
fn a_table_whose_group_fails_is_taken_in_by_the_next() {
    let mut world = world(&one("*/10 * * * *", false));
    let table = one("*/7 * * * *", false);
    set_time(&mut world, "10:06:00");
    let request = Request {
        ticket: world.next_ticket(),
        op: Op::Tick(Duty::FireCron(Arc::clone(&table))),
    };
    world.try_slice(&[request], false).unwrap();
    assert_eq!(size_at(&mut world, "10:06:30", &table), 0);
    assert_eq!(size_at(&mut world, "10:07:00", &table), 1);
}

#[test]
fn a_flush_brings_no_tick_back() {
    let table = one("*/10 * * * *", true);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    world.ok(Op::Flush);
    world.restart();
    assert_eq!(size_at(&mut world, "10:10:30", &table), 0);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 1);
}

#[test]
fn an_interval_counts_from_the_start() {
    let table = one("@every 10m", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00.5", &table), 1);
    assert_eq!(size_at(&mut world, "10:19:59", &table), 1);
    assert_eq!(
        size_at(&mut world, "10:20:00", &table),
        2,
        "without a drift"
    );
    world.restart();
    assert_eq!(size_at(&mut world, "10:25:00", &table), 2);
    assert_eq!(size_at(&mut world, "10:34:59", &table), 2);
    assert_eq!(size_at(&mut world, "10:35:00", &table), 3);
}

#[test]
fn an_interval_that_catches_up_goes_on_across_a_restart() {
    let table = one("@every 10m", true);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    world.restart();
    assert_eq!(size_at(&mut world, "10:15:00", &table), 1);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 2);
    world.restart();
    assert_eq!(size_at(&mut world, "10:45:00", &table), 3);
    assert_eq!(size_at(&mut world, "10:50:00", &table), 4);
}

#[test]
fn a_reload_keeps_what_has_not_changed() {
    let before = one("@every 10m", false);
    let mut world = world(&before);
    let after = table(&[
        ("q", "@every 10m", false, json!({ "args": [2] })),
        ("other", "@every 10m", false, json!({})),
    ]);
    assert_eq!(size_at(&mut world, "10:09:00", &after), 0);
    assert_eq!(size_at(&mut world, "10:10:00", &after), 1);
    assert_eq!(world.fetch(&["q"], "w").payload["args"], json!([2]));
    assert_eq!(world.size("other"), 0);
    size_at(&mut world, "10:19:00", &after);
    assert_eq!(world.size("other"), 1, "counts from the reload");
}

#[test]
fn a_reload_catches_nothing_up() {
    let nothing = table(&[]);
    let mut world = world(&one("*/10 * * * *", true));
    assert_eq!(
        size_at(&mut world, "10:10:00", &one("*/10 * * * *", true)),
        1
    );
    // Away, and back after a tick; then a schedule with ticks that would be missed.
    size_at(&mut world, "10:15:00", &nothing);
    assert_eq!(
        size_at(&mut world, "10:25:00", &one("*/10 * * * *", true)),
        1
    );
    let changed = one("20 * * * *", true);
    assert_eq!(size_at(&mut world, "10:26:00", &changed), 1);
    world.restart();
    assert_eq!(size_at(&mut world, "10:27:00", &changed), 1);
    assert_eq!(size_at(&mut world, "11:20:00", &changed), 2);
}

#[test]
fn an_entry_that_is_removed_fires_no_more() {
    let mut world = world(&one("*/10 * * * *", false));
    let nothing = table(&[]);
    assert_eq!(size_at(&mut world, "10:10:00", &nothing), 0);
}

#[test]
fn a_job_that_is_refused_has_had_its_turn() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    let queues: Vec<String> = (0..QUEUES_MAX).map(|n| format!("full-{n}")).collect();
    for names in queues.chunks(100) {
        world.queue(&format!("PAUSE {}", names.join(" ")));
    }
    assert_eq!(size_at(&mut world, "10:10:00", &table), 0);
    world.queue("REMOVE full-0");
    assert_eq!(size_at(&mut world, "10:10:01", &table), 0);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 1);
}

#[test]
fn all_due_entries_fire_however_many() {
    let names: Vec<String> = (0..1_200).map(|n| format!("entry-{n}")).collect();
    let lines: Vec<Line<'_>> = names
        .iter()
        .map(|name| (&**name, "0 * * * *", false, json!({ "queue": "q" })))
        .collect();
    let table = table(&lines);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "11:00:00", &table), 1_200);
    assert_eq!(size_at(&mut world, "11:00:01", &table), 1_200);
}

#[test]
fn a_payload_that_push_refuses_is_no_entry() {
    let entry = |payload: Value| {
        let schedule = Schedule::parse("@daily", TimeZone::UTC).unwrap();
        CronEntry::new(schedule, false, payload.as_object().unwrap().clone())
    };
    for (payload, text) in [
        (json!({ "args": [] }), "jobtype"),
        (json!({ "jobtype": "T", "args": {} }), "args"),
        (
            json!({ "jobtype": "T", "args": [], "queue": "a b" }),
            "queue names",
        ),
        (
            json!({ "jobtype": "T", "args": [], "reserve_for": 90_000 }),
            "one day",
        ),
        (
            json!({ "jobtype": "T", "args": [], "custom": {"retry_delays": "x"} }),
            "retry_delays",
        ),
    ] {
        let error = entry(payload).unwrap_err();
        assert!(error.text.contains(text), "{error}");
    }
}

#[test]
fn what_was_fired_under_the_former_name_counts() {
    let mut world = world(&one("0 * * * *", true));
    let old = one("0 * * * *", true);
    assert_eq!(size_at(&mut world, "11:00:00", &old), 1);
    world.restart();
    let renamed = |former: &str| {
        let mut table = CronTable::default();
        for (name, _) in [("q", 1), ("r", 2)] {
            let schedule = Schedule::parse("0 * * * *", TimeZone::UTC).unwrap();
            let payload = json!({ "jobtype": "Thing", "queue": name, "args": [] });
            let payload = payload.as_object().unwrap().clone();
            let mut entry = CronEntry::new(schedule, true, payload).unwrap();
            entry.former_name = Some(former.into());
            table.insert(&format!("new {name}"), entry);
        }
        Arc::new(table)
    };
    let table = renamed("q");
    // The tick of 11:00 is done, that of 12:00 was missed by both.
    assert_eq!(size_at(&mut world, "11:00:30", &table), 1);
    world.restart();
    assert_eq!(size_at(&mut world, "12:30:00", &table), 2);
    assert_eq!(world.size("r"), 1);
    world.restart();
    assert_eq!(
        size_at(&mut world, "12:31:00", &table),
        2,
        "by its own name now"
    );
}
