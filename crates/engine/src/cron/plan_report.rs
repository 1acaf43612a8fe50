//! What an operator should know of how entries were planned.

use std::sync::Arc;

use crate::limits::TOLD_MAX;

/// What a planning found that an operator should know: how many entries, and the names of the first.
#[derive(Debug, Default)]
pub(crate) struct Told {
    names: Vec<Arc<str>>,
    count: usize,
}

impl Told {
    pub(crate) fn add(&mut self, name: &Arc<str>) {
        self.count += 1;
        if self.names.len() < TOLD_MAX {
            self.names.push(Arc::clone(name));
        }
    }

    /// Hands what is known to `tell`, if it is anything, and forgets it.
    fn tell(&mut self, tell: impl FnOnce(usize, &str)) {
        let Self { names, count } = std::mem::take(self);
        if count == 0 {
            return;
        }
        let more = match count - names.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        tell(count, &format!("{}{more}", names.join(", ")));
    }
}

/// What the plan of all entries finds on its way; only for the log.
#[derive(Debug, Default)]
pub(crate) struct PlanReport {
    pub(crate) shadowed: Told,
    pub(crate) missed: Told,
    pub(crate) silent: Told,
    pub(crate) capped: Told,
    pub(crate) ahead_secs_max: u64,
}

impl PlanReport {
    /// Says what the plan of all entries has found.
    pub(crate) fn tell(&mut self) {
        let ahead_secs = std::mem::take(&mut self.ahead_secs_max);
        self.shadowed.tell(|count, entries| {
            tracing::warn!(
                count,
                entries,
                "CRON ENTRIES MADE BY THE API DO NOT RUN: the configuration has entries of the same names, which run in their \
                 place; rename those, or delete these"
            );
        });
        self.missed.tell(|count, entries| {
            tracing::warn!(
                count,
                entries,
                "ticks of cron entries passed while no server ran and are skipped; catch_up = true would make up for them"
            );
        });
        self.silent.tell(|count, entries| {
            tracing::warn!(
                count,
                entries,
                ahead_secs,
                "the clock is before the last ticks of cron entries: no tick fires again, so they are silent until it has \
                 caught up"
            );
        });
        self.capped.tell(|count, entries| {
            tracing::warn!(
                count,
                entries,
                ahead_secs,
                "cron entries fired under a clock that was ahead: their last ticks are capped at the current time, and \
                 they follow the clock from here"
            );
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_twenty_entries_and_counts_the_others() {
        let mut told = Told::default();
        told.tell(|_, _| panic!("there is nothing to tell"));
        for number in 0..23 {
            told.add(&format!("e{number}").into());
        }
        let mut seen = None;
        told.tell(|count, entries| seen = Some((count, entries.to_owned())));
        let (count, entries) = seen.unwrap();
        assert_eq!(count, 23);
        assert!(entries.starts_with("e0, e1, ") && entries.ends_with(", e19 and 3 more"));
        told.tell(|_, _| panic!("it was told"));
    }
}
