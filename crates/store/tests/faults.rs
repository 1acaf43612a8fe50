//! A fault at any place of a group leaves nothing of it, or, when the commit's outcome is unknown, all of
//! it or nothing after reopening.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what fails must stop the test"
)]

mod sqlite_fixture;

use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::fault::{CommitFault, FaultPlan, FaultStore, WriteFault};
use workmill_store::sqlite::SqliteStore;
use workmill_store::suite::{self, Fixture};
use workmill_store::{
    ActionPart, AuditEntry, AuditState, BatchCallback, BatchDetails, BatchDue, BatchParents,
    BatchState, CallbackKind, Counts, CronTick, Entry, Fate, Home, JobKey, JobRecord, Lock,
    LockOwner, Operator, PartOf, Release, Reservation, ReservationsOf, SetTime, Store, StoreError,
    Tombstone, Totals, Track, TrackState, Trash, TrashedJob, Tx,
};

type SqliteFixture = sqlite_fixture::SqliteFixture<1>;

fn at(secs: i64) -> SteadyTime {
    SteadyTime::from_micros(0).plus_secs(secs)
}

fn wall(secs: i64) -> Timestamp {
    Timestamp::from_micros(0).plus_secs(secs)
}

fn job(jid: &str) -> JobRecord {
    suite::job(jid, "a")
}

fn reserve_next<T: Tx>(tx: &mut T, queue: &str) -> Result<JobKey, StoreError> {
    let (key, job) = tx.claim(queue, 1)?.remove(0);
    let reservation = Reservation {
        key,
        jid: job.unwrap().jid,
        wid: "w".into(),
        reserved_at: at(0),
        expires_at: at(60),
        has_features: false,
        connection: 0,
        series: 0,
    };
    tx.reserve(&[reservation])?;
    Ok(key)
}

/// What the group finds: jobs waiting and reserved, one of them of a removed queue, and two dead ones.
fn prepare(store: &mut SqliteStore) -> [JobKey; 3] {
    let mut tx = store.begin().unwrap();
    let jobs = ["a1", "a2", "a3", "a4", "a5"].map(job);
    tx.enqueue(&jobs.each_ref(), wall(0)).unwrap();
    let mut gone = job("g1");
    gone.queue = "gone".into();
    tx.enqueue(&[&gone, &gone], wall(0)).unwrap();
    let keys = ["a", "a", "gone"].map(|queue| reserve_next(&mut tx, queue).unwrap());
    tx.remove_queues(&["gone"]).unwrap();
    tx.insert_entries(
        SetName::Dead,
        &[
            (SetTime::dead(at(1)), job("d1")),
            (SetTime::dead(at(2)), job("d2")),
        ],
    )
    .unwrap();
    tx.put(&[end("before")]).unwrap();
    change_features(&mut tx, 1).unwrap();
    tx.put(&[tick(1)]).unwrap();
    tx.commit().unwrap();
    keys
}

fn tick(secs: i64) -> (Box<str>, CronTick) {
    (
        "cron".into(),
        CronTick {
            at: wall(secs),
            paused_since: None,
        },
    )
}

fn end_key(jid: &str) -> (Box<str>, Box<str>) {
    (jid.into(), "w".into())
}

fn end(jid: &str) -> ((Box<str>, Box<str>), Tombstone) {
    let end = Tombstone {
        at: at(0),
        trashed: None,
    };
    (end_key(jid), end)
}

const KEPT: [u8; 32] = [0; 32];

fn lock() -> Lock {
    Lock {
        owner: LockOwner {
            jid: "j".into(),
            pushing: 1,
        },
        ends_at: at(10),
    }
}

fn batch(total: u64) -> BatchState {
    BatchState {
        total,
        ..BatchState::new(7, at(0))
    }
}

fn track(percent: i64) -> Track {
    Track {
        state: TrackState::Working,
        percent: Some(percent),
        desc: None,
        updated_at: wall(0),
        forget_at: Some(at(percent)),
    }
}

fn trash(secs: i64) -> Trash {
    Trash {
        first: 0,
        end: 1,
        done: 0,
        bytes: 0,
        ends_at: at(secs),
    }
}

fn trashed(secs: i64) -> TrashedJob {
    TrashedJob {
        home: Home::Set(SetName::Retries, SetTime::retries(at(secs))),
        fate: Fate::Deleted(Ok(job("trashed"))),
    }
}

fn audit_entry(secs: i64) -> AuditEntry {
    AuditEntry {
        by: Operator::default(),
        action: "kill".into(),
        target: "dead".into(),
        began_at: wall(secs),
        noted_at: at(secs),
        ended_at: None,
        state: AuditState::Running,
        changed: 1,
        skipped: 0,
        operation: None,
        undoes: None,
    }
}

