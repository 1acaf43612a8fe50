//! What a payload says that the server passes on as it is.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use workmill_store::StoredJob;

/// It, member by member: integers of any size stay exact. What a payload lacks is not there.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
pub(crate) struct Payload {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<serde_json::Value>, required = false)]
    pub(crate) args: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub(crate) custom: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub(crate) retry: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub(crate) reserve_for: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    pub(crate) created_at: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object, required = false)]
    pub(crate) failure: Option<Box<RawValue>>,
}

impl Payload {
    /// That of a job, or why it cannot be read.
    pub(crate) fn of(job: &StoredJob) -> Result<Self, String> {
        let record = job.as_ref().map_err(|corrupt| corrupt.reason.clone())?;
        serde_json::from_slice(&record.body).map_err(|error| error.to_string())
    }
}
