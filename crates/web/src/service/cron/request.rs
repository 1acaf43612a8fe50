//! What a recurring job is to be like.

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use workmill_engine::{CronFlaw, check_cron_name};
use workmill_store::CronDefinition;

use crate::desk::{Actor, Desk};
use crate::service::{Problem, ProblemKind};

/// What a recurring job is to be like, in the words of the configuration.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CronRequest {
    /// Its name. It can be left out where the path has it.
    #[schema(max_length = 256, required = false)]
    pub name: Option<String>,
    /// When it is due: five to seven fields, a name such as `@daily`, or `@every` with a duration.
    #[schema(value_type = String, max_length = 1_000)]
    pub schedule: Option<String>,
    /// The zone its times are meant in, such as `Europe/Berlin`; that of the server if it is left out.
    #[schema(required = false)]
    pub timezone: Option<String>,
    /// Whether a run that was missed while no server ran is made up for, once.
    pub catch_up: bool,
    /// Its jobs, as they would be pushed, without an id.
    #[schema(value_type = RecurringJob)]
    pub job: Option<Box<RawValue>>,
    /// Whether it is only to be looked at what it would be like.
    pub dry_run: bool,
}

/// The jobs of a recurring one. Members that are not named here are kept with them.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what is sent goes to the server as it is")]
pub(crate) struct RecurringJob {
    /// Their type.
    jobtype: String,
    /// Their arguments; none if they are left out.
    #[schema(required = false)]
    args: Vec<serde_json::Value>,
    /// Their queue; `default` if it is left out.
    #[schema(required = false)]
    queue: String,
}

impl CronRequest {
    /// What it is to be called.
    ///
    /// # Errors
    /// It is not said, or in two ways; it is no name.
    pub(super) fn name<'a>(&'a self, in_path: Option<&'a str>) -> Result<&'a str, Problem> {
        let name = match (in_path, self.name.as_deref()) {
            (Some(path), Some(name)) if path != name => {
                let text = "the name is another one in the path: leave it out here";
                return Err(CronFlaw::new("name", text).into());
            }
            (None, None) => return Err(missing("name", "nightly-report")),
            (Some(name), _) | (None, Some(name)) => name,
        };
        check_cron_name(name)?;
        Ok(name)
    }

    /// How it is kept.
    ///
    /// # Errors
    /// What must be there is not.
    pub(super) fn definition(
        &self,
        desk: &dyn Desk,
        actor: &Actor,
    ) -> Result<CronDefinition, Problem> {
        let schedule = self.schedule.as_deref();
        let schedule = schedule.ok_or_else(|| missing("schedule", "*/5 * * * *"))?;
        let job = self.job.as_ref();
        let job = job.ok_or_else(|| missing("job", r#"{"jobtype":"Report","args":[]}"#))?;
        let timezone = self.timezone.as_deref().filter(|zone| !zone.is_empty());
        Ok(CronDefinition {
            schedule: schedule.trim().into(),
            timezone: timezone.map(Into::into),
            catch_up: self.catch_up,
            job: job.get().as_bytes().into(),
            changed_at: desk.now(),
            changed_by: (&*actor.name).into(),
        })
    }
}

fn missing(field: &str, such_as: &str) -> Problem {
    CronFlaw::new(field, format!("it has no {field}, such as {such_as}")).into()
}

impl From<CronFlaw> for Problem {
    fn from(flaw: CronFlaw) -> Self {
        Self::of_field(ProblemKind::Invalid, flaw.field, flaw.text)
    }
}
