//! What older versions have written is found.

use std::path::Path;

use rusqlite::Connection;
use workmill_proto::{SetName, SteadyTime};
use workmill_store::check::check;
use workmill_store::reading::Bounds;
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore, check_stopped};
use workmill_store::{
    ActionPart, AuditState, CallbackState, OpenAction, PartOf, Place, Predecessor, Reading,
    Resolution, Store, Tombstone, TrackState, Tx as _,
};

use crate::restored::{VERSION_3, VERSION_6, VERSION_9, jids, restore};

/// All jobs, byte for byte.
fn records(dir: &Path) -> Vec<(i64, Vec<u8>)> {
    let conn = Connection::open(dir.join(DATABASE_FILE)).unwrap();
    let mut read = conn
        .prepare("SELECT key, record FROM jobs UNION ALL SELECT serial, record FROM entries")
        .unwrap();
    let rows = read.query_map((), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.unwrap().map(Result::unwrap).collect()
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
