//! Jobs waiting in queues.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Fixture;
use super::steps::*;
use crate::QueueStanding::{Missing, Refused, There};
use crate::{
    Attempt, Attempts, FailureId, JobKey, JobRecord, QUEUES_MAX, QueueTotals, Release, Reservation,
    ReservationsOf, SLICE_BYTES_MAX, Track, Tx,
};

pub(super) fn jobs_are_claimed_in_the_order_pushed<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    push(&mut store, "a", &["a3"]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3"]);
    drop(store);
    let mut store = fixture.open();
    push(&mut store, "a", &["a4"]);
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2", "a3", "a4"]);
    assert_eq!(&*fetch_one(&mut store, "a").jid, "a1");
    assert_eq!(waiting(&mut store, "a"), ["a2", "a3", "a4"]);
}

pub(super) fn a_claim_of_large_jobs_is_short<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut large = job("large", "a");
    large.body = vec![b'x'; SLICE_BYTES_MAX / 2 + 1];
    let mut larger = job("larger", "a");
    larger.body = vec![b'x'; SLICE_BYTES_MAX];
    let jobs = [&larger, &larger, &large, &large, &large];
    change(&mut store, |tx| tx.enqueue(&jobs, at(0)).unwrap());
    let claim_all = |store: &mut F::S| -> Vec<Vec<JobKey>> {
        let keys = |held: Vec<Reservation>| held.iter().map(|held| held.key).collect();
        (0..5).map(|_| keys(fetch(store, "a", "w", 9, 0))).collect()
    };
    let claims = claim_all(&mut store);
    let lengths: Vec<usize> = claims.iter().map(Vec::len).collect();
    assert_eq!(lengths, [1, 1, 2, 1, 0]);
    assert_eq!(totals(&mut store).queues["a"].size, 0);
    let releases: Vec<Release> = claims
        .concat()
        .into_iter()
        .map(|key| Release { key, record: None })
        .collect();
    change(&mut store, |tx| tx.release(&releases).unwrap());
    assert_eq!(claim_all(&mut store), claims);
}

pub(super) fn a_push_to_several_queues_keeps_the_order_of_each<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let jobs = [
        job("a1", "a"),
        job("b1", "b"),
        job("a2", "a"),
        job("b2", "b"),
        job("c1", "c"),
    ];
    let jobs: Vec<&JobRecord> = jobs.iter().collect();
    change(&mut store, |tx| tx.enqueue(&jobs, at(0)).unwrap());
    assert_eq!(waiting(&mut store, "a"), ["a1", "a2"]);
    assert_eq!(waiting(&mut store, "b"), ["b1", "b2"]);
    assert_eq!(waiting(&mut store, "c"), ["c1"]);
}

pub(super) fn a_large_push_keeps_every_job_in_its_place<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let jobs = (0..100).map(|number| {
        let jid = format!("a{number}");
        // Small ones first, then some of which few are many bytes.
        let body = jid.repeat(if number < 45 { 10 } else { 3_000 });
        JobRecord {
            body: body.into_bytes(),
            ..job(&jid, "a")
        }
    });
    let jobs: Vec<JobRecord> = jobs.collect();
    let pushed: Vec<&JobRecord> = jobs.iter().collect();
    change(&mut store, |tx| tx.enqueue(&pushed, at(0)).unwrap());
    let claimed = look(&mut store, |tx| tx.claim("a", 200).unwrap());
    assert_eq!(claimed.len(), jobs.len());
    for ((_, found), job) in claimed.iter().zip(&jobs) {
        assert!(found.as_ref().unwrap().body == job.body, "{}", job.jid);
    }
}

pub(super) fn a_push_makes_its_queue_and_a_drained_queue_stays<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    assert!(totals(&mut store).queues.is_empty());
    push(&mut store, "a", &["a1"]);
    let one = QueueTotals {
        size: 1,
        paused: false,
    };
    assert_eq!(totals(&mut store).queues, [("a".to_owned(), one)].into());
    let taken = fetch_one(&mut store, "a");
    change(&mut store, |tx| tx.finish(&[taken.key]).unwrap());
    let drained = QueueTotals::default();
    assert_eq!(
        totals(&mut store).queues,
        [("a".to_owned(), drained)].into()
    );
}

pub(super) fn a_job_carries_the_time_it_was_pushed_at<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut record = job("a1", "a");
    record.enqueued_at = Some(at(1));
    change(&mut store, |tx| tx.enqueue(&[&record], at(7)).unwrap());
    let claimed = look(&mut store, |tx| tx.claim("a", 1).unwrap());
    assert_eq!(claimed[0].1.as_ref().unwrap().enqueued_at, Some(at(7)));
}

