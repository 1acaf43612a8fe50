//! Groups of failures: what they count and tell while jobs fail, come back, die and leave.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Fail, Op, Request, Rules};
use workmill_proto::{Command, MutationVerb, SetName, parse_command};
use workmill_store::reading::Bounds;
use workmill_store::{
    EntryKey, FailureGroup, FailureId, JobRecord, Place, Reading as _, SetTime, Tx as _, Ungrouped,
};

use crate::world::{World, change_op, jobs_named};

/// All groups, by type and pattern.
fn groups(world: &World) -> Vec<FailureGroup> {
    let slice = world
        .reader()
        .failures(None, Bounds::of_rows(2_000))
        .unwrap();
    let mut groups: Vec<FailureGroup> = slice
        .items
        .into_iter()
        .map(|(_, group)| group.unwrap())
        .collect();
    groups
        .sort_by(|one, other| (&one.jobtype, &one.pattern).cmp(&(&other.jobtype, &other.pattern)));
    groups
}

/// The only group there is.
fn group(world: &World) -> FailureGroup {
    let mut groups = groups(world);
    assert_eq!(groups.len(), 1, "{groups:?}");
    groups.remove(0)
}

/// How many jobs of the only group are to be retried and are dead, and how often they have failed.
fn counts(world: &World) -> (u64, u64, u64) {
    let group = group(world);
    (group.retries, group.dead, group.failures)
}

/// Pushes a job, and lets a worker fail it.
fn fail(world: &mut World, jid: &str, more: serde_json::Value, (errtype, message): (&str, &str)) {
    world.push(jid, "q", more);
    world.fetch(&["q"], "w");
    fail_again(world, jid, "w", (errtype, message));
}

fn fail_again(world: &mut World, jid: &str, wid: &str, (errtype, message): (&str, &str)) {
    let line = json!({
        "jid": jid, "errtype": errtype, "message": message, "backtrace": ["a.rb:1", "b.rb:2"],
    });
    let Command::Fail(report) = parse_command(format!("FAIL {line}").as_bytes()).unwrap() else {
        panic!("no FAIL");
    };
    let wid = wid.into();
    world.ok(Op::Fail(Arc::new(Fail { report, wid })));
}

fn set(set: SetName) -> Place {
    Place::Set(set)
}

const RETRIES: Place = Place::Set(SetName::Retries);
const DEAD: Place = Place::Set(SetName::Dead);

#[test]
fn failures_are_grouped_by_type_error_and_what_their_messages_have_in_common() {
    let mut world = World::new();
    let began = world.now;
    for (jid, jobtype, errtype, message) in [
        ("jid-00001", "Charge", "Timeout", "no answer within 30 s"),
        ("jid-00002", "Charge", "Timeout", "no answer within 31 s"),
        ("jid-00003", "Charge", "Refused", "no answer within 31 s"),
        ("jid-00004", "Mail", "Timeout", "no answer within 31 s"),
        ("jid-00005", "Mail", "Timeout", "no host 'example.com'"),
    ] {
        fail(
            &mut world,
            jid,
            json!({"jobtype": jobtype}),
            (errtype, message),
        );
        world.now = world.now.plus_secs(1);
    }
    let found = groups(&world);
    assert_eq!(found.len(), 4);
    let first = found.iter().find(|group| group.retries == 2).unwrap();
    assert_eq!((&*first.jobtype, &*first.errtype), ("Charge", "Timeout"));
    assert_eq!(&*first.pattern, "no answer within \u{2026} s");
    assert_eq!(&*first.example, "no answer within 31 s");
    assert_eq!((first.first_at, first.last_at), (began, began.plus_secs(1)));
    assert_eq!((first.failures, first.dead), (2, 0));
    assert_eq!(first.backtrace, ["a.rb:1".into(), "b.rb:2".into()]);
    assert_eq!(first.workers, ["w".into()]);
    assert_eq!(first.hours.until(began).last(), Some(&2));
    assert_eq!(first.forget_at, None);
}

#[test]
fn a_job_that_fails_again_is_counted_once_and_the_group_keeps_its_beginning() {
    let mut world = World::new();
    let began = world.now;
    let more = json!({"retry": 1, "custom": {"retry_delays": [60]}});
    fail(&mut world, "jid-00001", more, ("E", "at 1"));
    assert_eq!(counts(&world), (1, 0, 1));
    world.pass(60);
    // On its way it is in none of the two sets; what the group knows stays.
    assert_eq!(counts(&world), (0, 0, 1));
    assert!(group(&world).forget_at.is_some());
    world.fetch(&["q"], "w2");
    fail_again(&mut world, "jid-00001", "w2", ("E", "at 2"));
    let group = group(&world);
    assert_eq!((group.retries, group.dead, group.failures), (0, 1, 2));
    assert_eq!((group.first_at, group.last_at), (began, world.now));
    assert_eq!(group.workers, ["w".into(), "w2".into()]);
    assert_eq!((&*group.example, group.forget_at), ("at 2", None));
}

