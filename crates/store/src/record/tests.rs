use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use workmill_proto::Bid;

use super::*;
use crate::{Attempt, AttemptError, Attempts, CallbackKind, CallbackOf, JobLock, Membership};

fn sample() -> JobRecord {
    JobRecord {
        jid: "0123456789abcdef".into(),
        queue: "mail".into(),
        jobtype: "Send".into(),
        reserve_for_secs: 1800,
        enqueued_at: Some(Timestamp::from_micros(1_700_000_000_123_456)),
        failure_count: 3,
        recovered_at: vec![SteadyTime::from_micros(1_700_000_001_000_000)],
        failure: None,
        attempts: Attempts::default(),
        features: None,
        body: br#"{"jid":"0123456789abcdef","queue":"mail","jobtype":"Send","args":[1]}"#.to_vec(),
        enqueued_at_index: 59,
    }
}

const HERE: Place = Place::Job { key: 0x1234 };

fn encoded(record: &JobRecord) -> Vec<u8> {
    let mut bytes = Vec::new();
    record.encode(HERE, &mut bytes);
    bytes
}

fn bytes_of_hex(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
        .collect()
}

prop_compose! {
    fn bid()(id in any::<u64>(), check in any::<u64>()) -> Bid {
        Bid { id, check }
    }
}

prop_compose! {
    fn features()(
        expires_at in option::of(any::<i64>()),
        lock in option::of((any::<[u8; 32]>(), any::<i64>(), any::<bool>(), any::<u32>())),
        batch in option::of((bid(), any::<bool>())),
        callback in option::of((bid(), any::<bool>())),
        (tracked, cron) in (any::<bool>(), option::of(".{0,10}")),
    ) -> Features {
        Features {
            expires_at: expires_at.map(Timestamp::from_micros),
            lock: lock.map(|(key, ends_at, until_start, pushing)| JobLock {
                key,
                ends_at: SteadyTime::from_micros(ends_at),
                until_start,
                pushing,
            }),
            batch: batch.map(|(bid, failed)| Membership { bid, failed }),
            callback: callback.map(|(bid, success)| CallbackOf {
                bid,
                kind: if success { CallbackKind::Success } else { CallbackKind::Complete },
            }),
            tracked,
            // A run of a cron entry is no callback.
            cron: cron.filter(|_| callback.is_none()).map(Into::into),
        }
    }
}

prop_compose! {
    fn error()(
        (errtype, message, backtrace) in (".{0,10}", ".{0,10}", ".{0,30}"),
        is_cut in any::<bool>(),
    ) -> AttemptError {
        AttemptError {
            errtype: errtype.into(),
            message: message.into(),
            backtrace: backtrace.into(),
            is_cut,
        }
    }
}

prop_compose! {
    fn attempt()(
        ended_at in any::<i64>(),
        micros in any::<u64>(),
        wid in ".{0,10}",
        retry_after_secs in option::of(any::<u32>()),
        error in option::of(error()),
    ) -> Attempt {
        Attempt {
            ended_at: Timestamp::from_micros(ended_at),
            took: Duration::from_micros(micros),
            wid: wid.into(),
            retry_after_secs,
            error,
        }
    }
}

prop_compose! {
    fn record()(
        (jid, queue, jobtype) in (".{0,40}", ".{0,20}", ".{0,20}"),
        reserve_for_secs in any::<u32>(),
        enqueued_at in option::of(any::<i64>()),
        failure_count in any::<u32>(),
        recovered_at in vec(any::<i64>(), 0..5),
        failure in option::of(any::<u64>()),
        attempts in vec(attempt(), 0..4),
        features in option::of(features()),
        body in vec(any::<u8>(), 0..400),
        index in any::<prop::sample::Index>(),
    ) -> JobRecord {
        JobRecord {
            jid: jid.into(),
            queue: queue.into(),
            jobtype: jobtype.into(),
            reserve_for_secs,
            enqueued_at: enqueued_at.map(Timestamp::from_micros),
            failure_count,
            recovered_at: recovered_at.into_iter().map(SteadyTime::from_micros).collect(),
            failure: failure.map(FailureId),
            attempts: Attempts::of(&attempts),
            features: features.map(Box::new),
            enqueued_at_index: u32::try_from(index.index(body.len() + 1)).unwrap(),
            body,
        }
    }
}

