//! Random primitives in random transactions, some rolled back, some followed by a reopening, against the
//! [model](super::model). A failure is shrunk to the fewest steps that still fail, and printed.

mod compare;
mod features;
mod step;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use self::compare::{compare_inside, compare_outside};
use self::step::{Step, run_step, step};
use super::Fixture;
use super::model::Model;
use super::steps::{change, sweep_all};
use crate::{Store, Tx};

/// Random histories that are tried, unless `PROPTEST_CASES` says how many.
const CASES: u32 = 60;
/// More are not tried in one process, whatever `PROPTEST_CASES` says: they open 14,000 stores, each of which keeps a
/// descriptor of its database until the process ends. For more, run it again: the histories are others.
const CASES_MAX: u32 = 4_000;
/// Few names, so that they meet often.
pub(super) const QUEUES: [&str; 3] = ["qa", "qb", "qc"];
pub(super) const JIDS: [&str; 4] = ["j1", "j2", "j3", "j4"];
pub(super) const WIDS: [&str; 3] = ["", "w1", "w2"];

#[derive(Clone, Debug)]
struct Group {
    steps: Vec<Step>,
    commit: bool,
    reopen: bool,
}

fn groups() -> impl Strategy<Value = Vec<Group>> {
    let group = (
        vec(step(), 1..7),
        prop::bool::weighted(0.7),
        prop::bool::weighted(0.2),
    )
        .prop_map(|(steps, commit, reopen)| Group {
            steps,
            commit,
            reopen,
        });
    vec(group, 1..25)
}

pub(super) fn random_groups_of_primitives_match_the_model<F: Fixture>(_: &mut F) {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config.cases = config.cases.min(CASES_MAX);
    let result = TestRunner::new(config).run(&groups(), |groups| {
        run_history(&mut F::new(), &groups);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn run_history<F: Fixture>(fixture: &mut F, groups: &[Group]) {
    let mut model = Model::default();
    let mut store = fixture.open();
    for group in groups {
        let before = model.clone();
        let mut tx = store.begin().unwrap();
        for step in &group.steps {
            run_step(&mut tx, &mut model, step);
            compare_inside(&mut tx, &model);
        }
        if group.commit {
            tx.commit().unwrap();
        } else {
            drop(tx);
            model = before;
        }
        if group.reopen {
            drop(store);
            store = fixture.open();
            model.forget_connections();
        }
        compare_outside(&mut store, &model);
    }
    change(&mut store, |tx| tx.flush().unwrap());
    sweep_all(&mut store, 3);
    drop(store);
    assert_eq!(fixture.count_rows(), 0, "rows nobody can reach");
}