#[test]
fn a_job_that_fails_otherwise_the_next_time_changes_its_group() {
    let mut world = World::new();
    let more = json!({"custom": {"retry_delays": [60]}});
    fail(&mut world, "jid-00001", more, ("E", "one"));
    world.pass(60);
    world.fetch(&["q"], "w");
    fail_again(&mut world, "jid-00001", "w", ("E", "other"));
    let found: Vec<(u64, u64)> = groups(&world)
        .iter()
        .map(|group| (group.retries, group.failures))
        .collect();
    assert_eq!(found, [(0, 1), (1, 1)]);
}

#[test]
fn a_group_without_jobs_is_forgotten_after_a_week() {
    let mut world = World::new();
    fail(
        &mut world,
        "jid-00001",
        json!({"custom": {"retry_delays": [1]}}),
        ("E", "m"),
    );
    world.pass(1);
    world.fetch(&["q"], "w");
    world.ack("jid-00001", "w");
    world.pass(7 * 86_400 - 2);
    assert_eq!(counts(&world), (0, 0, 1));
    world.pass(2);
    assert_eq!(groups(&world), []);
}

#[test]
fn operators_move_jobs_of_groups() {
    let mut world = World::new();
    for n in 1..=5 {
        fail(&mut world, &format!("jid-0000{n}"), json!({}), ("E", "m"));
    }
    let named = |jids: &[&str]| Some(jobs_named(jids));
    world.ok(change_op(
        MutationVerb::Kill,
        RETRIES,
        named(&["jid-00001", "jid-00002"]),
    ));
    assert_eq!(counts(&world), (3, 2, 5));
    world.ok(change_op(
        MutationVerb::Requeue,
        DEAD,
        named(&["jid-00001"]),
    ));
    assert_eq!(counts(&world), (3, 1, 5));
    // It is with its queue now, and keeps its failure.
    world.ok(change_op(
        MutationVerb::Kill,
        Place::Queue("q".into()),
        None,
    ));
    assert_eq!(counts(&world), (3, 2, 5));
    world.ok(change_op(
        MutationVerb::Discard,
        RETRIES,
        named(&["jid-00003"]),
    ));
    assert_eq!(counts(&world), (2, 2, 5));
    world.ok(change_op(MutationVerb::Clear, DEAD, None));
    assert_eq!(counts(&world), (2, 0, 5));
    assert_eq!(group(&world).forget_at, None);
    world.ok(change_op(MutationVerb::Clear, RETRIES, None));
    assert_eq!(counts(&world), (0, 0, 5));
    assert!(group(&world).forget_at.is_some());
    // What was cleared leaves nothing more behind when it is swept.
    world.tick(Duty::Sweep);
    assert_eq!(counts(&world), (0, 0, 5));
    world.ok(Op::Flush);
    assert_eq!(groups(&world), []);
}

#[test]
fn a_job_killed_before_it_ever_failed_is_in_a_group_without_an_error() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"jobtype": "Mail"}));
    world.ok(change_op(
        MutationVerb::Kill,
        Place::Queue("q".into()),
        None,
    ));
    let group = group(&world);
    assert_eq!(
        (&*group.jobtype, &*group.errtype, &*group.pattern),
        ("Mail", "", "")
    );
    assert_eq!((group.dead, group.failures), (1, 1));
}

#[test]
fn dead_jobs_that_leave_are_counted_no_more() {
    let mut world = World::with_rules(Rules {
        dead_jobs_max: 2,
        dead_ttl_secs: 3_600,
        ..Rules::default()
    });
    for n in 1..=4 {
        fail(
            &mut world,
            &format!("jid-0000{n}"),
            json!({"retry": -1}),
            ("E", "m"),
        );
    }
    assert_eq!(counts(&world), (0, 2, 4));
    world.pass(3_601);
    assert_eq!(counts(&world), (0, 0, 4));
}

#[test]
fn a_lost_reservation_and_a_poison_pill_have_groups() {
    let mut world = World::new();
    world.push("jid-00001", "q", json!({"reserve_for": 60, "retry": -1}));
    world.fetch(&["q"], "w");
    world.pass(61);
    let group = group(&world);
    assert_eq!((&*group.errtype, group.dead), ("ReservationExpired", 1));
    assert_eq!(group.workers, ["w".into()]);
}

