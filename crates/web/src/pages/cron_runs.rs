//! `/cron/{name}/runs`: one recurring job, its next runs and its last ones. What is drawn of both.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use workmill_engine::Schedule;
use workmill_proto::Timestamp;

use super::Frame;
use super::chart::{Bar, bars, strip};
use super::cron::{act, may_act, may_save};
use super::cron_words::words;
use super::forms::Fields;
use super::links::{cron_runs_path, job_path};
use crate::app::App;
use crate::locale::{Markup, Texts};
use crate::service::cron::{CronEntry, CronRun, CronRunState, show};

/// The slots of a strip: half an hour each, a day in all.
const SLOT: Duration = Duration::from_secs(1_800);
const SLOTS: usize = 48;

/// How high the bar of a run is at least, so that its color is seen: beside one that took long, the others take nothing.
const SHARE_SEEN: f64 = 0.2;

#[derive(Template)]
#[template(path = "cron_runs.html")]
struct CronRunsPage<'a> {
    frame: &'a Frame,
    entry: CronEntry,
}

impl CronRunsPage<'_> {
    fn may_act(&self) -> bool {
        may_act(self.frame)
    }

    fn may_save(&self) -> bool {
        may_save(self.frame)
    }
}

impl CronEntry {
    /// The path of the page of its runs.
    pub(super) fn runs_path(&self) -> String {
        cron_runs_path(&self.name)
    }

    /// When it is due, in words; none if it takes too many.
    pub(super) fn words(&self, frame: &Frame) -> Option<String> {
        let plain = self.read.as_ref()?.plain()?;
        Some(words(frame, &plain))
    }

    /// The next day with its ticks; none if there are none in it.
    pub(super) fn next_day(&self, frame: &Frame) -> Option<Markup> {
        let next = self.next.first().filter(|_| self.paused_since.is_none())?;
        let slots = slots(self.read.as_ref()?, *next, frame.now);
        let has_any = slots.contains(&true);
        has_any.then(|| strip(frame.t.cron_next_day, &slots))
    }

    /// Its last runs, the latest last: how long each took, and what became of it.
    pub(super) fn past(&self, frame: &Frame) -> Option<Markup> {
        let took = |run: &CronRun| run.took(frame.now).unwrap_or_default().as_secs_f64();
        let longest = self.runs.iter().map(took).fold(0.0, f64::max);
        let runs = self.runs.iter().rev();
        let runs: Vec<Bar> = runs
            .map(|run| Bar {
                state: run.color(),
                share: if longest > 0.0 {
                    (took(run) / longest).max(SHARE_SEEN)
                } else {
                    SHARE_SEEN
                },
            })
            .collect();
        let last = self.runs.first()?;
        let label = format!("{}: {}", frame.t.last_run, last.state_name(frame.t));
        Some(bars(&label, &runs))
    }
}

impl CronRun {
    /// Names the color of its state.
    fn color(&self) -> &'static str {
        match self.state {
            CronRunState::Enqueued => "enqueued",
            CronRunState::Working | CronRunState::Succeeded => "working",
            CronRunState::Failed => "retries",
            CronRunState::Dead | CronRunState::Refused => "dead",
            CronRunState::Gone => "",
        }
    }

    fn state_name(&self, t: &Texts) -> &'static str {
        match self.state {
            CronRunState::Enqueued => t.enqueued,
            CronRunState::Working => t.working_state,
            CronRunState::Succeeded => t.succeeded,
            CronRunState::Failed => t.failed,
            CronRunState::Dead => t.dead_state,
            CronRunState::Gone => t.cron_run_gone,
            CronRunState::Refused => t.cron_run_refused,
        }
    }

    /// How long it took, or takes by now.
    fn told_time(&self, frame: &Frame) -> Option<String> {
        self.took(frame.now).map(|took| frame.span(&took))
    }

    fn job_path(&self) -> Option<String> {
        self.jid.as_deref().map(job_path)
    }
}

/// The slots of the next day in which there is a tick, of which `next` is the first.
fn slots(schedule: &Schedule, next: Timestamp, now: Timestamp) -> [bool; SLOTS] {
    let mut slots = [false; SLOTS];
    let slot_of = |tick: Timestamp| {
        let slot = tick.since(now).as_micros() / SLOT.as_micros();
        usize::try_from(slot).unwrap_or(usize::MAX)
    };
    let mut tick = Some(next);
    while let Some((slot, at)) = tick.map(|at| (slot_of(at), at))
        && let Some(has_tick) = slots.get_mut(slot)
    {
        *has_tick = true;
        let following = schedule.next_after(at);
        tick = match following.is_some_and(|at| slot_of(at) == slot) {
            // The others of this slot tell nothing more.
            true => {
                let slots = u32::try_from(slot + 1).unwrap_or(u32::MAX);
                let end = now.plus(SLOT.saturating_mul(slots));
                schedule.next_after(end.plus_secs(-1))
            }
            false => following,
        };
    }
    slots
}

/// `GET /cron/{name}/runs`.
pub(crate) async fn cron_runs(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
) -> Response {
    let entry = show(&*app.desk, &app.observer, &name).await;
    frame.show(entry.map(|entry| CronRunsPage {
        frame: &frame,
        entry,
    }))
}

/// `POST /cron/{name}/runs`: pushes its job now, pauses it, or lets it go on.
pub(crate) async fn on_cron_runs(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let done = act(&app, &frame, &name, &fields).await;
    frame.done(&cron_runs_path(&name), done)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    /// The slots of a schedule in the day from a moment on.
    fn marked(schedule: &str) -> Vec<usize> {
        let now = Timestamp::parse_rfc3339("2026-03-01T10:10:00Z").unwrap();
        let schedule = Schedule::parse(schedule, TimeZone::UTC).unwrap();
        let next = schedule.next_after(now).unwrap();
        let slots = slots(&schedule, next, now).into_iter().enumerate();
        let marked = slots.filter(|(_, has_tick)| *has_tick);
        marked.map(|(slot, _)| slot).collect()
    }

    #[test]
    fn next_day_is_marked_where_there_are_ticks() {
        assert_eq!(marked("0 11,23 * * *"), [1, 25]);
        assert_eq!(marked("5 10 * * *"), [47]);
        assert_eq!(marked("* * * * *").len(), SLOTS);
        assert_eq!(marked("@every 1s").len(), SLOTS);
        assert_eq!(
            marked("@every 90m"),
            (3..SLOTS).step_by(3).collect::<Vec<_>>()
        );
        assert_eq!(marked("0 0 1 1 *"), [0; 0]);
    }
}