proptest! {
    #[test]
    fn every_record_reads_back_as_written(record in record()) {
        prop_assert_eq!(JobRecord::decode(HERE, &encoded(&record)), Ok(record));
    }

    #[test]
    fn every_attempt_reads_back_as_written(attempts in vec(attempt(), 0..4)) {
        prop_assert_eq!(Attempts::of(&attempts).read(), Some(attempts));
    }

    #[test]
    fn any_bytes_of_attempts_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..60)) {
        let attempts = Attempts::of_bytes(&bytes);
        prop_assert!(attempts.read().is_none_or(|read| Attempts::of(&read).bytes() <= bytes.len()));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert_eq!(JobRecord::decode(HERE, &bytes).unwrap_err().bytes, bytes);
    }

    #[test]
    fn any_header_under_a_good_checksum_is_read_without_a_panic(
        version in prop::sample::select(vec![1_u8, 2, 4, 7, 8, 11, 14, 16, 19, 21, 22, 25]),
        rest in vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = vec![version];
        let sum = match version {
            1..=4 => crc32fast::hash(&rest),
            _ => HERE.checksum(&rest),
        };
        bytes.extend_from_slice(&sum.to_le_bytes());
        bytes.extend_from_slice(&rest);
        if let Ok(record) = JobRecord::decode(HERE, &bytes) {
            prop_assert!(record.enqueued_at_index as usize <= record.body.len());
        }
    }
}

/// These bytes lie in databases: every later version must read them.
#[test]
fn version_1_is_read_for_ever() {
    let bytes = bytes_of_hex(VERSION_1_HEX);
    assert_eq!(JobRecord::decode(HERE, &bytes), Ok(sample()));
}

const VERSION_1_HEX: &str = "\
    01011a9c801030313233343536373839616263646566046d61696c0453656e64880e033b0140222018240a06000140822d18\
    240a06007b226a6964223a2230313233343536373839616263646566222c227175657565223a226d61696c222c226a6f6274\
    797065223a2253656e64222c2261726773223a5b315d7d";

#[test]
fn a_job_without_features_is_written_as_version_7() {
    assert_eq!(encoded(&sample()), bytes_of_hex(VERSION_7_HEX));
    assert_eq!(
        JobRecord::decode(HERE, &bytes_of_hex(VERSION_7_HEX)),
        Ok(sample())
    );
}

const VERSION_7_HEX: &str = "\
    07ff431cef1030313233343536373839616263646566046d61696c0453656e64880e033b0140222018240a06000140822d\
    18240a06007b226a6964223a2230313233343536373839616263646566222c227175657565223a226d61696c222c226a6f\
    6274797065223a2253656e64222c2261726773223a5b315d7d";

fn tied_sample() -> JobRecord {
    let bid = Bid {
        id: 300,
        check: 0xff_1234_5678,
    };
    let features = Features {
        expires_at: Some(Timestamp::from_micros(1_700_000_100_000_000)),
        lock: Some(JobLock {
            key: [7; 32],
            ends_at: SteadyTime::from_micros(1_700_000_200_000_000),
            until_start: true,
            pushing: 0,
        }),
        batch: Some(Membership { bid, failed: true }),
        callback: Some(CallbackOf {
            bid,
            kind: CallbackKind::Success,
        }),
        tracked: true,
        cron: None,
    };
    JobRecord {
        features: Some(Box::new(features)),
        ..sample()
    }
}

