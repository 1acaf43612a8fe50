//! What happened to jobs over time, as a chart.

use std::time::Duration;

use workmill_proto::Timestamp;

use super::Frame;
use super::chart::{Event, Series, lines};
use super::ranges::{self, RangeLink};
use crate::app::App;
use crate::locale::Markup;
use crate::service::Problem;
use crate::service::history::{HistoryOf, HistoryPoint, HistoryRange, history};
use crate::service::marks::Mark;

/// Steps that are drawn: more than that nobody tells apart.
const STEPS_MAX: usize = 180;

/// Moments that are written below it, as far apart as they are: its beginning, its end, and some between.
const TICKS: usize = 5;

/// Marks that are listed below it: of more than these the latest.
const MARKS_LISTED_MAX: usize = 30;

/// What is longer is told by dates.
const DAY: Duration = Duration::from_secs(86_400);

/// A chart, and what stands around it.
pub(super) struct HistoryChart {
    pub(super) svg: Markup,
    /// How long a step is.
    pub(super) step: String,
    /// When steps begin, some of them: the first, the last, and others as far from each other.
    pub(super) ticks: Vec<Markup>,
    /// What each line is: its color and its name.
    pub(super) key: [(&'static str, &'static str); 2],
    pub(super) ranges: Vec<RangeLink>,
    /// What began meanwhile, the latest first; nothing for a chart of one queue.
    pub(super) marks: Vec<MarkRow>,
    /// How many there are, those included that are not told.
    pub(super) mark_count: u64,
}

/// Something that began, as it is told below a chart.
pub(super) struct MarkRow {
    pub(super) at: Timestamp,
    /// What began, in the words of the audit log; none for a mark that somebody has made.
    pub(super) kind: Option<Box<str>>,
    pub(super) text: Box<str>,
    pub(super) name: Box<str>,
}

impl MarkRow {
    fn of(mark: &Mark) -> Self {
        Self {
            at: mark.at,
            kind: (!mark.is_made()).then(|| mark.kind.clone()),
            text: mark.text.clone(),
            name: mark.name.clone(),
        }
    }

    /// All that it says, in one line.
    fn title(&self) -> String {
        match &self.kind {
            Some(kind) => format!("{kind}: {}", self.text),
            None => self.text.to_string(),
        }
    }
}

impl HistoryChart {
    /// Of all jobs or of a queue, over the range that the address says; over an hour if it says none, or nonsense.
    pub(super) async fn of(
        app: &App,
        frame: &Frame,
        of: HistoryOf,
        range: Option<&str>,
    ) -> Result<Self, Problem> {
        let range = range.and_then(HistoryRange::of_name).unwrap_or_default();
        let history = history(&*app.desk, range, &of).await?;
        let together = history.points.len().div_ceil(STEPS_MAX).max(1);
        let steps: Vec<&[HistoryPoint]> = history.points.chunks(together).collect();
        let sums = |value: fn(&HistoryPoint) -> u64| -> Vec<u64> {
            let steps = steps.iter();
            steps.map(|step| step.iter().map(value).sum()).collect()
        };
        let t = frame.t;
        let key = [("working", t.succeeded), ("dead", t.failed)];
        let (done, failed) = (sums(|point| point.succeeded), sums(|point| point.failed));
        let label = frame
            .say(t.chart_says)
            .plain_part("time", frame.span(&range.length()))
            .number("done", &done.iter().sum())
            .number("failed", &failed.iter().sum());
        let series = [("working", done), ("dead", failed)];
        let series = series.map(|(state, values)| Series { state, values });
        let begins = steps.iter().filter_map(|step| Some(step.first()?.at));
        let begins: Vec<Timestamp> = begins.collect();
        let mut marks = match of {
            HistoryOf::All => marks_since(app, begins.first().copied()).await?,
            HistoryOf::Queue(_) | HistoryOf::Jobtype(_) => Vec::new(),
        };
        let events = events(frame, &begins, &marks);
        let mark_count = marks.len() as u64;
        marks.truncate(MARKS_LISTED_MAX);
        let last = steps.len().saturating_sub(1);
        let marked = (0..TICKS).filter_map(|tick| steps.get(tick * last / (TICKS - 1))?.first());
        let ticks = marked.map(|point| match range.length() > DAY {
            true => frame.date(&point.at),
            false => frame.minute(&point.at),
        });
        let step = history.step.saturating_mul(together as u64);
        Ok(Self {
            svg: lines(frame.language, &label.plain(), &series, &events),
            step: frame.span(&Duration::from_secs(step)),
            ticks: ticks.collect(),
            key,
            ranges: ranges::links(
                frame,
                HistoryRange::ALL.map(|range| (range.name(), range.length())),
                range.name(),
            ),
            marks,
            mark_count,
        })
    }
}

/// What began since a moment, the latest first.
async fn marks_since(app: &App, since: Option<Timestamp>) -> Result<Vec<MarkRow>, Problem> {
    let begun = app.begun.now(&*app.desk).await?;
    let shown = begun
        .iter()
        .take_while(|mark| since.is_some_and(|since| mark.at >= since));
    Ok(shown.map(MarkRow::of).collect())
}

/// A line for each step in which something began, however much that was.
fn events(frame: &Frame, begins: &[Timestamp], marks: &[MarkRow]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    let mut in_step = 0;
    for mark in marks {
        let step = begins
            .partition_point(|begin| *begin <= mark.at)
            .saturating_sub(1);
        match events.last_mut().filter(|last| last.step == step) {
            Some(last) => {
                in_step += 1;
                last.text = frame.count(frame.t.mark_count, &in_step).plain();
            }
            None => {
                in_step = 1;
                let text = mark.title();
                events.push(Event { step, text });
            }
        }
    }
    events
}
