//! What somebody is told on the next page of what they did: kept in a cookie until then.

use axum::http::{HeaderMap, HeaderValue};

use super::Frame;
use super::cookies::{cookie, keep};
use crate::guard::ScriptName;

const COOKIE: &str = "workmill_notice";

/// For how long it is kept, if the next page never comes.
const KEPT_SECS: u32 = 30;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    Paused,
    Resumed,
    Removed,
    /// So many workers were told something.
    WorkersTold(u64),
    /// So many jobs were changed.
    JobsChanged(u64),
    /// So many jobs were taken away by the action of this number, which can be undone.
    JobsTaken(u64, u64),
    /// So many were changed so far.
    JobsGoingOn(u64),
    OperationStopped,
    OperationHadEnded,
    JobEdited,
    JobIsNew,
    CronRun,
    CronPaused,
    CronResumed,
    CronSaved,
    CronDeleted,
    ConcernMuted,
    ConcernUnmuted,
}

impl Notice {
    /// What it is called in the cookie, and its number.
    fn code(self) -> (&'static str, u64) {
        match self {
            Self::Paused => ("paused", 0),
            Self::Resumed => ("resumed", 0),
            Self::Removed => ("removed", 0),
            Self::WorkersTold(count) => ("told", count),
            Self::JobsChanged(count) => ("changed", count),
            Self::JobsTaken(count, _) => ("taken", count),
            Self::JobsGoingOn(count) => ("going-on", count),
            Self::OperationStopped => ("operation-stopped", 0),
            Self::OperationHadEnded => ("operation-had-ended", 0),
            Self::JobEdited => ("job-edited", 0),
            Self::JobIsNew => ("job-new", 0),
            Self::CronRun => ("cron-run", 0),
            Self::CronPaused => ("cron-paused", 0),
            Self::CronResumed => ("cron-resumed", 0),
            Self::CronSaved => ("cron-saved", 0),
            Self::CronDeleted => ("cron-deleted", 0),
            Self::ConcernMuted => ("muted", 0),
            Self::ConcernUnmuted => ("unmuted", 0),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (code, numbers) = text.split_once('.')?;
        let (count, action) = numbers.split_once('.').unwrap_or((numbers, "0"));
        let (count, action) = (count.parse().ok()?, action.parse().ok()?);
        let known = [
            Self::Paused,
            Self::Resumed,
            Self::Removed,
            Self::WorkersTold(count),
            Self::JobsChanged(count),
            Self::JobsTaken(count, action),
            Self::JobsGoingOn(count),
            Self::OperationStopped,
            Self::OperationHadEnded,
            Self::JobEdited,
            Self::JobIsNew,
            Self::CronRun,
            Self::CronPaused,
            Self::CronResumed,
            Self::CronSaved,
            Self::CronDeleted,
            Self::ConcernMuted,
            Self::ConcernUnmuted,
        ];
        known.into_iter().find(|notice| notice.code().0 == code)
    }

    /// The header that keeps it for the next page.
    pub(super) fn kept(self, prefix: &ScriptName) -> Option<HeaderValue> {
        let (code, count) = self.code();
        let action = self.undoable().unwrap_or(0);
        keep(
            prefix,
            COOKIE,
            &format!("{code}.{count}.{action}"),
            KEPT_SECS,
        )
    }

    /// The one that a browser has kept, and the header that has it forget it.
    pub(super) fn of(
        headers: &HeaderMap,
        prefix: &ScriptName,
    ) -> (Option<Self>, Option<HeaderValue>) {
        match cookie(headers, COOKIE) {
            Some(text) => (Self::parse(text), keep(prefix, COOKIE, "", 0)),
            None => (None, None),
        }
    }

    /// The action that it tells of, if that can be undone.
    pub(super) fn undoable(self) -> Option<u64> {
        match self {
            Self::JobsTaken(_, action) => Some(action),
            _ => None,
        }
    }

    pub(super) fn text(self, frame: &Frame) -> String {
        let t = frame.t;
        match self {
            Self::Paused => t.queue_was_paused.to_owned(),
            Self::Resumed => t.queue_was_resumed.to_owned(),
            Self::Removed => t.queue_was_removed.to_owned(),
            Self::WorkersTold(count) => frame.count(t.told_workers, &count).plain(),
            Self::JobsChanged(count) | Self::JobsTaken(count, _) => {
                frame.count(t.jobs_changed, &count).plain()
            }
            Self::JobsGoingOn(count) => frame.count(t.jobs_going_on, &count).plain(),
            Self::OperationStopped => t.operation_was_stopped.to_owned(),
            Self::OperationHadEnded => t.operation_had_ended.to_owned(),
            Self::JobEdited => t.job_was_edited.to_owned(),
            Self::JobIsNew => t.job_is_new.to_owned(),
            Self::CronRun => t.cron_was_run.to_owned(),
            Self::CronPaused => t.cron_was_paused.to_owned(),
            Self::CronResumed => t.cron_was_resumed.to_owned(),
            Self::CronSaved => t.cron_was_saved.to_owned(),
            Self::CronDeleted => t.cron_was_deleted.to_owned(),
            Self::ConcernMuted => t.concern_was_muted.to_owned(),
            Self::ConcernUnmuted => t.concern_was_unmuted.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_is_read_as_it_was_kept() {
        for notice in [
            Notice::Paused,
            Notice::WorkersTold(7),
            Notice::JobsTaken(3, 9),
        ] {
            let kept = notice.kept(&ScriptName::default()).unwrap();
            let sent = kept.to_str().unwrap().split(';').next().unwrap();
            let mut headers = HeaderMap::new();
            headers.insert("cookie", HeaderValue::from_str(sent).unwrap());
            let (read, forgotten) = Notice::of(&headers, &ScriptName::default());
            assert_eq!(read, Some(notice));
            assert!(forgotten.unwrap().to_str().unwrap().contains("Max-Age=0"));
        }
        assert_eq!(Notice::parse("told.7"), Some(Notice::WorkersTold(7)));
        assert_eq!(Notice::parse("told.x"), None);
        assert_eq!(Notice::parse("taken.1.x"), None);
        assert_eq!(Notice::parse("else.1"), None);
    }
}