const VERSION_2_HEX: &str = "\
    02d30ac52e1030313233343536373839616263646566046d61696c0453656e64880e033b0140222018240a06000140822d18\
    240a0600ff0021141e240a0600070707070707070707070707070707070707070707070707070707070707070700020a2424\
    0a0600ac02f8acd191f11fac02f8acd191f11f7b226a6964223a2230313233343536373839616263646566222c2271756575\
    65223a226d61696c222c226a6f6274797065223a2253656e64222c2261726773223a5b315d7d";

#[test]
fn version_2_is_read_for_ever() {
    assert_eq!(
        JobRecord::decode(HERE, &bytes_of_hex(VERSION_2_HEX)),
        Ok(tied_sample())
    );
}

fn locked_sample() -> JobRecord {
    let mut sample = tied_sample();
    let lock = sample
        .features
        .as_mut()
        .and_then(|features| features.lock.as_mut());
    lock.unwrap().pushing = 0x0102_0304;
    sample
}

const VERSION_4_HEX: &str = "\
    04282cba511030313233343536373839616263646566046d61696c0453656e64880e033b0140222018240a06000140822d18\
    240a0600ff0021141e240a0600070707070707070707070707070707070707070707070707070707070707070700020a2424\
    0a060084868808ac02f8acd191f11fac02f8acd191f11f7b226a6964223a2230313233343536373839616263646566222c22\
    7175657565223a226d61696c222c226a6f6274797065223a2253656e64222c2261726773223a5b315d7d";

#[test]
fn version_4_is_read_for_ever() {
    assert_eq!(
        JobRecord::decode(HERE, &bytes_of_hex(VERSION_4_HEX)),
        Ok(locked_sample())
    );
}

#[test]
fn a_lock_and_other_features_have_versions_of_their_own() {
    let mut sample = locked_sample();
    let bytes = encoded(&sample);
    assert_eq!(bytes[0], 11);
    assert_eq!(JobRecord::decode(HERE, &bytes).as_ref(), Ok(&sample));
    sample.features.as_mut().unwrap().lock = None;
    let bytes = encoded(&sample);
    assert_eq!(bytes[0], 8);
    assert_eq!(JobRecord::decode(HERE, &bytes), Ok(sample));
}

fn tried_sample() -> JobRecord {
    let attempts = Attempts::of(&[Attempt {
        ended_at: Timestamp::from_micros(1_700_000_000_123_456),
        took: Duration::from_micros(300),
        wid: "w".into(),
        retry_after_secs: Some(20),
        error: Some(AttemptError {
            errtype: "Boom".into(),
            message: "it broke".into(),
            backtrace: "a\nb".into(),
            is_cut: true,
        }),
    }]);
    JobRecord {
        attempts,
        ..sample()
    }
}

#[test]
fn a_job_with_attempts_has_versions_of_its_own() {
    let features = [None, tied_sample().features, locked_sample().features];
    let features = [
        features[0].clone(),
        without_lock(&features[1]),
        features[2].clone(),
    ];
    for (features, version) in features.into_iter().zip([21, 22, 25]) {
        for failure in [None, Some(FailureId(7))] {
            let record = JobRecord {
                features: features.clone(),
                failure,
                ..tried_sample()
            };
            let bytes = encoded(&record);
            assert_eq!(bytes[0], version);
            assert_eq!(JobRecord::decode(HERE, &bytes).as_ref(), Ok(&record));
            let head = JobRecord::decode_head(HERE, &bytes).unwrap();
            assert!(head.attempts.is_empty() && head.body.is_empty());
        }
    }
}

fn without_lock(features: &Option<Box<Features>>) -> Option<Box<Features>> {
    let mut features = features.clone()?;
    features.lock = None;
    Some(features)
}

#[test]
fn version_21_is_read_for_ever() {
    let bytes = bytes_of_hex(VERSION_21_HEX);
    assert_eq!(JobRecord::decode(HERE, &bytes), Ok(tried_sample()));
}