#[test]
fn beyond_the_limit_a_group_without_jobs_makes_room_and_then_all_others_are_one() {
    let mut world = World::new();
    let word = |n: usize| -> String {
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        [n, n / 26, n / 676].map(letter).iter().collect()
    };
    let more = || json!({"retry": -1});
    for n in 0..1_000 {
        let jid = format!("jid-{n:05}");
        fail(&mut world, &jid, more(), ("E", &word(n)));
    }
    assert_eq!(groups(&world).len(), 1_000);
    for n in [1_000, 1_001] {
        fail(&mut world, &format!("jid-{n:05}"), more(), ("E", &word(n)));
    }
    let others = |world: &World| world.reader().failure(FailureId::OTHERS).unwrap();
    assert_eq!(groups(&world).len(), 1_001);
    assert_eq!(others(&world).map(|group| group.dead), Some(2));
    // Known ones are counted by themselves still.
    fail(&mut world, "jid-known", more(), ("E", &word(0)));
    assert_eq!(others(&world).map(|group| group.dead), Some(2));
    // Two jobs leave the same group, and one the others.
    let leaving = jobs_named(&["jid-00000", "jid-known", "jid-01000"]);
    world.ok(change_op(MutationVerb::Discard, DEAD, Some(leaving)));
    fail(&mut world, "jid-newer", more(), ("E", &word(1_002)));
    let found = groups(&world);
    assert_eq!(found.len(), 1_001);
    let is_there = |n: usize| found.iter().any(|group| *group.pattern == *word(n));
    assert!(is_there(1_002) && !is_there(0) && !is_there(1_001));
    assert_eq!(others(&world).map(|group| group.dead), Some(1));
}

#[test]
fn failure_under_a_clock_that_was_ahead_is_not_the_latest_for_ever() {
    for ahead_secs in [3 * 3_600, 3 * 86_400] {
        let mut world = World::new();
        fail(&mut world, "jid-00001", json!({}), ("E", "at 1"));
        world.clock_set_secs = ahead_secs;
        fail(&mut world, "jid-00002", json!({}), ("E", "at 2"));
        world.clock_set_secs = 0;
        world.now = world.now.plus_secs(60);
        fail(&mut world, "jid-00003", json!({}), ("E", "at 3"));
        let group = group(&world);
        assert_eq!((&*group.example, group.last_at), ("at 3", world.now));
        let latest = *group.hours.until(world.now).last().unwrap();
        // What the hours of the last day say is lost, if that was more than a day ago by that clock.
        assert_eq!(latest, if ahead_secs < 86_400 { 2 } else { 1 });
        assert_eq!((group.retries, group.failures), (3, 3));
    }
}

#[test]
fn clock_that_is_set_back_a_little_makes_no_failure_the_latest() {
    let mut world = World::new();
    fail(&mut world, "jid-00001", json!({}), ("E", "at 1"));
    let last_at = group(&world).last_at;
    world.clock_set_secs = -4;
    fail(&mut world, "jid-00002", json!({}), ("E", "at 2"));
    assert_eq!(
        (group(&world).last_at, group(&world).failures),
        (last_at, 2)
    );
}

#[test]
fn groups_are_counted_right_whatever_becomes_of_them() {
    let mut world = World::new();
    let word = |n: usize| -> String {
        let letter = |n: usize| char::from(b'a' + u8::try_from(n % 26).unwrap());
        [n, n / 26, n / 676].map(letter).iter().collect()
    };
    let mut next = 0;
    let mut fill = |world: &mut World, groups: usize| {
        for n in next..next + groups {
            let more = json!({"retry": -1});
            fail(world, &format!("jid-{n:05}"), more, ("E", &word(n)));
        }
        next += groups;
    };
    let count = |world: &World| groups(world).len();
    fill(&mut world, 3);
    // One that never came to be.
    world.push("jid-never", "q", json!({}));
    world.fetch(&["q"], "w");
    let ticket = world.next_ticket();
    let op = World::fail_op("jid-never", "w");
    world.try_slice(&[Request { ticket, op }], false).unwrap();
    fill(&mut world, 2);
    world.ok(Op::Flush);
    assert_eq!(count(&world), 0);
    // All but the last two are empty after this, and forgotten after a week.
    fill(&mut world, 500);
    let all = change_op(MutationVerb::Discard, DEAD, None);
    world.ok(all);
    fill(&mut world, 2);
    world.pass(8 * 86_400);
    assert_eq!(count(&world), 2);
    fill(&mut world, 1_000);
    // Only the one for all others is beyond the limit, whoever counts.
    assert_eq!(count(&world), 1_001);
    world.crash();
    fill(&mut world, 3);
    assert_eq!(count(&world), 1_001);
}

