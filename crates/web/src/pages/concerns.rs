//! What needs attention, in the reader's language: a sentence with its numbers, and the one way to go on.

use workmill_proto::Timestamp;

use super::Frame;
use super::concern_sentences::sentence;
use super::links::{cron_runs_path, operation_start_path, queue_path, search_path};
use super::operations::operation_path;
use crate::desk::Action;
use crate::locale::Markup;
use crate::service::attention::{Concern, Item, Severity};
use crate::service::operations::told_id;

/// Something that needs attention.
pub(crate) struct ConcernRow {
    /// Names its color.
    pub(super) color: &'static str,
    pub(super) severity: &'static str,
    pub(crate) sentence: Markup,
    pub(super) since: Timestamp,
    /// What the way to go on is called, and where it leads.
    pub(super) action: &'static str,
    pub(crate) href: String,
    /// What is done about it at once, in the place of that.
    pub(super) fix: Option<Fix>,
    /// Where the cause is seen, if the way to go on leads elsewhere: what that is called, and where it is.
    pub(super) cause: Option<(&'static str, String)>,
    /// Which one it is, to be muted.
    pub(super) key: &'static str,
    pub(super) subject: String,
    pub(super) muted_until: Option<Timestamp>,
}

/// A form with one button, which does what is to be done.
pub(super) struct Fix {
    pub(super) path: String,
    pub(super) fields: Vec<(&'static str, String)>,
    pub(super) title: &'static str,
}

impl Fix {
    /// What mends a concern; none if nothing does at once, or whoever reads may not.
    fn of(frame: &Frame, concern: &Concern) -> Option<Self> {
        let (needed, path, fields, title) = match concern.action() {
            "resume_queue" => (
                Action::ResumeQueue,
                queue_path(concern.subject()),
                vec![("action", "resume".to_owned())],
                frame.t.act_resume,
            ),
            "run_cron" => (
                Action::RunCron,
                "/cron".to_owned(),
                vec![
                    ("name", concern.subject().to_owned()),
                    ("action", "run".to_owned()),
                ],
                frame.t.act_run,
            ),
            _ => return None,
        };
        frame.may(needed).then(|| Self {
            path: frame.link(&path),
            fields,
            title,
        })
    }
}

impl ConcernRow {
    pub(crate) fn new(frame: &Frame, item: &Item) -> Self {
        let t = frame.t;
        let concern = &item.concern;
        let (color, severity) = match concern.severity() {
            Severity::Critical => ("dead", t.severity_critical),
            Severity::Warning => ("retries", t.severity_warning),
            Severity::Notice => ("enqueued", t.severity_notice),
        };
        let query = concern.query().unwrap_or_default();
        let requeues = concern.action() == "requeue_jobs" && frame.may(Action::StartOperation);
        let (action, path) = match concern.action() {
            "see_throttle" => (t.see_throttles, "/throttles".to_owned()),
            "requeue_jobs" if requeues => (t.act_requeue, operation_start_path("requeue", &query)),
            "see_worker" | "see_failures" | "requeue_jobs" => (t.see_jobs, search_path(&query)),
            "see_cron" => (t.see_cron, "/cron".to_owned()),
            "run_cron" => (t.see_runs, cron_runs_path(concern.subject())),
            "see_dead" => (t.see_dead, "/morgue".to_owned()),
            "see_job" => (t.see_job, search_path(&query)),
            "empty_trash" => (t.trash_empty, "/server".to_owned()),
            "see_operation" => (t.see_operation, path_of_operation(concern)),
            "see_server" => (t.see_server, "/server".to_owned()),
            _ => (t.see_queue, queue_path(concern.subject())),
        };
        let fix = Fix::of(frame, concern);
        let cause = match requeues {
            true => Some((t.see_jobs, frame.link(&search_path(&query)))),
            false => fix.as_ref().map(|_| (action, frame.link(&path))),
        };
        Self {
            color,
            severity,
            cause,
            sentence: sentence(frame, concern),
            since: item.since,
            action,
            href: frame.link(&path),
            fix,
            key: concern.key(),
            subject: concern.subject().to_owned(),
            muted_until: item.muted_until,
        }
    }
}

fn path_of_operation(concern: &Concern) -> String {
    match concern {
        Concern::CarefulStopped { operation, .. } => operation_path(&told_id(*operation)),
        _ => "/operations".to_owned(),
    }
}