const VERSION_21_HEX: &str = "\
    159c3620211030313233343536373839616263646566046d61696c0453656e64880e033b0140222018240a06000140822d\
    18240a0600002040222018240a0600ac020177150204426f6f6d0869742062726f6b6503610a627b226a6964223a223031\
    3233343536373839616263646566222c227175657565223a226d61696c222c226a6f6274797065223a2253656e64222c22\
    61726773223a5b315d7d";

const PLACES: [Place; 2] = [
    HERE,
    Place::Entry {
        set_id: 2,
        at: 1_700_000_000_123_456,
        serial: 7,
    },
];

/// The key is as much a part of a record as its bytes are.
#[test]
fn every_flipped_bit_of_a_key_is_detected() {
    for place in PLACES {
        let mut bytes = Vec::new();
        sample().encode(place, &mut bytes);
        for other in place.nearly_same() {
            let corrupt = JobRecord::decode(other, &bytes).unwrap_err();
            assert_eq!(corrupt.bytes, bytes);
            assert!(belongs_elsewhere(other, &bytes));
        }
        assert!(!belongs_elsewhere(place, &bytes));
        assert_eq!(JobRecord::decode(place, &bytes), Ok(sample()));
    }
}

#[test]
fn a_flipped_bit_of_a_record_is_not_taken_for_one_of_its_key() {
    for place in PLACES {
        let mut bytes = Vec::new();
        sample().encode(place, &mut bytes);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(!belongs_elsewhere(place, &flipped), "bit {bit}");
        }
    }
}

#[test]
fn bytes_set_aside_are_read_as_they_were_found() {
    for place in PLACES {
        let mut bytes = Vec::new();
        set_aside(place, b"found", &mut bytes);
        assert_eq!(bytes_set_aside(place, &bytes), Some(&b"found"[..]));
        let corrupt = JobRecord::decode(place, &bytes).unwrap_err();
        assert_eq!(corrupt.bytes, b"found");
        assert_eq!(bytes_set_aside(place, &encoded(&sample())), None);
    }
}

#[test]
fn every_truncation_is_detected() {
    let bytes = encoded(&locked_sample());
    for length in 0..bytes.len() {
        assert!(
            JobRecord::decode(HERE, &bytes[..length]).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let bytes = encoded(&locked_sample());
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let corrupt = JobRecord::decode(HERE, &flipped).expect_err("a flipped bit was not noticed");
        assert_eq!(corrupt.bytes, flipped);
    }
}

#[test]
fn trailing_bytes_are_detected() {
    let mut bytes = encoded(&sample());
    bytes.push(b' ');
    assert!(JobRecord::decode(HERE, &bytes).is_err());
}

#[test]
fn an_unknown_version_is_named() {
    let mut bytes = encoded(&sample());
    bytes[0] = 9;
    let corrupt = JobRecord::decode(HERE, &bytes).unwrap_err();
    assert_eq!(corrupt.reason, "unknown record version 9");
}

#[test]
fn an_enqueued_at_index_beyond_the_body_is_detected() {
    let mut record = sample();
    record.enqueued_at_index = u32::try_from(record.body.len()).unwrap() + 1;
    let corrupt = JobRecord::decode(HERE, &encoded(&record)).unwrap_err();
    assert_eq!(corrupt.reason, "the header is malformed");
}

#[test]
fn encoding_appends_to_what_is_there() {
    let mut bytes = b"before".to_vec();
    sample().encode(HERE, &mut bytes);
    assert_eq!(JobRecord::decode(HERE, &bytes[6..]), Ok(sample()));
}

#[test]
fn numbers_wider_than_64_bits_are_refused() {
    let mut input: &[u8] = &[0xff; 11];
    assert_eq!(take_varint(&mut input), None);
    let mut largest = Vec::new();
    put_varint(&mut largest, u64::MAX);
    assert_eq!(take_varint(&mut largest.as_slice()), Some(u64::MAX));
    largest[9] = 2;
    assert_eq!(take_varint(&mut largest.as_slice()), None);
}
