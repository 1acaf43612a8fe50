//! What happened to jobs over time, as a chart.

use std::time::Duration;

use super::Frame;
use super::chart::{Series, lines};
use super::ranges::{self, RangeLink};
use crate::app::App;
use crate::locale::Markup;
use crate::service::Problem;
use crate::service::history::{HistoryOf, HistoryPoint, HistoryRange, history};

/// Steps that are drawn: more than that nobody tells apart.
const STEPS_MAX: usize = 180;

/// Moments that are written below it, as far apart as they are: its beginning, its end, and some between.
const TICKS: usize = 5;

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
        let last = steps.len().saturating_sub(1);
        let marked = (0..TICKS).filter_map(|tick| steps.get(tick * last / (TICKS - 1))?.first());
        let ticks = marked.map(|point| match range.length() > DAY {
            true => frame.date(&point.at),
            false => frame.minute(&point.at),
        });
        let step = history.step.saturating_mul(together as u64);
        Ok(Self {
            svg: lines(frame.language, &label.plain(), &series),
            step: frame.span(&Duration::from_secs(step)),
            ticks: ticks.collect(),
            key,
            ranges: ranges::links(
                frame,
                HistoryRange::ALL.map(|range| (range.name(), range.length())),
                range.name(),
            ),
        })
    }
}
