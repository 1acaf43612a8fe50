//! What is special to the store: who may write to it, its connections, its errors.

use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;
use std::time::Duration;

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::postgres::{PostgresLease, PostgresStore, Target, migrate};
use workmill_store::suite::{Fixture, job, push_one};
use workmill_store::{
    JobKey, Lease as _, Reading as _, Reservation, Resign as _, Store, StoreError, Syncer as _, Tx,
};

use super::fixture::{PostgresFixture, new_target, target_of};

/// How many jobs wait in the queue `a`.
fn waiting(store: &mut impl Store) -> u64 {
    let totals = store.begin().unwrap().totals().unwrap();
    totals.queues.get("a").map_or(0, |queue| queue.size)
}

/// Another server takes over as soon as it may.
fn take_over(target: &Target) -> PostgresStore {
    // Whoever has it by now has been silent for long.
    static HOURS: AtomicI64 = AtomicI64::new(1);
    let hours = HOURS.fetch_add(1, Ordering::Relaxed);
    let mut lease = PostgresLease::new(target);
    let now = Timestamp::from_micros(hours * 3_600_000_000);
    lease.acquire("another server", now).unwrap();
    PostgresStore::open(target, lease.epoch().unwrap()).unwrap()
}

fn refusal(opened: Result<PostgresStore, StoreError>) -> String {
    match opened {
        Err(StoreError::Open(text)) => text,
        other => panic!("{other:?}"),
    }
}

/// Waits until a session waits for a lock of another one.
fn await_blocked(fixture: &PostgresFixture) {
    let blocked = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE NOT l.granted AND a.query LIKE '%' || $$@leader$$ || '%'";
    while fixture.run(&blocked.replace("@leader", &quoted(fixture))) == "0" {
        thread::sleep(Duration::from_millis(10));
    }
}

fn quoted(fixture: &PostgresFixture) -> String {
    format!("\"{}\".leader", fixture.target.schema())
}

#[test]
fn a_store_that_was_taken_over_commits_nothing_more() {
    let mut fixture = PostgresFixture::new();
    let mut old = fixture.open();
    push_one(&mut old, "a").unwrap();
    let mut new = take_over(&fixture.target);
    for _ in 0..2 {
        let error = push_one(&mut old, "a").unwrap_err();
        assert!(matches!(error, StoreError::Deposed), "{error}");
    }
    // Nothing is answered from memory or from what it reads either.
    let confirmed = old.begin().unwrap().confirm();
    assert!(
        matches!(confirmed, Err(StoreError::Deposed)),
        "{confirmed:?}"
    );
    new.begin().unwrap().confirm().unwrap();
    let asked = old.begin().unwrap().failure_ids();
    assert!(matches!(asked, Err(StoreError::Deposed)), "{asked:?}");
    push_one(&mut new, "a").unwrap();
    assert_eq!(waiting(&mut new), 2);
    drop(new);
    assert_eq!(waiting(&mut take_over(&fixture.target)), 2);
}

#[test]
fn a_takeover_waits_for_the_transaction_that_is_under_way() {
    let mut fixture = PostgresFixture::new();
    let mut old = fixture.open();
    let mut tx = old.begin().unwrap();
    tx.enqueue(&[&job("1", "a")], Timestamp::from_micros(0))
        .unwrap();
    // It is sent, as it must be seen.
    let claimed = tx.claim("a", 1).unwrap();
    tx.finish(&[claimed.first().unwrap().0]).unwrap();
    tx.enqueue(&[&job("2", "a")], Timestamp::from_micros(0))
        .unwrap();
    let found = thread::scope(|scope| {
        let new = scope.spawn(|| waiting(&mut take_over(&fixture.target)));
        await_blocked(&fixture);
        tx.commit().unwrap();
        new.join().unwrap()
    });
    assert_eq!(found, 1, "what was committed before the takeover");
    assert!(matches!(push_one(&mut old, "a"), Err(StoreError::Deposed)));
}

