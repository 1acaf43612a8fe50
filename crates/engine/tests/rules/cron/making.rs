//! Entries that are made, replaced and deleted while the server runs.

use workmill_engine::{CronOp, CronPut, CronRun, CronSwitch, read_schedule};
use workmill_proto::CustomReading;
use workmill_store::reading::Bounds;
use workmill_store::{CronDefinition, Operator, Reading as _};

use super::*;
use crate::world::read_utc;

fn definition(schedule: &str, queue: &str) -> CronDefinition {
    CronDefinition {
        schedule: schedule.into(),
        timezone: None,
        catch_up: false,
        job: json!({"jobtype": "Thing", "queue": queue})
            .to_string()
            .as_bytes()
            .into(),
        changed_at: Timestamp::default(),
        changed_by: "anna".into(),
    }
}

fn put_definition(name: &str, definition: CronDefinition, only_new: bool) -> Op {
    let entry = read_utc(&definition).unwrap().into();
    let name = name.into();
    let put = CronPut {
        name,
        definition,
        entry,
        only_new,
    };
    Op::Cron(CronOp::Put(put).into())
}

fn put(name: &str, schedule: &str, queue: &str) -> Op {
    put_definition(name, definition(schedule, queue), false)
}

fn delete(name: &str) -> Op {
    Op::Cron(CronOp::Delete(name.into()).into())
}

fn none() -> Arc<CronTable> {
    Arc::default()
}

fn made(world: &World) -> Vec<String> {
    let slice = world
        .reader()
        .cron_definitions(None, Bounds::of_rows(9))
        .unwrap();
    slice
        .items
        .iter()
        .map(|(name, _)| name.to_string())
        .collect()
}

fn noted(world: &World) -> Vec<String> {
    let slice = world.reader().cron_ticks(None, Bounds::of_rows(9)).unwrap();
    slice
        .items
        .iter()
        .map(|(name, tick)| format!("{name} {}", tick.at))
        .collect()
}

#[test]
fn made_entry_fires_at_each_tick_once_also_over_restarts_and_beside_the_configuration() {
    let table = table(&[("p", "*/10 * * * *", false, json!({}))]);
    let mut world = world(&table);
    world.ok(put("a", "*/10 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:09:59", &table), 0);
    assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
    world.crash();
    assert_eq!(size_at(&mut world, "10:10:01", &table), 1);
    assert_eq!(size_at(&mut world, "10:20:00", &table), 2);
    assert_eq!(world.size("p"), 2);
    // Another configuration changes nothing of it.
    assert_eq!(size_at(&mut world, "10:30:00", &none()), 3);
    world.ok(Op::Flush);
    assert_eq!(size_at(&mut world, "10:40:00", &none()), 1);
}

#[test]
fn made_entry_counts_from_when_it_was_made_also_if_its_first_tick_comes_before_the_next_look() {
    let mut world = world(&none());
    set_time(&mut world, "10:09:59.9");
    world.ok(put("a", "*/10 * * * *", "q"));
    // The look after it is late, or the server is killed before it.
    assert_eq!(size_at(&mut world, "10:10:00.2", &none()), 1);
    set_time(&mut world, "10:10:00.3");
    world.ok(put("b", "*/10 * * * *", "p"));
    world.down(30);
    fire(&mut world, &none());
    assert_eq!(world.size("p"), 0);
    assert_eq!(world.size("q"), 1);
    set_time(&mut world, "10:19:59");
    world.down(10);
    fire(&mut world, &none());
    assert_eq!((world.size("p"), world.size("q")), (1, 2));
}

#[test]
fn what_is_due_runs_as_it_was_when_its_entry_is_replaced_or_deleted() {
    for then in [
        put("a", "@daily", "p"),
        put("a", "*/10 * * * *", "p"),
        delete("a"),
    ] {
        let mut world = world(&none());
        world.ok(put("a", "*/10 * * * *", "q"));
        fire(&mut world, &none());
        set_time(&mut world, "10:10:00.1");
        world.ok(then.clone());
        assert_eq!(size_at(&mut world, "10:10:00.2", &none()), 1, "{then:?}");
        assert_eq!(world.size("p"), 0, "{then:?}");
        world.crash();
        assert_eq!(size_at(&mut world, "10:19:59", &none()), 1, "{then:?}");
        assert_eq!(world.size("p"), 0, "{then:?}");
    }
}

#[test]
fn entry_that_is_saved_with_the_same_schedule_keeps_its_next_tick() {
    let mut world = world(&none());
    world.ok(put("a", "@every 1h", "q"));
    fire(&mut world, &none());
    for time in ["10:20:00", "10:40:00", "10:59:59"] {
        set_time(&mut world, time);
        world.ok(put("a", "@every 1h", "q"));
        fire(&mut world, &none());
    }
    assert_eq!(size_at(&mut world, "11:00:00", &none()), 1);
    set_time(&mut world, "11:30:00");
    world.ok(put("a", "@every 2h", "q"));
    assert_eq!(size_at(&mut world, "13:29:59", &none()), 1);
    assert_eq!(size_at(&mut world, "13:30:00", &none()), 2);
}

