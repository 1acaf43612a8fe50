//! What jobs ask of the server, and how the server is set up for them.

use jiff::Timestamp;
use serde_json::{Value, json};

/// The queues of jobs. The first has no limits; the order of the others is that of the limits below.
pub(super) const QUEUES: [&str; 4] = ["plain", "few", "shared", "paced"];

/// Where cron entries push to.
pub(super) const CRON_QUEUE: &str = "cron";

/// How many jobs of the queue `few` may run at a time.
pub(super) const CONCURRENCY_MAX: usize = 3;

/// How many jobs of the queue `shared` one worker may have.
pub(super) const WORKER_MAX: usize = 2;

/// How many jobs of the queue `paced` are handed out per second.
pub(super) const RATE: f64 = 100.0;

/// The type of the jobs of an entry that misses ticks while the server is down.
pub(super) const TICK: &str = "Tick";

/// The type of the jobs of an entry that makes up for them.
pub(super) const TOCK: &str = "Tock";

/// What a server needs in its `conf.d` to be audited by a [`super::FeatureLedger`].
pub fn features_config() -> String {
    let [_, few, shared, paced] = QUEUES;
    let throttles = format!(
        "[throttles]\n{few} = {{ concurrency = {CONCURRENCY_MAX} }}\n{shared} = {{ worker = {WORKER_MAX} }}\n\
         {paced} = {{ rate = {RATE}, burst = 50 }}\n"
    );
    // A batch whose id got lost with the answer must not expire: it would release its parent.
    let batch = "[batch]\nuncommitted_timeout_minutes = 600\n";
    // A tick whose answer got lost in a crash stays reserved; a campaign may last longer than half an hour.
    let entry = |kind: &str, catch_up: bool| {
        format!(
            "[[cron]]\nschedule = \"* * * * * *\"\ncatch_up = {catch_up}\n\
             [cron.job]\ntype = \"{kind}\"\nqueue = \"{CRON_QUEUE}\"\nreserve_for = 86400\n"
        )
    };
    // Else it would make up for those of the last minute.
    let cron = "[cron_plugin]\nmissed_within = \"0s\"\n";
    // Far fewer than are done between two crashes: they leave all the time.
    let history = "[history]\ncompleted = \"1h\"\ncompleted_jobs = 50\n";
    throttles + batch + history + cron + &entry(TICK, false) + &entry(TOCK, true)
}

#[derive(Clone, Debug)]
pub(super) struct Unique {
    pub(super) key: String,
    /// How long the lock lives, from when the job is to run.
    pub(super) secs: i64,
    pub(super) until_start: bool,
}

/// The batch a job belongs to.
#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) batch: String,
    pub(super) bid: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Complete,
    Success,
}

/// What a job is to be like.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) jid: String,
    pub(super) queue: &'static str,
    /// Its `retry`. Only 0 and 25: none dies.
    pub(super) retry: i64,
    /// How much later it is to run, in seconds.
    pub(super) delay_secs: i64,
    pub(super) unique: Option<Unique>,
    pub(super) member: Option<Member>,
    /// When it is to be dropped.
    pub(super) expires_at: Option<Timestamp>,
    pub(super) tracked: bool,
    /// The batch whose callback it is; the server pushes it.
    pub(super) callback: Option<(String, Kind)>,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Complete, Self::Success];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Success => "success",
        }
    }
}

impl Plan {
    /// A job that asks for nothing.
    pub(super) fn plain(jid: String, queue: &'static str) -> Self {
        Self {
            jid,
            queue,
            retry: 25,
            delay_secs: 0,
            unique: None,
            member: None,
            expires_at: None,
            tracked: false,
            callback: None,
        }
    }

    pub(super) fn callback(batch: &str, kind: Kind, queue: &'static str) -> Self {
        Self {
            callback: Some((batch.to_owned(), kind)),
            ..Self::plain(format!("{batch}-{}", kind.name()), queue)
        }
    }

    /// What it is about: unique jobs of one key have the same.
    pub(super) fn argument(&self) -> &str {
        self.unique.as_ref().map_or(&self.jid, |unique| &unique.key)
    }

    /// The job as it is pushed.
    pub(super) fn to_json(&self) -> Value {
        let mut custom = json!({"retry_delays": [0, 1]});
        if let Some(unique) = &self.unique {
            custom["unique_for"] = json!(unique.secs);
            custom["unique_until"] = json!(if unique.until_start {
                "start"
            } else {
                "success"
            });
        }
        if let Some(member) = &self.member {
            custom["bid"] = json!(member.bid);
        }
        if let Some(at) = self.expires_at {
            custom["expires_at"] = json!(at.to_string());
        }
        if self.tracked {
            custom["track"] = json!(1);
        }
        let mut job = json!({
            "jid": self.jid, "queue": self.queue, "jobtype": "Feature", "retry": self.retry,
            "args": [self.argument()], "custom": custom,
        });
        if self.delay_secs > 0 {
            job["at"] = json!(crate::instant_in(self.delay_secs));
        }
        job
    }
}
