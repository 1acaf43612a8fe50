//! What operators ask for, in the words of the audit log.

use std::sync::Arc;

use workmill_proto::{MutationFilter, QueueCommand, QueueSelection};
use workmill_store::{Operator, Place};

use crate::change::{Change, ChangeFilter, ChangePlaces, ChangeVerb};
use crate::limits::AUDIT_TEXT_BYTES_MAX;
use crate::op::{Action, CronOp, CronRun, CronSwitch, Mutate, Op, OperationsOp};

/// How many names of things a text tells.
const NAMES_TOLD_MAX: usize = 20;

/// What an action is called, and to what it is done.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) action: &'static str,
    pub(crate) target: String,
}

impl Op {
    /// Says that an operator asks for it: if it changes anything, the audit log tells so. What workers do all day
    /// (FETCH, ACK, FAIL and the like) is no action and stays as it is.
    pub fn by(self, operator: &Arc<Operator>) -> Self {
        match self {
            Self::Mutate(mut mutate) => {
                mutate.by = Some(Arc::clone(operator));
                Self::Mutate(mutate)
            }
            op if op.words().is_some() => Self::Act(Arc::new(Action {
                by: Arc::clone(operator),
                op,
            })),
            op => op,
        }
    }

    /// What an operator asks for with it; itself, if nobody says that one does.
    pub fn asked(&self) -> &Self {
        match self {
            Self::Act(action) => action.op.asked(),
            op => op,
        }
    }

    /// What the audit log calls it; none for what is no action.
    pub(crate) fn words(&self) -> Option<Words> {
        let (action, target) = match self {
            Self::Push(job) => {
                let (jid, queue) = (&job.record.jid, &job.record.queue);
                ("job.push", format!("job {jid} to queue {queue}"))
            }
            Self::PushBulk(bulk) => ("job.push", format!("{} jobs", bulk.jobs.len())),
            Self::Requeue(requeue) => ("job.requeue", format!("job {}", requeue.jid)),
            Self::Mutate(mutate) => return Some(mutate.words()),
            Self::Queue(command, _) => queue_words(command),
            Self::Operations(OperationsOp::Cancel(id)) => {
                ("operation.cancel", format!("operation {id}"))
            }
            Self::Cron(op) => cron_words(op),
            Self::Flush => ("flush", String::from("everything")),
            Self::Note(note) => (note.action, note.target.clone()),
            Self::Act(action) => return action.op.words(),
            Self::Fetch(_)
            | Self::Ack(_)
            | Self::Fail(_)
            | Self::Batch(_)
            | Self::Track(_)
            | Self::Operations(OperationsOp::List | OperationsOp::Resume | OperationsOp::Show(_))
            | Self::Info
            | Self::Nack(_)
            | Self::Forget(_)
            | Self::Drain(_)
            | Self::Tick(_) => return None,
        };
        let target = bounded(target);
        Some(Words { action, target })
    }
}

impl Mutate {
    /// What the audit log calls it.
    pub(crate) fn words(&self) -> Words {
        Words {
            action: self.change.word(),
            target: bounded(self.change.target()),
        }
    }
}

impl ChangeVerb {
    /// What the audit log calls it.
    fn word(&self) -> &'static str {
        match self {
            Self::Clear | Self::Discard => "job.delete",
            Self::Kill => "job.kill",
            Self::Requeue => "job.requeue",
            Self::RetryCarefully(_) => "job.retry_carefully",
            Self::Move(_) => "job.move",
            Self::Edit(_) => "job.edit",
            Self::Restore => "action.undo",
        }
    }
}

impl Change {
    /// What the audit log calls it.
    fn word(&self) -> &'static str {
        match (&self.verb, &self.places) {
            (ChangeVerb::Clear, ChangePlaces::Trash(_)) => "trash.empty",
            (verb, _) => verb.word(),
        }
    }

    /// Which jobs are meant, for people to read.
    fn target(&self) -> String {
        let places = match &self.places {
            ChangePlaces::One(Place::Queue(name)) => format!("queue {name}"),
            ChangePlaces::One(Place::Working) => String::from("working"),
            ChangePlaces::One(Place::Set(set)) => set.as_str().to_owned(),
            ChangePlaces::All => String::from("all jobs"),
            ChangePlaces::Trash(Some(action)) => format!("action {action}"),
            ChangePlaces::Trash(None) => String::from("everything in the trash"),
            ChangePlaces::Jobs(jobs) => {
                let keys = jobs.iter().map(|(_, key)| key.to_string());
                format!("jobs {}", listed(keys, jobs.len()))
            }
        };
        let filter = match &self.filter {
            None => String::new(),
            Some(ChangeFilter::Query(query)) => match query.to_string() {
                text if text.is_empty() => text,
                text => format!(" that match {text}"),
            },
            Some(ChangeFilter::Mutation(filter)) => mutation_words(filter),
        };
        let to = match &self.verb {
            ChangeVerb::Move(queue) => format!(" to queue {queue}"),
            ChangeVerb::RetryCarefully(care) => format!("; {}", care.words()),
            _ => String::new(),
        };
        format!("{places}{filter}{to}")
    }
}

