//! File descriptors: every connection needs one.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for the store, the log, the runtime and connections that are being turned away.
const FILES_RESERVED: u64 = 64;

/// How many descriptors this process may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesMax(pub u64);

impl FilesMax {
    /// Raises the limit of this process to the highest the system grants, and says what it is.
    pub fn raise() -> io::Result<Self> {
        let maximum = getrlimit(Resource::Nofile).maximum;
        setrlimit(
            Resource::Nofile,
            Rlimit {
                current: maximum,
                maximum,
            },
        )?;
        // No maximum means no limit.
        Ok(Self(maximum.unwrap_or(u64::MAX)))
    }

    /// How many connections fit, beside what else needs descriptors. Under a tiny limit half of it is for connections.
    pub fn connections_max(self) -> usize {
        let room = self.0.saturating_sub(FILES_RESERVED).max(self.0 / 2).max(1);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// What the operator should know if no more connections fit than `connections_max`.
    pub fn limit(self, connections_max: usize) -> Option<String> {
        (self.connections_max() <= connections_max).then(|| {
            format!(
                "the system allows this process {} open files (ulimit -n, or LimitNOFILE= of the systemd unit)",
                self.0
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_files_are_kept_for_all_else() {
        assert_eq!(FilesMax(20_064).connections_max(), 20_000);
        assert_eq!(FilesMax(u64::MAX).connections_max(), usize::MAX - 64);
    }

    #[test]
    fn tiny_limit_still_leaves_room_for_connections() {
        assert_eq!(FilesMax(70).connections_max(), 35);
        assert_eq!(FilesMax(1).connections_max(), 1);
    }

    #[test]
    fn limit_is_told_where_it_is_the_reason() {
        let limit = FilesMax(1_024).limit(960).unwrap();
        assert!(
            limit.contains("1024") && limit.contains("LimitNOFILE="),
            "{limit}"
        );
        assert_eq!(FilesMax(1_024).limit(959), None);
    }

    #[test]
    fn limit_of_this_process_is_as_high_as_it_can_be() {
        let FilesMax(files_max) = FilesMax::raise().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(limit.maximum.unwrap_or(u64::MAX), files_max);
    }
}
