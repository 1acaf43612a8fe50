//! What can only be brought about from inside.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::StatementStatus;
use tempfile::TempDir;
use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::live_key::queue_key;
use super::load::QUEUES;
use super::snapshot::{JOBS, SqliteSnapshot};
use super::sql::Sql;
use super::*;
use crate::reading::Snapshots as _;
use crate::writer::{Poison, QUEUE_ID_MAX, key_at};
use crate::{
    JobKey, JobRecord, Lock, QUEUES_MAX, Reading as _, Release, Reservation, ReservationsOf,
    SetTime, Store, StoreError, Syncer, Totals, Tx, suite,
};

fn job(queue: &str, body_bytes: usize) -> JobRecord {
    JobRecord {
        body: vec![b'x'; body_bytes],
        ..suite::job("0123456789", queue)
    }
}

fn reservation(key: JobKey) -> Reservation {
    Reservation {
        key,
        jid: "0123456789".into(),
        wid: "w".into(),
        reserved_at: SteadyTime::from_micros(0),
        expires_at: SteadyTime::from_micros(60_000_000),
        has_features: false,
        connection: 0,
        series: 0,
    }
}

fn open(dir: &TempDir) -> SqliteStore {
    SqliteStore::open(dir.path(), Durability::Interval(Duration::from_secs(3_600))).unwrap()
}

fn push(store: &mut SqliteStore, jobs: &[&JobRecord]) -> Result<(), StoreError> {
    let mut tx = store.begin()?;
    tx.enqueue(jobs, Timestamp::from_micros(0))?;
    tx.commit()
}

fn totals(store: &mut SqliteStore) -> Totals {
    store.begin().unwrap().totals().unwrap()
}

#[test]
fn a_full_database_refuses_and_works_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("a", 10)]).unwrap();
    store
        .conn
        .pragma_update(None, "max_page_count", 80)
        .unwrap();
    let large = job("a", 20_000);
    let mut pushed = 1;
    let error = loop {
        match push(&mut store, &[&large, &large]) {
            Ok(()) => pushed += 2,
            Err(error) => break error,
        }
    };
    assert!(matches!(error, StoreError::Full(_)), "{error}");
    assert_eq!(totals(&mut store).queues["a"].size, pushed);
    // Room made by finishing jobs is used again.
    let mut tx = store.begin().unwrap();
    let keys: Vec<JobKey> = tx
        .claim("a", 3)
        .unwrap()
        .iter()
        .map(|(key, _)| *key)
        .collect();
    tx.finish(&keys).unwrap();
    tx.commit().unwrap();
    push(&mut store, &[&large, &large]).unwrap();
    drop(store);
    assert_eq!(totals(&mut open(&dir)).queues["a"].size, pushed - 1);
}

#[test]
fn a_failed_primitive_spoils_its_transaction() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    store
        .conn
        .pragma_update(None, "max_page_count", 20)
        .unwrap();
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a", 10)], Timestamp::from_micros(0))
        .unwrap();
    tx.enqueue(&[&job("a", 200_000)], Timestamp::from_micros(0))
        .unwrap_err();
    tx.enqueue(&[&job("a", 10)], Timestamp::from_micros(0))
        .unwrap_err();
    tx.commit().unwrap_err();
    assert_eq!(totals(&mut store), Totals::default());
}

