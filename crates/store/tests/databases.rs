//! Databases that older versions have written: today's store finds in them what was there. And what a check finds when
//! something of it is damaged.
//!
//! `databases/version-N.sql` is what a server with version N of the tables has left after a clean stop, as the `.dump` of
//! sqlite3, with one of everything it can keep. Version 9 is the one of version 6 with its tables brought up to date, and with
//! what a server of that version had written of two actions, in the middle of which it was killed, and of history.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;
use workmill_proto::{SetName, SteadyTime};
use workmill_store::check::{Findings, ProblemKind, check};
use workmill_store::reading::Bounds;
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore, check_stopped};
use workmill_store::{
    ActionPart, AuditState, CallbackState, OpenAction, PartOf, Place, Predecessor, Reading,
    Resolution, Store, Tombstone, TrackState, Tx,
};

const VERSION_3: &str = include_str!("databases/version-3.sql");
const VERSION_6: &str = include_str!("databases/version-6.sql");
const VERSION_9: &str = include_str!("databases/version-9.sql");

/// A storage directory with such a database.
fn restore(dump: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(dump).unwrap();
    dir
}

/// All jobs, byte for byte.
fn records(dir: &Path) -> Vec<(i64, Vec<u8>)> {
    let conn = Connection::open(dir.join(DATABASE_FILE)).unwrap();
    let mut read = conn
        .prepare("SELECT key, record FROM jobs UNION ALL SELECT serial, record FROM entries")
        .unwrap();
    let rows = read.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
}

fn jids(reader: &impl Reading, place: &Place) -> Vec<String> {
    let slice = reader.jobs(place, None, Bounds::of_rows(100)).unwrap();
    assert_eq!(slice.next, None);
    let jobs = slice.items.into_iter().map(|found| found.job.unwrap());
    jobs.map(|job| job.jid.to_string()).collect()
}

fn assert_jobs(reader: &impl Reading) {
    let expected: [(&str, u64, bool, &[&str]); 8] = [
        ("b", 2, false, &["member-002", "member-003"]),
        ("bd", 0, false, &[]),
        ("e", 1, false, &["ended-0001"]),
        (
            "mail",
            5,
            false,
            &[
                "plain-00002",
                "plain-00003",
                "plain-00004",
                "unique-001",
                "unique-002",
            ],
        ),
        ("r", 0, false, &[]),
        ("slow", 1, true, &["in-paused1"]),
        ("unborn", 0, true, &[]),
        ("work", 0, false, &[]),
    ];
    let totals = reader.totals().unwrap();
    for (name, size, paused, waiting) in expected {
        let queue = totals.queues.get(name).unwrap();
        assert_eq!((queue.size, queue.paused), (size, paused), "{name}");
        assert_eq!(jids(reader, &Place::Queue(name.into())), waiting, "{name}");
    }
    for made in ["done", "ticks"] {
        assert!(totals.queues.get(made).unwrap().size > 0, "{made}");
    }
    assert_eq!(totals.queues.len(), 10);
    let counts = totals.counts;
    assert_eq!(
        (counts.processed, counts.failures, counts.expired),
        (5, 3, 0)
    );
    let set = |name| jids(reader, &Place::Set(name));
    assert_eq!(set(SetName::Scheduled), ["later-0001"]);
    let mut retries = set(SetName::Retries);
    // When they are tried again is random.
    retries.sort();
    assert_eq!(retries, ["member-001", "retry-0001"]);
    assert_eq!(set(SetName::Dead), ["dead-00001"]);
    let working = reader
        .jobs(&Place::Working, None, Bounds::of_rows(9))
        .unwrap();
    let held = working.items.iter().map(|found| {
        let held = found.reservation.as_ref().unwrap();
        (&*held.jid, &*held.wid, held.has_features)
    });
    let expected = [
        ("plain-00000", "w1", false),
        ("plain-00001", "w2", false),
        ("working-un", "w1", true),
    ];
    assert_eq!(held.collect::<Vec<_>>(), expected);
}