#[test]
fn texts_of_a_group_are_cut() {
    let mut world = World::new();
    let long = "w\u{e4}rme ".repeat(3_000);
    let jobtype = "T".repeat(1_000);
    fail(
        &mut world,
        "jid-00001",
        json!({"jobtype": jobtype}),
        (&long, &long),
    );
    for n in 0..9 {
        let jid = format!("jid-1000{n}");
        world.push(&jid, "q", json!({"jobtype": jobtype}));
        let wid = format!("w{n}{long}");
        world.fetch(&["q"], &wid);
        fail_again(&mut world, &jid, &wid, (&long, &long));
    }
    let group = group(&world);
    let texts = [
        &group.jobtype,
        &group.errtype,
        &group.pattern,
        &group.example,
    ];
    assert!(
        texts.iter().all(|text| (90..=500).contains(&text.len())),
        "{texts:?}"
    );
    assert_eq!(group.workers.len(), 5);
    assert!(group.workers[4].starts_with("w8") && group.workers[4].len() <= 200);
}

#[test]
fn jobs_that_are_moved_or_edited_stay_in_a_group() {
    use workmill_engine::{Change, ChangeVerb, JobEdit};
    use workmill_proto::Job;
    let mut world = World::new();
    fail(
        &mut world,
        "jid-00001",
        json!({"jobtype": "One"}),
        ("E", "m"),
    );
    let named = |world: &World| {
        let jobs = world
            .reader()
            .jobs(&RETRIES, None, Bounds::of_rows(1))
            .unwrap();
        let job = jobs.items.into_iter().next().unwrap();
        (vec![(RETRIES, job.key)], job.job.unwrap().body)
    };
    let (jobs, _) = named(&world);
    let moved = Change::of_jobs(ChangeVerb::move_to("other").unwrap(), jobs).unwrap();
    world.run(Op::change(moved));
    assert_eq!(counts(&world), (1, 0, 1));
    let (jobs, body) = named(&world);
    let text = String::from_utf8(body.clone())
        .unwrap()
        .replace("\"One\"", "\"Two\"");
    let edit = JobEdit::new(body, Job::parse(text.as_bytes()).unwrap(), false);
    let edited = Change::of_jobs(ChangeVerb::Edit(Arc::new(edit)), jobs).unwrap();
    world.run(Op::change(edited));
    let found: Vec<(Box<str>, u64)> = groups(&world)
        .into_iter()
        .map(|group| (group.jobtype, group.retries))
        .collect();
    assert_eq!(found, [("One".into(), 0), ("Two".into(), 1)]);
}

#[test]
fn jobs_of_an_older_server_are_put_into_groups_in_slices() {
    const JOBS: usize = 600;
    let mut world = World::new();
    fail(&mut world, "jid-dead1", json!({"retry": -1}), ("E", "m 1"));
    fail(&mut world, "jid-retry", json!({}), ("E", "m 2"));
    let failed_at = world.now;
    world.now = world.now.plus_secs(3_600);
    let first = EntryKey {
        set: SetName::Retries,
        at: SetTime::retries(workmill_proto::SteadyTime::MIN),
        serial: i64::MIN,
    };
    world.transact(|tx| {
        // As that server has left them.
        for set in [SetName::Retries, SetName::Dead] {
            let entry = tx.entries(set, None, SetTime::MAX, 1).unwrap().remove(0);
            let record = JobRecord {
                failure: None,
                ..entry.job.unwrap()
            };
            tx.remove_entries(&[entry.key]).unwrap();
            let copies = vec![(entry.key.at, record); if set == SetName::Dead { JOBS } else { 1 }];
            tx.insert_entries(set, &copies).unwrap();
        }
        let ids = tx.failure_ids().unwrap();
        tx.remove::<FailureGroup>(&ids).unwrap();
        tx.put(&[((), Ungrouped { after: first })]).unwrap();
    });
    assert_eq!(groups(&world), []);
    // One that fails meanwhile is counted from the start; one that leaves before its turn never was.
    fail(&mut world, "jid-later", json!({}), ("E", "m 3"));
    assert_eq!(counts(&world), (1, 0, 1));
    world.forget_engine();
    let ticket = world.next_ticket();
    let op = Op::Tick(Duty::Sweep);
    let mut rest = vec![Request { ticket, op }];
    let mut slices = 0;
    while !rest.is_empty() {
        rest = world.slice(&rest);
        slices += 1;
    }
    assert!(slices > 3, "{slices}");
    let group = group(&world);
    assert_eq!((group.retries, group.dead), (2, JOBS as u64));
    assert_eq!((group.first_at, group.last_at), (failed_at, world.now));
    assert_eq!(world.reader().ungrouped().unwrap(), None);
    world.ok(change_op(MutationVerb::Discard, set(SetName::Dead), None));
    assert_eq!(self::group(&world).dead, 0);
}
