use std::collections::BTreeMap;

use serde_json::json;
use workmill_engine::query::{JobState, Query, Redactions};
use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::reading::Bounds;
use workmill_store::{
    Attempts, JobRecord, Place, Reading, Reservation, SetTime, Store as _, Tx as _,
};

use super::known::known;
use super::scan::{Hit, Room, Scan, Slice};
use super::{CountedKind, Found, KINDS_MAX, SearchError, count, search};
use crate::desk::Desk;
use crate::desk::fake::FakeDesk;

/// A slice and its hits.
fn sliced(scan: Scan, query: &Query, reading: &dyn Reading, room: Room) -> (Slice, Vec<Hit>) {
    let mut hits = Vec::new();
    let mut found = |hit| hits.push(hit);
    let slice = scan
        .slice(query, &Redactions::default(), reading, room, &mut found)
        .unwrap();
    (slice, hits)
}

/// Room for so many hits.
fn at_most(hits: usize) -> Room {
    Room { hits, ..Room::ANY }
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-29T12:00:00Z").unwrap()
}

fn steady(secs: i64) -> SteadyTime {
    SteadyTime::from_micros(now().as_micros()).plus_secs(secs)
}

fn record(index: usize, queue: &str) -> JobRecord {
    let jid = format!("jid-{index:04}");
    let jobtype = if index.is_multiple_of(3) {
        "Third"
    } else {
        "Other"
    };
    let payload = json!({
        "jid": jid, "queue": queue, "jobtype": jobtype, "args": [index, {"odd": index % 2 == 1}]
    });
    JobRecord {
        jid: jid.into(),
        queue: queue.into(),
        jobtype: jobtype.into(),
        reserve_for_secs: 1800,
        enqueued_at: None,
        failure_count: 0,
        recovered_at: Vec::new(),
        failure: None,
        attempts: Attempts::default(),
        features: None,
        body: payload.to_string().into_bytes(),
        enqueued_at_index: 1,
    }
}

/// 60 jobs in every kind of place, some of them in the hands of workers.
fn store() -> MemoryStore {
    let mut store = MemoryStore::open(&MemoryDisk::default());
    let mut tx = store.begin().unwrap();
    let queued: Vec<_> = (0..30)
        .map(|index| record(index, ["b", "a", "c"][index % 3]))
        .collect();
    tx.enqueue(&queued.iter().collect::<Vec<_>>(), now())
        .unwrap();
    for (key, job) in tx.claim("b", 4).unwrap() {
        let reservation = Reservation {
            key,
            jid: job.unwrap().jid,
            wid: "w1".into(),
            reserved_at: steady(-600),
            expires_at: steady(1200),
            has_features: false,
            connection: 0,
            series: 0,
        };
        tx.reserve(&[reservation]).unwrap();
    }
    for index in 30..60 {
        let set = SetName::ALL[index % 3];
        let at = SetTime::dead(steady(60 * (index as i64)));
        tx.insert_entries(set, &[(at, record(index, "a"))]).unwrap();
    }
    tx.commit().unwrap();
    store
}

/// All that is found with so many hits at a time, and how many slices it took.
fn all(reading: &dyn Reading, query: &Query, hits_max: usize) -> (Vec<Hit>, usize) {
    let mut scan = Scan::new(now());
    let (mut hits, mut slices) = (Vec::new(), 0);
    loop {
        let (slice, found) = sliced(scan, query, reading, at_most(hits_max));
        assert!(found.len() <= hits_max);
        assert!(slice.places_done <= slice.places && slice.scan.looked_at <= slice.of);
        hits.extend(found);
        slices += 1;
        if slice.is_over {
            assert_eq!(slice.places_done, slice.places);
            return (hits, slices);
        }
        // Through its text, as it would go.
        scan = Scan::resumed(query, &slice.scan.cursor(query)).unwrap();
        assert_eq!(scan, slice.scan);
    }
}

/// The indexes of the jobs that match, by the place they are in.
fn naive(matches: impl Fn(usize, &str) -> bool) -> Vec<usize> {
    let place = |index: usize| match index {
        // The first four of the queue `b`.
        0 | 3 | 6 | 9 => "working",
        0..30 => "enqueued",
        _ => SetName::ALL[index % 3].as_str(),
    };
    (0..60)
        .filter(|index| matches(*index, place(*index)))
        .collect()
}

