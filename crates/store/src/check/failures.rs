//! Groups of failures: how many jobs they count, next to those that are found.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::findings::{Findings, ProblemKind};
use crate::reading::Snapshot;
use crate::{FailureGroup, FailureId, JobRecord, StoreError};

#[derive(Debug, Default)]
pub(super) struct Failures {
    groups: BTreeMap<FailureId, Counted>,
    /// Whether jobs may be without a group.
    is_grouping: bool,
}

/// A group, and how many of its jobs were found.
#[derive(Debug)]
struct Counted {
    group: FailureGroup,
    retries: u64,
    dead: u64,
}

impl Failures {
    pub(super) fn read<S: Snapshot>(
        rows: &mut S,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let generation = rows.tallies()?.generation;
        let mut failures = Self {
            groups: BTreeMap::new(),
            is_grouping: rows.ungrouped()?.is_some(),
        };
        rows.failures(generation, None, |id, group| {
            match group {
                Ok(group) => {
                    let counted = Counted {
                        group,
                        retries: 0,
                        dead: 0,
                    };
                    failures.groups.insert(id, counted);
                }
                Err(error) => findings.add(ProblemKind::Row, || {
                    format!("the group of failures {id}: {}", error.reason)
                }),
            }
            ControlFlow::Continue(())
        })?;
        findings.count("groups of failures", failures.groups.len() as u64);
        Ok(failures)
    }

    /// A job that is in a set.
    pub(super) fn see(&mut self, set: SetName, job: &JobRecord, findings: &mut Findings) {
        let jid = &job.jid;
        match (set, job.failure) {
            (SetName::Scheduled | SetName::Completed, _) => {}
            (_, None) if self.is_grouping => {}
            (_, None) => findings.add(ProblemKind::Failures, || {
                format!("{jid:?} is in the set {} and in no group", set.as_str())
            }),
            (_, Some(id)) => match self.groups.get_mut(&id) {
                Some(counted) if set == SetName::Dead => counted.dead += 1,
                Some(counted) => counted.retries += 1,
                None => findings.add(ProblemKind::Failures, || {
                    format!("{jid:?} is of the group {id}, which is not there")
                }),
            },
        }
    }

    pub(super) fn check(&self, findings: &mut Findings) {
        for (id, counted) in &self.groups {
            let Counted {
                group,
                retries,
                dead,
            } = counted;
            if (group.retries, group.dead) != (*retries, *dead) {
                let (kept_retries, kept_dead) = (group.retries, group.dead);
                findings.add(ProblemKind::Failures, || {
                    format!(
                        "{id}: it counts {kept_retries} to be retried and {kept_dead} dead, and {retries} and {dead} are \
                         found"
                    )
                });
            }
            if (group.jobs() == 0) != group.forget_at.is_some() {
                findings.add(ProblemKind::Failures, || {
                    format!("{id}: it is to be forgotten while it has jobs, or never without any")
                });
            }
        }
    }
}
