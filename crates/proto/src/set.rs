//! The sets of jobs that wait for something other than a worker.

/// A set of jobs ordered by time. Its names on the wire are `scheduled`, `retries` and `dead`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetName {
    /// Jobs pushed with an `at` in the future.
    Scheduled,
    /// Failed jobs that will be tried again.
    Retries,
    /// Jobs that will not be tried again unless someone asks for it.
    Dead,
}

impl SetName {
    /// All sets.
    pub const ALL: [Self; 3] = [Self::Scheduled, Self::Retries, Self::Dead];

    /// The set of this name, or none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|set| set.as_str() == name)
    }

    /// Its name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Retries => "retries",
            Self::Dead => "dead",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_found_by_their_names_on_the_wire_only() {
        for set in SetName::ALL {
            assert_eq!(SetName::parse(set.as_str()), Some(set));
        }
        for name in ["", "working", "Retries", "DEAD"] {
            assert_eq!(SetName::parse(name), None);
        }
    }
}
