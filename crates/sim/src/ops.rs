//! The ops that simulated clients ask for.

use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use workmill_engine::{
    Ack, BatchOp, BulkPush, CronEntry, CronTable, Fail, Fetch, Op, Rules, Schedule, ServerId,
    Throttle,
};
use workmill_proto::{Bid, Command, CustomReading, Job, Timestamp, parse_command};

/// The queue whose jobs may not run more than [`SLOTS`] at a time.
pub(crate) const THROTTLED: &str = "throttled";

/// How many that is.
pub(crate) const SLOTS: u64 = 2;

/// The queue of the jobs that cron pushes.
pub(crate) const CRON: &str = "cron";

/// All queues, as workers list them.
pub(crate) const QUEUES: [&str; 4] = [CRON, THROTTLED, "default", "callbacks"];

/// What goes wrong in making an op is a bug of the simulator.
pub(crate) type Made = anyhow::Result<Op>;

pub(crate) fn rules() -> Rules {
    let throttle = Throttle {
        concurrency: Some(SLOTS),
        ..Throttle::default()
    };
    Rules {
        throttles: Arc::new([(THROTTLED.to_owned(), throttle)].into()),
        ..Rules::default()
    }
}

/// One entry, due each minute.
pub(crate) fn cron_table() -> anyhow::Result<CronTable> {
    let payload = json!({"jobtype": "Cron", "queue": CRON, "args": []});
    let payload = payload.as_object().cloned().unwrap_or_default();
    let schedule = Schedule::parse("* * * * *", TimeZone::UTC)?;
    let mut table = CronTable::default();
    table.insert("each-minute", CronEntry::new(schedule, false, payload)?);
    Ok(table)
}

pub(crate) fn payload(jid: &str, queue: &str, custom: Value) -> Value {
    json!({"jid": jid, "jobtype": "Sim", "queue": queue, "args": [], "custom": custom})
}

fn parse(payload: &Value) -> anyhow::Result<Job> {
    Job::parse(payload.to_string().as_bytes()).map_err(|error| anyhow::anyhow!(error.text))
}

pub(crate) fn push(payload: &Value, now: Timestamp) -> Made {
    Op::push(parse(payload)?, now, CustomReading::ALL).map_err(|error| anyhow::anyhow!(error.text))
}

pub(crate) fn push_bulk(payloads: &[Value], now: Timestamp) -> Made {
    let jobs = payloads.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let jobs = jobs.into_iter().map(Ok).collect();
    Ok(Op::PushBulk(BulkPush::new(jobs, now, CustomReading::ALL)))
}

pub(crate) fn fetch(wid: &str, server: ServerId) -> Op {
    Op::Fetch(Fetch {
        queues: QUEUES.map(str::to_owned).into(),
        wid: wid.into(),
        server,
        connection: 0,
    })
}

pub(crate) fn ack(jid: &str, wid: &str) -> Op {
    Op::Ack(Ack {
        jid: jid.to_owned(),
        wid: wid.into(),
    })
}

pub(crate) fn fail(jid: &str, wid: &str) -> Made {
    let line = format!(
        "FAIL {}",
        json!({"jid": jid, "errtype": "Sim", "message": "failed"})
    );
    match parse_command(line.as_bytes()) {
        Ok(Command::Fail(report)) => Ok(Op::Fail(Arc::new(Fail {
            report,
            wid: wid.into(),
        }))),
        other => anyhow::bail!("no FAIL: {other:?}"),
    }
}

pub(crate) fn new_batch(callback: &Value, now: Timestamp) -> Made {
    let line = format!(
        "BATCH NEW {}",
        json!({"description": "simulated", "success": callback})
    );
    match parse_command(line.as_bytes()) {
        Ok(Command::Batch(command)) => {
            Op::batch(command, now).map_err(|error| anyhow::anyhow!(error.text))
        }
        other => anyhow::bail!("no BATCH NEW: {other:?}"),
    }
}

pub(crate) fn commit_batch(bid: Bid) -> Op {
    Op::Batch(Arc::new(BatchOp::Commit(bid)))
}
