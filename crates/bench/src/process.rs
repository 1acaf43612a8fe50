//! What a process of this machine uses, as the kernel tells it under `/proc`.

mod find;
mod limit;

use std::fs;
use std::time::Duration;

pub(crate) use find::{companion, listener};
pub(crate) use limit::{open_files_max, raise_open_files};

/// A process of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pid: u32,
}

/// What a process has used so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// CPU time, in user mode and in the kernel, of all its threads.
    pub(crate) cpu: Duration,
    /// Memory that is in the machine's memory now.
    pub(crate) resident_bytes: u64,
    /// The most it was since the process began.
    pub(crate) peak_bytes: u64,
}

impl Process {
    /// The process with this id.
    pub(crate) fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// This process.
    pub(crate) fn own() -> Self {
        Self::new(std::process::id())
    }

    pub(crate) fn pid(self) -> u32 {
        self.pid
    }

    /// What it has used so far. None if it is gone, or if the system has no `/proc`.
    pub(crate) fn usage(self) -> Option<Usage> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        let ticks = cpu_ticks(&stat)?;
        let micros = ticks.saturating_mul(1_000_000) / rustix::param::clock_ticks_per_second();
        Some(Usage {
            cpu: Duration::from_micros(micros),
            resident_bytes: status_bytes(&status, "VmRSS:")?,
            peak_bytes: status_bytes(&status, "VmHWM:")?,
        })
    }
}

/// The fields of a `stat` file behind the process's name, which may hold anything.
fn stat_fields(stat: &str) -> impl Iterator<Item = &str> {
    let (_, fields) = stat.rsplit_once(')').unwrap_or_default();
    fields.split_whitespace()
}

/// `utime` and `stime` together.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let mut fields = stat_fields(stat).skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let kernel: u64 = fields.next()?.parse().ok()?;
    Some(user + kernel)
}

fn status_bytes(status: &str, field: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_behind_any_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 900 0 3 0 120 45 8 9 20 0 4 0 777 1000 200";
        assert_eq!(cpu_ticks(stat), Some(165));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
    }

    #[test]
    fn memory_is_read_from_status() {
        let status = "Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n";
        assert_eq!(status_bytes(status, "VmRSS:"), Some(1_048_576));
        assert_eq!(status_bytes(status, "VmHWM:"), Some(2_097_152));
        assert_eq!(status_bytes(status, "VmSwap:"), None);
    }

    #[test]
    fn this_process_has_used_something() {
        let usage = Process::own().usage().unwrap();
        assert!(usage.resident_bytes > 0 && usage.peak_bytes >= usage.resident_bytes);
        assert_eq!(Process::new(u32::MAX).usage(), None);
    }
}