fn assert_features(reader: &impl Reading) {
    let whole = Bounds::of_rows(100);
    let locks = reader.locks(None, whole).unwrap().items.into_iter();
    let mut owners: Vec<_> = locks.map(|lock| lock.unwrap().1.owner.jid).collect();
    owners.sort();
    assert_eq!(
        owners,
        ["unique-001", "unique-002", "working-un"].map(Box::from)
    );
    let track = reader.track("unique-001").unwrap().unwrap();
    assert_eq!(
        (track.percent, track.desc.as_deref()),
        (Some(42), Some("half"))
    );
    assert_eq!((track.state, track.forget_at), (TrackState::Enqueued, None));
    assert_eq!(
        reader.track("working-un").unwrap().unwrap().state,
        TrackState::Working
    );
    // Those of ticks have ids of their own.
    assert!(reader.tracks(None, whole).unwrap().items.len() >= 4);
    let [parent, child, done] = [1, 2, 3].map(|id| reader.batch(id).unwrap().unwrap());
    let states = [&parent, &child, &done].map(|batch| {
        let state = batch.state.as_ref().unwrap();
        (
            state.total,
            state.pending,
            state.failed,
            state.committed,
            state.complete,
        )
    });
    let (absent, waiting) = (CallbackState::Absent, CallbackState::Waiting);
    assert_eq!(
        states,
        [
            (1, 0, 1, true, waiting),
            (3, 3, 0, true, absent),
            (1, 0, 0, true, CallbackState::Queued)
        ]
    );
    assert_eq!((parent.parents, child.parents), (vec![], vec![1]));
    assert_eq!(child.details.unwrap().description, "child");
    assert_eq!(reader.batch_children(1, None, whole).unwrap().items, [2]);
    let ticks = reader.cron_ticks(None, whole).unwrap().items;
    // What it is called besides depends on the version.
    assert!(matches!(&*ticks, [(name, _)] if name.starts_with("Ticked @every 1s")));
}

#[test]
fn a_database_of_an_older_version_opens_with_everything_in_it() {
    for dump in [VERSION_3, VERSION_6, VERSION_9] {
        let dir = restore(dump);
        let before = records(dir.path());
        for _ in 0..2 {
            let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
            let reader = store.reader();
            assert_jobs(&reader);
            assert_features(&reader);
            assert_eq!(check(&reader).unwrap().problems().len(), 0);
            // Its failed jobs are not in groups yet.
            let first = reader.ungrouped().unwrap().unwrap().after;
            assert_eq!((first.set, first.serial), (SetName::Retries, i64::MIN));
            let ended = [("ended-0001".into(), "w2".into())];
            let tombstones = store.begin().unwrap().get::<Tombstone>(&ended).unwrap();
            assert!(tombstones.iter().all(Option::is_some));
            store.close().unwrap();
            assert_eq!(records(dir.path()), before);
            let findings = check_stopped(dir.path(), &Predecessor::Resigned).unwrap();
            assert_eq!(findings.problems().len(), 0, "{findings:?}");
        }
    }
}

#[test]
fn what_operators_did_and_what_was_counted_is_found_by_later_versions() {
    let dir = restore(VERSION_9);
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    let reader = store.reader();
    let whole = Bounds::of_rows(100);
    let log = reader.audit(None, &|_| true, whole).unwrap().items;
    let log = log.into_iter().map(|(id, entry)| {
        let entry = entry.unwrap();
        let text = format!("{} {}", entry.action, entry.target);
        (id, text, entry.changed, entry.state)
    });
    let deleted = "job.delete all jobs that match queue:mail type:Bulk";
    assert_eq!(
        log.collect::<Vec<_>>(),
        [
            (2, deleted.to_owned(), 9_000, AuditState::Running),
            (1, "queue.pause queue slow".to_owned(), 1, AuditState::Done),
        ]
    );
    let days = reader.history(Resolution::Day, 20_786..=20_786, whole);
    assert_eq!(days.unwrap().items.len(), 1);
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.due::<OpenAction>(SteadyTime::MAX, 9).unwrap(), [2]);
    let parts = [PartOf::Change, PartOf::Progress].map(|part| (2, part));
    let parts = tx.get::<ActionPart>(&parts).unwrap();
    assert!(parts.iter().all(Option::is_some));
}