#[test]
fn every_match_is_found_once_over_all_slices() {
    let store = store();
    let reading = store.reader();
    type Filter = Box<dyn Fn(usize, &str) -> bool>;
    let cases: Vec<(&str, Filter)> = vec![
        ("", Box::new(|_, _| true)),
        ("type:Third", Box::new(|index, _| index % 3 == 0)),
        (
            "arg.1.odd:true -state:working",
            Box::new(|index, place| index % 2 == 1 && place != "working"),
        ),
        (
            "state:(dead OR retries)",
            Box::new(|_, place| place == "dead" || place == "retries"),
        ),
        (
            "queue:a state:enqueued",
            Box::new(|index, place| index % 3 == 1 && place == "enqueued"),
        ),
        (
            "worker:w1 started:-10m",
            Box::new(|_, place| place == "working"),
        ),
        (
            "arg.0:>=28 arg.0:<32",
            Box::new(|index, _| (28..32).contains(&index)),
        ),
        (
            "at:..40m state:dead",
            Box::new(|index, place| place == "dead" && index <= 40),
        ),
        ("jid:jid-0041", Box::new(|index, _| index == 41)),
        ("jid:jid-0041 state:enqueued", Box::new(|_, _| false)),
        ("jid:jid-0003 type:Third", Box::new(|index, _| index == 3)),
        (
            "jid:(jid-0007 OR jid-0050)",
            Box::new(|index, _| index == 7 || index == 50),
        ),
        ("state:dead state:retries", Box::new(|_, _| false)),
    ];
    for (text, filter) in cases {
        let query = Query::parse(text).unwrap();
        let wanted = naive(filter);
        for hits_max in [1, 2, 7, 100] {
            let (hits, slices) = all(&reading, &query, hits_max);
            let mut found: Vec<usize> = hits
                .iter()
                .map(|hit| hit.job.job.as_ref().unwrap().jid[4..].parse().unwrap())
                .collect();
            found.sort_unstable();
            assert_eq!(found, wanted, "{text}, {hits_max} at a time");
            assert!(slices >= wanted.len() / hits_max, "{text}");
        }
    }
}

#[test]
fn a_slice_ends_when_its_hits_have_no_more_room() {
    let store = store();
    let room = Room {
        bytes: 1,
        ..Room::ANY
    };
    let (slice, hits) = sliced(Scan::new(now()), &Query::all(), &store.reader(), room);
    assert!(!slice.is_over && !hits.is_empty());
    assert!(hits.iter().all(|hit| hit.place == Place::Working));
}

#[test]
fn hits_come_place_by_place_and_in_the_order_of_each() {
    let store = store();
    let (hits, _) = all(&store.reader(), &Query::all(), 7);
    let mut places: Vec<String> = Vec::new();
    let mut last: BTreeMap<String, workmill_store::JobRef> = BTreeMap::new();
    for hit in hits {
        let place = match &hit.place {
            Place::Working => "working".to_owned(),
            Place::Queue(name) => format!("queue {name}"),
            Place::Set(set) => set.as_str().to_owned(),
        };
        if let Some(before) = last.insert(place.clone(), hit.job.key) {
            assert!(before < hit.job.key || place == "working");
        }
        if places.last() != Some(&place) {
            places.push(place);
        }
    }
    let wanted = [
        "working",
        "queue a",
        "queue b",
        "queue c",
        "scheduled",
        "retries",
        "dead",
    ];
    assert_eq!(places, wanted);
}

#[test]
fn a_search_goes_on_where_jobs_and_queues_have_gone() {
    let mut store = store();
    let query = Query::parse("state:enqueued").unwrap();
    let (slice, _) = sliced(Scan::new(now()), &query, &store.reader(), at_most(15));
    assert!(!slice.is_over);
    let Some(super::route::Position::In(Place::Queue(name), _)) = &slice.scan.position else {
        panic!("{slice:?}");
    };
    assert_eq!(&**name, "b");
    let mut tx = store.begin().unwrap();
    tx.remove_queues(&["b"]).unwrap();
    tx.commit().unwrap();
    let (slice, hits) = sliced(slice.scan, &query, &store.reader(), at_most(100));
    assert!(slice.is_over);
    let queues = hits.iter().map(|hit| &hit.place);
    assert!(
        queues
            .into_iter()
            .all(|place| *place == Place::Queue("c".into()))
    );
    assert_eq!(hits.len(), 10);
}