#[test]
fn a_poisoned_store_refuses_to_begin() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    store.poison.set("first".into());
    store.poison.set("second".into());
    for _ in 0..2 {
        match store.begin().err() {
            Some(StoreError::Poisoned(reason)) => assert_eq!(reason, "first"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_store_poisoned_during_a_transaction_refuses_to_commit() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let poison = store.poison.clone();
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a", 10)], Timestamp::from_micros(0))
        .unwrap();
    poison.set("the sync failed".into());
    assert!(matches!(tx.commit(), Err(StoreError::Poisoned(_))));
    drop(store);
    assert_eq!(totals(&mut open(&dir)), Totals::default());
}

#[test]
fn only_what_is_finished_is_deleted_of_jobs_that_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("a", 10); 6]).unwrap();
    let mut tx = store.begin().unwrap();
    let keys: Vec<JobKey> = tx
        .claim("a", 5)
        .unwrap()
        .iter()
        .map(|(key, _)| *key)
        .collect();
    let reservations: Vec<_> = keys[..4].iter().map(|&key| reservation(key)).collect();
    tx.reserve(&reservations).unwrap();
    // Reserved, claimed, reserved, in no order; the third stays reserved, the sixth waits.
    tx.finish(&[keys[1], keys[4], keys[0], keys[3]]).unwrap();
    tx.commit().unwrap();
    let left = |table: &str| -> Vec<i64> {
        let mut statement = store
            .conn
            .prepare(&format!("SELECT key FROM {table} ORDER BY key"))
            .unwrap();
        let rows = statement.query_map((), |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(left("reservations"), [keys[2].0]);
    assert_eq!(left("jobs"), [keys[2].0, keys[4].0 + 1]);
}

/// Fails when it is run.
const FAILING: &str = "INSERT INTO meta VALUES ('schema', 1)";

/// Counted in steps of SQLite's machine: each row that is looked at takes several.
#[test]
fn heads_are_found_without_a_look_at_all_names_and_reserved_jobs() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let names: Vec<String> = (0..1_000).map(|n| format!("q{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tx = store.begin().unwrap();
    tx.set_paused(&names, true).unwrap();
    let one = job("a", 10);
    tx.enqueue(&vec![&one; 1_000], Timestamp::from_micros(1))
        .unwrap();
    let claimed = tx.claim("a", 999).unwrap();
    let held: Vec<_> = claimed.iter().map(|&(key, _)| reservation(key)).collect();
    tx.reserve(&held).unwrap();
    tx.commit().unwrap();
    let reader = store.reader();
    let steps = || {
        let heads = reader.heads(&["a"]).unwrap();
        assert_eq!(heads, [Some(Timestamp::from_micros(1))]);
        let count = |rows: &mut SqliteSnapshot<'_>| {
            Ok([QUEUES, JOBS].map(|text| {
                let statement = rows.conn.prepare_cached(text).unwrap();
                statement.reset_status(StatementStatus::VmStep)
            }))
        };
        reader.0.read(count).unwrap()
    };
    let [names_first, jobs] = steps();
    assert!(names_first > 1_000 && jobs < 100, "{names_first} {jobs}");
    let [names_again, jobs] = steps();
    assert!(names_again < 100 && jobs < 100, "{names_again} {jobs}");
}

#[test]
fn a_rollback_that_fails_poisons() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a", 10)], Timestamp::from_micros(0))
        .unwrap();
    tx.rows.statements.replace(Sql::Rollback, FAILING);
    drop(tx);
    assert!(matches!(store.begin().err(), Some(StoreError::Poisoned(_))));
}

#[test]
fn a_commit_that_fails_poisons() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("a", 10)], Timestamp::from_micros(0))
        .unwrap();
    tx.rows.statements.replace(Sql::Commit, FAILING);
    assert!(matches!(tx.commit(), Err(StoreError::Poisoned(_))));
    assert!(matches!(store.begin().err(), Some(StoreError::Poisoned(_))));
    drop(store);
    assert_eq!(totals(&mut open(&dir)), Totals::default());
}

#[test]
fn a_transaction_without_changes_does_not_begin_one_of_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("a", 10)]).unwrap();
    let mut tx = store.begin().unwrap();
    tx.rows.statements.replace(Sql::Begin, FAILING);
    tx.rows.statements.replace(Sql::Commit, FAILING);
    assert!(tx.claim("unknown", 1).unwrap().is_empty());
    tx.finish(&[JobKey(1)]).unwrap();
    tx.set_paused(&["a"], false).unwrap();
    tx.clear_set(SetName::Dead).unwrap();
    assert!(!tx.sweep(10).unwrap().more);
    assert_eq!(tx.get::<Lock>(&[[0; 32]]).unwrap(), [None]);
    assert!(tx.due::<Lock>(SteadyTime::MAX, 9).unwrap().is_empty());
    tx.put::<Lock>(&[]).unwrap();
    tx.commit().unwrap();
}

#[test]
fn the_limit_of_clients_does_not_hold_up_jobs_that_move() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("gone", 10)]).unwrap();
    let mut tx = store.begin().unwrap();
    let key = tx.claim("gone", 1).unwrap()[0].0;
    tx.reserve(&[reservation(key)]).unwrap();
    tx.remove_queues(&["gone"]).unwrap();
    let names: Vec<String> = (0..QUEUES_MAX).map(|n| format!("q{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    tx.set_paused(&names, true).unwrap();
    tx.commit().unwrap();
    let mut tx = store.begin().unwrap();
    assert_eq!(
        tx.queue_standings(&["gone"]).unwrap(),
        [crate::QueueStanding::Refused]
    );
    tx.release(&[Release { key, record: None }]).unwrap();
    tx.commit().unwrap();
    push(&mut store, &[&job("another", 10)]).unwrap();
    drop(store);
    let queues = totals(&mut open(&dir)).queues;
    assert_eq!(queues.len(), QUEUES_MAX + 2);
    assert_eq!((queues["gone"].size, queues["another"].size), (1, 1));
}

#[test]
fn a_queue_without_a_number_is_refused_and_the_others_work_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("a", 10)]).unwrap();
    let (from, to) = (queue_key(1), queue_key(QUEUE_ID_MAX));
    let last = format!("UPDATE live SET key = {to} WHERE key = {from}");
    let moved = format!("UPDATE jobs SET key = {}", key_at(QUEUE_ID_MAX, 1 << 36));
    store.conn.execute_batch(&last).unwrap();
    store.conn.execute_batch(&moved).unwrap();
    drop(store);
    let mut store = open(&dir);
    let refused = push(&mut store, &[&job("b", 10)]).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("remove queues that are not used"), "{text}");
    push(&mut store, &[&job("a", 10)]).unwrap();
    let mut tx = store.begin().unwrap();
    tx.remove_queues(&["a"]).unwrap();
    tx.commit().unwrap();
    push(&mut store, &[&job("b", 10)]).unwrap_err();
    let mut tx = store.begin().unwrap();
    assert!(!tx.sweep(100).unwrap().more);
    tx.commit().unwrap();
    push(&mut store, &[&job("b", 10)]).unwrap();
    assert_eq!(totals(&mut store).queues["b"].size, 1);
}