/// Calls every primitive of the features that changes something: leaves one of each, and removes the one that the
/// run before it left.
fn change_features<T: Tx>(tx: &mut T, run: u8) -> Result<(), StoreError> {
    let (total, secs) = (u64::from(run), i64::from(run));
    tx.remove::<Lock>(&[[run - 1; 32], KEPT])?;
    tx.put(&[([run; 32], lock()), (KEPT, lock())])?;
    let id = tx.next_batch()?;
    tx.put(&[(id, batch(total))])?;
    tx.put(&[(id, BatchDetails::default())])?;
    tx.put(&[((id, CallbackKind::Success), BatchCallback(b"{}".into()))])?;
    tx.put(&[(id, BatchParents(vec![id + 1]))])?;
    tx.put(&[(id, batch(total + 100))])?;
    tx.remove::<BatchState>(&[id - 1])?;
    tx.remove::<BatchDetails>(&[id - 1])?;
    tx.remove::<BatchParents>(&[id - 1])?;
    let due = tx.due::<BatchDue>(at(secs), 9)?;
    tx.remove::<BatchDue>(&due)?;
    tx.put(&[((at(secs + 1), id), BatchDue)])?;
    tx.put(&[("j".into(), track(50)), ("k".into(), track(secs))])?;
    let due = tx.due::<Track>(at(secs - 1), 9)?;
    tx.remove::<Track>(&due)?;
    let due = tx.due::<Lock>(at(9), 9)?;
    tx.remove::<Lock>(&due)?;
    let action = tx.next_action()?;
    tx.put(&[(action, audit_entry(secs))])?;
    tx.remove::<AuditEntry>(&[action - 1])?;
    tx.put(&[((action, PartOf::Progress), ActionPart(vec![run]))])?;
    tx.remove::<ActionPart>(&[(action - 1, PartOf::Progress)])?;
    tx.put(&[(action, trash(secs))])?;
    tx.put(&[((action, 0), trashed(secs))])?;
    let due = tx.due::<Trash>(at(secs - 1), 9)?;
    tx.remove::<Trash>(&due)?;
    tx.remove::<TrashedJob>(&[(action - 1, 0)])?;
    Ok(())
}

/// A group that calls every primitive that changes something, except FLUSH.
fn run_group<T: Tx>(tx: &mut T, held: [JobKey; 3]) -> Result<(), StoreError> {
    let dead = tx.entries(SetName::Dead, None, SetTime::MAX, 9)?;
    tx.enqueue(&[&job("n1")], wall(2))?;
    tx.extend(&[(held[0], at(600))])?;
    let key = reserve_next(tx, "a")?;
    tx.finish(&[held[1]])?;
    let front = Release {
        key: held[2],
        record: Some(job("g1")),
    };
    tx.release(&[front, Release { key, record: None }])?;
    tx.put(&[end("after")])?;
    let due = tx.due::<Tombstone>(at(-1), 9)?;
    tx.remove::<Tombstone>(&due)?;
    tx.put(&[tick(2)])?;
    tx.remove_entries(&[dead[0].key])?;
    tx.take_entries(SetName::Dead, SetTime::MAX, 1)?;
    tx.insert_entries(SetName::Retries, &[(SetTime::retries(at(1)), job("r1"))])?;
    tx.insert_entries(SetName::Scheduled, &[(SetTime::dead(at(1)), job("s1"))])?;
    tx.clear_set(SetName::Scheduled)?;
    tx.set_paused(&["p"], true)?;
    tx.remove_queues(&["p"])?;
    tx.count(
        19_000,
        Counts {
            processed: 1,
            failures: 0,
            expired: 0,
        },
    )?;
    tx.sweep(1)?;
    change_features(tx, 2)
}

#[derive(Debug, PartialEq)]
struct Sight {
    totals: Totals,
    reservations: Vec<Reservation>,
    waiting: Vec<String>,
    gone: Vec<String>,
    entries: Vec<Entry>,
    remembered: Vec<Option<Tombstone>>,
    locks: Vec<Option<Lock>>,
    batches: Vec<Option<BatchState>>,
    callbacks: Vec<Option<BatchCallback>>,
    parents: Vec<Option<BatchParents>>,
    dues: Vec<(SteadyTime, u64)>,
    tracks: Vec<Option<Track>>,
    ticked: Vec<Option<CronTick>>,
    audit: Vec<Option<AuditEntry>>,
    parts: Vec<Option<ActionPart>>,
    trash: Vec<Option<Trash>>,
    trashed: Vec<Option<TrashedJob>>,
}

