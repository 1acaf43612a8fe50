//! What concerns speak of, for programs.

use super::concern::Concern;
use crate::service::operations::told_id;
use crate::service::why::Parameter;

impl Concern {
    /// What it speaks of, by name. What is not known is left out.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, Parameter)> {
        use Parameter::{At, Count, For};
        let mut given = match self {
            Self::DiskStalled { stalled_for } => vec![("stalled_for", Some(For(*stalled_for)))],
            Self::DiskNearlyFull {
                free_bytes,
                bytes,
                trash_bytes,
            } => vec![
                ("free_bytes", count(*free_bytes)),
                ("bytes", count(*bytes)),
                ("trash_bytes", trash_bytes.and_then(count)),
            ],
            Self::QueueUnfetched { oldest, last, .. } => vec![
                ("oldest", Some(For(*oldest))),
                ("last", last.as_deref().map(text)),
            ],
            Self::QueueQuiet { workers, .. } => vec![("workers", count(*workers))],
            Self::WorkerSilent { silent_for, .. } => vec![("silent_for", silent_for.map(For))],
            Self::QueueGrows { by, within, .. } => {
                vec![("by", count(*by)), ("within", Some(For(*within)))]
            }
            Self::ThrottleFull { taken, limit, .. } => {
                vec![("taken", count(*taken)), ("limit", count(*limit))]
            }
            Self::JobtypeFails {
                failed,
                of,
                within,
                usual_percent,
                ..
            } => vec![
                ("failed", count(*failed)),
                ("of", count(*of)),
                ("within", Some(For(*within))),
                ("usual_percent", usual_percent.and_then(count)),
            ],
            Self::QueuePaused { oldest, .. } => vec![("oldest", Some(For(*oldest)))],
            Self::CronLate { .. }
            | Self::CronNever { .. }
            | Self::CronFailed { .. }
            | Self::CronLong { .. } => self.parameters_of_cron(),
            Self::QueueSlow {
                oldest, usually, ..
            } => vec![
                ("oldest", Some(For(*oldest))),
                ("usually", Some(For(*usually))),
            ],
            Self::DeadUnseen { jobs, since } => {
                vec![("jobs", count(*jobs)), ("since", Some(At(*since)))]
            }
            Self::CarefulStopped {
                reason, operation, ..
            } => vec![
                ("reason", Some(text(reason))),
                ("operation", Some(text(&told_id(*operation)))),
            ],
            Self::ClockJumped { at, by_secs } => {
                vec![("at", Some(At(*at))), ("by_secs", Some(Count(*by_secs)))]
            }
            Self::NotDurable { within } => vec![("within", Some(For(*within)))],
            Self::CertificateEnds { at } => vec![("at", Some(At(*at)))],
        };
        let subject = self.subject();
        given.push(("subject", (!subject.is_empty()).then(|| text(subject))));
        let is_of_type = matches!(self, Self::JobtypeFails { .. } | Self::CronLong { .. });
        let counts_jobs = self.query().is_some() && !is_of_type;
        given.push(("jobs", counts_jobs.then(|| count(self.jobs())).flatten()));
        let known = given.into_iter();
        let known = known.filter_map(|(name, value)| Some((name, value?)));
        known.collect()
    }

    fn parameters_of_cron(&self) -> Vec<(&'static str, Option<Parameter>)> {
        use Parameter::{At, For};
        match self {
            Self::CronLate { due, .. } => vec![("due", Some(At(*due)))],
            Self::CronNever { .. } => Vec::new(),
            Self::CronFailed { at, .. } => vec![("at", Some(At(*at)))],
            Self::CronLong {
                jid,
                takes,
                usually,
                ..
            } => vec![
                ("jid", Some(text(jid))),
                ("takes", Some(For(*takes))),
                ("usually", Some(For(*usually))),
            ],
            // The others are about no recurring job.
            _ => Vec::new(),
        }
    }
}

fn count(count: u64) -> Option<Parameter> {
    Some(Parameter::Count(i64::try_from(count).unwrap_or(i64::MAX)))
}

fn text(text: &str) -> Parameter {
    Parameter::Text(text.to_owned())
}
