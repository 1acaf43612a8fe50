//! The memory of a process, as the system counts it.

use std::fs;

/// Memory of a process, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// In use now.
    pub resident_bytes: u64,
    /// The most that was in use since its start.
    pub peak_bytes: u64,
}

impl Memory {
    /// Of the process with this pid.
    pub fn of(pid: u32) -> Self {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the process runs");
        let bytes = |field: &str| {
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix(field))
                .expect("the system counts memory");
            let kib = line
                .trim()
                .trim_end_matches(" kB")
                .parse::<u64>()
                .expect("a size is a number");
            kib * 1024
        };
        Self {
            resident_bytes: bytes("VmRSS:"),
            peak_bytes: bytes("VmHWM:"),
        }
    }
}
