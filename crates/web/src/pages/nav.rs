//! The list of pages at the side: a line for each.

use super::Frame;
use crate::locale::Texts;

/// Pages that go together.
pub(crate) struct NavGroup {
    pub(crate) title: Option<&'static str>,
    pub(crate) links: Vec<NavLink>,
}

/// A page.
pub(crate) struct NavLink {
    pub(crate) href: String,
    pub(crate) title: &'static str,
    pub(crate) count: Option<u64>,
    /// Its number is one that somebody should look at.
    pub(crate) is_alarm: bool,
    /// The page that is shown is this one, or below it.
    pub(crate) is_current: bool,
    /// `g` and this leads there.
    pub(crate) key: &'static str,
}

/// How many of what there are; none if it cannot be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) queues: Option<u64>,
    pub(super) failures: Option<u64>,
    pub(super) scheduled: Option<u64>,
    pub(super) retries: Option<u64>,
    pub(super) dead: Option<u64>,
    /// None also if there are none, and none are kept.
    pub(super) completed: Option<u64>,
    pub(super) working: Option<u64>,
    pub(super) workers: Option<u64>,
    pub(super) cron: Option<u64>,
    pub(super) throttles: Option<u64>,
}

impl Counts {
    /// Leaves completed jobs out if there are none, unless they are kept.
    pub(super) fn keeping_completed(self, are_kept: bool) -> Self {
        Self {
            completed: self.completed.filter(|jobs| are_kept || *jobs > 0),
            ..self
        }
    }
}

impl NavLink {
    /// What the stream of events calls the number.
    pub(crate) fn number(&self) -> Option<&'static str> {
        let number = match self.key {
            "q" => "queues",
            "s" => "scheduled",
            "r" => "retries",
            "d" => "dead",
            "n" => "completed",
            "w" => "working",
            "k" => "workers",
            _ => return None,
        };
        Some(number)
    }
}

type Title = fn(&Texts) -> &'static str;
type Count = fn(&Counts) -> Option<u64>;
type Line = (&'static str, &'static str, Title, Count);

/// The page that is there for whoever wants it.
const COMPLETED: &str = "/completed";

const NO_COUNT: Count = |_| None;

const TOP: &[Line] = &[
    ("/", "o", |t| t.overview, NO_COUNT),
    ("/queues", "q", |t| t.queues, |n| n.queues),
    ("/search", "f", |t| t.search, NO_COUNT),
    ("/failures", "e", |t| t.failures, |n| n.failures),
];

const JOBS: &[Line] = &[
    ("/scheduled", "s", |t| t.scheduled, |n| n.scheduled),
    ("/retries", "r", |t| t.retries, |n| n.retries),
    ("/morgue", "d", |t| t.dead, |n| n.dead),
    (COMPLETED, "n", |t| t.completed, |n| n.completed),
    ("/busy", "w", |t| t.working, |n| n.working),
    ("/batches", "b", |t| t.batches, NO_COUNT),
    ("/jobtypes", "y", |t| t.jobtypes, NO_COUNT),
];

const MACHINERY: &[Line] = &[
    ("/workers", "k", |t| t.workers, |n| n.workers),
    ("/cron", "c", |t| t.cron, |n| n.cron),
    ("/throttles", "t", |t| t.throttles, |n| n.throttles),
    ("/locks", "l", |t| t.locks, NO_COUNT),
];

const SERVER: &[Line] = &[
    ("/operations", "p", |t| t.operations, NO_COUNT),
    ("/audit", "a", |t| t.audit, NO_COUNT),
    ("/server", "v", |t| t.nav_server, NO_COUNT),
];

/// All of them, group by group.
pub(super) fn groups(frame: &Frame, counts: &Counts) -> Vec<NavGroup> {
    [
        (None, TOP),
        (Some(frame.t.nav_jobs), JOBS),
        (Some(frame.t.nav_machinery), MACHINERY),
        (Some(frame.t.nav_server), SERVER),
    ]
    .into_iter()
    .map(|(title, lines)| NavGroup {
        title,
        links: lines
            .iter()
            .filter(|(path, ..)| *path != COMPLETED || counts.completed.is_some())
            .map(|line| link(frame, counts, line))
            .collect(),
    })
    .collect()
}

fn link(frame: &Frame, counts: &Counts, line: &Line) -> NavLink {
    let (path, key, title, count) = *line;
    let count = count(counts);
    let below = frame.path.strip_prefix(path);
    let is_current = match path {
        "/" => frame.path == "/",
        _ => below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    };
    NavLink {
        href: frame.link(path),
        title: title(frame.t),
        count,
        is_alarm: path == "/morgue" && count.is_some_and(|count| count > 0),
        is_current,
        key,
    }
}