/// A storage directory with one of everything, as today's store keeps it.
fn restore_migrated() -> TempDir {
    let dir = restore(VERSION_9);
    let store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    store.close().unwrap();
    dir
}

/// What is found after a change of the database that the store knows nothing of.
fn damage(sql: &str) -> Findings {
    let dir = restore_migrated();
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(sql).unwrap();
    drop(conn);
    check_stopped(dir.path(), &Predecessor::Resigned).unwrap()
}

type Case<'a> = (String, &'a [ProblemKind], &'a str);

/// Does each damage, and looks that these kinds of problems are found, one of them told so.
fn assert_found(cases: &[Case<'_>]) {
    for (sql, kinds, told) in cases {
        let findings = damage(sql);
        let problems = findings.problems();
        let found: Vec<_> = problems.keys().copied().collect();
        assert_eq!(found, *kinds, "{sql}: {problems:?}");
        let mut examples = problems.values().flat_map(|problem| &problem.examples);
        let is_told = examples.any(|example| example.contains(told));
        assert!(is_told, "{sql}: {problems:?}");
    }
}

fn live(change: &str, which: &str) -> String {
    format!("UPDATE live SET {change} WHERE {which}")
}

#[test]
fn failed_jobs_without_their_groups_are_found() {
    use ProblemKind as Kind;
    assert_found(&[
        (
            "DELETE FROM ungrouped".into(),
            &[Kind::Failures],
            "is in the set retries and in no group",
        ),
        (
            "INSERT INTO failures VALUES (0, 7, NULL, x'00')".into(),
            &[Kind::Row],
            "the group of failures 0000000000000007",
        ),
    ]);
}

#[test]
fn damage_of_jobs_is_found() {
    use ProblemKind as Kind;
    let without_job = "DELETE FROM jobs WHERE key IN (SELECT key FROM live WHERE key >= 0)";
    assert_found(&[
        (
            "UPDATE jobs SET record = x'00'".into(),
            &[Kind::Record, Kind::Batch, Kind::Track],
            "too few",
        ),
        (
            "UPDATE entries SET record = 'text'".into(),
            &[Kind::Record],
            "a text stands",
        ),
        (
            "INSERT INTO jobs VALUES ((99 << 45) + 7, x'00')".into(),
            &[Kind::Place],
            "belongs to no queue",
        ),
        (
            "INSERT INTO entries VALUES (9, 1, 1, x'00')".into(),
            &[Kind::Place],
            "belongs to no set",
        ),
        (live("b = 3", "a = 'slow'"), &[Kind::Place], "is no more"),
        (
            live("a = 'x'", "a = 'plain-00000'"),
            &[Kind::Reservation],
            "the job there is",
        ),
        (
            live("e = NULL", "key >= 0"),
            &[Kind::Reservation],
            "as if it had no lock",
        ),
        (
            live("c = 'x'", "a = 'plain-00000'"),
            &[Kind::Row],
            "the reservation under",
        ),
        (
            without_job.into(),
            &[Kind::Reservation, Kind::Batch, Kind::Track],
            "there is no job",
        ),
    ]);
}

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

#[test]
fn damage_of_locks_and_tracks_is_found() {
    use ProblemKind as Kind;
    assert_found(&[
        ("DELETE FROM locks".into(), &[Kind::Lock], "has no lock"),
        (
            "UPDATE locks SET owner = 'x'".into(),
            &[Kind::Lock],
            "its lock belongs to \"x\"",
        ),
        (
            "UPDATE locks SET ends_at = 1".into(),
            &[Kind::Lock],
            "ends at another time",
        ),
        (
            "UPDATE locks SET key = x'00' WHERE owner = 'unique-001'".into(),
            &[Kind::Row, Kind::Lock],
            "a lock",
        ),
        (
            "UPDATE tracks SET jid = 'gone' WHERE jid = 'unique-001'".into(),
            &[Kind::Track],
            "\"gone\"",
        ),
        (
            "UPDATE tracks SET state = 77 WHERE jid = 'unique-001'".into(),
            &[Kind::Row],
            "the track of",
        ),
        (
            "UPDATE ends SET at = 'x'".into(),
            &[Kind::Row],
            "a tombstone",
        ),
    ]);
}

#[test]
fn damage_of_batches_is_found() {
    use ProblemKind as Kind;
    assert_found(&[
        (
            "UPDATE batches SET pending = pending + 1, total = 9".into(),
            &[Kind::Batch],
            "members that are to run",
        ),
        (
            "UPDATE batches SET children_incomplete = 5".into(),
            &[Kind::Batch],
            "children that are not complete",
        ),
        (
            "UPDATE batches SET failed = 0".into(),
            &[Kind::Batch],
            "0 failed of",
        ),
        (
            "UPDATE batches SET complete = 2 WHERE id = 1".into(),
            &[Kind::Batch],
            "was queued, and is nowhere",
        ),
        (
            "UPDATE batches SET success = 9 WHERE id = 1".into(),
            &[Kind::Row, Kind::BatchPart],
            "batch number 1",
        ),
        (
            "DELETE FROM batch_details".into(),
            &[Kind::BatchPart],
            "its description",
        ),
        (
            "UPDATE batch_details SET complete = NULL".into(),
            &[Kind::BatchPart],
            "the complete callback",
        ),
        (
            "DELETE FROM batch_dues".into(),
            &[Kind::BatchPart],
            "looked at again",
        ),
        (
            "UPDATE batch_links SET child = 77".into(),
            &[Kind::Batch, Kind::BatchPart],
            "number 77 is a child",
        ),
        (
            "UPDATE meta SET value = 2 WHERE name = 'last_batch'".into(),
            &[Kind::Number],
            "batch number 3",
        ),
    ]);
}

#[test]
fn damage_of_the_trash_is_found() {
    use ProblemKind as Kind;
    let trash = "INSERT INTO trash VALUES (0, 7, 1, 2, 0, 0, 0);";
    let job = "INSERT INTO trashed_jobs VALUES (0, 7, 1, 0, 0, 0, 1, 0, NULL);";
    assert_found(&[
        (
            trash.into(),
            &[Kind::Trash],
            "action 7: 1 jobs are written down, and 0 are found",
        ),
        (
            job.into(),
            &[Kind::Trash],
            "job 1 of action 7 is there, and nobody knows of it",
        ),
        (
            format!("{trash}{job}UPDATE trashed_jobs SET set_id = 9"),
            &[Kind::Row],
            "unknown place 9",
        ),
        (
            format!("{trash}{job}UPDATE trash SET ends_at = 'x'"),
            &[Kind::Row, Kind::Trash],
            "the trash of action 7",
        ),
        (
            format!(
                "{trash}{job}UPDATE trashed_jobs SET dead_serial = NULL, record = x'0700000000'"
            ),
            &[Kind::Record],
            "job 1 in the trash of action 7",
        ),
    ]);
}

#[test]
fn many_problems_of_a_kind_are_counted_and_some_are_told() {
    let findings = damage(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500)
        INSERT INTO jobs SELECT (99 << 45) + n, x'00' FROM n",
    );
    let problem = findings.problems().get(&ProblemKind::Place).unwrap();
    assert_eq!((problem.count, problem.examples.len()), (500, 20));
}

#[test]
fn a_damaged_page_is_found() {
    let dir = restore_migrated();
    let path = dir.path().join(DATABASE_FILE);
    let pages = fs::metadata(&path).unwrap().len() / 4_096;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Not the first ones, which say what the others are.
    for page in pages - 3..pages {
        file.write_all_at(&[0xa5; 64], page * 4_096).unwrap();
    }
    let findings = check_stopped(dir.path(), &Predecessor::Resigned).unwrap();
    assert!(
        findings.problems().contains_key(&ProblemKind::File),
        "{findings:?}"
    );
}

#[test]
fn a_database_of_another_version_is_not_checked() {
    let dir = restore(VERSION_3);
    let error = check_stopped(dir.path(), &Predecessor::Resigned)
        .unwrap_err()
        .to_string();
    assert!(error.contains("has version 3 of the tables"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = check_stopped(empty.path(), &Predecessor::Resigned)
        .unwrap_err()
        .to_string();
    assert!(error.contains("there is no database in"), "{error}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}
