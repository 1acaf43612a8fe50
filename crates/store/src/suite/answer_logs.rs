//! Answers to servers.

use super::Fixture;
use super::steps::*;
use crate::{AnswerLog, Tx};

fn log(secs: i64, bytes: &[u8]) -> AnswerLog {
    AnswerLog {
        noted_at: at(secs),
        bytes: bytes.into(),
    }
}

pub(super) fn answers_are_kept_by_server_and_outlive_a_flush<F: Fixture>(fixture: &mut F) {
    let mut store = fixture.open();
    let (first, last) = (7, u64::MAX >> 1);
    change(&mut store, |tx| {
        tx.put(&[
            (first, log(2, b"old")),
            (last, log(1, b"")),
            (9, log(1, b"x")),
        ])
        .unwrap();
        tx.put(&[(first, log(3, b"new"))]).unwrap();
        tx.remove::<AnswerLog>(&[9, 10]).unwrap();
        tx.flush().unwrap();
    });
    drop(store);
    let mut store = fixture.open();
    let kept = look(&mut store, |tx| {
        tx.get::<AnswerLog>(&[first, last, 9]).unwrap()
    });
    assert_eq!(kept, [Some(log(3, b"new")), Some(log(1, b"")), None]);
    assert_eq!(due::<AnswerLog>(&mut store, 2, 9), [last]);
    assert_eq!(due::<AnswerLog>(&mut store, 3, 9), [last, first]);
}
