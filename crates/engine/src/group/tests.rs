use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::{Clocks, Store as _};

use super::*;

/// A group with these requests, to which `meddle` does something at its end.
fn finish(ops: Vec<Op>, meddle: impl FnOnce(&mut Answers)) -> Result<GroupResult, StoreError> {
    let mut store = MemoryStore::open(&MemoryDisk::default());
    let mut tx = store.begin().unwrap();
    let (rules, mut memory) = (Rules::default(), Memory::default());
    let clocks = Clocks {
        steady: SteadyTime::from_micros(0),
        wall: Timestamp::from_micros(0),
    };
    let draining = BTreeSet::new();
    let mut group = Group::new(&mut tx, clocks, 0, &rules, &mut memory, true, &draining);
    for (ticket, op) in (0..).map(Ticket).zip(ops) {
        group.run(&[Request { ticket, op }]).unwrap();
    }
    meddle(&mut group.answers);
    group.finish()
}

fn infos() -> Vec<Op> {
    vec![Op::Info, Op::Info]
}

#[test]
fn a_request_without_an_answer_or_with_two_ends_the_term() {
    assert_eq!(finish(infos(), |_| {}).unwrap().answers.len(), 2);
    let missing = finish(infos(), |answers| answers.expect(1));
    let twice = finish(infos(), |answers| answers.give(Ticket(0), Outcome::Ok));
    for broken in [missing, twice] {
        assert!(matches!(broken, Err(StoreError::Poisoned(_))), "{broken:?}");
    }
}
