//! Unit tests.

use workmill_store::Resolution;

use super::names::Names;
use super::*;
use crate::limits::{HISTORY_NAME_BYTES_MAX, HISTORY_SERIES_MAX, HISTORY_UNWRITTEN_MINUTES};

fn names() -> Names {
    let mut names = Names::default();
    names.seed(7);
    names
}

#[test]
fn series_is_found_again_by_names_and_by_number() {
    let mut names = names();
    let first = names.series("mail", "Send");
    for (queue, jobtype) in [("mail", "Receive"), ("mailS", "end"), ("", "mailSend")] {
        assert_ne!(names.series(queue, jobtype), first);
    }
    assert_eq!(names.series("mail", "Send"), first);
    assert_eq!(names.known(first.number()), Some(first));
    assert_eq!(names.of(first.index()), ("mail", "Send"));
    assert_eq!(names.known(0), None);
    assert_eq!(names.known(u64::MAX), None);
    assert_eq!(names.known(Series::OTHERS.number()), Some(Series::OTHERS));
}

#[test]
fn too_long_names_are_among_the_others_by_that_name_alone() {
    let mut names = names();
    let long = "x".repeat(HISTORY_NAME_BYTES_MAX + 1);
    let of_queue = names.series("mail", &long);
    assert_eq!(names.of(of_queue.index()), ("mail", workmill_store::OTHERS));
    assert_eq!(names.series("mail", &long), of_queue);
    let fits = &long[1..];
    let series = names.series("mail", fits);
    assert_eq!(names.of(series.index()), ("mail", fits));
    assert_eq!(names.series(&long, "Send"), Series::OTHERS);
}

#[test]
fn series_beyond_the_most_are_the_others_until_some_were_not_used() {
    let mut names = names();
    let made: Vec<Series> = (0..HISTORY_SERIES_MAX)
        .map(|n| names.series("q", &format!("t{n}")))
        .collect();
    assert!(!made.contains(&Series::OTHERS));
    assert_eq!(names.series("q", "new"), Series::OTHERS);
    names.forget_unused();
    assert_eq!(names.series("q", "new"), Series::OTHERS, "all were used");
    assert_eq!(names.series("q", "t0"), made[0]);
    assert_eq!(names.known(made[1].number()), Some(made[1]));
    names.forget_unused();
    let new = names.series("q", "new");
    assert_ne!(new, Series::OTHERS);
    assert_eq!(names.of(new.index()), ("q", "new"));
    assert_eq!(names.series("q", "t0"), made[0]);
    assert_eq!(names.known(made[1].number()), Some(made[1]));
    // Its place may be another one's by now.
    for gone in &made[2..] {
        assert_eq!(names.known(gone.number()), None);
    }
    assert_ne!(names.series("q", "t2"), Series::OTHERS);
}

/// What would be written, per minute: its number, and how many jobs were enqueued.
fn minutes(history: &mut History) -> Vec<(i64, u64)> {
    let slots = history.ledger.slots(&history.names);
    let minutes = slots
        .iter()
        .filter(|(key, _)| key.resolution == Resolution::Minute);
    minutes
        .map(|(key, slot)| (key.slot, slot.queues.sum().counts.enqueued))
        .collect()
}

/// A group that enqueues a job in a minute.
fn enqueue(history: &mut History, minute: i64) {
    history.begin(Resolution::Minute.start_of(minute), 1);
    let series = history.names.series("q", "t");
    history.note(series, Counted::Enqueued);
}

#[test]
fn each_minute_is_counted_apart_whatever_the_clock_does() {
    let mut history = History::default();
    for minute in [100, 101, 101, 5, 101, 9_000_000, 100] {
        enqueue(&mut history, minute);
        history.commit();
    }
    let expected = [(5, 1), (100, 2), (101, 3), (9_000_000, 1)];
    assert_eq!(minutes(&mut history), expected);
    assert_eq!(minutes(&mut history), expected, "nothing was written");
}

#[test]
fn few_minutes_are_remembered_as_long_as_nothing_is_written() {
    let mut history = History::default();
    for minute in 0..100 {
        enqueue(&mut history, minute);
        history.commit();
    }
    let minutes = minutes(&mut history);
    assert_eq!(minutes.len(), HISTORY_UNWRITTEN_MINUTES);
    assert_eq!(minutes.iter().map(|(_, count)| count).sum::<u64>(), 100);
}

#[test]
fn what_a_group_counts_that_is_rolled_back_is_not_counted() {
    let mut history = History::default();
    enqueue(&mut history, 1);
    history.commit();
    enqueue(&mut history, 1);
    history.roll_back();
    history.commit();
    assert_eq!(minutes(&mut history), [(1, 1)]);
    enqueue(&mut history, 1);
    history.forget();
    history.roll_back();
    history.commit();
    assert_eq!(minutes(&mut history), [(1, 1)]);
    enqueue(&mut history, 1);
    history.forget();
    enqueue(&mut history, 2);
    history.commit();
    assert_eq!(minutes(&mut history), [(2, 1)]);
}
