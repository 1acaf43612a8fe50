use workmill_proto::{SteadyTime, Timestamp};

use super::{FAILURE_HOURS, FailureGroup, FailureHours, FailureId};

fn at_hour(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * 3_600_000_000 + 5)
}

fn sample() -> FailureGroup {
    let mut hours = FailureHours::default();
    hours.count(at_hour(500_000));
    FailureGroup {
        jobtype: "Charge".into(),
        errtype: "Timeout".into(),
        pattern: "no answer within \u{2026} s".into(),
        example: "no answer within 30 s".into(),
        backtrace: vec!["a.rb:1".into(), "".into()],
        first_at: at_hour(1),
        last_at: at_hour(500_000),
        failures: 300,
        retries: 2,
        dead: 1,
        workers: vec!["w1".into(), "w2".into()],
        hours,
        forget_at: None,
    }
}

#[test]
fn a_group_is_read_as_it_was_written_under_its_own_name_only() {
    let id = FailureId(7);
    for forget_at in [None, Some(SteadyTime::from_micros(99))] {
        let group = FailureGroup {
            forget_at,
            ..sample()
        };
        let bytes = group.encode(id);
        assert_eq!(FailureGroup::decode(id, &bytes), Some(group));
        assert_eq!(FailureGroup::decode(FailureId(8), &bytes), None);
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(FailureGroup::decode(id, &damaged), None, "{at}");
        }
    }
}

#[test]
fn a_name_is_sixteen_digits_and_nothing_else() {
    let id = FailureId(0x00ab_cdef_0123_4567);
    assert_eq!(id.to_string(), "00abcdef01234567");
    assert_eq!(FailureId::parse("00abcdef01234567"), Some(id));
    for text in [
        "",
        "abcdef01234567",
        "00ABCDEF01234567",
        "+0abcdef01234567",
        "00abcdef012345678",
    ] {
        assert_eq!(FailureId::parse(text), None, "{text}");
    }
}

#[test]
fn hours_move_on_with_the_clock_and_forget_those_of_a_day_ago() {
    let mut hours = FailureHours::default();
    hours.count(at_hour(1_000));
    hours.count(at_hour(1_000));
    hours.count(at_hour(1_003));
    // The clock was set back, or another failure is told late.
    hours.count(at_hour(1_002));
    hours.count(at_hour(1));
    let last = |now: i64, count: usize| {
        let counts = hours.until(at_hour(now));
        counts[FAILURE_HOURS - count..].to_vec()
    };
    assert_eq!(last(1_003, 5), [0, 2, 0, 1, 1]);
    assert_eq!(last(1_005, 3), [1, 0, 0]);
    assert_eq!(hours.until(at_hour(1_003)).iter().sum::<u32>(), 4);
    assert_eq!(hours.until(at_hour(1_000 + 24)).iter().sum::<u32>(), 2);
    assert_eq!(hours.until(at_hour(9_999)), [0; FAILURE_HOURS]);
    // Those that will come are not told.
    assert_eq!(last(1_002, 3), [2, 0, 1]);
    hours.count(at_hour(2_000));
    assert_eq!(hours.until(at_hour(2_000)).iter().sum::<u32>(), 1);
}

#[test]
fn hours_that_are_still_to_come_can_be_forgotten() {
    let mut hours = FailureHours::default();
    for hour in [1_000, 1_001, 1_003, 1_003] {
        hours.count(at_hour(hour));
    }
    hours.forget_after(at_hour(1_005));
    assert_eq!(hours.until(at_hour(1_005)).iter().sum::<u32>(), 4);
    hours.forget_after(at_hour(1_001));
    hours.count(at_hour(1_001));
    let counts = hours.until(at_hour(1_001));
    assert_eq!(counts[FAILURE_HOURS - 3..], [0, 1, 2]);
    assert_eq!(counts.iter().sum::<u32>(), 3);
    hours.forget_after(at_hour(1));
    assert_eq!(hours.until(at_hour(1)), [0; FAILURE_HOURS]);
}
