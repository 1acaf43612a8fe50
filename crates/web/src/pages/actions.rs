//! What can be done to jobs: the buttons, and what forms call it.

use workmill_engine::query::JobState;

use super::Frame;
use crate::locale::Texts;
use crate::service::jobs::JobVerb;

/// A button: what it does, what it says, and how it looks.
pub(super) struct JobAction {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) class: &'static str,
}

type Title = fn(&Texts) -> &'static str;

/// Each with the word of Faktory's forms.
const JOB_ACTIONS: [(JobVerb, &str, Title, &str); 4] = [
    (JobVerb::Retry, "retry", |t| t.act_retry, ""),
    (JobVerb::Enqueue, "add_to_queue", |t| t.act_enqueue, ""),
    (JobVerb::Kill, "kill", |t| t.act_kill, "danger"),
    (JobVerb::Delete, "delete", |t| t.act_delete, "danger"),
];

/// What a form says is to be done.
pub(super) fn verb_of(name: &str) -> Option<JobVerb> {
    let action = JOB_ACTIONS.iter().find(|(_, known, ..)| *known == name);
    action.map(|(verb, ..)| *verb)
}

/// What whoever reads may do to jobs of a state.
pub(super) fn job_actions(frame: &Frame, state: JobState) -> Vec<JobAction> {
    let makes_sense = |verb: JobVerb| match verb {
        // It is dead already.
        JobVerb::Kill => state != JobState::Dead,
        verb => verb.is_for(state),
    };
    JOB_ACTIONS
        .into_iter()
        .filter(|(verb, ..)| makes_sense(*verb) && frame.may(verb.action()))
        .map(|(_, name, title, class)| JobAction {
            name,
            title: title(frame.t),
            class,
        })
        .collect()
}
