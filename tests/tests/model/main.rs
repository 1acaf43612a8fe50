//! Random commands of several workers, restarts and kills, against a model of a few lines: no job is lost, doubled, or
//! in two places, and of equal jids the right one is meant.

mod model;
mod run;
mod step;

use std::cell::RefCell;

use proptest::test_runner::{Config, TestRunner};

use crate::run::Run;
use crate::step::{Step, any_steps};

#[test]
fn random_commands_and_restarts_agree_with_the_model() {
    let run = RefCell::new(Run::new());
    let mut runner = TestRunner::new(Config {
        cases: 60,
        max_shrink_iters: 500,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&any_steps(), |steps| {
        let run = &mut *run.borrow_mut();
        run.reconnect();
        run.take(&Step::Flush)?;
        for step in &steps {
            run.take(step)?;
        }
        run.drain()
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