#[test]
fn cursors_of_others_are_refused() {
    let store = store();
    let query = Query::parse("state:dead").unwrap();
    let (slice, _) = sliced(Scan::new(now()), &query, &store.reader(), at_most(3));
    let cursor = slice.scan.cursor(&query);
    assert!(Scan::resumed(&query, &cursor).is_some());
    let other = Query::parse("state:retries").unwrap();
    assert_eq!(Scan::resumed(&other, &cursor), None);
    let long = "A".repeat(2_000);
    let broken = format!("{}x", &cursor[..cursor.len() - 4]);
    for forged in ["", "x", "!", &*long, &*broken] {
        assert_eq!(Scan::resumed(&query, forged), None, "{forged}");
    }
    // One that was made for this query with another place in it.
    let elsewhere = Scan {
        position: Some(super::route::Position::In(Place::Working, None)),
        looked_at: u64::MAX,
        unknown: u64::MAX,
        ..slice.scan
    };
    assert_eq!(Scan::resumed(&query, &elsewhere.cursor(&query)), None);
    let all = Query::all();
    let scan = Scan::resumed(&all, &elsewhere.cursor(&all)).unwrap();
    sliced(scan, &all, &store.reader(), at_most(100));
}

async fn find(desk: &FakeDesk, query: &str, cursor: Option<&str>) -> Result<Found, SearchError> {
    let desk: &dyn Desk = desk;
    search(desk, query, cursor, 10).await
}

#[tokio::test]
async fn a_search_says_how_far_it_is_and_goes_on() {
    let desk = FakeDesk::new();
    for index in 0..25 {
        desk.push(&json!({
            "jid": format!("jid-{index:05}"), "queue": "q", "jobtype": "t", "args": [index]
        }));
    }
    let first = find(&desk, "type:t", None).await.unwrap();
    assert_eq!((first.hits.len(), first.looked_at, first.of), (10, 10, 25));
    assert_eq!((first.places_done, first.places), (0, 1));
    let second = find(&desk, "type:t", first.cursor.as_deref())
        .await
        .unwrap();
    assert_eq!(
        (second.hits.len(), second.looked_at, second.of),
        (10, 20, 25)
    );
    let third = find(&desk, "type:t", second.cursor.as_deref())
        .await
        .unwrap();
    assert_eq!(
        (third.hits.len(), third.looked_at, third.cursor),
        (5, 25, None)
    );
    assert_eq!((third.places_done, third.places), (1, 1));
    let none = find(&desk, "type:other", None).await.unwrap();
    assert_eq!(
        (none.hits.len(), none.looked_at, none.cursor),
        (0, 25, None)
    );

    let error = find(&desk, "a sate:x", None).await.unwrap_err();
    assert!(matches!(error, SearchError::Query(error) if error.at == 2));
    let error = find(&desk, "type:u", first.cursor.as_deref())
        .await
        .unwrap_err();
    assert!(matches!(error, SearchError::Cursor));
}

#[tokio::test]
async fn what_matches_is_counted_by_queue_and_type() {
    let desk = FakeDesk::new();
    for index in 0..700 {
        let queue = ["a", "b"][index % 2];
        let jobtype = ["x", "y", "z"][index % 3];
        desk.push(&json!({
            "jid": format!("jid-{index:05}"), "queue": queue, "jobtype": jobtype, "args": [index]
        }));
    }
    let desk: &dyn Desk = &*desk;
    let counted = count(desk, "queue:a -type:z").await.unwrap();
    let kind = |jobtype: &str, jobs| CountedKind {
        queue: "a".into(),
        jobtype: jobtype.into(),
        jobs,
    };
    assert_eq!(counted.kinds, [kind("x", 117), kind("y", 116)]);
    assert_eq!(
        (counted.matched, counted.others, counted.unknown),
        (233, 0, 0)
    );
    assert_eq!(
        (counted.looked_at, counted.of, counted.is_complete),
        (350, 350, true)
    );
    assert_eq!(counted.states, [(JobState::Enqueued, 233)].into());
}

