//! What is asked of batches, and told of them.

use serde::{Deserialize, Serialize};
use workmill_engine::{BatchOp, BatchReport, NewBatch};
use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{BatchDetails, BatchState, CallbackState};

use super::job::{BidForm, bid, bid_form};

/// A BATCH command.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum BatchForm {
    New {
        description: String,
        parent: Option<BidForm>,
        complete: Option<Vec<u8>>,
        success: Option<Vec<u8>>,
    },
    Open(BidForm),
    Commit(BidForm),
    Status(BidForm),
    Child {
        parent: BidForm,
        child: BidForm,
    },
}

/// What is known of a batch.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReportForm {
    bid: BidForm,
    parent: Option<BidForm>,
    description: String,
    created_at: i64,
    check: u64,
    total: u64,
    pending: u64,
    failed: u64,
    committed: bool,
    complete: CallbackForm,
    success: CallbackForm,
    completed: bool,
    succeeded: bool,
    children_incomplete: u64,
    children_unsuccessful: u64,
    changed_at: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum CallbackForm {
    Absent,
    Waiting,
    Queued,
    Done,
}

impl From<&BatchOp> for BatchForm {
    fn from(op: &BatchOp) -> Self {
        match op {
            BatchOp::New(new) => Self::New {
                description: new.description.clone(),
                parent: new.parent.map(bid_form),
                complete: new.complete.clone(),
                success: new.success.clone(),
            },
            BatchOp::Open(bid) => Self::Open(bid_form(*bid)),
            BatchOp::Commit(bid) => Self::Commit(bid_form(*bid)),
            BatchOp::Status(bid) => Self::Status(bid_form(*bid)),
            BatchOp::Child { parent, child } => Self::Child {
                parent: bid_form(*parent),
                child: bid_form(*child),
            },
        }
    }
}

impl From<BatchForm> for BatchOp {
    fn from(form: BatchForm) -> Self {
        match form {
            BatchForm::New {
                description,
                parent,
                complete,
                success,
            } => Self::New(NewBatch {
                description,
                parent: parent.map(bid),
                complete,
                success,
            }),
            BatchForm::Open(id) => Self::Open(bid(id)),
            BatchForm::Commit(id) => Self::Commit(bid(id)),
            BatchForm::Status(id) => Self::Status(bid(id)),
            BatchForm::Child { parent, child } => Self::Child {
                parent: bid(parent),
                child: bid(child),
            },
        }
    }
}

impl From<&BatchReport> for ReportForm {
    fn from(report: &BatchReport) -> Self {
        let state = &report.state;
        Self {
            bid: bid_form(report.bid),
            parent: report.parent.map(bid_form),
            description: report.details.description.clone(),
            created_at: report.details.created_at.as_micros(),
            check: state.check,
            total: state.total,
            pending: state.pending,
            failed: state.failed,
            committed: state.committed,
            complete: state.complete.into(),
            success: state.success.into(),
            completed: state.completed,
            succeeded: state.succeeded,
            children_incomplete: state.children_incomplete,
            children_unsuccessful: state.children_unsuccessful,
            changed_at: state.changed_at.as_micros(),
        }
    }
}

impl From<ReportForm> for BatchReport {
    fn from(form: ReportForm) -> Self {
        Self {
            bid: bid(form.bid),
            parent: form.parent.map(bid),
            details: BatchDetails {
                description: form.description,
                created_at: Timestamp::from_micros(form.created_at),
            },
            state: BatchState {
                check: form.check,
                total: form.total,
                pending: form.pending,
                failed: form.failed,
                committed: form.committed,
                complete: form.complete.into(),
                success: form.success.into(),
                completed: form.completed,
                succeeded: form.succeeded,
                children_incomplete: form.children_incomplete,
                children_unsuccessful: form.children_unsuccessful,
                changed_at: SteadyTime::from_micros(form.changed_at),
            },
        }
    }
}

impl From<CallbackState> for CallbackForm {
    fn from(state: CallbackState) -> Self {
        match state {
            CallbackState::Absent => Self::Absent,
            CallbackState::Waiting => Self::Waiting,
            CallbackState::Queued => Self::Queued,
            CallbackState::Done => Self::Done,
        }
    }
}

impl From<CallbackForm> for CallbackState {
    fn from(form: CallbackForm) -> Self {
        match form {
            CallbackForm::Absent => Self::Absent,
            CallbackForm::Waiting => Self::Waiting,
            CallbackForm::Queued => Self::Queued,
            CallbackForm::Done => Self::Done,
        }
    }
}
