//! Paths of pages, and links to them.

use serde::Deserialize;

use super::Frame;
use crate::locale::Markup;

/// The path of a job's page.
pub(super) fn job_path(jid: &str) -> String {
    format!("/jobs/{}", percent_encoded(jid))
}

/// The path of the page where a job is edited.
pub(super) fn job_edit_path(jid: &str) -> String {
    format!("{}/edit", job_path(jid))
}

/// A path of a job that says which is meant, if several have its id.
pub(super) fn with_key(path: &str, key: &str) -> String {
    format!("{path}?key={}", percent_encoded(key))
}

/// Which of several jobs with one id is meant.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct KeyParameter {
    pub(super) key: Option<String>,
}

/// Stands in a path before a name that browsers would take for a step up. No queue has it in its name.
const NO_STEP: char = '~';

/// The path of a queue's page.
pub(super) fn queue_path(name: &str) -> String {
    let encoded = percent_encoded(name);
    match name {
        "." | ".." => format!("/queues/{NO_STEP}{encoded}"),
        _ => format!("/queues/{encoded}"),
    }
}

/// The queue that is meant by its part of a path.
pub(super) fn queue_in_path(part: &str) -> &str {
    part.strip_prefix(NO_STEP).unwrap_or(part)
}

/// The path of a batch's page.
pub(super) fn batch_path(bid: &str) -> String {
    format!("/batches/{}", percent_encoded(bid))
}

/// The path of the form of a recurring job.
pub(super) fn cron_edit_path(name: &str) -> String {
    format!("/cron/{}/edit", percent_encoded(name))
}

/// The path of the runs of a recurring job.
pub(super) fn cron_runs_path(name: &str) -> String {
    format!("/cron/{}/runs", percent_encoded(name))
}

/// The path of the page that says what a change of all that match would concern.
pub(super) fn operation_start_path(action: &str, query: &str) -> String {
    format!(
        "/operations/new?action={action}&query={}",
        percent_encoded(query)
    )
}

/// The path of what a query finds.
pub(super) fn search_path(query: &str) -> String {
    format!("/search?query={}", percent_encoded(query))
}

/// As a part of a path, or a value in a query.
pub(super) fn percent_encoded(text: &str) -> String {
    let Ok(encoded) = askama::filters::urlencode_strict(text);
    encoded.to_string()
}

impl Frame {
    /// A link that shows what others have written.
    pub(super) fn anchor(&self, path: &str, text: &str) -> Markup {
        let mut html = Markup::default();
        html.raw("<a href=\"").text(&self.link(path)).raw("\">");
        html.isolated(text).raw("</a>");
        html
    }

    pub(super) fn job_anchor(&self, jid: &str) -> Markup {
        self.anchor(&job_path(jid), jid)
    }

    pub(super) fn queue_anchor(&self, name: &str) -> Markup {
        self.anchor(&queue_path(name), name)
    }

    /// Leads to the jobs of a type.
    pub(super) fn jobtype_anchor(&self, name: &str) -> Markup {
        self.anchor(&search_path(&format!("type:{}", quoted(name))), name)
    }

    /// Leads to the jobs that a worker has.
    pub(super) fn worker_anchor(&self, wid: &str) -> Markup {
        match wid {
            "" => {
                let mut html = Markup::default();
                html.text(self.t.why_nameless);
                html
            }
            wid => self.anchor(&search_path(&jobs_of_worker(wid)), wid),
        }
    }
}

/// The query for the jobs that a worker has.
pub(super) fn jobs_of_worker(wid: &str) -> String {
    format!("state:working worker:{}", quoted(wid))
}

/// A text as a value of a query.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
