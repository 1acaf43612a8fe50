//! File descriptors: every connection needs one.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors kept for the store, the log, the runtime and connections that are being turned away.
const FILES_RESERVED: u64 = 64;

/// How many of those connections to the web port may use, and how many they may use at most where there are plenty: one in
/// sixteen in between.
const WEB_CONNECTIONS_MIN: u64 = 16;
const WEB_CONNECTIONS_MAX: u64 = 512;
const FILES_FOR_ONE_OF_WEB: u64 = 16;

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

    /// How many connections of clients fit, beside what else needs descriptors, the web port if there is one. Under a tiny
    /// limit half of it is for clients.
    pub fn connections_max(self, with_web: bool) -> usize {
        let web = match with_web {
            true => self.of_web() - WEB_CONNECTIONS_MIN,
            false => 0,
        };
        let reserved = FILES_RESERVED + web;
        let room = self.0.saturating_sub(reserved).max(self.0 / 2).max(1);
        usize::try_from(room).unwrap_or(usize::MAX)
    }

    /// How many connections to the web port fit: they take none from clients.
    pub fn web_connections_max(self) -> usize {
        usize::try_from(self.of_web()).unwrap_or(usize::MAX)
    }

    fn of_web(self) -> u64 {
        (self.0 / FILES_FOR_ONE_OF_WEB).clamp(WEB_CONNECTIONS_MIN, WEB_CONNECTIONS_MAX)
    }

    /// What the operator should know if no more connections fit than `connections_max`.
    pub fn limit(self, connections_max: usize, with_web: bool) -> Option<String> {
        (self.connections_max(with_web) <= connections_max).then(|| {
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
        assert_eq!(FilesMax(20_064).connections_max(false), 20_000);
        assert_eq!(FilesMax(u64::MAX).connections_max(false), usize::MAX - 64);
    }

    #[test]
    fn connections_to_the_web_port_take_none_from_clients() {
        for (files, clients, web) in [
            (200, 136, 16),
            (1_600, 1_600 - 64 - 84, 100),
            (20_000, 20_000 - 64 - 496, 512),
        ] {
            let files = FilesMax(files);
            assert_eq!(files.connections_max(true), clients);
            assert_eq!(files.web_connections_max(), web);
        }
    }

    #[test]
    fn tiny_limit_still_leaves_room_for_connections() {
        assert_eq!(FilesMax(70).connections_max(true), 35);
        assert_eq!(FilesMax(1).connections_max(true), 1);
    }

    #[test]
    fn limit_is_told_where_it_is_the_reason() {
        let limit = FilesMax(1_024).limit(960, false).unwrap();
        assert!(
            limit.contains("1024") && limit.contains("LimitNOFILE="),
            "{limit}"
        );
        assert_eq!(FilesMax(1_024).limit(959, false), None);
    }

    #[test]
    fn limit_of_this_process_is_as_high_as_it_can_be() {
        let FilesMax(files_max) = FilesMax::raise().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert_eq!(limit.maximum.unwrap_or(u64::MAX), files_max);
    }
}
