//! Queues as rows of a table.

use super::Frame;
use super::chart::spark;
use crate::app::App;
use crate::locale::{Markup, Phrase};
use crate::service::Problem;
use crate::service::history::LATELY;
use crate::service::queues::Queue;

/// What the column of small charts is called.
pub(super) fn heading(frame: &Frame) -> Phrase<'static> {
    let said = frame.say(frame.t.done_lately);
    said.plain_part("time", frame.span(&LATELY))
}

/// A queue, and how it got on lately.
pub(super) struct QueueRow {
    pub(super) queue: Queue,
    /// What was done in it, minute by minute; none if that is nothing.
    pub(super) spark: Option<Markup>,
}

impl QueueRow {
    pub(super) async fn all(
        app: &App,
        frame: &Frame,
        queues: Vec<Queue>,
    ) -> Result<Vec<Self>, Problem> {
        let lately = app.lately.now(&*app.desk).await?;
        let rows = queues.into_iter().map(|queue| {
            let done = lately.queues.get(&*queue.name);
            let spark = done.map(|done| {
                let says = frame.say(frame.t.chart_says);
                let says = says.plain_part("time", frame.span(&LATELY));
                let says = says.number("done", &done.succeeded.iter().sum());
                let says = says.number("failed", &done.failed);
                spark("working", &says.plain(), &done.succeeded)
            });
            Self { queue, spark }
        });
        Ok(rows.collect())
    }
}
