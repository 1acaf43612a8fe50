//! Ticks of cron entries that are done.

use workmill_proto::Timestamp;

use super::Fixture;
use super::steps::*;
use crate::reading::Bounds;
use crate::{CronDefinition, CronTick, PastRun, PastRuns, Reading as _, Store, TrackState, Tx};

pub(super) fn tick(name: &str, secs: i64) -> (Box<str>, CronTick) {
    let tick = CronTick {
        at: at(secs),
        paused_since: None,
    };
    (name.into(), tick)
}

fn ticks(store: &mut impl Store, names: &[&str]) -> Vec<Option<Timestamp>> {
    let names: Vec<Box<str>> = names.iter().map(|&name| name.into()).collect();
    let found: Vec<Option<CronTick>> = look(store, |tx| tx.get(&names).unwrap());
    found.into_iter().map(|tick| Some(tick?.at)).collect()
}

fn note(store: &mut impl Store, name: &str, secs: i64) {
    change(store, |tx| tx.put(&[tick(name, secs)]).unwrap());
}

pub(super) fn ticks_are_noted_by_name<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert_eq!(ticks(&mut store, &["a"]), [None]);
    change(&mut store, |tx| {
        tx.put(&[tick("a", 1), tick("Mail */5 * * * *", 2)])
            .unwrap();
        assert_eq!(tx.get(&["a".into()]).unwrap(), [Some(tick("a", 1).1)]);
    });
    assert_eq!(
        ticks(&mut store, &["Mail */5 * * * *", "A", "a", ""]),
        [Some(at(2)), None, Some(at(1)), None]
    );
    assert_eq!(ticks(&mut store, &[]), []);
    forget::<CronTick>(&mut store, "A");
    forget::<CronTick>(&mut store, "a");
    assert_eq!(
        ticks(&mut store, &["Mail */5 * * * *", "a"]),
        [Some(at(2)), None]
    );
}

pub(super) fn a_later_note_takes_the_place_of_an_earlier_one<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for secs in [1, 2] {
        note(&mut store, "a", secs);
    }
    assert_eq!(ticks(&mut store, &["a"]), [Some(at(2))]);
}

pub(super) fn notes_of_ticks_survive_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    note(&mut store, "a", 1);
    drop(store);
    let mut store = fixture.open();
    assert_eq!(ticks(&mut store, &["a"]), [Some(at(1))]);
}

pub(super) fn a_paused_entry_stays_paused_after_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (name, tick) = tick("a", 1);
    let paused = CronTick {
        paused_since: Some(at(7)),
        ..tick
    };
    change(&mut store, |tx| tx.put(&[(name.clone(), paused)]).unwrap());
    drop(store);
    let mut store = fixture.open();
    let found = look(&mut store, |tx| {
        tx.get(std::slice::from_ref(&name)).unwrap()
    });
    assert_eq!(found, [Some(paused)]);
    let reader = store.reader();
    let read = reader.cron_ticks(None, Bounds::of_rows(9)).unwrap();
    assert_eq!(read.items, [(name, paused)]);
}

pub(super) fn a_flush_keeps_the_notes_of_ticks<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    note(&mut store, "a", 1);
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 100);
    assert_eq!(ticks(&mut store, &["a"]), [Some(at(1))]);
}

pub(super) fn a_dropped_transaction_notes_no_tick<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    look(&mut store, |tx| tx.put(&[tick("a", 1)]).unwrap());
    assert_eq!(ticks(&mut store, &["a"]), [None]);
}

fn definition(schedule: &str, timezone: Option<&str>) -> CronDefinition {
    CronDefinition {
        schedule: schedule.into(),
        timezone: timezone.map(Into::into),
        catch_up: timezone.is_some(),
        job: br#"{"jobtype":"T","args":[12345678901234567890123]}"#
            .as_slice()
            .into(),
        changed_at: at(3),
        changed_by: "anna".into(),
    }
}

pub(super) fn definitions_come_back_whole_in_the_order_of_their_names<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (
        definition("@daily", None),
        definition("0 3 * * *", Some("Asia/Tokyo")),
    );
    change(&mut store, |tx| {
        tx.put(&[("b".into(), a.clone()), ("a".into(), a.clone())])
            .unwrap();
        tx.put(&[("b".into(), b.clone())]).unwrap();
        let names = ["a", "b", "c"].map(Box::from);
        let found: Vec<Option<CronDefinition>> = tx.get(&names).unwrap();
        assert_eq!(found, [Some(a.clone()), Some(b.clone()), None]);
    });
    let reader = store.reader();
    let first = reader.cron_definitions(None, Bounds::of_rows(1)).unwrap();
    assert_eq!(first.items, [("a".into(), Ok(a))]);
    let rest = reader.cron_definitions(first.next.as_deref(), Bounds::of_rows(9));
    assert_eq!(rest.unwrap().items, [("b".into(), Ok(b))]);
    forget::<CronDefinition>(&mut store, "b");
    look(&mut store, |tx| {
        tx.put(&[("c".into(), definition("@daily", None))]).unwrap();
    });
    let left = reader.cron_definitions(None, Bounds::of_rows(9)).unwrap();
    let names: Vec<_> = left.items.iter().map(|(name, _)| &**name).collect();
    assert_eq!(names, ["a"]);
}

pub(super) fn past_runs_come_back_as_they_were_written_last<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let run = |secs: i64, state| PastRun {
        at: at(secs),
        jid: Some(format!("jid-{secs:05}").into()),
        state,
        started_at: (state == TrackState::Working).then(|| at(secs + 1)),
        changed_at: at(secs + 1),
    };
    let first = PastRuns(vec![run(3, TrackState::Enqueued)]);
    let second = PastRuns(vec![
        run(9, TrackState::Working),
        run(3, TrackState::Success),
    ]);
    change(&mut store, |tx| {
        tx.put(&[("a".into(), first.clone()), ("b".into(), first.clone())])
            .unwrap();
        tx.put(&[("a".into(), second.clone())]).unwrap();
        let names = ["a", "b", "c"].map(Box::from);
        let found: Vec<Option<PastRuns>> = tx.get(&names).unwrap();
        assert_eq!(found, [Some(second.clone()), Some(first), None]);
    });
    forget::<PastRuns>(&mut store, "b");
    drop(store);
    let store = fixture.open();
    let found = ["a", "b"].map(|name| store.reader().past_runs(name).unwrap());
    assert_eq!(found, [Some(second), None]);
}

pub(super) fn definitions_outlive_a_flush_and_a_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let kept = definition("@daily", None);
    change(&mut store, |tx| {
        tx.put(&[("a".into(), kept.clone())]).unwrap();
    });
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 100);
    drop(store);
    let store = fixture.open();
    let found = store.reader().cron_definitions(None, Bounds::of_rows(9));
    assert_eq!(found.unwrap().items, [("a".into(), Ok(kept))]);
}
