//! What comes back of what was pushed.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use workmill_tests::{Server, job, parse_instant};

use crate::{push_and_fetch, string_member};

#[test]
fn fetched_job_is_the_pushed_one_and_what_is_filled_in() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        br#"{"jid":"12345678","jobtype":"Test","args":[1,"two"]}"#,
    );
    let created_at = string_member(&text, "created_at");
    let enqueued_at = string_member(&text, "enqueued_at");
    parse_instant(&json!(created_at));
    parse_instant(&json!(enqueued_at));
    let expected = format!(
        r#"{{"retry":25,"jid":"12345678","queue":"default","jobtype":"Test","created_at":"{created_at}","enqueued_at":"{enqueued_at}","args":[1,"two"]}}"#
    );
    assert_eq!(text, expected);
}

#[test]
fn fetched_job_has_its_members_in_the_known_order() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        br#"{"zulu":{"b":1,"a":2},"backtrace":20,"reserve_for":300,"args":[],"at":"2020-01-02T03:04:05.678Z","enqueued_at":"never","created_at":"2020-01-01T00:00:00Z","jobtype":"Test","queue":"q","jid":"12345678","custom":{"z":1,"a":[2]},"retry":7,"alpha":null}"#,
    );
    let enqueued_at = string_member(&text, "enqueued_at");
    assert_ne!(enqueued_at, "never");
    let expected = format!(
        r#"{{"retry":7,"custom":{{"z":1,"a":[2]}},"jid":"12345678","queue":"q","jobtype":"Test","created_at":"2020-01-01T00:00:00Z","enqueued_at":"{enqueued_at}","at":"2020-01-02T03:04:05.678Z","args":[],"reserve_for":300,"backtrace":20,"zulu":{{"b":1,"a":2}},"alpha":null}}"#
    );
    assert_eq!(text, expected);
}

#[test]
fn failure_a_client_sends_is_kept_in_its_place() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        br#"{"jid":"12345678","jobtype":"Test","args":[],"failure":{"retry_count":3,"remaining":2,"failed_at":"2020-01-01T00:00:00Z","message":"m","errtype":"e"}}"#,
    );
    assert!(text.starts_with(r#"{"retry":25,"failure":{"#), "{text}");
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(job["failure"]["retry_count"], 3);
    assert_eq!(job["failure"]["remaining"], 2);
    assert_eq!(job["failure"]["message"], "m");
}

#[test]
fn nulls_and_empty_members_count_as_absent() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        br#"{"jid":"12345678","jobtype":"Test","args":[],"queue":null,"retry":null,"custom":null,"at":null,"reserve_for":null,"backtrace":null,"created_at":null,"enqueued_at":null,"failure":null}"#,
    );
    let job: Value = serde_json::from_str(&text).unwrap();
    let mut keys: Vec<&String> = job.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "args",
            "created_at",
            "enqueued_at",
            "jid",
            "jobtype",
            "queue",
            "retry"
        ]
    );
    assert_eq!(job["retry"], 25);
    assert_eq!(job["queue"], "default");
    let text = push_and_fetch(
        &mut client,
        br#"{"jid":"12345678","jobtype":"Test","args":[],"queue":"","custom":{},"at":"","reserve_for":0,"backtrace":0,"created_at":""}"#,
    );
    let job: Value = serde_json::from_str(&text).unwrap();
    let mut keys: Vec<&String> = job.as_object().unwrap().keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "args",
            "created_at",
            "enqueued_at",
            "jid",
            "jobtype",
            "queue",
            "retry"
        ]
    );
}

#[test]
fn retry_is_always_there_and_kept() {
    let server = Server::start();
    let mut client = server.client();
    for retry in [0, -1, 1, 25, 1000] {
        let mut job = job("12345678", "q");
        job["retry"] = json!(retry);
        let text = push_and_fetch(&mut client, job.to_string().as_bytes());
        assert!(text.starts_with(&format!("{{\"retry\":{retry},")), "{text}");
    }
}

#[test]
fn reserve_for_is_kept_as_sent() {
    let server = Server::start();
    let mut client = server.client();
    for reserve_for in [-5, 1, 59, 60, 86_400] {
        let mut job = job("12345678", "q");
        job["reserve_for"] = json!(reserve_for);
        let text = push_and_fetch(&mut client, job.to_string().as_bytes());
        assert!(
            text.contains(&format!("\"reserve_for\":{reserve_for}")),
            "{text}"
        );
    }
}

#[test]
fn created_at_is_kept_whatever_it_says() {
    let server = Server::start();
    let mut client = server.client();
    let mut job = job("12345678", "q");
    job["created_at"] = json!("yesterday");
    client.push(&job);
    assert_eq!(client.fetch_now("q")["created_at"], "yesterday");
}

