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

    /// Lowers the number of connections to what fits, and says so. Under a tiny limit half of it is for connections.
    pub fn fit_connections(self, connections_max: &mut usize) -> Option<String> {
        let room = self.0.saturating_sub(FILES_RESERVED).max(self.0 / 2).max(1);
        let fitting = usize::try_from(room).unwrap_or(usize::MAX);
        if *connections_max <= fitting {
            return None;
        }
        let warning = format!(
            "at most {fitting} connections instead of {connections_max}: the system allows this process {} open files \
             (ulimit -n, or LimitNOFILE= of the systemd unit)",
            self.0
        );
        *connections_max = fitting;
        Some(warning)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(files_max: u64, mut connections_max: usize) -> (usize, Option<String>) {
        let warning = FilesMax(files_max).fit_connections(&mut connections_max);
        (connections_max, warning)
    }

    #[test]
    fn connections_that_fit_are_left_alone() {
        assert_eq!(fit(20_064, 20_000), (20_000, None));
        assert_eq!(fit(u64::MAX, usize::MAX / 2), (usize::MAX / 2, None));
    }

    #[test]
    fn connections_that_do_not_fit_are_cut_with_a_warning() {
        let (connections_max, warning) = fit(1_024, 20_000);
        assert_eq!(connections_max, 960);
        let warning = warning.unwrap();
        assert!(
            warning.contains("960") && warning.contains("20000") && warning.contains("1024"),
            "{warning}"
        );
    }

    #[test]
    fn tiny_limit_still_leaves_room_for_connections() {
        assert_eq!(fit(70, 20_000).0, 35);
        assert_eq!(fit(1, 20_000).0, 1);
    }

    #[test]
    fn limit_of_this_process_is_as_high_as_it_can_be() {
        let FilesMax(files_max) = FilesMax::raise().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(limit.maximum.unwrap_or(u64::MAX), files_max);
    }
}