fn sight(store: &mut impl Store) -> Sight {
    let mut tx = store.begin().unwrap();
    let waiting = |tx: &mut _, queue| -> Vec<String> {
        let jobs = Tx::claim(tx, queue, 99).unwrap();
        jobs.into_iter()
            .map(|(_, job)| job.unwrap().jid.to_string())
            .collect()
    };
    Sight {
        totals: tx.totals().unwrap(),
        reservations: tx
            .reservations(ReservationsOf::EndingBy(SteadyTime::MAX, 99))
            .unwrap(),
        waiting: waiting(&mut tx, "a"),
        gone: waiting(&mut tx, "gone"),
        entries: SetName::ALL
            .into_iter()
            .flat_map(|set| tx.entries(set, None, SetTime::MAX, 99).unwrap())
            .collect(),
        ticked: tx.get(&["cron".into()]).unwrap(),
        audit: tx.get(&[1, 2]).unwrap(),
        parts: tx.get(&[1, 2].map(|id| (id, PartOf::Progress))).unwrap(),
        trash: tx.get(&[1, 2]).unwrap(),
        trashed: tx.get(&[(1, 0), (2, 0)]).unwrap(),
        remembered: tx.get(&["before", "after"].map(end_key)).unwrap(),
        locks: tx.get(&[0, 1, 2].map(|n| [n; 32])).unwrap(),
        batches: tx.get(&[1, 2, 3]).unwrap(),
        callbacks: tx
            .get(&[1, 2].map(|id| (id, CallbackKind::Success)))
            .unwrap(),
        parents: tx.get(&[1, 2]).unwrap(),
        dues: tx.due::<BatchDue>(at(99), 99).unwrap(),
        tracks: tx.get(&["j".into(), "k".into()]).unwrap(),
    }
}

struct Scene {
    fixture: SqliteFixture,
    plan: FaultPlan,
    store: FaultStore<SqliteStore>,
    held: [JobKey; 3],
    before: Sight,
}

impl Scene {
    fn new() -> Self {
        let mut fixture = SqliteFixture::new();
        let mut store = fixture.open();
        let held = prepare(&mut store);
        let before = sight(&mut store);
        let plan = FaultPlan::default();
        Self {
            fixture,
            store: FaultStore::new(store, plan.clone()),
            plan,
            held,
            before,
        }
    }

    fn run(&mut self) -> Result<(), StoreError> {
        let mut tx = self.store.begin()?;
        run_group(&mut tx, self.held)?;
        tx.commit()
    }

    fn reopen(mut self) -> (SqliteFixture, SqliteStore, Sight) {
        drop(self.store);
        let store = self.fixture.open();
        (self.fixture, store, self.before)
    }
}

/// What is there when the group went through.
fn sight_after() -> Sight {
    let mut scene = Scene::new();
    scene.run().unwrap();
    sight(&mut scene.store)
}

fn writes_in_group() -> u64 {
    let mut scene = Scene::new();
    let before = scene.plan.writes();
    scene.run().unwrap();
    scene.plan.writes() - before
}

#[test]
fn a_fault_at_any_write_leaves_nothing_of_the_group() {
    let after = sight_after();
    let writes = writes_in_group();
    assert!(writes >= 27);
    for fault in [WriteFault::Statement, WriteFault::Full] {
        for nth in 0..writes {
            let mut scene = Scene::new();
            scene.plan.fail_write(nth, fault);
            match (scene.run(), fault) {
                (Err(StoreError::Statement(_)), WriteFault::Statement) => {}
                (Err(StoreError::Full(_)), WriteFault::Full) => {}
                (other, _) => panic!("write {nth}: {other:?}"),
            }
            assert!(!scene.plan.is_pending());
            assert_eq!(sight(&mut scene.store), scene.before, "write {nth}");
            // The same group goes through afterwards, and is what it would have been.
            scene.run().unwrap();
            assert_eq!(sight(&mut scene.store), after, "write {nth}");
        }
    }
}

#[test]
fn a_commit_without_room_leaves_nothing_of_the_group() {
    let mut scene = Scene::new();
    scene.plan.fail_commit(CommitFault::Full);
    assert!(matches!(scene.run(), Err(StoreError::Full(_))));
    assert_eq!(sight(&mut scene.store), scene.before);
    scene.run().unwrap();
    assert_eq!(sight(&mut scene.store), sight_after());
}

#[test]
fn a_poisoned_commit_stops_the_store() {
    for fault in [CommitFault::PoisonedWith, CommitFault::PoisonedWithout] {
        let mut scene = Scene::new();
        scene.plan.fail_commit(fault);
        assert!(matches!(scene.run(), Err(StoreError::Poisoned(_))));
        for _ in 0..2 {
            assert!(matches!(
                scene.store.begin().err(),
                Some(StoreError::Poisoned(_))
            ));
        }
    }
}

#[test]
fn a_close_can_be_made_to_fail() {
    let scene = Scene::new();
    scene.plan.fail_close();
    assert!(scene.plan.is_pending());
    assert!(matches!(scene.store.close(), Err(StoreError::Poisoned(_))));
    assert!(!scene.plan.is_pending());
    Scene::new().store.close().unwrap();
}

#[test]
fn reopening_after_a_poisoned_commit_shows_all_or_nothing() {
    let after = sight_after();
    let mut scene = Scene::new();
    scene.plan.fail_commit(CommitFault::PoisonedWithout);
    scene.run().unwrap_err();
    let (_fixture, mut store, before) = scene.reopen();
    assert_eq!(sight(&mut store), before);

    let mut scene = Scene::new();
    scene.plan.fail_commit(CommitFault::PoisonedWith);
    scene.run().unwrap_err();
    let (_fixture, mut store, _) = scene.reopen();
    assert_eq!(sight(&mut store), after);
}