/// Demand 8: big integers were rounded, unknown fields dropped.
#[test]
fn numbers_text_and_key_order_inside_args_and_custom_are_untouched() {
    let server = Server::start();
    let mut client = server.client();
    for value in [
        "12345678901234567890",
        "-9223372036854775809",
        "123456789012345678901234567890123456789012345678901234567890",
        "9007199254740993",
        "1.0",
        "1.10",
        "1e400",
        "1E+2",
        "-0",
        "-0.0",
        "0.1000000000000000055511151231257827021181583404541015625",
        r#"{"z":1,"a":{"y":2,"b":3}}"#,
        r#"{"a":1,"a":2}"#,
        r#""<>&""#,
        r#""\u003c""#,
        r#""\u2028\ud83d\ude00\/\"\\\b\f\n\r\t""#,
        "\"\u{2028}\u{1f600}ä\u{7f}\"",
        r#""\u0000""#,
        "[[],{},[{}],null,true,false]",
        r#""""#,
    ] {
        let job = format!(
            r#"{{"jid":"12345678","jobtype":"Test","args":[{value}],"custom":{{"x":{value}}},"other":{value}}}"#
        );
        let text = push_and_fetch(&mut client, job.as_bytes());
        assert!(
            text.contains(&format!("\"args\":[{value}]")),
            "{value} in args: {text}"
        );
        assert!(
            text.contains(&format!("\"custom\":{{\"x\":{value}}}")),
            "{value} in custom: {text}"
        );
        assert!(
            text.ends_with(&format!("\"other\":{value}}}")),
            "{value} in an unknown member: {text}"
        );
    }
}

#[test]
fn spaces_between_tokens_change_nothing_and_leave_the_reply_on_one_line() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        b"{ \"jid\" : \"12345678\" ,\t\"jobtype\":\"Test\", \"args\" : [ 1 ,\r\" a  b \" , { \"k\" :\r [ ] } ],\r \"custom\" : { \"c\" :\r\"d , e\" } , \"other\" : [ 1\r, 2 ] }",
    );
    assert!(text.starts_with(r#"{"retry":25,"custom":{"#), "{text}");
    assert!(!text.contains(['\r', '\n']), "{text:?}");
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(job["args"], json!([1, " a  b ", {"k": []}]));
    assert_eq!(job["custom"], json!({"c": "d , e"}));
    assert_eq!(job["other"], json!([1, 2]));
}

#[test]
fn bytes_that_are_no_utf8_become_replacement_characters() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        b"{\"jid\":\"12345678\",\"jobtype\":\"Test\",\"args\":[\"a\xffb\",\"ok\"]}",
    );
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(job["args"], json!(["a\u{fffd}b", "ok"]));
}

#[test]
fn last_of_equal_member_names_wins() {
    let server = Server::start();
    let mut client = server.client();
    let text = push_and_fetch(
        &mut client,
        br#"{"jid":"first-jid","jobtype":"First","args":[1],"jid":"second-jid","jobtype":"Second","args":[2]}"#,
    );
    let job: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        (&job["jid"], &job["jobtype"], &job["args"]),
        (&json!("second-jid"), &json!("Second"), &json!([2]))
    );
    assert_eq!(text.matches("\"jid\"").count(), 1);
}

#[test]
fn large_payload_comes_back_whole() {
    let server = Server::start();
    let mut client = server.client();
    let large = "0123456789abcdef".repeat(5 * 65_536);
    let text = push_and_fetch(
        &mut client,
        format!(r#"{{"jid":"12345678","jobtype":"Test","args":["{large}"]}}"#).as_bytes(),
    );
    assert!(text.contains(&format!("\"args\":[\"{large}\"]")));
}

#[test]
fn any_json_in_args_and_custom_comes_back_byte_for_byte() {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i128>().prop_map(|value| value.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| json!(text).to_string()),
        "\"(\\\\u[0-9a-c][0-9a-f]{3}|[a-z ]){0,10}\"",
    ];
    let value = leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(("[a-zA-Z_ ]{0,6}", inner), 0..6).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("\"{key}\":{value}"))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    });
    let server = Server::start();
    let client = RefCell::new(server.client());
    let mut runner = TestRunner::new(Config {
        cases: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&(value.clone(), value), |(arg, custom)| {
        let job = format!(r#"{{"jid":"12345678","jobtype":"Test","args":[{arg}],"custom":{{"c":{custom}}},"queue":"q"}}"#);
        let text = push_and_fetch(&mut client.borrow_mut(), job.as_bytes());
        let has_args = text.ends_with(&format!("\"args\":[{arg}]}}"));
        let has_custom = text.starts_with(&format!("{{\"retry\":25,\"custom\":{{\"c\":{custom}}},"));
        prop_assert!(has_args && has_custom, "{} became {}", job, text);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
