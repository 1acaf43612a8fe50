//! What is asked for: which jobs, and what is to be done to them.

use serde::Serialize;
use workmill_engine::query::{JobState, Query};
use workmill_engine::{CHANGE_JOBS_MAX, ChangeVerb};
use workmill_store::JobRef;

use super::careful::CarefulRetry;
use crate::service::jobs::JobVerb;
use crate::service::search::SearchError;
use crate::service::{Problem, ProblemKind};

/// A change of many jobs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OperationRequest {
    /// What is to be done.
    pub action: JobVerb,
    /// All jobs that match this query; an empty one means all jobs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query: Option<String>,
    /// The jobs with these keys, each if it is still where it was seen; 10,000 at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Vec<String>>,
    /// The queue that jobs are moved to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// How carefully jobs are retried; none means at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub careful: Option<CarefulRetry>,
}

/// Which jobs are meant.
pub(super) enum Which {
    Matching(Query),
    Keys(Vec<JobRef>),
}

impl OperationRequest {
    /// What the server does to each job.
    pub(super) fn verb(&self) -> Result<ChangeVerb, Problem> {
        match (self.careful, self.action) {
            (None, action) => action.change(self.queue.as_deref()),
            (Some(careful), JobVerb::Retry) => Ok(ChangeVerb::RetryCarefully(careful.care()?)),
            (Some(_), _) => {
                let detail = "only a retry can be careful";
                Err(Problem::new(ProblemKind::Invalid, detail))
            }
        }
    }

    /// Which jobs are meant.
    pub(super) fn which(&self) -> Result<Which, Problem> {
        let invalid = |detail: String| Problem::new(ProblemKind::Invalid, detail);
        match (&self.query, &self.keys) {
            (Some(query), None) => Ok(Which::Matching(self.narrowed(query)?)),
            (None, Some(keys)) if keys.len() > CHANGE_JOBS_MAX => Err(invalid(format!(
                "at most {CHANGE_JOBS_MAX} jobs can be named at a time: use a query"
            ))),
            (None, Some(keys)) => {
                let keys: Option<Vec<JobRef>> = keys.iter().map(|key| JobRef::parse(key)).collect();
                let wrong = "one of the keys is none: take those that jobs are shown with";
                keys.map(Which::Keys).ok_or_else(|| invalid(wrong.into()))
            }
            _ => {
                let detail = "say which jobs: by a query, or by keys, and not by both";
                Err(invalid(detail.into()))
            }
        }
    }

    /// The query, narrowed down to the states that the action is for.
    fn narrowed(&self, query: &str) -> Result<Query, Problem> {
        let parsed = Query::parse(query).map_err(SearchError::from)?;
        let Some(states) = self.action.states() else {
            return Ok(parsed);
        };
        // What is completed is passed over by the server, whatever the query says.
        let mut others = JobState::ALL
            .iter()
            .filter(|state| !states.contains(state) && **state != JobState::Completed);
        let states = match (others.next(), others.next()) {
            (None, _) => return Ok(parsed),
            // Said shortest, as people read it in the audit log.
            (Some(other), None) => format!("-state:{}", other.as_str()),
            _ => {
                let state = |state: &JobState| format!("state:{}", state.as_str());
                states.iter().map(state).collect::<Vec<_>>().join(" OR ")
            }
        };
        let text = match parsed.is_all() {
            true => states,
            false => format!("({parsed}) ({states})"),
        };
        // A place in what was made of the query says nothing to whoever wrote it.
        let too_long = |_| {
            let detail = "the query is too long for this action: write a shorter one";
            Problem::new(ProblemKind::Invalid, detail)
        };
        Query::parse(&text).map_err(too_long)
    }

    /// The line that does the same from a shell. `origin` is where the port is reached, without a slash at its end; `user` is
    /// who asks, none if nobody is asked for a name.
    pub(super) fn curl(&self, origin: &str, user: Option<&str>) -> String {
        let body = serde_json::to_string(self).unwrap_or_default();
        let user = user.map(|user| format!(" -u {}", quoted(user)));
        format!(
            "curl{} -H 'content-type: application/json' -d {} {}",
            user.unwrap_or_default(),
            quoted(&body),
            quoted(&format!("{origin}/api/v1/operations"))
        )
    }
}

/// The text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> OperationRequest {
        OperationRequest {
            action: JobVerb::Retry,
            query: Some(query.to_owned()),
            keys: None,
            queue: None,
            careful: None,
        }
    }

    #[test]
    fn line_for_a_shell_says_the_same_whatever_the_query_holds() {
        let line = request("error:\"can't\"").curl("http://localhost:7420", Some("o'neil"));
        let wanted = r#"curl -u 'o'\''neil' -H 'content-type: application/json' -d '{"action":"retry","query":"error:\"can'\''t\""}' 'http://localhost:7420/api/v1/operations'"#;
        assert_eq!(line, wanted);
    }

    #[test]
    fn an_action_is_narrowed_down_to_the_states_it_is_for() {
        for (query, wanted) in [
            ("", "state:retries OR state:dead"),
            (
                "type:A OR type:B",
                "(type:A OR type:B) (state:retries OR state:dead)",
            ),
        ] {
            let narrowed = request(query).narrowed(query).unwrap();
            assert_eq!(narrowed, Query::parse(wanted).unwrap());
        }
        let long = format!("type:{}", "x".repeat(990));
        let problem = request(&long).narrowed(&long).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Invalid);
    }
}
