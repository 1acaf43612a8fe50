//! The numbers of a result.

use std::collections::BTreeMap;

use serde::Serialize;

/// The numbers of one measuring.
pub(crate) type Figures = BTreeMap<Figure, f64>;

/// What a number says. The order is that of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// Jobs done in the time that was measured.
    Jobs,
    /// That time.
    Seconds,
    JobsPerSecond,
    /// From the moment the jobs were due until the first was seen in its queue.
    FirstMovedSeconds,
    /// The same load on the server while it was empty.
    EmptyJobsPerSecond,
    /// How much of that is left with the backlog.
    PercentOfEmpty,
    /// Jobs pushed in a second while the server was filled.
    FilledPerSecond,
    /// Share of the jobs of an open loop that no connection was free to push at their time.
    LatePercent,
    /// FETCHes answered without a job.
    EmptyFetchesPerSecond,
    /// CPU time of the server, its companion included, for each job.
    ServerCpuUsPerJob,
    /// The companion's part of it.
    CompanionCpuUsPerJob,
    /// CPU time of the server, its companion included, as a share of the time: 100 is one core.
    ServerCpuPercent,
    /// CPU time of this tool for each job.
    GeneratorCpuUsPerJob,
    /// Memory of the server, its companion included, before the load.
    ServerBeforeMb,
    /// What it has taken more since then, for each connection that waits, in units of 1,000 bytes.
    ServerConnectionKb,
    /// The same when it was filled.
    ServerFilledMb,
    /// Memory of the server, its companion included, at the end of the measuring, in units of 1,000,000 bytes.
    ServerResidentMb,
    /// The companion's part of it.
    CompanionResidentMb,
    /// The most the server has had since it was started, its companion included.
    ServerPeakMb,
    /// From the start of the server's next process until it answers, in seconds.
    RestartSeconds,
    /// From that start until a worker has its first job.
    FirstFetchSeconds,
    /// The server's memory then.
    RestartedMb,
}

impl Figure {
    /// What tables call it, with its unit.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Seconds => "seconds",
            Self::JobsPerSecond => "jobs/s",
            Self::FirstMovedSeconds => "first moved after, s",
            Self::EmptyJobsPerSecond => "  on the empty server",
            Self::PercentOfEmpty => "  % of the empty server's",
            Self::FilledPerSecond => "filled, jobs/s",
            Self::LatePercent => "pushed late, %",
            Self::EmptyFetchesPerSecond => "FETCHes without a job/s",
            Self::ServerCpuUsPerJob => "server CPU, µs/job",
            Self::CompanionCpuUsPerJob => "  of that its companion",
            Self::ServerCpuPercent => "server CPU, % of a core",
            Self::GeneratorCpuUsPerJob => "generator CPU, µs/job",
            Self::ServerBeforeMb => "server memory before, MB",
            Self::ServerConnectionKb => "server memory per connection, kB",
            Self::ServerFilledMb => "server memory when filled, MB",
            Self::ServerResidentMb => "server memory, MB",
            Self::CompanionResidentMb => "  of that its companion",
            Self::ServerPeakMb => "  peak since its start",
            Self::RestartSeconds => "restart to first answer, s",
            Self::FirstFetchSeconds => "restart to first FETCH, s",
            Self::RestartedMb => "server memory then, MB",
        }
    }

    /// How many digits behind the point mean something.
    pub(crate) fn decimals(self) -> usize {
        match self {
            Self::Jobs
            | Self::JobsPerSecond
            | Self::EmptyJobsPerSecond
            | Self::FilledPerSecond
            | Self::EmptyFetchesPerSecond => 0,
            Self::Seconds => 2,
            Self::FirstMovedSeconds | Self::RestartSeconds | Self::FirstFetchSeconds => 3,
            Self::LatePercent
            | Self::PercentOfEmpty
            | Self::ServerBeforeMb
            | Self::ServerConnectionKb
            | Self::ServerFilledMb
            | Self::RestartedMb
            | Self::ServerCpuUsPerJob
            | Self::CompanionCpuUsPerJob
            | Self::ServerCpuPercent
            | Self::GeneratorCpuUsPerJob
            | Self::ServerResidentMb
            | Self::CompanionResidentMb
            | Self::ServerPeakMb => 1,
        }
    }

    /// Whether the servers are compared by it.
    pub(crate) fn is_compared(self) -> bool {
        matches!(
            self,
            Self::JobsPerSecond | Self::ServerCpuUsPerJob | Self::ServerResidentMb
        )
    }
}
