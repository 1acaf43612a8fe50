//! The sets of jobs: those that wait for something other than a worker, and those that are done.

/// A set of jobs ordered by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetName {
    /// Jobs pushed with an `at` in the future.
    Scheduled,
    /// Failed jobs that will be tried again.
    Retries,
    /// Jobs that will not be tried again unless someone asks for it.
    Dead,
    /// Jobs that were acknowledged, kept for a while to be looked at. The protocol does not know it.
    Completed,
}

impl SetName {
    /// All sets.
    pub const ALL: [Self; 4] = [Self::Scheduled, Self::Retries, Self::Dead, Self::Completed];

    /// Those the protocol knows: their jobs are not done.
    pub const WAITING: [Self; 3] = [Self::Scheduled, Self::Retries, Self::Dead];

    /// The set of this name, or none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.as_str() == name)
    }

    /// Its name, also on the wire if the protocol knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Retries => "retries",
            Self::Dead => "dead",
            Self::Completed => "completed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_found_by_their_names_only() {
        for set in SetName::ALL {
            assert_eq!(SetName::parse(set.as_str()), Some(set));
        }
        for name in ["", "working", "Retries", "DEAD", "done"] {
            assert_eq!(SetName::parse(name), None);
        }
    }
}
