use workmill_proto::{Bid, SetName};
use workmill_store::{EntryKey, Features, JobRef, Membership, Place, SetTime};

use super::*;
use crate::limits::QUERY_BODY_BYTES_MAX;

const PAYLOAD: &str = r#"{"jid":"Job-000001","queue":"mail","jobtype":"Net::Welcome","created_at":"2026-11-29T10:00:00Z","args":[{"user":{"id":12345678901234567890,"name":"Zo\u00eb \"Z\" K","tags":["new","vip"]},"amount":10.50,"ok":true},"second","7"],"custom":{"tags":["urgent","eu"],"region":"eu-west"},"failure":{"retry_count":3,"remaining":5,"failed_at":"2026-11-29T11:30:00Z","message":"Connection REFUSED by 10.0.0.7:25","errtype":"Net::ReadTimeout","backtrace":["a.rb:1"]}}"#;

fn sample() -> Sample {
    Sample::of(Place::Set(SetName::Retries), PAYLOAD)
}

#[test]
fn names_are_compared_whole_and_exactly() {
    sample().check(
        &[
            "queue:mail",
            "queue:m*l",
            "queue:*",
            "queue:(x OR mail)",
            "type:Net::Welcome",
            "type:*Welcome",
            "type:N*t*W*e",
            "jid:Job-000001",
            "jid:Job*",
            "errtype:Net::ReadTimeout",
            "state:retries",
            "state:(dead OR retry)",
        ],
        &[
            "queue:mai",
            "queue:Mail",
            "queue:\"m*l\"",
            r"queue:m\*l",
            "type:Welcome",
            "jid:Job",
            "errtype:Net",
            "state:dead",
            "batch:*",
            "worker:*",
        ],
    );
}

