//! What is to be different in the payload of a job.

use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;
use workmill_engine::query::Redactions;
use workmill_store::JobRecord;

use super::push::Members;
use crate::service::{Problem, ProblemKind};

/// What is to be different in the payload of a job. What is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayloadChange {
    /// Its type.
    #[serde(default)]
    #[schema(required = false)]
    pub jobtype: Option<String>,
    /// Its queue.
    #[serde(default)]
    #[schema(required = false)]
    pub queue: Option<String>,
    /// Its arguments.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>, required = false)]
    pub args: Option<Box<RawValue>>,
    /// Its `custom`.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    pub custom: Option<Box<RawValue>>,
    /// How often it may be tried again.
    #[serde(default)]
    #[schema(required = false)]
    pub retry: Option<i64>,
    /// For how many seconds a worker may keep it.
    #[serde(default)]
    #[schema(required = false)]
    pub reserve_for: Option<i64>,
}

impl PayloadChange {
    /// The members of the payload of a job as they are to be.
    ///
    /// # Errors
    /// Its type hides parts of it and is to be another one; its payload is no JSON object.
    pub(super) fn applied_to(
        &self,
        record: &JobRecord,
        redactions: &Redactions,
    ) -> Result<Members, Problem> {
        let retypes = |jobtype: &String| **jobtype != *record.jobtype;
        if redactions.concern(&record.jobtype) && self.jobtype.as_ref().is_some_and(retypes) {
            let detail = "parts of jobs of this type are hidden: the type cannot be changed";
            return Err(Problem::new(ProblemKind::Conflict, detail));
        }
        let mut members: Members = serde_json::from_slice(&record.body).map_err(invalid)?;
        let given = [
            ("jobtype", self.jobtype.as_ref().map(to_raw_value)),
            ("queue", self.queue.as_ref().map(to_raw_value)),
            ("args", self.args.as_ref().map(to_raw_value)),
            ("custom", self.custom.as_ref().map(to_raw_value)),
            ("retry", self.retry.as_ref().map(to_raw_value)),
            ("reserve_for", self.reserve_for.as_ref().map(to_raw_value)),
        ];
        for (name, value) in given {
            if let Some(value) = value {
                members.insert(name.to_owned(), value.map_err(invalid)?);
            }
        }
        Ok(members)
    }
}

/// What was given, or is kept, cannot be read.
pub(super) fn invalid(error: serde_json::Error) -> Problem {
    let detail = format!("the job cannot be edited: {error}");
    Problem::new(ProblemKind::Invalid, detail)
}