#[test]
fn a_transaction_that_does_not_end_is_ended_by_the_next_takeover() {
    let fixture = PostgresFixture::new();
    let schema = fixture.target.schema().to_owned();
    let mut holder = fixture.hold(&format!("SELECT 1 FROM \"{schema}\".leader FOR KEY SHARE"));
    let mut lease = PostgresLease::new(&fixture.target);
    let now = Timestamp::from_micros(0);
    let claim = lease.claim().unwrap();
    let held_up = lease.take_over(&claim, "another server", now);
    assert!(held_up.is_err(), "{held_up:?}");
    assert!(
        lease
            .take_over(&claim, "another server", now)
            .unwrap()
            .is_some()
    );
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn a_lease_is_given_up_though_its_connection_was_lost() {
    let fixture = PostgresFixture::new();
    let mut lease = PostgresLease::new(&fixture.target).reached_at("there:1");
    let now = Timestamp::from_micros(0);
    let claim = lease.claim().unwrap();
    assert!(claim.ended);
    lease
        .take_over(&claim, "this server", now)
        .unwrap()
        .unwrap();
    assert!(lease.renew(now).unwrap());
    let mut other = PostgresLease::new(&fixture.target);
    let claim = other.claim().unwrap();
    assert_eq!(
        (&*claim.holder, &*claim.address, claim.ended),
        ("this server", "there:1", false)
    );
    fixture.end_sessions();
    lease.resign().unwrap();
    assert!(other.claim().or_else(|_| other.claim()).unwrap().ended);
}

#[test]
fn a_writer_that_stands_still_does_not_keep_a_takeover_waiting() {
    let mut fixture = PostgresFixture::new();
    let mut old = fixture.open();
    let mut tx = old.begin().unwrap();
    tx.enqueue(&[&job("1", "a")], Timestamp::from_micros(0))
        .unwrap();
    let claimed = tx.claim("a", 1).unwrap();
    // The database ends its session, and only then this goes on.
    let mut new = take_over(&fixture.target);
    push_one(&mut new, "a").unwrap();
    tx.finish(&[claimed.first().unwrap().0]).unwrap();
    let late = tx.commit().unwrap_err();
    assert!(matches!(late, StoreError::Poisoned(_)), "{late}");
    assert_eq!(waiting(&mut new), 1);
}

#[test]
fn a_lost_connection_poisons() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    fixture.end_sessions();
    for _ in 0..2 {
        let error = push_one(&mut store, "a").unwrap_err();
        assert!(matches!(error, StoreError::Poisoned(_)), "{error}");
    }
    assert!(matches!(store.close(), Err(StoreError::Poisoned(_))));
    assert_eq!(waiting(&mut fixture.open()), 1);
}

#[test]
fn a_sync_that_loses_its_connection_poisons() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    assert!(!store.wants_sync());
    push_one(&mut store, "a").unwrap();
    assert!(store.wants_sync());
    store.syncer().sync().unwrap();
    assert!(!store.wants_sync());
    push_one(&mut store, "a").unwrap();
    fixture.end_sessions();
    let error = store.syncer().sync().unwrap_err();
    assert!(matches!(error, StoreError::Poisoned(_)), "{error}");
    assert!(matches!(store.begin().err(), Some(StoreError::Poisoned(_))));
}

/// What a pooler hides: the database was started again, and has lost what was committed last.
#[test]
fn a_database_that_has_lost_a_commit_is_noticed() {
    let mut fixture = PostgresFixture::new();
    for notices_at_sync in [true, false] {
        let epoch = fixture.acquire();
        let target = fixture.target.clone().through_pooler();
        let mut store = PostgresStore::open(&target, epoch).unwrap();
        push_one(&mut store, "a").unwrap();
        store.syncer().sync().unwrap();
        push_one(&mut store, "a").unwrap();
        fixture.run("UPDATE @live SET version = version - 1 WHERE id = -4");
        let error = match notices_at_sync {
            true => store.syncer().sync().unwrap_err(),
            false => push_one(&mut store, "a").unwrap_err(),
        };
        assert!(matches!(error, StoreError::Poisoned(_)), "{error}");
    }
}

#[test]
fn a_reader_connects_again() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    let reader = store.reader();
    assert_eq!(reader.totals().unwrap().queues.len(), 1);
    fixture.end_sessions();
    reader.totals().unwrap_err();
    assert_eq!(reader.totals().unwrap().queues.len(), 1);
}

#[test]
fn a_failed_statement_undoes_its_transaction_and_no_other() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    fixture.run("ALTER TABLE @reservations ADD CONSTRAINT odd CHECK (wid <> 'odd')");
    let reserve = |store: &mut PostgresStore, wid: &str| {
        let mut tx = store.begin().unwrap();
        let (key, _) = tx.claim("a", 1).unwrap().remove(0);
        tx.reserve(&[reservation(key, wid)]).unwrap();
        tx.commit().map(|()| key)
    };
    let error = reserve(&mut store, "odd").unwrap_err();
    assert!(matches!(error, StoreError::Statement(_)), "{error}");
    assert_eq!(waiting(&mut store), 1);
    reserve(&mut store, "w").unwrap();
    assert_eq!(waiting(&mut store), 0);
}

