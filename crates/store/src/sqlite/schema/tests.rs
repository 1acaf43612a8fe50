//! Files of older versions.

use workmill_proto::{SetName, SteadyTime};

use super::super::{DATABASE_FILE, Durability, SqliteStore};
use super::*;
use crate::writer::key_at;
use crate::{
    AuditEntry, BatchState, Counts, JobKey, JobRef, Place, Reading, ReservationsOf, Store,
    Tombstone, Trash, Tx,
};

/// What the first version of the tables held: two jobs of one queue, one of them reserved.
fn write_version_1(path: &Path) {
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(MIGRATIONS[0]).unwrap();
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    let (first, second) = (key_at(3, 1 << 36), key_at(3, (1 << 36) + 1));
    conn.execute_batch(&format!(
        "UPDATE meta SET value = 1 WHERE name IN ('schema', 'working');
        UPDATE meta SET value = 7 WHERE name = 'last_serial';
        UPDATE meta SET value = 2 WHERE name = 'ends_generation';
        INSERT INTO queues VALUES (3, 'mail', 0, 1, 1, {0}, {1});
        INSERT INTO jobs VALUES ({first}, x'01'), ({second}, x'02');
        INSERT INTO reservations VALUES ({first}, 'jid-1', 'w1', 50, 60);
        INSERT INTO counters VALUES ({2}, 9, 4), (20000, 5, 3), (20001, 4, 1);
        INSERT INTO ends VALUES (1, 2, 40, 'jid-0', 'w0');",
        (1_i64 << 36) + 2,
        1_i64 << 36,
        i64::MIN,
    ))
    .unwrap();
}

/// The same in the second version of the tables.
fn write_version_2(path: &Path) {
    write_version_1(path);
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(MIGRATIONS[1]).unwrap();
    conn.execute("UPDATE meta SET value = 2 WHERE name = 'schema'", ())
        .unwrap();
    let reserved: i64 = conn
        .query_row("SELECT count(*) FROM reservations", (), |row| row.get(0))
        .unwrap();
    assert_eq!(reserved, 1);
}

#[test]
fn a_file_of_the_first_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write_version_1(&dir.path().join(DATABASE_FILE));
    check_contents(&dir);
}

#[test]
fn a_file_of_the_second_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    write_version_2(&dir.path().join(DATABASE_FILE));
    check_contents(&dir);
}

/// What the third version held: one clock for everything, which never went back.
fn write_version_3(path: &Path) {
    write_version_2(path);
    let conn = Connection::open(path).unwrap();
    conn.execute_batch(MIGRATIONS[2]).unwrap();
    conn.execute("UPDATE meta SET value = 3 WHERE name = 'schema'", ())
        .unwrap();
}

#[test]
fn audit_log_of_a_version_without_a_trash_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    let conn = Connection::open(&path).unwrap();
    for step in &MIGRATIONS[..9] {
        conn.execute_batch(step).unwrap();
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID)
        .unwrap();
    conn.execute_batch(
        "UPDATE meta SET value = 9 WHERE name = 'schema';
        UPDATE meta SET value = 1 WHERE name = 'last_action';
        INSERT INTO audit VALUES
            (1, 5, 6, 7, 1, '', 'anna', 'operator', '::1', 'job.kill', 'dead', 8, 9, 10);",
    )
    .unwrap();
    drop(conn);
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    let mut tx = store.begin().unwrap();
    let entry = tx.get::<AuditEntry>(&[1]).unwrap().pop().flatten().unwrap();
    assert_eq!((&*entry.action, entry.changed), ("job.kill", 8));
    assert_eq!((entry.operation, entry.undoes), (Some(10), None));
    assert_eq!(tx.get::<Trash>(&[1]).unwrap(), [None]);
    let trash = Trash {
        first: 0,
        end: 3,
        done: 1,
        bytes: 2,
        ends_at: SteadyTime::MAX,
    };
    tx.put(&[(1, trash)]).unwrap();
    tx.commit().unwrap();
    assert_eq!(store.reader().trash_of(&[1]).unwrap(), [Some(trash)]);
}

fn clocks_after(path: &Path, reserved_at: i64) -> (i64, i64) {
    let conn = Connection::open(path).unwrap();
    conn.execute("UPDATE live SET c = ?1 WHERE key >= 0", (reserved_at,))
        .unwrap();
    drop(conn);
    let mut store = SqliteStore::open(path.parent().unwrap(), Durability::Always).unwrap();
    let clocks = store.begin().unwrap().clocks().unwrap().unwrap();
    (clocks.steady.as_micros(), clocks.wall.as_micros())
}

#[test]
fn the_steady_clock_begins_where_the_one_clock_of_older_versions_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    write_version_3(&path);
    let (steady, wall) = clocks_after(&path, 50);
    assert!(steady > 1_700_000_000_000_000, "at the time it is now");
    assert_eq!(wall, 50, "the last that is known of the wall clock");
    drop(dir);

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(DATABASE_FILE);
    write_version_3(&path);
    let ahead = steady + 8 * 3_600_000_000;
    assert_eq!(clocks_after(&path, ahead), (ahead, ahead), "it was wrong");
}

/// Opens it, sees what was written there, and that what is new works.
fn check_contents(dir: &tempfile::TempDir) {
    // The second opening finds what the first has made of it.
    for _ in 0..2 {
        let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
        let reader = store.reader();
        let mut tx = store.begin().unwrap();
        let totals = tx.totals().unwrap();
        assert_eq!(reader.totals().unwrap(), totals);
        assert_eq!((totals.queues["mail"].size, totals.working), (1, 1));
        assert!(totals.queues["mail"].paused);
        let counts = |processed, failures| Counts {
            processed,
            failures,
            expired: 0,
        };
        assert_eq!(totals.counts, counts(9, 4));
        let days = [(20000, counts(5, 3)), (20001, counts(4, 1))];
        assert_eq!(reader.days(i64::MIN, i64::MAX).unwrap(), days);
        let held = tx.reservations(ReservationsOf::Worker("w1", 9)).unwrap();
        assert_eq!(held[0].key, JobKey(key_at(3, 1 << 36)));
        assert_eq!(held[0].expires_at, SteadyTime::from_micros(60));
        assert_eq!(&*held[0].jid, "jid-1");
        assert!(!held[0].has_features);
        assert_eq!(tx.watermark(&Place::Set(SetName::Dead)).unwrap().0, 7);
        let ended = [("jid-0".into(), "w0".into())];
        assert!(tx.get::<Tombstone>(&ended).unwrap()[0].is_some());
        let waits = JobRef::Job(JobKey(key_at(3, (1 << 36) + 1)));
        let (place, _) = reader.job(waits).unwrap().unwrap();
        assert_eq!(place, Place::Queue("mail".into()));
    }
    // Counters that had no column for it count expired jobs too.
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    let mut tx = store.begin().unwrap();
    let counts = Counts {
        expired: 2,
        ..Counts::default()
    };
    tx.count(20_000, counts).unwrap();
    let state = BatchState::new(1, SteadyTime::MAX);
    assert_eq!(tx.next_batch().unwrap(), 1);
    tx.put(&[(1, state)]).unwrap();
    tx.commit().unwrap();
    let reader = store.reader();
    assert_eq!(reader.totals().unwrap().counts.expired, 2);
    let days = reader.days(20_000, 20_000).unwrap();
    assert_eq!((days[0].1.processed, days[0].1.expired), (5, 2));
}