#[test]
fn words_are_sought_within_texts_in_any_case() {
    sample().check(
        &[
            "000001",
            "welcome",
            "refused",
            "\"connection refused\"",
            "readtimeout",
            "conn*10.0.0",
            "ZOË",
            "\"zoë \\\"z\\\" k\"",
            "second",
            "12345678901234567890",
            "vip",
            "error:refused",
            "error:read*out",
            "error:*",
            "message:REFUSED",
            "\"user\\\":{\\\"id\"",
        ],
        &[
            "mail",
            "urgent",
            "\"refused connection\"",
            "refused*connection",
            "message:timeout",
            "backtrace",
        ],
    );
    Sample::queued(r#"{"jid":"j","queue":"q","jobtype":"t","args":["ΣΑΣ"]}"#)
        .check(&["σας OR σασ"], &["error:*", "error:x"]);
}

#[test]
fn values_are_found_at_their_paths_exactly() {
    sample().check(
        &[
            "arg.0.user.id:12345678901234567890",
            "arg.user.id:>12345678901234567889",
            "arg.user.id:12345678901234567889..12345678901234567891",
            "arg.0.amount:10.5",
            "arg.amount:1.05e1",
            "arg.0.user.tags:vip",
            "arg.user.tags.0:new",
            "arg.0.user.name:\"Zoë \\\"Z\\\" K\"",
            "arg.0.ok:true",
            "arg.1:second",
            "arg:second",
            "arg.2:7",
            "arg.2:\"7\"",
            "arg.2:<8",
            "arg.0.user:*",
            "arg.0.user.id:123*",
            "custom.region:eu-*",
            "tag:urgent",
            "tag:(us OR eu)",
            "custom.tags:eu",
        ],
        &[
            "arg.0.user.id:12345678901234567891",
            "arg.user.id:>12345678901234567890",
            "arg.0.amount:\"10.50\"",
            "arg.0.ok:\"true \"",
            "arg.1.user.id:*",
            "arg.3:*",
            "arg.0.user:new",
            "arg.0:second",
            "arg.0.USER.id:*",
            "custom.none:*",
            "tag:urg",
        ],
    );
}

#[test]
fn of_equal_names_in_args_the_last_one_counts() {
    Sample::queued(r#"{"jid":"j","queue":"q","jobtype":"t","args":[{"a":1,"a":2}]}"#)
        .check(&["arg.a:2"], &["arg.a:1"]);
}

#[test]
fn retries_are_counted_from_none() {
    sample().check(
        &["retries:3", "retries:>2", "retries:2..4", "retries:..3"],
        &["retries:>3", "retries:<3", "retries:4.."],
    );
    let fresh = Sample::queued(r#"{"jid":"j","queue":"q","jobtype":"t","args":[]}"#);
    fresh.check(&["retries:0", "retries:<1"], &["retries:>0"]);
}

#[test]
fn moments_are_compared_with_times_days_and_from_now() {
    sample().check(
        &[
            "failed:2026-11-29T11:30:00Z",
            "failed:2026-11-29T12:30:00+01:00",
            "failed:2026-11-29",
            "failed:-1h",
            "failed:>-31m",
            "failed:>=-30m",
            "failed:<=-30m",
            "failed:<now",
            "failed:-1h..-29m",
            "failed:>2026-11-28",
            "failed:2026-11-28..",
            "created:-2h",
            "at:now",
            "at:<=0s",
        ],
        &[
            "failed:-29m",
            "failed:1h",
            "failed:>-30m",
            "failed:>2026-11-29",
            "failed:<2026-11-29",
            "failed:2026-11-30",
            "enqueued:>2000-01-01",
            "enqueued:<2100-01-01",
            "started:<now",
            "at:>now",
        ],
    );
    sample()
        .edited(|record| record.enqueued_at = Some(wall("2026-11-29T11:59:59.25Z")))
        .check(
            &["enqueued:2026-11-29T11:59:59Z", "enqueued:-1s"],
            &["enqueued:2026-11-29T11:59:59.5Z"],
        );
}

#[test]
fn the_time_of_a_scheduled_job_is_the_wall_clocks_and_others_the_steady_ones() {
    let at = |set, at| {
        let mut job = Sample::of(Place::Set(set), PAYLOAD);
        job.key = JobRef::Entry(EntryKey { set, at, serial: 1 });
        job
    };
    let in_an_hour = wall("2026-11-29T13:00:00Z");
    at(SetName::Scheduled, SetTime::scheduled(in_an_hour))
        .check(&["at:2026-11-29T13:00:00Z", "at:1h"], &["at:59m"]);
    let steady = SetTime::retries(now().steady.plus_secs(3600));
    for set in [SetName::Retries, SetName::Dead] {
        at(set, steady).check(&["at:2026-11-29T13:00:00Z", "at:1h"], &["at:59m"]);
    }
}

#[test]
fn who_has_a_job_and_since_when_is_known_while_it_works() {
    let working = Sample::of(Place::Working, PAYLOAD).held_by("w1", 600);
    working.check(
        &["worker:w1", "worker:w*", "started:<-5m", "state:busy"],
        &["worker:w2", "started:>-5m", "at:<now OR at:>now"],
    );
}

#[test]
fn a_batch_has_its_members_and_callbacks() {
    let bid = Bid { id: 7, check: 9 };
    let member = sample().edited(|record| {
        record.features = Some(Box::new(Features {
            batch: Some(Membership { bid, failed: false }),
            ..Features::default()
        }));
    });
    assert!(member.matches(&format!("batch:{bid}")));
    assert!(!member.matches("batch:b-other"));
}

#[test]
fn terms_are_joined() {
    sample().check(
        &[
            "queue:mail retries:3",
            "queue:x OR retries:3",
            "-queue:x",
            "NOT (queue:x OR retries:9)",
            "queue:x queue:y OR queue:mail",
            "-worker:w1",
        ],
        &["queue:mail retries:4", "-queue:mail", "queue:x OR queue:y"],
    );
}

#[test]
fn what_cannot_be_known_is_neither_a_match_nor_none() {
    let verdict = |job: &Sample, query: &str| job.verdict(&Query::parse(query).unwrap());
    let mut corrupt = sample();
    corrupt.job = Err(workmill_store::CorruptRecord {
        bytes: Vec::new(),
        reason: String::new(),
    });
    let large = sample().edited(|record| record.body.resize(QUERY_BODY_BYTES_MAX + 1, b' '));
    for job in [corrupt, large] {
        for query in ["second", "-second", "retries:3", "second OR retries:3"] {
            assert_eq!(verdict(&job, query), Verdict::Unknown, "{query}");
        }
        for query in ["state:retries", "second OR state:retries", ""] {
            assert_eq!(verdict(&job, query), Verdict::Yes, "{query}");
        }
        assert_eq!(verdict(&job, "second state:dead"), Verdict::No);
    }
}