#[test]
fn entry_stays_paused_when_it_is_replaced_and_not_when_it_is_made_again() {
    let mut world = world(&none());
    world.ok(put("a", "*/10 * * * *", "q"));
    let name = "a".into();
    world.ok(Op::Cron(
        CronOp::Switch(CronSwitch { name, paused: true }).into(),
    ));
    world.ok(put("a", "*/5 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 0);
    world.ok(delete("a"));
    assert_eq!(noted(&world), [""; 0]);
    world.ok(put("a", "*/5 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:15:00", &none()), 1);
}

#[test]
fn entry_that_is_made_again_runs_also_if_it_was_paused_and_deleted_while_cron_was_off() {
    let off = Arc::new(CronTable::off());
    let mut world = world(&off);
    world.ok(put("a", "*/10 * * * *", "q"));
    let name = "a".into();
    world.ok(Op::Cron(
        CronOp::Switch(CronSwitch { name, paused: true }).into(),
    ));
    world.ok(delete("a"));
    world.ok(put("a", "*/10 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:05:00", &none()), 0);
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 1);
}

#[test]
fn job_of_an_entry_that_is_wanted_now_is_pushed_beside_its_ticks_and_told_of_as_such() {
    let mut world = world(&none());
    world.ok(put("a", "*/10 * * * *", "q"));
    let anna: Arc<Operator> = Operator::new("anna", "operator", "10.0.0.7").into();
    let run = |queue: &str| {
        let entry = read_utc(&definition("@daily", queue)).unwrap();
        let job = entry.job("job-0001".into(), Timestamp::default(), CustomReading::ALL);
        let (name, job) = ("a".into(), job.unwrap());
        Op::Cron(CronOp::Run(CronRun { name, job }).into()).by(&anna)
    };
    world.ok(run("q"));
    assert_eq!(world.size("q"), 1);
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 2);
    let log = world.audit_log();
    let told = log.iter().map(|entry| (&*entry.action, &*entry.target));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [("cron.run", "cron entry a: job job-0001 to queue q")]
    );
    // As of a PUSH, a queue that it makes is charged to who asks for it.
    let Op::Act(action) = run("q").asked_by(7) else {
        panic!("no action");
    };
    let Op::Cron(op) = &action.op else {
        panic!("no cron");
    };
    assert!(matches!(&**op, CronOp::Run(run) if run.job.client == 7));
}

#[test]
fn deleted_entry_is_gone_for_good_and_leaves_nothing() {
    let mut world = world(&none());
    world.ok(put("a", "*/10 * * * *", "q"));
    world.ok(delete("a"));
    assert_eq!((made(&world), noted(&world)), (vec![], vec![]));
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 0);
    world.restart();
    assert_eq!(size_at(&mut world, "10:20:00", &none()), 0);
    let text = world.refused(delete("a"));
    assert!(text.contains("no cron entry of this name"), "{text}");
}

#[test]
fn name_of_the_configuration_cannot_be_taken() {
    let table = one("*/10 * * * *", false);
    let mut world = world(&table);
    let text = world.refused(put("q", "* * * * *", "p"));
    assert!(text.contains("the configuration has"), "{text}");
    assert_eq!(made(&world), [""; 0]);
    let text = world.refused(delete("q"));
    assert!(
        text.contains("no cron entry of this name was made"),
        "{text}"
    );
    world.ok(put("a", "@daily", "p"));
    let text = world.refused(put_definition("a", definition("@hourly", "p"), true));
    assert!(text.contains("already"), "{text}");
}

#[test]
fn configuration_that_brings_the_name_later_shadows_the_made_one_for_as_long_as_it_has_it() {
    let mut world = world(&none());
    world.ok(put("q", "*/10 * * * *", "p"));
    fire(&mut world, &none());
    let file = one("*/10 * * * *", false);
    assert_eq!(size_at(&mut world, "10:10:00", &file), 1);
    assert_eq!(world.size("p"), 0);
    world.restart();
    assert_eq!(size_at(&mut world, "10:20:00", &file), 2);
    assert_eq!((world.size("p"), made(&world)), (0, vec!["q".to_owned()]));
    // It is free again.
    assert_eq!(size_at(&mut world, "10:30:00", &none()), 2);
    assert_eq!(world.size("p"), 1);
    assert_eq!(size_at(&mut world, "10:40:00", &file), 3);
    // What is kept of its ticks is about the other one.
    let before = noted(&world);
    world.ok(delete("q"));
    assert_eq!(noted(&world), before);
    assert_eq!(size_at(&mut world, "10:40:01", &file), 3);
    assert_eq!(size_at(&mut world, "10:50:00", &file), 4);
}

