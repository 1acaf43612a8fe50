//! How many files and connections a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Lets this process, and those that it starts, have as many open as the system allows.
pub(crate) fn raise_open_files() {
    let hard = getrlimit(Resource::Nofile).maximum;
    let raised = Rlimit {
        current: hard,
        maximum: hard,
    };
    // Without it the tool does what it can with the limit it has.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// How many this process may have open.
pub(crate) fn open_files_max() -> u64 {
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_raised_to_what_the_system_allows() {
        let hard = getrlimit(Resource::Nofile).maximum;
        let highest = hard.unwrap_or(1 << 20);
        let low = Rlimit {
            current: Some(highest - 1),
            maximum: hard,
        };
        setrlimit(Resource::Nofile, low).unwrap();
        assert_eq!(open_files_max(), highest - 1);
        raise_open_files();
        assert_eq!(open_files_max(), hard.unwrap_or(u64::MAX));
    }
}
