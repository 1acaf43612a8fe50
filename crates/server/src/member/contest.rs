//! Who leads: looked at until this server does.

use std::future::pending;
use std::panic::resume_unwind;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use workmill_cluster::Step;

use crate::cluster::News;
use crate::database::{Contender, Reign};
use crate::log_limit::LogLimit;

/// How often it is looked who leads.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How long it lets others go first after it could not lead any more.
const REST: Duration = Duration::from_secs(1);

/// How long it does so after it has failed to begin to: longer than others wait for a leader that is silent, so that one of them
/// gets its turn who may be able to.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(5);

/// What one look came to.
pub(super) enum Looked {
    /// This server leads.
    Leads(Box<Reign>),
    /// Another one does, and is to be found there, as it has written it.
    Follows(workmill_cluster::Epoch, String),
    /// Nothing has changed, as far as is known.
    Unchanged,
}

/// The part of this server in the contest for the lead.
pub(super) struct Contest {
    contender: Contender,
    news: mpsc::UnboundedReceiver<News>,
    rests_until: Option<Instant>,
    failures: LogLimit,
}

impl Contest {
    pub(super) fn new(contender: Contender, news: mpsc::UnboundedReceiver<News>) -> Self {
        Self {
            contender,
            news,
            rests_until: None,
            failures: LogLimit::default(),
        }
    }

    /// Lets others go first for a while, after this server has led.
    pub(super) fn rest(&mut self) {
        self.rests_until = Some(Instant::now() + REST);
    }

    /// Lets others go first for a while, after this server could not begin to lead.
    pub(super) fn rest_after_failure(&mut self) {
        self.rests_until = Some(Instant::now() + REST_AFTER_FAILURE);
    }

    /// Waits until it is time for a look, or there is a reason for one.
    pub(super) async fn time_for_look(&mut self) {
        tokio::select! {
            biased;
            Some(news) = self.news.recv() => self.contender.note(news),
            () = sleep(LOOK_EVERY) => {}
        }
        while let Ok(news) = self.news.try_recv() {
            self.contender.note(news);
        }
    }

    /// Looks who leads, and takes over if nobody does. In a thread that may wait for the database.
    pub(super) async fn look(self) -> (Self, Looked) {
        let looked = spawn_blocking(move || {
            let mut contest = self;
            let looked = contest.look_now();
            (contest, looked)
        });
        match looked.await {
            Ok(looked) => looked,
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // It is only cancelled with all else.
            Err(_) => pending().await,
        }
    }

    fn look_now(&mut self) -> Looked {
        let rests = self.rests_until.is_some_and(|until| Instant::now() < until);
        let looked = self.try_to_lead(!rests);
        looked.unwrap_or_else(|error| {
            if let Some(suppressed) = self.failures.pass(Instant::now()) {
                tracing::warn!(
                    suppressed,
                    "cannot find out who leads, or take over: {error:#}"
                );
            }
            Looked::Unchanged
        })
    }

    fn try_to_lead(&mut self, may_lead: bool) -> anyhow::Result<Looked> {
        loop {
            match self.contender.look()? {
                Step::TakeOver(_) if may_lead => {
                    if let Some(looked) = self.take_over()? {
                        return Ok(looked);
                    }
                    // Somebody else was faster: it is to be followed at once.
                }
                Step::Connect(epoch, address) => return Ok(Looked::Follows(epoch, address)),
                Step::TakeOver(_) | Step::Stay => return Ok(Looked::Unchanged),
            }
        }
    }

    /// None if somebody else was faster.
    fn take_over(&mut self) -> anyhow::Result<Option<Looked>> {
        let begun = Instant::now();
        let taken = self.contender.take_over();
        if taken.is_err() {
            self.rest_after_failure();
        }
        let Some(reign) = taken? else {
            return Ok(None);
        };
        let epoch = reign.epoch.0;
        let took = begun.elapsed();
        match &reign.vanished {
            Some(holder) => {
                tracing::warn!(epoch, ?took, "takes over from {holder}, which is gone");
            }
            None => tracing::info!(epoch, ?took, "begins to lead, as no other server does"),
        }
        Ok(Some(Looked::Leads(Box::new(reign))))
    }
}
