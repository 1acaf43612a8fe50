//! The time that is measured: a load runs, and what it costs is read at the beginning and at the end.

use std::time::Duration;

use anyhow::Context as _;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use crate::process::{Process, Usage};
use crate::report::{Figure, Figures, Measurement};
use crate::server::{Server, ServerUsage};
use crate::session::Session;
use crate::stage::{Stage, Timing};

/// How often a worker says that it lives.
const BEAT_PAUSE: Duration = Duration::from_secs(15);

/// How often it is looked whether there is progress to show.
const SHOW_PAUSE: Duration = Duration::from_millis(100);

/// The tasks of a load; one that fails ends the measuring.
pub(crate) type Tasks = JoinSet<anyhow::Result<()>>;

/// What was measured in a time.
#[derive(Debug)]
pub(crate) struct Window {
    begin: Snapshot,
    end: Snapshot,
    jobs: u64,
    /// The user ended it early.
    pub(crate) interrupted: bool,
}

/// What had been used at one moment.
#[derive(Clone, Copy, Debug)]
struct Snapshot {
    at: Instant,
    server: ServerUsage,
    own: Option<Usage>,
}

impl Snapshot {
    fn take(server: &Server) -> Self {
        Self {
            at: Instant::now(),
            server: server.usage(),
            own: Process::own().usage(),
        }
    }
}

/// Lets the tasks of a load run through its warm-up and its measuring, tells them to end and waits until they have.
///
/// `wid` is the worker the load's connections belong to. The tasks ask `stage` whether to go on.
pub(crate) async fn conduct(
    stage: &Stage,
    timing: &Timing,
    mut tasks: Tasks,
    server: &mut Server,
    wid: &str,
    session: &mut Session,
) -> anyhow::Result<Window> {
    let mut watch = Watch {
        tasks: &mut tasks,
        server,
        wid,
        session,
    };
    let mut end = End::Time;
    if timing.jobs.is_none() {
        let deadline = Instant::now() + timing.warmup;
        let progress = |now| warming_up(deadline - now);
        end = watch.until(Some(deadline), progress).await?;
        stage.measure();
    }
    let begin = Snapshot::take(watch.server);
    if end == End::Time {
        let deadline = timing.jobs.is_none().then(|| begin.at + timing.duration);
        let progress = |now: Instant| progress(stage, timing, now - begin.at);
        end = watch.until(deadline, progress).await?;
    }
    let (jobs, snapshot) = (stage.jobs_done(), Snapshot::take(watch.server));
    stage.end();
    let patience = watch.session.patience();
    let ended = patience.after_interrupt(join(watch.tasks)).await;
    if let Some(ended) = ended {
        ended?;
    } else {
        // The server does not answer them any more.
        tasks.shutdown().await;
        end = End::Interrupt;
    }
    Ok(Window {
        begin,
        end: snapshot,
        jobs,
        interrupted: end == End::Interrupt,
    })
}

/// Waits until all tasks have ended.
async fn join(tasks: &mut Tasks) -> anyhow::Result<()> {
    while let Some(task) = tasks.join_next().await {
        task.context("a task of the load has ended by itself")??;
    }
    Ok(())
}

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Time,
    Tasks,
    Interrupt,
}

/// What goes on beside a load.
struct Watch<'a> {
    tasks: &'a mut Tasks,
    server: &'a mut Server,
    wid: &'a str,
    session: &'a mut Session,
}

impl Watch<'_> {
    /// Waits until `deadline`, if there is one, until all tasks have ended or until the user has enough.
    async fn until(
        &mut self,
        deadline: Option<Instant>,
        progress: impl Fn(Instant) -> String,
    ) -> anyhow::Result<End> {
        let mut beats = interval(BEAT_PAUSE);
        let mut shows = interval(SHOW_PAUSE);
        let patience = self.session.patience();
        shows.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            tokio::select! {
                task = self.tasks.join_next() => match task {
                    Some(task) => task.context("a task of the load has ended by itself")??,
                    None => return Ok(End::Tasks),
                },
                () = at(deadline) => return Ok(End::Time),
                () = self.session.interrupted() => return Ok(End::Interrupt),
                _ = beats.tick() => {
                    match patience.after_interrupt(self.server.beat(self.wid)).await {
                        Some(beat) => beat?,
                        None => return Ok(End::Interrupt),
                    }
                }
                now = shows.tick() => self.session.show(|| progress(now)),
            }
        }
    }
}

