//! Entries that an operator pauses.

use workmill_engine::{CronOp, CronSwitch};
use workmill_store::reading::Bounds;
use workmill_store::{AuditState, Operator, Reading as _};

use super::*;

fn switch(paused: bool) -> Op {
    let name = "q".into();
    Op::Cron(CronOp::Switch(CronSwitch { name, paused }).into())
}

#[test]
fn the_ticks_of_a_paused_entry_pass_without_a_job() {
    for catch_up in [false, true] {
        let table = one("*/10 * * * *", catch_up);
        let mut world = world(&table);
        assert_eq!(size_at(&mut world, "10:10:00", &table), 1);
        world.ok(switch(true));
        assert_eq!(size_at(&mut world, "10:20:00", &table), 1, "{catch_up}");
        world.ok(switch(false));
        assert_eq!(size_at(&mut world, "10:29:59", &table), 1, "{catch_up}");
        assert_eq!(size_at(&mut world, "10:30:00", &table), 2, "{catch_up}");
    }
}

#[test]
fn a_paused_entry_stays_paused_over_restarts_and_new_schedules() {
    let table = one("*/10 * * * *", true);
    let mut world = world(&table);
    world.ok(switch(true));
    world.restart();
    assert_eq!(size_at(&mut world, "10:25:00", &table), 0);
    let other = one("*/5 * * * *", true);
    assert_eq!(size_at(&mut world, "10:30:00", &other), 0);
    // The clock is set back by hours, after which all ticks are found anew.
    assert_eq!(size_at(&mut world, "02:00:00", &other), 0);
    assert_eq!(size_at(&mut world, "02:05:00", &other), 0);
    world.ok(switch(false));
    assert_eq!(size_at(&mut world, "02:10:00", &other), 1);
}

#[test]
fn what_is_due_while_it_is_paused_or_resumed_is_not_made_up_for() {
    let table = one("*/10 * * * *", true);
    let mut world = world(&table);
    set_time(&mut world, "10:10:00.4");
    world.ok(switch(true));
    set_time(&mut world, "10:20:00.4");
    world.ok(switch(false));
    assert_eq!(size_at(&mut world, "10:20:01", &table), 0);
    assert_eq!(size_at(&mut world, "10:30:00", &table), 1);
}

#[test]
fn an_interval_starts_over_when_it_is_resumed() {
    let table = one("@every 1h", false);
    let mut world = world(&table);
    assert_eq!(size_at(&mut world, "11:00:00", &table), 1);
    set_time(&mut world, "11:30:00");
    world.ok(switch(true));
    set_time(&mut world, "11:40:00");
    world.ok(switch(false));
    // As the page says, which counts from what is done.
    assert_eq!(size_at(&mut world, "12:39:59", &table), 1);
    assert_eq!(size_at(&mut world, "12:40:00", &table), 2);
}

#[test]
fn an_entry_can_be_paused_before_its_first_tick_and_twice() {
    let table = one("*/10 * * * *", false);
    let mut world = World::new();
    set_time(&mut world, "10:00:00");
    world.ok(switch(false));
    world.ok(switch(true));
    set_time(&mut world, "10:05:00");
    world.ok(switch(true));
    let ticks = world.reader().cron_ticks(None, Bounds::of_rows(9)).unwrap();
    let since = ticks.items[0].1.paused_since.unwrap();
    assert_eq!(since.to_string(), "2026-03-02T10:00:00Z");
    assert_eq!(size_at(&mut world, "10:10:00", &table), 0);
}

#[test]
fn the_audit_log_tells_who_paused_it() {
    let mut world = world(&one("*/10 * * * *", false));
    let anna = Operator::new("anna", "operator", "10.0.0.7").into();
    world.ok(switch(true).by(&anna));
    let log = world.audit_log();
    let [entry] = &*log else { panic!("{log:?}") };
    let told = (&*entry.action, &*entry.target, entry.changed, &entry.state);
    assert_eq!(told, ("cron.pause", "cron entry q", 1, &AuditState::Done));
}
