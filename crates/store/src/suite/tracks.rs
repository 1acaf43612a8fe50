//! What is written down of jobs.

use super::Fixture;
use super::steps::*;
use crate::{Store, Track, TrackState, Tx};

fn read(store: &mut impl Store, jids: &[&str]) -> Vec<Option<Track>> {
    look(store, |tx| tx.tracks(jids).unwrap())
}

fn write(store: &mut impl Store, jid: &str, track: &Track) {
    change(store, |tx| tx.write_tracks(&[(jid, track)]).unwrap());
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
    let written: Vec<(&str, &Track)> = jids.iter().copied().zip(&tracks).collect();
    let tracks: Vec<Option<Track>> = tracks.iter().cloned().map(Some).collect();
    let mut store = fixture.open();
    change(&mut store, |tx| {
        tx.write_tracks(&written).unwrap();
        assert_eq!(tx.tracks(&jids).unwrap(), tracks);
    });
    drop(store);
    assert_eq!(read(&mut fixture.open(), &jids), tracks);
}

pub(super) fn tracks_come_in_the_order_asked<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (a, b) = (track(1, None), track(2, None));
    change(&mut store, |tx| {
        tx.write_tracks(&[("a", &a), ("b", &b)]).unwrap();
    });
    let (a, b) = (Some(a), Some(b));
    assert_eq!(
        read(&mut store, &["b", "none", "a", "b", "A", ""]),
        [b.clone(), None, a, b, None, None]
    );
    assert!(read(&mut store, &[]).is_empty());
}

pub(super) fn what_is_written_last_counts<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    write(&mut store, "a", &track(1, Some(10)));
    let (second, third) = (track(2, Some(20)), track(3, None));
    change(&mut store, |tx| {
        tx.write_tracks(&[("a", &second), ("a", &third)]).unwrap();
    });
    // The time of an older word does not end it.
    assert_eq!(
        change(&mut store, |tx| tx.forget_tracks(at(99), 9).unwrap()),
        0
    );
    assert_eq!(read(&mut store, &["a"]), [Some(third)]);
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn tracks_are_forgotten_by_time<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    write(&mut store, "lives", &track(0, None));
    for (jid, secs) in [("a", 0), ("b", 10), ("c", 20), ("d", 30)] {
        write(&mut store, jid, &track(0, Some(secs)));
    }
    let mut forget =
        |secs, limit| change(&mut store, |tx| tx.forget_tracks(at(secs), limit).unwrap());
    assert_eq!(forget(-1, 9), 0);
    assert_eq!(forget(20, 2), 2);
    assert_eq!(forget(20, 9), 1);
    assert_eq!(forget(20, 9), 0);
    let left = read(&mut store, &["lives", "a", "b", "c", "d"]);
    let known: Vec<bool> = left.iter().map(Option::is_some).collect();
    assert_eq!(known, [true, false, false, false, true]);
    let all = change(&mut store, |tx| {
        tx.forget_tracks(workmill_proto::SteadyTime::MAX, 9)
            .unwrap()
    });
    assert_eq!(all, 1);
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}

pub(super) fn a_track_written_in_vain_is_not_there<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let first = track(1, Some(5));
    write(&mut store, "a", &first);
    look(&mut store, |tx| {
        let other = track(2, None);
        tx.write_tracks(&[("b", &other)]).unwrap();
        assert_eq!(tx.forget_tracks(at(9), 9).unwrap(), 1);
        tx.write_tracks(&[("a", &other)]).unwrap();
        assert_eq!(tx.tracks(&["a"]).unwrap(), [Some(other)]);
    });
    assert_eq!(read(&mut store, &["a", "b"]), [Some(first), None]);
}

pub(super) fn a_flush_forgets_all_tracks_at_once<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    for jid in ["a", "b", "c"] {
        write(&mut store, jid, &track(1, Some(5)));
    }
    let new = track(2, None);
    change(&mut store, |tx| {
        tx.flush().unwrap();
        assert_eq!(tx.tracks(&["a", "b"]).unwrap(), [None, None]);
        tx.write_tracks(&[("a", &new)]).unwrap();
    });
    for _ in 0..2 {
        drop(store);
        store = fixture.open();
        assert_eq!(read(&mut store, &["a", "b"]), [Some(new.clone()), None]);
        assert_eq!(
            change(&mut store, |tx| tx.forget_tracks(at(9), 9).unwrap()),
            0
        );
        sweep_all(&mut store, 1);
    }
    drop(store);
    assert_eq!(fixture.count_rows(), 1);
}