#[tokio::test]
async fn how_many_match_is_known_where_all_of_a_place_or_a_group_do() {
    let desk = FakeDesk::new();
    for n in 0..5 {
        let queue = ["a", "b"][n % 2];
        desk.push(&json!({
            "jid": format!("jid-{n:05}"), "jobtype": "T", "queue": queue, "args": [], "retry": if n < 2 { -1 } else { 3 }
        }));
    }
    for (queue, jid) in [("a", "jid-00000"), ("b", "jid-00001"), ("a", "jid-00002")] {
        desk.fetch(queue);
        desk.fail(jid, "no luck");
    }
    let desk = &*desk as &dyn Desk;
    let groups = desk
        .read(|reading| reading.failures(None, Bounds::of_rows(9)))
        .await;
    let group = groups.unwrap().items[0].0;
    let known = async |text: String| {
        let query = Query::parse(&text).unwrap();
        let states = desk
            .read(move |reading| known(&query, reading))
            .await
            .unwrap()?;
        Some(
            states
                .into_iter()
                .map(|(state, jobs)| (state.as_str(), jobs))
                .collect(),
        )
    };
    let some = |states: &[(&'static str, u64)]| Some(states.to_vec());
    for (text, wanted) in [
        ("state:dead", some(&[("dead", 2)])),
        (
            "state:(dead OR retries)",
            some(&[("retries", 1), ("dead", 2)]),
        ),
        ("state:enqueued queue:a", some(&[("enqueued", 1)])),
        ("", some(&[("enqueued", 2), ("retries", 1), ("dead", 2)])),
        ("state:scheduled", some(&[])),
        ("queue:a", None),
        ("state:dead type:T", None),
    ] {
        assert_eq!(known(text.to_owned()).await, wanted, "{text}");
    }
    for (rest, wanted) in [
        ("", some(&[("retries", 1), ("dead", 2)])),
        (" state:dead", some(&[("dead", 2)])),
        (
            " (state:dead OR state:retries)",
            some(&[("retries", 1), ("dead", 2)]),
        ),
        (" type:T", None),
        (" OR type:T", None),
    ] {
        let text = format!("group:{group}{rest}");
        assert_eq!(known(text.clone()).await, wanted, "{text}");
    }
}

#[tokio::test]
async fn count_of_a_group_is_not_complete_while_jobs_are_still_put_into_groups() {
    let desk = FakeDesk::new();
    desk.push(&json!({"jid": "jid-00000", "jobtype": "T", "queue": "a", "args": []}));
    desk.fetch("a");
    desk.fail("jid-00000", "no luck");
    let on_desk = &*desk as &dyn Desk;
    let groups = on_desk.read(|reading| reading.failures(None, Bounds::of_rows(9)));
    let group = groups.await.unwrap().items[0].0;
    let is_complete = async |query: &str| count(&*desk, query).await.unwrap().is_complete;
    let (alone, beside) = (format!("group:{group}"), format!("group:{group} OR type:X"));
    assert!(is_complete(&alone).await && is_complete(&beside).await);
    desk.leave_ungrouped();
    assert!(!is_complete(&alone).await && !is_complete(&beside).await);
    assert!(is_complete("type:T").await);
}

#[tokio::test]
async fn kinds_that_are_too_many_to_be_told_apart_are_counted_together() {
    let desk = FakeDesk::new();
    for index in 0..KINDS_MAX + 10 {
        let jobtype = format!("type-{index}");
        desk.push(&json!({
            "jid": format!("jid-{index:05}"), "queue": "q", "jobtype": jobtype, "args": []
        }));
    }
    let counted = count(&*desk as &dyn Desk, "").await.unwrap();
    assert_eq!((counted.kinds.len(), counted.others), (KINDS_MAX, 10));
    assert_eq!(counted.matched, KINDS_MAX as u64 + 10);
}