fn reservation(key: JobKey, wid: &str) -> Reservation {
    Reservation {
        key,
        jid: "1".into(),
        wid: wid.into(),
        reserved_at: SteadyTime::from_micros(0),
        expires_at: SteadyTime::from_micros(1),
        has_features: false,
        connection: 0,
        series: 0,
    }
}

#[test]
fn a_group_of_pushes_fetches_and_acks_is_one_round_trip() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    let mut held = Vec::new();
    let mut trips = Vec::new();
    for _ in 0..4 {
        let before = store.round_trips();
        let mut tx = store.begin().unwrap();
        for _ in 0..3 {
            tx.enqueue(&[&job("1", "a")], Timestamp::from_micros(0))
                .unwrap();
        }
        held.drain(..).for_each(|key| tx.finish(&[key]).unwrap());
        for _ in 0..3 {
            let (key, _) = tx.claim("a", 1).unwrap().remove(0);
            tx.reserve(&[reservation(key, "w")]).unwrap();
            held.push(key);
        }
        tx.commit().unwrap();
        trips.push(store.round_trips() - before);
    }
    // In the first ones statements are prepared.
    assert_eq!(trips.split_off(2), [1, 1]);
}

#[test]
fn a_backlog_is_read_by_pages() {
    let mut fixture = PostgresFixture::new();
    let mut store = fixture.open();
    let record = job("1", "a");
    let mut tx = store.begin().unwrap();
    tx.enqueue(&vec![&record; 1_000], Timestamp::from_micros(0))
        .unwrap();
    tx.commit().unwrap();
    drop(store);
    let mut store = fixture.open();
    let before = store.round_trips();
    let mut keys = Vec::new();
    let mut tx = store.begin().unwrap();
    for _ in 0..1_000 {
        let (key, job) = tx.claim("a", 1).unwrap().remove(0);
        assert_eq!(&*job.unwrap().jid, "1");
        tx.finish(&[key]).unwrap();
        keys.push(key);
    }
    assert!(tx.claim("a", 1).unwrap().is_empty());
    tx.commit().unwrap();
    assert!(keys.is_sorted_by(|one, next| one < next));
    // Four pages, what is prepared for them, and the end.
    let trips = store.round_trips() - before;
    assert!(trips <= 8, "{trips}");
}

#[test]
fn tables_that_are_not_there_are_told_with_what_to_do() {
    let target = new_target();
    let told = PostgresLease::new(&target).acquire("a server", Timestamp::from_micros(0));
    let told = told.unwrap_err().to_string();
    assert!(told.contains("run `workmill migrate`"), "{told}");
}

#[test]
fn tables_of_another_version_are_refused() {
    let mut fixture = PostgresFixture::new();
    let epoch = fixture.acquire();
    for (version, wanted) in [
        ("999", "run the newer server"),
        ("0", "run `workmill migrate`"),
    ] {
        fixture.run(&format!("UPDATE @meta SET value = {version}"));
        let told = refusal(PostgresStore::open(&fixture.target, epoch));
        assert!(told.contains(wanted), "{told}");
    }
    fixture.run("UPDATE @meta SET value = 999");
    assert!(migrate(&fixture.target).is_err());
}

#[test]
fn an_epoch_that_is_over_opens_nothing() {
    let mut fixture = PostgresFixture::new();
    let epoch = fixture.acquire();
    fixture.acquire();
    let opened = PostgresStore::open(&fixture.target, epoch);
    assert!(matches!(opened.err(), Some(StoreError::Deposed)));
}

#[test]
fn a_database_that_cannot_be_reached_is_told_without_its_password() {
    let target = Target::parse("postgres://me:secret@127.0.0.1:1/jobs", "workmill").unwrap();
    let told = migrate(&target).unwrap_err().to_string();
    assert!(
        told.contains("cannot connect to the database jobs at 127.0.0.1:1"),
        "{told}"
    );
    assert!(!format!("{told}{target:?}{target}").contains("secret"));
    let told = migrate(&target_of("test", "nobody_has_this_name"))
        .unwrap_err()
        .to_string();
    assert!(
        told.contains("role \"nobody_has_this_name\" does not exist"),
        "{told}"
    );
}

#[test]
fn odd_addresses_are_refused() {
    for (url, schema, wanted) in [
        ("postgres://a@h/d?oddity=1", "s", "oddity"),
        ("user=a", "s", "names no host"),
        ("postgres://a@h/d", "", "no name of a schema"),
        ("postgres://a@h/d", "a\"b", "no name of a schema"),
    ] {
        let told = Target::parse(url, schema).unwrap_err().to_string();
        assert!(told.contains(wanted), "{url}: {told}");
    }
}
