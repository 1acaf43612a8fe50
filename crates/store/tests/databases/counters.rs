//! Damage of what is counted, and of where queues begin and end.

use rusqlite::Connection;
use workmill_store::check::{ProblemKind, check};
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore};
use workmill_store::{Place, Store as _, Tx as _};

use crate::damage::{assert_found, live};
use crate::restored::{VERSION_9, jids, restore};

#[test]
fn damage_of_what_is_counted_is_found() {
    use ProblemKind as Kind;
    let (queues, tallies) = ("key BETWEEN -1048576 AND -1", "key = -1073741824");
    assert_found(&[
        (live("d = d + 1", queues), &[Kind::Queue], "5 are found"),
        (
            live("a = 'mail'", "a = 'slow'"),
            &[Kind::Queue],
            "the name of two queues",
        ),
        (
            live("f = f + 1", queues),
            &[Kind::Queue],
            "before the first one",
        ),
        (
            live("g = e", "a = 'mail'"),
            &[Kind::Head],
            "\"mail\": a job waits at position",
        ),
        (
            live("e = f", queues),
            &[Kind::Number],
            "the next is to be at",
        ),
        (
            live("b = 'x'", "a = 'unborn'"),
            &[Kind::Row],
            "queue number",
        ),
        (
            live("d = 3", tallies),
            &[Kind::Number],
            "is the last number given",
        ),
        (
            live("a = 9", tallies),
            &[Kind::Working],
            "9 are written down and 3 are found",
        ),
        (
            live("b = 6", tallies),
            &[Kind::Counters],
            "6 of all time, 5 of all days",
        ),
        (
            "UPDATE sets SET size = 7 WHERE name = 'dead'".into(),
            &[Kind::Set],
            "dead: 7 jobs",
        ),
        (
            "UPDATE sets SET name = 'dead'".into(),
            &[Kind::Set],
            "of no set, or of several",
        ),
        (
            "INSERT INTO history VALUES (0, 1, 1, x'00')".into(),
            &[Kind::Row],
            "the slot of history at place 1",
        ),
    ]);
}

/// As it is told to whoever finds it: one start and one change put it right.
#[test]
fn a_wrong_head_is_written_anew() {
    let dir = restore(VERSION_9);
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(&live("g = e", "a = 'mail'")).unwrap();
    drop(conn);
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    let reader = store.reader();
    assert_eq!(check(&reader).unwrap().problems().len(), 1);
    let mut tx = store.begin().unwrap();
    tx.set_paused(&["mail"], true).unwrap();
    tx.commit().unwrap();
    assert_eq!(check(&reader).unwrap().problems().len(), 0);
    assert_eq!(jids(&reader, &Place::Queue("mail".into())).len(), 5);
}
