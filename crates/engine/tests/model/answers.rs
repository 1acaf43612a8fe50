//! What the model expects of a ticket, and how an answer is compared with it.

use std::collections::BTreeMap;

use workmill_engine::{BatchReport, ChangeVerb, OperationState, Outcome};
use workmill_proto::Bid;
use workmill_store::Track;

use crate::ops::number_of;
use crate::predict::{Expectations, Outcomes};

#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    Ok,
    Job(i64),
    Nothing,
    Refused,
    Totals,
    /// The ids of those that were refused, sorted.
    Refusals(Vec<String>),
    Bid(Bid),
    Batch(BatchReport),
    Track(Option<Track>),
    /// An operation came to its end.
    Operated,
    /// An undo came to its end, and put back so many jobs.
    Undone(u64),
}

pub fn check(outcomes: Outcomes, expected: &Expectations) -> Result<(), String> {
    let outcomes: BTreeMap<u64, Expected> = outcomes
        .into_iter()
        .map(|(ticket, outcome)| (ticket, summarise(outcome)))
        .collect();
    if outcomes == *expected {
        return Ok(());
    }
    Err(format!("answers are {outcomes:?}, expected {expected:?}"))
}

fn summarise(outcome: Outcome) -> Expected {
    match outcome {
        Outcome::Ok => Expected::Ok,
        Outcome::Job(job) => Expected::Job(number_of(&job.body)),
        Outcome::Nothing => Expected::Nothing,
        Outcome::Refused(_) => Expected::Refused,
        Outcome::Info(_) => Expected::Totals,
        Outcome::Refusals(refused) => {
            let mut jids: Vec<String> = refused.into_iter().map(|(jid, _)| jid).collect();
            jids.sort();
            Expected::Refusals(jids)
        }
        Outcome::Bid(bid) => Expected::Bid(bid),
        Outcome::Batch(report) => Expected::Batch(*report),
        Outcome::Track(report) => Expected::Track(report.track),
        Outcome::Operations(reports) => match &reports[..] {
            [report] if report.state != OperationState::Done => unreachable!("{report:?}"),
            [report] if report.change.verb == ChangeVerb::Restore => {
                Expected::Undone(report.changed)
            }
            _ => Expected::Operated,
        },
        Outcome::Changed { .. } => unreachable!("no step names jobs"),
    }
}
