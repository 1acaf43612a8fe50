//! What [`Lease`](crate::Lease) promises. A backend gives a [`LeaseFixture`] and calls
//! [`lease_suite!`](crate::lease_suite) in a test file: one test per case.
#![expect(missing_docs, reason = "the name of a case says it")]

use workmill_proto::Timestamp;

use crate::{Acquired, Lease, Predecessor, Resign as _};

/// Something that one contender at a time can have.
pub trait LeaseFixture {
    /// The backend.
    type L: Lease;

    /// With nobody who has it.
    fn new() -> Self;

    /// One more contender.
    fn contender(&mut self) -> Self::L;
}

/// Makes a test of every case, run on new values of a [`LeaseFixture`] type.
#[macro_export]
macro_rules! lease_suite {
    ($fixture:ty) => {
        $crate::lease_suite! { $fixture:
            one_contender_has_it_and_the_other_is_told_who
            who_has_it_keeps_it_by_acquiring_it_again
            what_was_resigned_is_free_at_once
            what_its_holder_has_left_is_free_when_it_has_run_out
            resigning_what_somebody_else_has_changes_nothing
            who_gets_it_is_told_how_the_last_one_ended
        }
    };
    ($fixture:ty: $($case:ident)*) => {
        $(
            #[test]
            fn $case() {
                $crate::suite::lease::$case::<$fixture>(&mut <$fixture as $crate::suite::LeaseFixture>::new());
            }
        )*
    };
}

fn start() -> Timestamp {
    Timestamp::from_micros(1_000_000)
}

fn is_ours(acquired: &Acquired) -> bool {
    matches!(acquired, Acquired::Ours { .. })
}

fn by_first() -> Acquired {
    Acquired::Theirs {
        holder: "first".to_owned(),
    }
}

pub fn one_contender_has_it_and_the_other_is_told_who<F: LeaseFixture>(fixture: &mut F) {
    let (mut first, mut second) = (fixture.contender(), fixture.contender());
    assert!(is_ours(&first.acquire("first", start()).unwrap()));
    for _ in 0..2 {
        assert_eq!(second.acquire("second", start()).unwrap(), by_first());
    }
}

pub fn who_has_it_keeps_it_by_acquiring_it_again<F: LeaseFixture>(fixture: &mut F) {
    let (mut first, mut second) = (fixture.contender(), fixture.contender());
    let mut now = start();
    for _ in 0..3 {
        assert!(is_ours(&first.acquire("first", now).unwrap()));
        assert_eq!(second.acquire("second", now).unwrap(), by_first());
        now = now.plus(first.lasts());
    }
}

pub fn what_was_resigned_is_free_at_once<F: LeaseFixture>(fixture: &mut F) {
    let (mut first, mut second) = (fixture.contender(), fixture.contender());
    first.acquire("first", start()).unwrap();
    first.resign().unwrap();
    assert!(is_ours(&second.acquire("second", start()).unwrap()));
    let by_second = Acquired::Theirs {
        holder: "second".to_owned(),
    };
    assert_eq!(first.acquire("first", start()).unwrap(), by_second);
}

pub fn what_its_holder_has_left_is_free_when_it_has_run_out<F: LeaseFixture>(fixture: &mut F) {
    let (mut first, mut second) = (fixture.contender(), fixture.contender());
    first.acquire("first", start()).unwrap();
    let end = start().plus(first.lasts());
    drop(first);
    assert!(is_ours(&second.acquire("second", end).unwrap()));
}

pub fn resigning_what_somebody_else_has_changes_nothing<F: LeaseFixture>(fixture: &mut F) {
    let (mut first, mut second) = (fixture.contender(), fixture.contender());
    second.resign().unwrap();
    first.acquire("first", start()).unwrap();
    second.resign().unwrap();
    assert_eq!(second.acquire("second", start()).unwrap(), by_first());
}

pub fn who_gets_it_is_told_how_the_last_one_ended<F: LeaseFixture>(fixture: &mut F) {
    let mut now = start();
    let mut acquire = |lease: &mut F::L, predecessor| {
        let told = lease.acquire("one", now).unwrap();
        assert_eq!(told, Acquired::Ours { predecessor });
        now = now.plus(lease.lasts());
    };
    let vanished = || Predecessor::Vanished {
        holder: "one".to_owned(),
    };
    acquire(&mut fixture.contender(), Predecessor::Nobody);
    let mut second = fixture.contender();
    for _ in 0..2 {
        acquire(&mut second, vanished());
    }
    second.resign().unwrap();
    acquire(&mut second, Predecessor::Resigned);
    drop(second);
    acquire(&mut fixture.contender(), vanished());
}