async fn at(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn warming_up(left: Duration) -> String {
    format!("warming up, {:.0} s left", left.as_secs_f64())
}

fn progress(stage: &Stage, timing: &Timing, passed: Duration) -> String {
    let done = stage.jobs_done();
    let seconds = passed.as_secs_f64();
    let speed = per_second(done, passed);
    match timing.jobs {
        Some(jobs) => format!("{done} of {jobs} jobs, {speed:.0}/s"),
        None => {
            let whole = timing.duration.as_secs_f64();
            format!("{seconds:.1} of {whole:.1} s, {done} jobs, {speed:.0}/s")
        }
    }
}

#[expect(clippy::cast_precision_loss)]
fn per_second(jobs: u64, time: Duration) -> f64 {
    jobs as f64 / time.as_secs_f64().max(f64::MIN_POSITIVE)
}

impl Window {
    /// What was measured, with the latencies of a stage.
    pub(crate) fn measurement(&self, stage: &Stage) -> Measurement {
        Measurement {
            interrupted: self.interrupted,
            figures: self.figures(),
            latencies_us: stage.latencies().percentiles(),
            ..Measurement::default()
        }
    }

    /// The numbers every load has.
    #[expect(clippy::cast_precision_loss)]
    pub(crate) fn figures(&self) -> Figures {
        let time = self.end.at - self.begin.at;
        let jobs = self.jobs as f64;
        let mut figures = Figures::from([
            (Figure::Jobs, jobs),
            (Figure::Seconds, time.as_secs_f64()),
            (Figure::JobsPerSecond, per_second(self.jobs, time)),
        ]);
        let per_job = |cpu: Duration| cpu.as_secs_f64() * 1e6 / jobs.max(1.0);
        if let Some(cpu) = cpu(self.begin.own, self.end.own) {
            figures.insert(Figure::GeneratorCpuUsPerJob, per_job(cpu));
        }
        if let Some(cpu) = self.companion_cpu() {
            figures.insert(Figure::CompanionCpuUsPerJob, per_job(cpu));
        }
        if let Some(cpu) = self.server_cpu() {
            figures.insert(Figure::ServerCpuUsPerJob, per_job(cpu));
            let percent = cpu.as_secs_f64() * 100.0 / time.as_secs_f64().max(f64::MIN_POSITIVE);
            figures.insert(Figure::ServerCpuPercent, percent);
        }
        figures.append(&mut self.end.server.memory());
        figures
    }

    fn companion_cpu(&self) -> Option<Duration> {
        cpu(self.begin.server.companion, self.end.server.companion)
    }

    /// CPU time of the server, its companion included.
    fn server_cpu(&self) -> Option<Duration> {
        let cpu = cpu(self.begin.server.server, self.end.server.server)?;
        Some(cpu + self.companion_cpu().unwrap_or_default())
    }
}

fn cpu(begin: Option<Usage>, end: Option<Usage>) -> Option<Duration> {
    Some(end?.cpu.saturating_sub(begin?.cpu))
}

impl ServerUsage {
    /// The memory of the server and its companion.
    #[expect(clippy::cast_precision_loss)]
    pub(crate) fn memory(&self) -> Figures {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        let mut figures = Figures::new();
        let Some(server) = self.server else {
            return figures;
        };
        let companion = self.companion.unwrap_or_default();
        let resident = server.resident_bytes + companion.resident_bytes;
        let peak = server.peak_bytes + companion.peak_bytes;
        figures.insert(Figure::ServerResidentMb, megabytes(resident));
        figures.insert(Figure::ServerPeakMb, megabytes(peak));
        if self.companion.is_some() {
            figures.insert(
                Figure::CompanionResidentMb,
                megabytes(companion.resident_bytes),
            );
        }
        figures
    }
}
