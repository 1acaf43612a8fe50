//! Jobs as clients send them and get them back.

use super::*;
use crate::Timestamp;
use crate::limits::{
    JID_BYTES_MAX, JOB_FIELDS_UNKNOWN_MAX, JOBTYPE_BYTES_MAX, JSON_DEPTH_MAX, QUEUE_NAME_BYTES_MAX,
};

/// A good job with more members.
fn job_with(members: &str) -> String {
    format!(r#"{{"jid":"12345678","jobtype":"t","args":[]{members}}}"#)
}

fn parse(json: &str) -> Job {
    Job::parse(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn error(json: &str) -> String {
    Job::parse(json.as_bytes())
        .map(|job| panic!("{job:?}"))
        .unwrap_err()
        .text
}

fn render(job: &Job) -> String {
    String::from_utf8(job.render().body).unwrap()
}

/// The job as it comes back.
fn round_trip(json: &str) -> String {
    let body = render(&parse(json));
    assert_eq!(render(&Job::parse_stored(body.as_bytes()).unwrap()), body);
    body
}

#[test]
fn a_plain_job_gets_its_defaults() {
    let job = parse(r#"{"jid":"12345678","jobtype":"t","args":[1]}"#);
    assert_eq!(
        (job.queue.as_str(), job.retry, job.at),
        ("default", 25, None)
    );
    assert_eq!(
        (job.reserve_for_secs, job.created_at.as_deref()),
        (None, None)
    );
    assert!(job.custom().is_none() && job.failure().is_none());
    let wanted = r#"{"retry":25,"jid":"12345678","queue":"default","jobtype":"t","args":[1]}"#;
    assert_eq!(render(&job), wanted);
}

#[test]
fn fields_come_out_in_faktorys_order_and_unknown_ones_last() {
    let json = r#"{"zzz":[1, 2],"backtrace":5,"reserve_for":60,"args":[{"b":1,"a":2}],
        "at":"2026-01-31T08:00:00+01:00","enqueued_at":"x","created_at":"once","jobtype":"t",
        "queue":"q","jid":"12345678","custom":{"z":1,"a":2},"failure":{"x":1},"retry":-1,"Abc":null}"#;
    let job = parse(json);
    assert_eq!(job.at, Timestamp::parse_rfc3339("2026-01-31T07:00:00Z"));
    let head = r#"{"retry":-1,"failure":{"x":1},"custom":{"z":1,"a":2},"jid":"12345678","queue":"q","jobtype":"t","created_at":"once""#;
    let tail = r#","at":"2026-01-31T08:00:00+01:00","args":[{"b":1,"a":2}],"reserve_for":60,"backtrace":5,"zzz":[1, 2],"Abc":null}"#;
    let rendered = job.render();
    assert_eq!(rendered.body, format!("{head}{tail}").into_bytes());
    assert_eq!(
        usize::try_from(rendered.enqueued_at_index).unwrap(),
        head.len()
    );
}

#[test]
fn null_and_empty_are_as_absent() {
    let json = job_with(
        r#","queue":null,"retry":null,"at":null,"reserve_for":null,"created_at":null,"custom":null,
        "failure":null,"backtrace":null,"enqueued_at":null"#,
    );
    let plain = round_trip(&job_with(""));
    assert_eq!(round_trip(&json), plain);
    let json = job_with(
        r#","queue":"","at":"","reserve_for":0,"created_at":"","custom":{ },"backtrace":0"#,
    );
    assert_eq!(round_trip(&json), plain);
}

#[test]
fn field_names_match_in_any_case_and_the_last_wins() {
    let json =
        r#"{"JID":"87654321","jid":"12345678","JobType":"t","Args":[],"Queue":"a","QUEUE":"b"}"#;
    let wanted = r#"{"retry":25,"jid":"12345678","queue":"b","jobtype":"t","args":[]}"#;
    assert_eq!(round_trip(json), wanted);
}

#[test]
fn of_unknown_fields_with_equal_keys_the_last_wins() {
    let body = round_trip(&job_with(r#","x":1,"y":2,"\u0078":3,"X":4,"y":5"#));
    assert!(
        body.ends_with(r#","args":[],"\u0078":3,"X":4,"y":5}"#),
        "{body}"
    );
}

#[test]
fn values_come_out_as_they_went_in() {
    let values = [
        "[12345678901234567890123,1.0,1e400,-0,1E+2]",
        r#"[{"z":1,"a":{"y" : 2,	"b":3}}]"#,
        r#"["<&>\u2028\/\ud83d\ude00é\\ud800",  null,true]"#,
    ];
    for value in values {
        let members = format!(r#","custom":{{"v":{value}}},"other":{value}"#);
        let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":{value}{members}}}"#);
        let body = round_trip(&json);
        for member in [
            format!(r#""custom":{{"v":{value}}},"#),
            format!(r#""args":{value},"#),
            format!(r#","other":{value}}}"#),
        ] {
            assert!(body.contains(&member), "{body}");
        }
        let custom = parse(&json).custom().unwrap().get().to_owned();
        assert_eq!(custom, format!(r#"{{"v":{value}}}"#));
    }
}

#[test]
fn half_a_surrogate_pair_becomes_a_replacement_character_wherever_it_stands() {
    let half = r#"{"\udc00\ud83d":"a\uD800"}"#;
    let whole = "{\"\u{FFFD}\u{FFFD}\":\"a\u{FFFD}\"}";
    let json = format!(
        r#"{{"jid":"12345678\ud800","jobtype":"t\ud800","created_at":"\ud800","failure":{half},"args":[{half}],"custom":{half},"x\ud800":{half}}}"#
    );
    let job = parse(&json);
    let args = format!("[{whole}]");
    let wanted = format!(
        "{{\"retry\":25,\"failure\":{whole},\"custom\":{whole},\"jid\":\"12345678\u{FFFD}\",\"queue\":\"default\",\"jobtype\":\"t\u{FFFD}\",\"created_at\":\"\u{FFFD}\",\"args\":{args},\"x\u{FFFD}\":{whole}}}"
    );
    assert_eq!(render(&job), wanted);
    assert_eq!(round_trip(&wanted), wanted);
}

#[test]
fn no_line_break_survives() {
    let value = "[1,\r\n \"a b\"\r]";
    let json = format!(
        "{{\r\"jid\":\"12345678\",\"jobtype\":\"t\",\"args\":{value},\"custom\":{{\"c\":{value}}},\
         \"failure\":{{\"f\":{value}}},\"x\":{value}\n}}"
    );
    let wanted = r#"{"retry":25,"failure":{"f":[1,"a b"]},"custom":{"c":[1,"a b"]},"jid":"12345678","queue":"default","jobtype":"t","args":[1,"a b"],"x":[1,"a b"]}"#;
    assert_eq!(round_trip(&json), wanted);
}

#[test]
fn a_custom_of_white_space_only_is_empty() {
    assert!(parse(&job_with(",\"custom\":{ \t\r\n}")).custom().is_none());
    assert!(parse(&job_with(r#","custom":{"":{}}"#)).custom().is_some());
}

#[test]
fn escapes_in_texts_are_decoded_and_written_anew() {
    let json = r#"{"jid":"\u0031234567\"","queue":"\u0061","jobtype":"a\/b\n","args":[]}"#;
    let job = parse(json);
    assert_eq!((job.jid.as_str(), job.queue.as_str()), ("1234567\"", "a"));
    assert_eq!(job.jobtype, "a/b\n");
    let wanted = r#"{"retry":25,"jid":"1234567\"","queue":"a","jobtype":"a/b\n","args":[]}"#;
    assert_eq!(round_trip(json), wanted);
}

#[test]
fn bytes_that_are_no_utf8_become_replacement_characters() {
    let json = b"{\"jid\":\"1234567\xFF\",\"jobtype\":\"t\",\"args\":[\"\xC3\"]}";
    let body = render(&Job::parse(json).unwrap());
    assert!(body.contains("\"jid\":\"1234567\u{FFFD}\"") && body.contains("[\"\u{FFFD}\"]"));
}

#[test]
fn jobs_are_refused_in_faktorys_order_and_words() {
    let long = |bytes: usize| "x".repeat(bytes);
    let cases = [
        ("{}".to_owned(), "jobs must have a reasonable jid parameter"),
        (
            r#"{"jid":"1234567"}"#.to_owned(),
            "jobs must have a reasonable jid parameter",
        ),
        (
            format!(r#"{{"jid":"{}"}}"#, long(JID_BYTES_MAX + 1)),
            "a jid may have at most 512 bytes: send a shorter one",
        ),
        (
            r#"{"jid":"12345678"}"#.to_owned(),
            "jobs must have a jobtype parameter",
        ),
        (
            format!(
                r#"{{"jid":"12345678","jobtype":"{}"}}"#,
                long(JOBTYPE_BYTES_MAX + 1)
            ),
            "a jobtype may have at most 1024 bytes: send a shorter one",
        ),
        (
            r#"{"jid":"12345678","jobtype":"t","reserve_for":86401}"#.to_owned(),
            "jobs must have an args parameter",
        ),
        (
            r#"{"jid":"12345678","jobtype":"t","args":null}"#.to_owned(),
            "jobs must have an args parameter",
        ),
        (
            job_with(r#","reserve_for":86401,"at":"x""#),
            "jobs cannot be reserved for more than one day",
        ),
        (
            job_with(r#","at":"tomorrow","queue":"a b""#),
            "invalid timestamp for 'at': \"tomorrow\": send RFC 3339, like 2026-01-31T08:00:00Z",
        ),
        (
            job_with(r#","at":"9999-01-01T00:00:00Z","queue":"a b""#),
            "cannot get \"a b\" queue: queue names must match \\A[a-zA-Z0-9._-]+\\z",
        ),
    ];
    for (json, text) in cases {
        assert_eq!(error(&json), text, "{json}");
    }
}

#[test]
fn jobs_at_the_limits_are_accepted() {
    let json = format!(
        r#"{{"jid":"{}","jobtype":"{}","queue":"{}","args":[],"reserve_for":86400}}"#,
        "j".repeat(JID_BYTES_MAX),
        "t".repeat(JOBTYPE_BYTES_MAX),
        "q".repeat(QUEUE_NAME_BYTES_MAX),
    );
    round_trip(&json);
    let negative = parse(&job_with(r#","reserve_for":-5"#));
    assert_eq!(negative.reserve_for_secs, Some(-5));
}

#[test]
fn values_of_the_wrong_type_are_invalid_json() {
    let string = "must be a string";
    let number = "must be a whole number of 64 bits";
    let object = "must be an object";
    let cases = [
        ("jid", "1", string),
        ("jobtype", "[]", string),
        ("queue", "{}", string),
        ("created_at", "1", string),
        ("enqueued_at", "1", string),
        ("at", "1", string),
        ("retry", "\"5\"", number),
        ("retry", "1.0", number),
        ("reserve_for", "1e1", number),
        ("backtrace", "true", number),
        ("args", "{}", "must be an array"),
        ("args", "\"\"", "must be an array"),
        ("custom", "[]", object),
        ("failure", "\"x\"", object),
    ];
    for (name, value, wanted) in cases {
        let text = error(&job_with(&format!(r#","{name}":{value}"#)));
        assert_eq!(text, format!("invalid JSON: {name} {wanted}"));
    }
}

#[test]
fn what_is_no_json_object_is_invalid_json() {
    let trailing = job_with("") + " x";
    let control = job_with(",\"x\":\"\t\"");
    for json in [
        "",
        "x",
        "[]",
        "{",
        r#"{"jid":"12345678""#,
        "null",
        &trailing,
        &control,
    ] {
        assert!(error(json).starts_with("invalid JSON: "), "{json}");
    }
}

#[test]
fn the_depth_and_the_number_of_fields_are_bounded() {
    let deep = |depth: usize| {
        let nested = "[".repeat(depth) + &"]".repeat(depth);
        format!(r#"{{"jid":"12345678","jobtype":"t","args":{nested}}}"#)
    };
    round_trip(&deep(JSON_DEPTH_MAX - 1));
    let text = error(&deep(JSON_DEPTH_MAX));
    assert_eq!(
        text,
        "invalid JSON: arrays and objects may be nested 10000 deep"
    );

    let fields = |count: usize| {
        job_with(
            &(0..count)
                .map(|i| format!(",\"x{i}\":0"))
                .collect::<String>(),
        )
    };
    assert_eq!(
        round_trip(&fields(JOB_FIELDS_UNKNOWN_MAX))
            .matches("\"x")
            .count(),
        10_000
    );
    let text = error(&fields(JOB_FIELDS_UNKNOWN_MAX + 1));
    assert!(
        text.starts_with("invalid JSON: at most 10000 fields"),
        "{text}"
    );
}

#[test]
fn created_at_is_filled_in_only_if_it_is_missing() {
    let now = Timestamp::from_micros(0);
    let mut job = parse(&job_with(""));
    job.set_created_at_default(now);
    assert_eq!(job.created_at.as_deref(), Some("1970-01-01T00:00:00Z"));
    let mut job = parse(&job_with(r#","created_at":"yesterday""#));
    job.set_created_at_default(now);
    assert_eq!(job.created_at.as_deref(), Some("yesterday"));
}

#[test]
fn a_stored_job_is_read_without_the_rules() {
    let body = br#"{"retry":3,"jid":"x","queue":"a b","jobtype":"","at":"2026-01-31T08:00:00Z","args":[],"reserve_for":100000}"#;
    let job = Job::parse_stored(body).unwrap();
    assert_eq!((job.jid.as_str(), job.queue.as_str()), ("x", "a b"));
    assert_eq!(job.at, Timestamp::parse_rfc3339("2026-01-31T08:00:00Z"));
    assert_eq!(job.render().body, body);
    assert!(Job::parse_stored(b"{}").is_err());
    assert!(Job::parse_stored(b"garbage").is_err());
}

#[test]
fn a_failure_is_written_without_what_is_empty() {
    let mut job = parse(&job_with(""));
    let mut failure = Failure {
        remaining: 25,
        failed_at: "then".to_owned(),
        ..Failure::default()
    };
    job.set_failure(&failure);
    assert!(render(&job).starts_with(
        r#"{"retry":25,"failure":{"retry_count":0,"remaining":25,"failed_at":"then"},"jid""#
    ));
    assert_eq!(job.failure(), Some(failure.clone()));

    job.set_failure(&Failure {
        message: Some(String::new()),
        ..failure.clone()
    });
    assert_eq!(job.failure(), Some(failure.clone()));
    assert!(!render(&job).contains("message"));

    failure.next_at = Some("soon".to_owned());
    failure.message = Some("it \"broke\"".to_owned());
    failure.errtype = Some("E".to_owned());
    failure.backtrace = vec!["a".to_owned(), "b".to_owned()];
    job.set_failure(&failure);
    assert!(render(&job).contains(
        r#""failed_at":"then","next_at":"soon","message":"it \"broke\"","errtype":"E","backtrace":["a","b"]},"jid""#
    ));
    let stored = Job::parse_stored(render(&job).as_bytes()).unwrap();
    assert_eq!(stored.failure(), Some(failure));
}

#[test]
fn a_failure_sent_by_a_client_is_kept_and_read_leniently() {
    let failure = r#"{"retry_count":"many","Remaining":3,"errtype":null,"backtrace":[1],"x":1}"#;
    let job = parse(&job_with(&format!(",\"failure\":{failure}")));
    assert!(render(&job).contains(failure));
    assert_eq!(
        job.failure(),
        Some(Failure {
            remaining: 3,
            ..Failure::default()
        })
    );
}
