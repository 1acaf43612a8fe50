//! What can be done to jobs: the buttons, and what forms call it.

use workmill_engine::query::JobState;

use super::Frame;
use crate::desk::Action;
use crate::locale::Texts;
use crate::service::jobs::JobVerb;

/// A button: what it does, what it says, and how it looks.
pub(super) struct JobAction {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) class: &'static str,
}

/// Where forms say what is to be done to the jobs that are selected, wherever those are.
pub(super) const SELECTED: &str = "/operations/selected";

/// What forms that do something to one job call it: Faktory's words, where it has one. A job is moved by editing it.
const OF_ONE: [(JobVerb, &str); 5] = [
    (JobVerb::Retry, "retry"),
    (JobVerb::Enqueue, "add_to_queue"),
    (JobVerb::Requeue, "requeue"),
    (JobVerb::Kill, "kill"),
    (JobVerb::Delete, "delete"),
];

/// What a form calls it that a new job is pushed with the payload of one that is done.
pub(super) const AGAIN: &str = "again";

/// What a form says is to be done.
pub(super) fn verb_of(name: &str) -> Option<JobVerb> {
    let action = OF_ONE.iter().find(|(_, known)| *known == name);
    action.map(|(verb, _)| *verb)
}

/// What whoever reads may do to one job in a state.
pub(super) fn job_actions(frame: &Frame, state: JobState) -> Vec<JobAction> {
    let may_push = state == JobState::Completed && frame.may(Action::PushJob);
    let again = may_push.then_some(JobAction {
        name: AGAIN,
        title: frame.t.act_again,
        class: "",
    });
    let others = OF_ONE
        .into_iter()
        .filter(|(verb, _)| makes_sense(*verb, state) && frame.may(verb.action()))
        .map(|(verb, name)| JobAction {
            name,
            title: title(verb, frame.t),
            class: class(verb),
        });
    again.into_iter().chain(others).collect()
}

/// What whoever reads may do to many jobs in some of these states: to all that match a query, or to those that they select.
pub(super) fn bulk_actions(frame: &Frame, states: &[JobState]) -> Vec<JobAction> {
    if !frame.may(Action::StartOperation) {
        return Vec::new();
    }
    JobVerb::ALL
        .into_iter()
        .filter(|verb| states.iter().any(|state| makes_sense(*verb, *state)))
        .map(|verb| JobAction {
            name: verb.as_str(),
            title: title(verb, frame.t),
            class: class(verb),
        })
        .collect()
}

fn makes_sense(verb: JobVerb, state: JobState) -> bool {
    match verb {
        // Of the others it is said better by another word.
        JobVerb::Requeue => matches!(state, JobState::Working | JobState::Enqueued),
        verb => verb.is_for(state),
    }
}

pub(super) fn title(verb: JobVerb, t: &Texts) -> &'static str {
    match verb {
        JobVerb::Retry => t.act_retry,
        JobVerb::Enqueue => t.act_enqueue,
        JobVerb::Requeue => t.act_requeue,
        JobVerb::Kill => t.act_kill,
        JobVerb::Delete => t.act_delete,
        JobVerb::Move => t.act_move,
    }
}

/// Those that take something away stand out.
pub(super) fn class(verb: JobVerb) -> &'static str {
    match verb {
        JobVerb::Kill | JobVerb::Delete => "danger",
        JobVerb::Retry | JobVerb::Enqueue | JobVerb::Requeue | JobVerb::Move => "",
    }
}