pub(super) fn a_record_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let record = JobRecord {
        jid: "jid \"with\" \u{0} and ü".into(),
        queue: "a".into(),
        jobtype: String::new().into(),
        reserve_for_secs: u32::MAX,
        enqueued_at: Some(at(5)),
        failure_count: 12,
        recovered_at: vec![at(1), at(2)],
        failure: Some(FailureId(u64::MAX)),
        attempts: Attempts::of(&[Attempt {
            ended_at: at(4),
            took: Duration::from_micros(u64::MAX),
            wid: "w".into(),
            retry_after_secs: Some(u32::MAX),
            error: None,
        }]),
        features: None,
        body: (0..=255).collect(),
        enqueued_at_index: 256,
    };
    change(&mut store, |tx| tx.enqueue(&[&record], at(5)).unwrap());
    drop(store);
    let mut store = fixture.open();
    let claimed = look(&mut store, |tx| tx.claim("a", 1).unwrap());
    assert_eq!(claimed[0].1, Ok(record));
}

pub(super) fn a_large_payload_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let mut record = job("a1", "a");
    record.body = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    record.enqueued_at = Some(at(0));
    change(&mut store, |tx| tx.enqueue(&[&record], at(0)).unwrap());
    let held = fetch_one(&mut store, "a");
    let working = look(&mut store, |tx| tx.working_jobs(&[held.key]).unwrap());
    assert!(
        working == [(held.key, Ok(record.clone()))],
        "the payload has changed"
    );
    let release = Release {
        key: held.key,
        record: None,
    };
    change(&mut store, |tx| tx.release(&[release]).unwrap());
    let claimed = look(&mut store, |tx| tx.claim("a", 1).unwrap());
    assert!(
        claimed == [(held.key, Ok(record))],
        "the payload has changed"
    );
}

pub(super) fn jobs_with_the_same_id_are_jobs_of_their_own<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["same", "same", "other"]);
    let first = fetch_one(&mut store, "a");
    assert_eq!(waiting(&mut store, "a"), ["same", "other"]);
    change(&mut store, |tx| tx.finish(&[first.key]).unwrap());
    assert_eq!(waiting(&mut store, "a"), ["same", "other"]);
}

pub(super) fn a_claim_takes_no_more_than_its_limit<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2", "a3", "a4"]);
    look(&mut store, |tx| {
        assert!(tx.claim("a", 0).unwrap().is_empty());
        assert_eq!(jids_of(tx.claim("a", 1).unwrap()), ["a1"]);
        assert_eq!(jids_of(tx.claim("a", 2).unwrap()), ["a2", "a3"]);
        assert_eq!(jids_of(tx.claim("a", 2).unwrap()), ["a4"]);
        assert!(tx.claim("a", 2).unwrap().is_empty());
    });
}

pub(super) fn nothing_is_claimed_from_a_paused_empty_or_unknown_queue<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "paused", &["a1"]);
    push(&mut store, "empty", &["a2"]);
    let taken = fetch_one(&mut store, "empty");
    change(&mut store, |tx| {
        tx.finish(&[taken.key]).unwrap();
        tx.set_paused(&["paused"], true).unwrap();
    });
    for queue in ["paused", "empty", "unknown"] {
        let claimed = look(&mut store, |tx| tx.claim(queue, 9).unwrap());
        assert!(claimed.is_empty(), "{queue}");
    }
    change(&mut store, |tx| tx.set_paused(&["paused"], false).unwrap());
    assert_eq!(&*fetch_one(&mut store, "paused").jid, "a1");
}

pub(super) fn pausing_makes_a_queue_and_resuming_does_not<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.set_paused(&["made"], true).unwrap();
        tx.set_paused(&["not"], false).unwrap();
    });
    let paused = QueueTotals {
        size: 0,
        paused: true,
    };
    assert_eq!(
        totals(&mut store).queues,
        [("made".to_owned(), paused)].into()
    );
    push(&mut store, "made", &["a1"]);
    assert!(look(&mut store, |tx| tx.claim("made", 1).unwrap()).is_empty());
}

pub(super) fn a_queue_beyond_the_limit_is_refused_to_clients<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let names: Vec<String> = (0..QUEUES_MAX - 2).map(|n| format!("q{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    change(&mut store, |tx| tx.set_paused(&names, true).unwrap());
    // Both that can still be made are asked for, one of them again, and then more.
    let asked = ["q0", "x", "x", "y", "z", "z", "q1", "x", "w"];
    let standings = [
        There, Missing, Missing, Missing, Refused, Refused, There, Missing, Refused,
    ];
    for _ in 0..2 {
        let answers = look(&mut store, |tx| tx.queue_standings(&asked).unwrap());
        assert_eq!(answers, standings, "asking makes no queue");
    }
    push(&mut store, "x", &["x1"]);
    push(&mut store, "y", &["y1"]);
    change(&mut store, |tx| {
        assert_eq!(tx.queue_standings(&["x", "z"]).unwrap(), [There, Refused]);
        tx.remove_queues(&["q0"]).unwrap();
        let standings = tx.queue_standings(&["z", "q0", "z"]).unwrap();
        assert_eq!(standings, [Missing, Refused, Missing]);
    });
    assert!(look(&mut store, |tx| tx.queue_standings(&[]).unwrap()).is_empty());
    let standings = look(&mut store, |tx| {
        tx.queue_standings(&["x", "q0", "q0", "x"]).unwrap()
    });
    assert_eq!(standings, [There, Missing, Missing, There]);
}

pub(super) fn a_pause_survives_reopening<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    change(&mut store, |tx| tx.set_paused(&["a"], true).unwrap());
    drop(store);
    let mut store = fixture.open();
    assert!(totals(&mut store).queues["a"].paused);
    assert!(look(&mut store, |tx| tx.claim("a", 1).unwrap()).is_empty());
}