#[test]
fn nothing_that_was_made_runs_while_cron_is_off() {
    let off = Arc::new(CronTable::off());
    let mut world = world(&off);
    world.ok(put("a", "*/10 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:10:00", &off), 0);
    assert_eq!(size_at(&mut world, "10:15:00", &none()), 0);
    assert_eq!(size_at(&mut world, "10:20:00", &none()), 1);
    assert_eq!(size_at(&mut world, "10:30:00", &off), 1);
}

#[test]
fn made_entry_catches_up_with_a_downtime_and_not_with_the_time_before_it_was_made() {
    let mut world = world(&none());
    let catches_up = CronDefinition {
        catch_up: true,
        ..definition("*/10 * * * *", "q")
    };
    set_time(&mut world, "10:15:00");
    world.ok(put_definition("a", catches_up, true));
    world.down(240);
    fire(&mut world, &none());
    assert_eq!(world.size("q"), 0);
    world.down(3_600);
    fire(&mut world, &none());
    assert_eq!(world.size("q"), 1);
}

#[test]
fn made_entry_follows_a_clock_that_is_set_back() {
    let mut world = world(&none());
    world.ok(put("a", "*/10 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 1);
    set_time(&mut world, "10:05:00");
    world.ok(put("a", "*/5 * * * *", "q"));
    // No tick fires twice.
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 1);
    assert_eq!(size_at(&mut world, "10:15:00", &none()), 2);
    assert_eq!(size_at(&mut world, "02:00:00", &none()), 2);
    world.ok(put("a", "*/4 * * * *", "q"));
    assert_eq!(size_at(&mut world, "02:04:00", &none()), 3);
}

#[test]
fn number_of_made_entries_is_bounded() {
    let mut world = world(&none());
    let names: Vec<String> = (0..1_000).map(|n| format!("e{n}")).collect();
    world.group(names.iter().map(|name| put(name, "@daily", "q")).collect());
    let text = world.refused(put("one-more", "@daily", "q"));
    assert!(text.contains("1000 cron entries"), "{text}");
    world.ok(put("e7", "@hourly", "q"));
    world.ok(delete("e8"));
    world.ok(put("one-more", "@daily", "q"));
}

#[test]
fn group_that_fails_leaves_entry_and_ticks_as_they_were() {
    let mut world = world(&none());
    world.ok(put("a", "*/10 * * * *", "q"));
    fire(&mut world, &none());
    set_time(&mut world, "10:10:00.1");
    for op in [put("a", "@daily", "p"), delete("a")] {
        let ticket = world.next_ticket();
        world.try_slice(&[Request { ticket, op }], false).unwrap();
    }
    assert_eq!(made(&world), ["a"]);
    assert_eq!(size_at(&mut world, "10:10:00.2", &none()), 1);
    assert_eq!(size_at(&mut world, "10:20:00", &none()), 2);
}

#[test]
fn entry_that_cannot_be_read_any_more_is_kept_and_can_be_replaced() {
    let mut world = world(&none());
    let lost = CronDefinition {
        timezone: Some("Lost/Zone".into()),
        ..definition("*/10 * * * *", "q")
    };
    world.transact(|tx| {
        workmill_store::Tx::put(tx, &[("a".into(), lost.clone())]).unwrap();
    });
    world.restart();
    assert_eq!(size_at(&mut world, "10:10:00", &none()), 0);
    let text = world.refused(put_definition("a", definition("@daily", "q"), true));
    assert!(text.contains("already"), "{text}");
    world.ok(put("a", "*/10 * * * *", "q"));
    assert_eq!(size_at(&mut world, "10:20:00", &none()), 1);
    assert!(read_schedule("@daily", Some("Lost/Zone"), &mut |_| None).is_err());
}

#[test]
fn audit_log_tells_what_was_saved_and_deleted() {
    let mut world = world(&none());
    let anna: Arc<Operator> = Operator::new("anna", "operator", "10.0.0.7").into();
    let zoned = CronDefinition {
        timezone: Some("UTC".into()),
        ..definition("0 3 * * *", "q")
    };
    world.ok(put_definition("a", zoned, true).by(&anna));
    world.refused(delete("b").by(&anna));
    world.ok(delete("a").by(&anna));
    let log = world.audit_log();
    let told: Vec<_> = log
        .iter()
        .map(|entry| (&*entry.action, &*entry.target))
        .collect();
    assert_eq!(
        told,
        [
            (
                "cron.save",
                "cron entry a: 0 3 * * * in UTC, job Thing to queue q"
            ),
            ("cron.delete", "cron entry a"),
        ]
    );
}
