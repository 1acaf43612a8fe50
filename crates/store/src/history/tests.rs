//! Unit tests.

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn key(resolution: Resolution, slot: i64) -> HistoryKey {
    HistoryKey { resolution, slot }
}

fn line(enqueued: u64) -> HistoryLine {
    HistoryLine {
        counts: HistoryCounts {
            enqueued,
            ..HistoryCounts::default()
        },
        ..HistoryLine::default()
    }
}

fn slot_of(jobtypes: impl IntoIterator<Item = (String, u64)>) -> HistorySlot {
    let lines = jobtypes.into_iter();
    let lines = lines.map(|(name, enqueued)| (name.into(), line(enqueued)));
    HistorySlot {
        jobtypes: HistoryLines(lines.collect()),
        ..HistorySlot::default()
    }
}

#[test]
fn buckets_follow_each_other_and_hold_what_is_put_in() {
    let mut last = 0;
    for power in 0..63 {
        for part in 0..64_u64 {
            let micros = (1_u64 << power) + ((part << power) >> 6);
            let bucket = bucket_of(micros);
            assert!(bucket >= last, "{micros}");
            assert!(usize::from(bucket) < BUCKETS);
            last = bucket;
        }
    }
    assert_eq!(usize::from(last), BUCKETS - 1);
    assert_eq!(bucket_of(0), 0);
    assert_eq!(bucket_of(u64::MAX), last);
}

#[test]
fn quantiles_are_right_within_an_eighth() {
    for scale in [1_000_u64, 1_000_000, 60_000_000, 3_600_000_000] {
        let durations = (1..=1_000).map(|n| n * scale / 100);
        let counts = durations.clone().map(|micros| (bucket_of(micros), 1));
        let histogram = Histogram::new(counts, durations.sum());
        assert_eq!(histogram.count(), 1_000);
        for (share, rank) in [(0.5, 500), (0.95, 950), (0.99, 990)] {
            let told = histogram.quantile(share).unwrap().as_micros() as f64;
            let right = (rank * scale / 100) as f64;
            assert!(
                (told / right - 1.0).abs() < 0.125,
                "{share}: {told} for {right}"
            );
        }
    }
    assert_eq!(Histogram::default().quantile(0.5), None);
}

#[test]
fn the_busiest_keep_their_names_and_nothing_is_lost() {
    let mut slot = slot_of((0..HISTORY_NAMES_MAX).map(|n| (format!("t{n}"), 10 + n as u64)));
    slot.add(&slot_of([("busy".to_owned(), 15), ("idle".to_owned(), 1)]));
    assert_eq!(slot.jobtypes.0.len(), HISTORY_NAMES_MAX + 1);
    let enqueued = |name: &str| slot.jobtypes.0.get(name).map(|line| line.counts.enqueued);
    assert_eq!(enqueued("busy"), Some(15));
    assert_eq!(enqueued("t0"), None);
    assert_eq!(enqueued("t1"), Some(11));
    assert_eq!(enqueued(OTHERS), Some(10 + 1));
    let all: u64 = (0..HISTORY_NAMES_MAX).map(|n| 10 + n as u64).sum();
    assert_eq!(slot.jobtypes.sum().counts.enqueued, all + 16);
}

#[test]
fn slots_share_a_place_only_with_those_that_are_not_kept() {
    let mut places = BTreeSet::new();
    for resolution in Resolution::ALL {
        for slot in -3..resolution.slots_kept() - 3 {
            let key = key(resolution, slot);
            assert!(places.insert(key.place()), "{key:?}");
            assert_eq!(HistoryKey::at_place(key.place(), slot), Some(key));
        }
        let next = key(resolution, resolution.slots_kept() - 3);
        assert!(!places.insert(next.place()));
        assert_eq!(
            HistoryKey::at_place(next.place(), next.slot + 1)
                .filter(|_| next.resolution != Resolution::Ever),
            None
        );
    }
}

#[test]
fn moments_are_in_the_slot_that_begins_before_them() {
    for micros in [0, -1, 1_700_000_000_000_000, i64::MAX, i64::MIN] {
        let at = workmill_proto::Timestamp::from_micros(micros);
        for resolution in Resolution::ALL {
            let start = resolution.start_of(resolution.slot_at(at));
            if micros > 0 && resolution != Resolution::Ever {
                assert!(
                    at.since(start) < resolution.length(),
                    "{resolution:?} {micros}"
                );
            }
        }
    }
    assert_eq!(Resolution::Ever.slot_at(workmill_proto::Timestamp::MAX), 0);
}

fn any_line() -> impl Strategy<Value = HistoryLine> {
    let histogram = || {
        let buckets =
            prop::collection::btree_map(0..u8::try_from(BUCKETS).unwrap(), 1..u64::MAX, 0..8);
        (buckets, any::<u64>()).prop_map(|(buckets, sum)| Histogram::new(buckets, sum))
    };
    (any::<[u64; 6]>(), histogram(), histogram()).prop_map(|(numbers, waits, runs)| {
        let mut line = HistoryLine {
            waits,
            runs,
            ..HistoryLine::default()
        };
        for (number, value) in line.counts.numbers_mut().into_iter().zip(numbers) {
            *number = value;
        }
        line
    })
}

proptest! {
    #[test]
    fn a_slot_comes_back_whole_and_only_under_its_key(
        queues in prop::collection::btree_map(".{0,9}", any_line(), 0..4),
        jobtypes in prop::collection::btree_map(".{0,9}", any_line(), 0..4),
        number in any::<i64>(),
        cut in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let lines = |lines: std::collections::BTreeMap<String, HistoryLine>| {
            HistoryLines(lines.into_iter().map(|(name, line)| (name.into(), line)).collect())
        };
        let slot = HistorySlot { queues: lines(queues), jobtypes: lines(jobtypes) };
        let own = key(Resolution::Hour, number);
        let mut bytes = slot.encode(own);
        prop_assert_eq!(HistorySlot::decode(own, &bytes), Some(slot));
        let others = [key(Resolution::Day, number), key(Resolution::Hour, number ^ 1)];
        for other in others {
            prop_assert_eq!(HistorySlot::decode(other, &bytes), None);
        }
        let at = cut.index(bytes.len());
        prop_assert_eq!(HistorySlot::decode(own, &bytes[..at]), None);
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(HistorySlot::decode(own, &bytes), None);
    }
}

#[test]
fn a_histogram_tells_what_is_in_it() {
    let mut histogram = Histogram::new([(bucket_of(1_000_000), 2)], 2_000_000);
    histogram.add(&Histogram::new([(bucket_of(3_000_000), 1)], 3_000_000));
    assert_eq!(histogram.count(), 3);
    assert_eq!(histogram.sum(), Duration::from_secs(5));
    let all = histogram.quantile(1.0).unwrap();
    assert!(
        all > Duration::from_secs(3) && all < Duration::from_secs(4),
        "{all:?}"
    );
}