pub(super) fn the_head_is_shown_and_not_taken<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1", "a2"]);
    change(&mut store, |tx| tx.set_paused(&["a"], true).unwrap());
    for _ in 0..2 {
        let head = head(&store, "a");
        assert_eq!(&*head.unwrap().1.unwrap().jid, "a1");
    }
    assert_eq!(head(&store, "unknown"), None);
    change(&mut store, |tx| tx.set_paused(&["a"], false).unwrap());
    let first = fetch_one(&mut store, "a");
    let second = fetch_one(&mut store, "a");
    assert_eq!(head(&store, "a"), None);
    for (key, jid) in [(second.key, "a2"), (first.key, "a1")] {
        change(&mut store, |tx| {
            tx.release(&[Release { key, record: None }]).unwrap();
        });
        let (head, job) = head(&store, "a").unwrap();
        assert_eq!((head, &*job.unwrap().jid), (key, jid));
    }
}

pub(super) fn any_name_of_a_queue_is_taken_as_it_is<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let long = "q".repeat(256);
    let names = ["", " ", "A", "a", "a%", "ä\u{0}'\"", long.as_str()];
    for name in names {
        push(&mut store, name, &[name]);
    }
    drop(store);
    let mut store = fixture.open();
    for name in names {
        assert_eq!(waiting(&mut store, name), [name]);
    }
}

pub(super) fn many_queues_are_kept_apart<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let jobs: Vec<JobRecord> = (0..300)
        .flat_map(|n| {
            [
                job(&format!("{n}-1"), &format!("q{n}")),
                job(&format!("{n}-2"), &format!("q{n}")),
            ]
        })
        .collect();
    let jobs: Vec<&JobRecord> = jobs.iter().collect();
    change(&mut store, |tx| tx.enqueue(&jobs, at(0)).unwrap());
    drop(store);
    let mut store = fixture.open();
    assert_eq!(totals(&mut store).queues.len(), 300);
    for n in 0..300 {
        let claimed = look(&mut store, |tx| {
            jids_of(tx.claim(&format!("q{n}"), 5).unwrap())
        });
        assert_eq!(claimed, [format!("{n}-1"), format!("{n}-2")]);
    }
}

pub(super) fn keys_are_never_reused<F: Fixture>(fixture: &mut F) {
    let mut seen = BTreeSet::new();
    for round in 0..6 {
        let mut store = fixture.open();
        push(&mut store, "a", &["a1", "a2"]);
        for taken in fetch(&mut store, "a", "w", 2, 0) {
            assert!(seen.insert(taken.key), "a key came back");
            change(&mut store, |tx| tx.finish(&[taken.key]).unwrap());
        }
        match round % 3 {
            0 => {}
            1 => change(&mut store, |tx| tx.remove_queues(&["a"]).unwrap()),
            _ => change(&mut store, |tx| tx.flush().unwrap()),
        }
        sweep_all(&mut store, 100);
    }
}

pub(super) fn empty_slices_change_nothing<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    push(&mut store, "a", &["a1"]);
    let before = totals(&mut store);
    change(&mut store, |tx| {
        tx.enqueue(&[], at(0)).unwrap();
        tx.reserve(&[]).unwrap();
        tx.extend(&[]).unwrap();
        tx.finish(&[]).unwrap();
        tx.release(&[]).unwrap();
        tx.put::<Track>(&[]).unwrap();
        tx.remove::<Track>(&[]).unwrap();
        assert!(tx.get::<Track>(&[]).unwrap().is_empty());
        tx.insert_entries(workmill_proto::SetName::Dead, &[])
            .unwrap();
        assert_eq!(tx.remove_entries(&[]).unwrap(), 0);
        tx.set_paused(&[], true).unwrap();
        tx.remove_queues(&[]).unwrap();
        assert!(
            tx.reservations(ReservationsOf::Jids(&[]))
                .unwrap()
                .is_empty()
        );
        assert!(
            tx.reservations(ReservationsOf::Keys(&[]))
                .unwrap()
                .is_empty()
        );
        assert!(tx.working_jobs(&[]).unwrap().is_empty());
    });
    assert_eq!(totals(&mut store), before);
}
