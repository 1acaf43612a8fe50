//! The metrics of queues: a bounded number of them by name, the others together.

use super::exposition::{Exposition, gauge};
use crate::observe::{Observed, QueueNow};

/// Queues that have series of their own. Each costs Prometheus memory for as long as it remembers it.
const QUEUES_MAX: usize = 200;

/// The label of the others.
pub(super) const OTHER: &str = "_other";

/// Writes them.
pub(super) fn write(exposition: &mut Exposition, observed: &Observed) {
    let rows = rows(observed);
    let values = |value: fn(&QueueNow) -> f64| {
        rows.iter()
            .map(move |(name, queue)| ([*name], value(queue)))
    };
    exposition.labelled(
        gauge("workmill_queue_jobs", "Jobs that wait in the queue."),
        &["queue"],
        values(|queue| queue.size as f64),
    );
    exposition.labelled(
        gauge("workmill_queue_working_jobs", "Jobs of the queue that run."),
        &["queue"],
        values(|queue| queue.working as f64),
    );
    exposition.labelled(
        gauge(
            "workmill_queue_latency_seconds",
            "How long the next job of the queue has waited.",
        ),
        &["queue"],
        values(|queue| queue.latency_secs),
    );
    exposition.labelled(
        gauge("workmill_queue_paused", "1 if the queue is paused."),
        &["queue"],
        values(|queue| f64::from(u8::from(queue.paused))),
    );
}

/// The busiest queues by name, and what the others are together: their jobs added up, the longest latency, and whether any is
/// paused.
fn rows(observed: &Observed) -> Vec<(&str, QueueNow)> {
    let queues = observed.queues.iter();
    let mut rows: Vec<(&str, QueueNow)> = queues.map(|(name, queue)| (&**name, *queue)).collect();
    rows.sort_by_key(|(name, queue)| {
        (
            *name == OTHER,
            std::cmp::Reverse(queue.size + queue.working),
        )
    });
    // A queue that is really called so must not be there twice.
    let named = rows.iter().take_while(|(name, _)| *name != OTHER).count();
    let others = rows.split_off(named.min(QUEUES_MAX));
    rows.sort_by_key(|(name, _)| *name);
    if !others.is_empty() {
        let together = others
            .iter()
            .fold(QueueNow::default(), |sum, (_, one)| QueueNow {
                size: sum.size + one.size,
                working: sum.working + one.working,
                paused: sum.paused || one.paused,
                latency_secs: sum.latency_secs.max(one.latency_secs),
            });
        rows.push((OTHER, together));
    }
    rows
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn observed(queues: impl IntoIterator<Item = (String, u64)>) -> Observed {
        let queues = queues.into_iter().map(|(name, size)| {
            let queue = QueueNow {
                size,
                working: 1,
                paused: size == 1,
                latency_secs: size as f64,
            };
            (name.into(), queue)
        });
        Observed {
            queues: queues.collect::<BTreeMap<_, _>>(),
            ..Observed::default()
        }
    }

    #[test]
    fn the_busiest_have_their_names_and_the_others_are_one() {
        let observed = observed((0..1_000).map(|n| (format!("q{n:04}"), n)));
        let rows = rows(&observed);
        assert_eq!(rows.len(), QUEUES_MAX + 1);
        assert_eq!(rows.first().unwrap().0, "q0800");
        let (name, other) = rows.last().unwrap();
        assert_eq!(*name, OTHER);
        let expected = QueueNow {
            size: (0..800).sum(),
            working: 800,
            paused: true,
            latency_secs: 799.0,
        };
        assert_eq!(*other, expected);
    }

    #[test]
    fn few_queues_are_all_named_and_one_that_is_called_like_the_others_is_there_once() {
        let few = observed([("b".to_owned(), 1), ("a".to_owned(), 0)]);
        let names = |rows: Vec<(&str, QueueNow)>| {
            rows.iter()
                .map(|(name, _)| name.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(names(rows(&few)), ["a", "b"]);
        let odd = observed([(OTHER.to_owned(), 9), ("a".to_owned(), 0)]);
        assert_eq!(names(rows(&odd)), ["a", OTHER]);
        assert!(rows(&observed([])).is_empty());
    }
}