fn mutation_words(filter: &MutationFilter) -> String {
    match filter {
        MutationFilter::Jids(jids) => {
            format!(" with the ids {}", listed(jids.iter().cloned(), jids.len()))
        }
        MutationFilter::Jobtype(jobtype) => format!(" of type {jobtype}"),
        MutationFilter::Glob {
            pattern, jobtype, ..
        } => match jobtype {
            Some(jobtype) => format!(" of type {jobtype} that match {pattern}"),
            None => format!(" that match {pattern}"),
        },
    }
}

fn queue_words(command: &QueueCommand) -> (&'static str, String) {
    let (action, queues) = match command {
        QueueCommand::Pause(queues) => ("queue.pause", queues),
        QueueCommand::Resume(queues) => ("queue.resume", queues),
        QueueCommand::Remove(queues) => ("queue.remove", queues),
    };
    let target = match queues {
        QueueSelection::All => String::from("all queues"),
        QueueSelection::Named(names) => {
            let word = if names.len() == 1 { "queue" } else { "queues" };
            format!("{word} {}", listed(names.iter().cloned(), names.len()))
        }
    };
    (action, target)
}

fn cron_words(op: &CronOp) -> (&'static str, String) {
    match op {
        CronOp::Switch(CronSwitch { name, paused }) => {
            let action = match paused {
                true => "cron.pause",
                false => "cron.resume",
            };
            (action, format!("cron entry {name}"))
        }
        CronOp::Put(put) => {
            let template = put.entry.template();
            let zone = put.definition.timezone.as_deref();
            let zone = zone.map_or_else(String::new, |zone| format!(" in {zone}"));
            let target = format!(
                "cron entry {}: {}{zone}, job {} to queue {}",
                put.name, put.definition.schedule, template.jobtype, template.queue
            );
            ("cron.save", target)
        }
        CronOp::Delete(name) => ("cron.delete", format!("cron entry {name}")),
        CronOp::Run(CronRun { name, job }) => {
            let (jid, queue) = (&job.record.jid, &job.record.queue);
            let target = format!("cron entry {name}: job {jid} to queue {queue}");
            ("cron.run", target)
        }
    }
}

/// Whether the target of an entry of the audit log about queues names this one.
pub fn is_about_queue(target: &str, queue: &str) -> bool {
    // A name has no space, and the last one may have " and 5 more" behind it.
    let names = |list: &str| {
        let mut names = list.split(", ");
        names.any(|name| name.split(' ').next() == Some(queue))
    };
    match target.split_once(' ') {
        Some(("all", "queues")) => true,
        Some(("queue" | "queues", list)) => names(list),
        _ => false,
    }
}

/// The first of some names, and how many more there are.
fn listed(names: impl Iterator<Item = String>, count: usize) -> String {
    let told: Vec<String> = names.take(NAMES_TOLD_MAX).collect();
    match count - told.len() {
        0 => told.join(", "),
        more => format!("{} and {more} more", told.join(", ")),
    }
}

/// The beginning of a text that is too long.
fn bounded(mut text: String) -> String {
    if text.len() > AUDIT_TEXT_BYTES_MAX {
        text.truncate(text.floor_char_boundary(AUDIT_TEXT_BYTES_MAX));
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use workmill_proto::{CustomReading, Job, Timestamp};

    use super::*;
    use crate::op_traits::OpTraits;

    #[test]
    fn an_action_is_as_much_work_as_what_is_asked_for_and_passes_nothing() {
        let by = Arc::new(Operator::default());
        let push = || {
            let job = Job::parse(br#"{"jid":"job-0001","jobtype":"T","args":[]}"#).unwrap();
            Op::push(job, Timestamp::default(), CustomReading::ALL).unwrap()
        };
        let alone = push().traits();
        let expected = OpTraits {
            rank: None,
            ..alone
        };
        assert!(alone.rank.is_some());
        assert_eq!(push().by(&by).traits(), expected);
        assert!(matches!(push().by(&by).asked(), Op::Push(_)));
        assert!(matches!(Op::Info.by(&by), Op::Info));
        let Op::Act(action) = push().by(&by).asked_by(7) else {
            panic!("no action");
        };
        assert!(matches!(&action.op, Op::Push(job) if job.client == 7));
    }

    #[test]
    fn target_of_queues_names_those_that_it_was_made_of_and_no_others() {
        let target = |count: usize| {
            let names = (0..count).map(|index| format!("q{index}")).collect();
            queue_words(&QueueCommand::Pause(QueueSelection::Named(names))).1
        };
        for (target, named, not_named) in [
            (target(1), "q0", "q1"),
            (target(3), "q2", "q"),
            (target(25), "q19", "q20"),
            (target(25), "q3", "more"),
        ] {
            assert!(is_about_queue(&target, named), "{target}: {named}");
            assert!(!is_about_queue(&target, not_named), "{target}: {not_named}");
        }
        let all = queue_words(&QueueCommand::Pause(QueueSelection::All)).1;
        assert!(is_about_queue(&all, "q"));
        assert!(!is_about_queue("job q", "q"));
    }

    #[test]
    fn long_texts_and_lists_are_cut_and_say_so() {
        let long = "ä".repeat(AUDIT_TEXT_BYTES_MAX);
        let cut = bounded(long);
        assert!(cut.len() <= AUDIT_TEXT_BYTES_MAX + 3 && cut.ends_with("ä..."));
        let names = || (0..25).map(|index| index.to_string());
        assert!(listed(names(), 25).ends_with(", 19 and 5 more"));
        assert_eq!(listed(names().take(2), 2), "0, 1");
        assert_eq!(listed(names().take(0), 0), "");
    }
}