#[test]
fn numbers_of_swept_queues_are_used_again() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        let mut store = open(&dir);
        push(&mut store, &[&job("a", 10), &job("b", 10)]).unwrap();
        let mut tx = store.begin().unwrap();
        tx.remove_queues(&["a", "b"]).unwrap();
        tx.commit().unwrap();
        let mut tx = store.begin().unwrap();
        assert!(!tx.sweep(100).unwrap().more);
        tx.commit().unwrap();
    }
    let store = open(&dir);
    let rows: i64 = store
        .conn
        .query_row("SELECT count(*) FROM queues", (), |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 2);
}

/// A queue without rows is work too: its row is written, or it is looked at once more.
#[test]
fn a_sweep_visits_no_more_queues_than_its_limit() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let names: Vec<String> = (0..10).map(|n| format!("q{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut tx = store.begin().unwrap();
    tx.set_paused(&names, true).unwrap();
    tx.flush().unwrap();
    tx.commit().unwrap();
    for left in [6, 2, 0] {
        // What is rolled back is done again.
        let mut tx = store.begin().unwrap();
        tx.sweep(4).unwrap();
        drop(tx);
        let mut tx = store.begin().unwrap();
        assert_eq!(tx.sweep(4).unwrap().more, left > 0);
        tx.commit().unwrap();
        assert_eq!(store.writer.cache.queues().unswept().len(), left);
    }
}

/// They stay to be swept for as long as their jobs are reserved.
#[test]
fn queues_with_reserved_jobs_do_not_keep_a_sweep_from_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let names = ["a", "b", "c", "d", "e"];
    let mut tx = store.begin().unwrap();
    for name in names {
        tx.enqueue(&[&job(name, 10)], Timestamp::from_micros(0))
            .unwrap();
        let key = tx.claim(name, 1).unwrap()[0].0;
        tx.reserve(&[reservation(key)]).unwrap();
    }
    tx.enqueue(&[&job("last", 10)], Timestamp::from_micros(0))
        .unwrap();
    tx.insert_entries(SetName::Dead, &[(SetTime::from_micros(0), job("last", 10))])
        .unwrap();
    tx.remove_queues(&names).unwrap();
    tx.remove_queues(&["last"]).unwrap();
    tx.clear_set(SetName::Dead).unwrap();
    tx.commit().unwrap();
    let sweep_all = |store: &mut SqliteStore| {
        (1..100).find(|_| {
            let mut tx = store.begin().unwrap();
            let more = tx.sweep(2).unwrap().more;
            tx.commit().unwrap();
            !more
        })
    };
    assert!(sweep_all(&mut store).unwrap() > 3);
    let rows = |store: &SqliteStore, table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        store.conn.query_row(&count, (), |row| row.get(0)).unwrap()
    };
    assert_eq!((rows(&store, "jobs"), rows(&store, "entries")), (5, 0));
    // A queue that is removed behind the place where a sweep goes on is not left out.
    let mut tx = store.begin().unwrap();
    assert!(tx.sweep(3).unwrap().more);
    let keys: Vec<JobKey> = tx
        .reservations(ReservationsOf::Worker("w", 9))
        .unwrap()
        .iter()
        .map(|reservation| reservation.key)
        .collect();
    tx.finish(&keys).unwrap();
    tx.flush().unwrap();
    tx.commit().unwrap();
    sweep_all(&mut store).unwrap();
    assert!(store.writer.cache.queues().unswept().is_empty());
}

/// Undoing meets two rows with one name: the flushed one gets it back before the new one loses it.
#[test]
fn a_name_that_moved_within_a_transaction_is_found_again_after_its_rollback() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("stays", 10), &job("goes", 10)]).unwrap();
    let mut tx = store.begin().unwrap();
    tx.remove_queues(&["goes"]).unwrap();
    tx.commit().unwrap();
    let mut tx = store.begin().unwrap();
    assert!(!tx.sweep(9).unwrap().more);
    tx.flush().unwrap();
    tx.enqueue(&[&job("stays", 10)], Timestamp::from_micros(0))
        .unwrap();
    drop(tx);
    push(&mut store, &[&job("stays", 10)]).unwrap();
    assert_eq!(totals(&mut store).queues["stays"].size, 2);
}

mod belonging;
mod durability;
mod flipped;
mod touched;
