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
    /// Share of the jobs of an open loop that no connection was free to push at their time.
    LatePercent,
    /// CPU time of the server, its companion included, for each job.
    ServerCpuUsPerJob,
    /// The companion's part of it.
    CompanionCpuUsPerJob,
    /// CPU time of the server, its companion included, as a share of the time: 100 is one core.
    ServerCpuPercent,
    /// CPU time of this tool for each job.
    GeneratorCpuUsPerJob,
    /// Memory of the server, its companion included, at the end of the measuring, in units of 1,000,000 bytes.
    ServerResidentMb,
    /// The companion's part of it.
    CompanionResidentMb,
    /// The most the server has had since it was started, its companion included.
    ServerPeakMb,
}

impl Figure {
    /// What tables call it, with its unit.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Jobs => "jobs",
            Self::Seconds => "seconds",
            Self::JobsPerSecond => "jobs/s",
            Self::LatePercent => "pushed late, %",
            Self::ServerCpuUsPerJob => "server CPU, µs/job",
            Self::CompanionCpuUsPerJob => "  of that its companion",
            Self::ServerCpuPercent => "server CPU, % of a core",
            Self::GeneratorCpuUsPerJob => "generator CPU, µs/job",
            Self::ServerResidentMb => "server memory, MB",
            Self::CompanionResidentMb => "  of that its companion",
            Self::ServerPeakMb => "  peak since its start",
        }
    }

    /// How many digits behind the point mean something.
    pub(crate) fn decimals(self) -> usize {
        match self {
            Self::Jobs | Self::JobsPerSecond => 0,
            Self::Seconds => 2,
            Self::LatePercent
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
