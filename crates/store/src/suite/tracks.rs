//! What is written down of jobs.

use super::Fixture;
use super::steps::*;
use crate::{Store, Track, TrackState, Tx};

fn read_all(store: &mut impl Store, jids: &[&str]) -> Vec<Option<Track>> {
    let jids: Vec<Box<str>> = jids.iter().map(|&jid| jid.into()).collect();
    look(store, |tx| tx.get(&jids).unwrap())
}

pub(super) fn a_track_comes_back_whole<F: Fixture>(fixture: &mut F) {
    let states = [
        TrackState::Unknown,
        TrackState::Enqueued,
        TrackState::Working,
        TrackState::Success,
        TrackState::Failed,
        TrackState::Dead,
    ];
    let none = Track {
        percent: None,
        desc: None,
        ..track(0, None)
    };
    let mut tracks = vec![track(3, Some(4)), none];
    tracks.extend(states.map(|state| Track {
        state,
        percent: Some(-1),
        desc: Some("\u{0}ü".repeat(500)),
        ..track(0, Some(5))
    }));
    let jids: Vec<String> = (0..tracks.len()).map(|n| format!("j{n}")).collect();
    let jids: Vec<&str> = jids.iter().map(String::as_str).collect();
    let names: Vec<Box<str>> = jids.iter().map(|&jid| jid.into()).collect();
    let written: Vec<(Box<str>, Track)> = names.iter().cloned().zip(tracks.clone()).collect();
    let tracks: Vec<Option<Track>> = tracks.into_iter().map(Some).collect();
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.put(&written).unwrap();
        assert_eq!(tx.get(&names).unwrap(), tracks);
    });
    drop(store);
    assert_eq!(read_all(&mut fixture.open(), &jids), tracks);
}

pub(super) fn tracks_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (track(1, None), track(2, None));
    change(&mut store, |tx| {
        tx.put(&[("a".into(), a.clone()), ("b".into(), b.clone())])
            .unwrap();
    });
    let (a, b) = (Some(a), Some(b));
    assert_eq!(
        read_all(&mut store, &["b", "none", "a", "b", "A", ""]),
        [b.clone(), None, a, b, None, None]
    );
    assert!(read_all(&mut store, &[]).is_empty());
}

pub(super) fn what_is_written_last_counts<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    keep(&mut store, "a", track(1, Some(10)));
    let (second, third) = (track(2, Some(20)), track(3, None));
    change(&mut store, |tx| {
        tx.put(&[("a".into(), second), ("a".into(), third.clone())])
            .unwrap();
    });
    // The time of an older word does not end it.
    assert!(due::<Track>(&mut store, 99, 9).is_empty());
    assert_eq!(read(&mut store, "a"), Some(third));
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn tracks_are_due_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    keep(&mut store, "lives", track(0, None));
    for (jid, secs) in [("c", 20), ("a", 0), ("d", 30), ("b", 10)] {
        keep(&mut store, jid, track(0, Some(secs)));
    }
    assert!(due::<Track>(&mut store, -1, 9).is_empty());
    let names = |jids: &[&str]| -> Vec<Box<str>> { jids.iter().map(|&jid| jid.into()).collect() };
    assert_eq!(due::<Track>(&mut store, 20, 2), names(&["a", "b"]));
    assert_eq!(due::<Track>(&mut store, 20, 9), names(&["a", "b", "c"]));
    change(&mut store, |tx| {
        tx.remove::<Track>(&names(&["a", "b", "none"])).unwrap();
        assert_eq!(tx.due::<Track>(at(20), 9).unwrap(), names(&["c"]));
        // It lives again.
        tx.put(&[("c".into(), track(1, None))]).unwrap();
        assert!(tx.due::<Track>(at(20), 9).unwrap().is_empty());
    });
    let left = read_all(&mut store, &["lives", "a", "b", "c", "d"]);
    let known: Vec<bool> = left.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, false, false, true, true]);
    let all = look(&mut store, |tx| {
        tx.due::<Track>(workmill_proto::SteadyTime::MAX, 9).unwrap()
    });
    assert_eq!(all, names(&["d"]));
    drop(store);
    assert_eq!(fixture.count_rows(), 3);
}

pub(super) fn a_track_written_in_vain_is_not_there<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let first = track(1, Some(5));
    keep(&mut store, "a", first.clone());
    look(&mut store, |tx| {
        let other = track(2, None);
        tx.put(&[("b".into(), other.clone())]).unwrap();
        tx.remove::<Track>(&["a".into()]).unwrap();
        tx.put(&[("a".into(), other.clone())]).unwrap();
        assert_eq!(tx.get(&["a".into()]).unwrap(), [Some(other)]);
    });
    assert_eq!(read_all(&mut store, &["a", "b"]), [Some(first), None]);
}

pub(super) fn a_flush_forgets_all_tracks_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for jid in ["a", "b", "c"] {
        keep(&mut store, jid, track(1, Some(5)));
    }
    let new = track(2, None);
    change(&mut store, |tx| {
        tx.flush().unwrap();
        let found = tx.get::<Track>(&["a".into(), "b".into()]).unwrap();
        assert_eq!(found, [None, None]);
        tx.put(&[("a".into(), new.clone())]).unwrap();
    });
    for _ in 0..2 {
        drop(store);
        store = fixture.open();
        assert_eq!(read_all(&mut store, &["a", "b"]), [Some(new.clone()), None]);
        assert!(due::<Track>(&mut store, 9, 9).is_empty());
        sweep_all(&mut store, 1);
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}
