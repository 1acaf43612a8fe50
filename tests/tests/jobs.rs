//! The job payload: what is checked, what is filled in, and what comes back byte for byte.

use std::cell::RefCell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in, job, parse_instant};

/// Takes the value of a member out of compact JSON, for members whose value the test cannot know.
fn string_member(text: &str, name: &str) -> String {
    let start = text
        .find(&format!("\"{name}\":\""))
        .unwrap_or_else(|| panic!("no {name} in {text}"));
    let rest = &text[start + name.len() + 4..];
    rest[..rest.find('"').unwrap()].to_owned()
}

fn push_and_fetch(client: &mut Client, job: &[u8]) -> String {
    client.ok([b"PUSH ", job].concat());
    let text = client.cmd("FETCH default q").text();
    client.ack(&string_member(&text, "jid"));
    text
}

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
fn errors_come_in_a_fixed_order_with_known_texts() {
    let server = Server::start();
    let mut client = server.client();
    let mut job = json!({"queue": "a b", "at": "nonsense", "reserve_for": 86_401});
    let mut expect = |job: &Value, text: &str| {
        let error = client.refused(format!("PUSH {job}"));
        assert!(error.starts_with(&format!("ERR {text}")), "{job}: {error}");
    };
    expect(&job, "jobs must have a reasonable jid parameter");
    job["jid"] = json!("1234567");
    expect(&job, "jobs must have a reasonable jid parameter");
    job["jid"] = json!("12345678");
    expect(&job, "jobs must have a jobtype parameter");
    job["jobtype"] = json!("Test");
    expect(&job, "jobs must have an args parameter");
    job["args"] = json!([]);
    expect(&job, "jobs cannot be reserved for more than one day");
    job["reserve_for"] = json!(86_400);
    expect(&job, "invalid timestamp for 'at': \"nonsense\"");
    job["at"] = json!("2020-01-01T00:00:00Z");
    expect(&job, r"cannot get 'a b' queue".replace('\'', "\"").as_str());
    job["queue"] = json!("a_b-C.9");
    client.push(&job);
    assert_eq!(
        client.refused("PUSH {\"jid\"").split(':').next(),
        Some("ERR invalid JSON")
    );
}

#[test]
fn queue_name_error_says_what_is_allowed() {
    let server = Server::start();
    let mut client = server.client();
    assert_eq!(
        client.refused(format!("PUSH {}", job("12345678", "a b"))),
        r#"ERR cannot get "a b" queue: queue names must match \A[a-zA-Z0-9._-]+\z"#
    );
}

#[test]
fn lengths_are_counted_in_bytes_up_to_their_limits() {
    let server = Server::start();
    let mut client = server.client();
    let with = |key: &str, value: String| {
        let mut job = job("12345678", "q");
        job[key] = json!(value);
        format!("PUSH {job}")
    };
    client.ok(with("jid", "äöüß".to_owned()));
    client.refused(with("jid", "äöü".to_owned()));
    client.ok(with("jid", "j".repeat(512)));
    client.refused(with("jid", "j".repeat(513)));
    client.ok(with("jobtype", "t".repeat(1024)));
    client.refused(with("jobtype", "t".repeat(1025)));
    client.ok(with("queue", "q".repeat(256)));
    client.refused(with("queue", "q".repeat(257)));
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
fn at_takes_rfc3339_in_its_forms() {
    let server = Server::start();
    let mut client = server.client();
    let with = |at: &str| {
        let mut job = job("12345678", "q");
        job["at"] = json!(at);
        format!("PUSH {job}")
    };
    for at in [
        "2020-01-02T03:04:05Z",
        "2020-01-02T03:04:05.123456789Z",
        "2020-01-02T03:04:05+05:30",
        "2020-01-02T03:04:05.1-08:00",
    ] {
        client.ok(with(at));
        assert_eq!(
            client.fetch_now("q")["at"],
            at,
            "a past instant enqueues at once and is kept"
        );
    }
    for at in [
        "2020-01-02",
        "2020-01-02 03:04:05Z",
        "2020-01-02T03:04:05",
        "2020-13-02T03:04:05Z",
        "1577934245",
        "now",
    ] {
        let error = client.refused(with(at));
        assert!(
            error.starts_with(&format!("ERR invalid timestamp for 'at': \"{at}\"")),
            "{error}"
        );
    }
}

#[test]
fn instants_at_the_ends_of_time_are_taken() {
    let server = Server::start();
    let mut client = server.client();
    let mut job = job("12345678", "q");
    job["at"] = json!("0001-01-01T00:00:00Z");
    client.push(&job);
    assert_eq!(client.fetch_now("q")["at"], "0001-01-01T00:00:00Z");
    for at in [
        "2262-04-12T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "9999-12-31T23:59:59-12:00",
    ] {
        job["at"] = json!(at);
        client.push(&job);
    }
    assert_eq!(client.task_size("Scheduled"), 3);
    client.ok(r#"MUTATE {"cmd":"requeue","target":"scheduled"}"#);
    assert_eq!(client.fetch_now("q")["at"], "2262-04-12T00:00:00Z");
}

#[test]
fn numbers_at_the_ends_of_their_range_are_taken() {
    let server = Server::start();
    let mut client = server.client();
    for (retry, set) in [(i64::MAX, "Retries"), (i64::MIN, "Dead")] {
        let mut job = job("12345678", "q");
        job["retry"] = json!(retry);
        client.push(&job);
        assert_eq!(client.fetch_now("q")["retry"], retry);
        client.fail("12345678");
        assert_eq!(client.task_size(set), 1, "retry {retry}");
    }
    client
        .refused(r#"PUSH {"jid":"12345678","jobtype":"T","args":[],"retry":9223372036854775808}"#);
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

#[test]
fn job_for_later_is_scheduled_and_queued_when_its_time_comes() {
    let server = Server::start();
    let mut client = server.client();
    let mut later = job("scheduled", "q");
    later["at"] = json!(instant_in(2));
    client.push(&later);
    let info = client.info();
    assert_eq!(info["faktory"]["tasks"]["Scheduled"]["size"], 1);
    assert_eq!(info["faktory"]["sets"]["scheduled"], 1);
    let fetched = (0..10)
        .find_map(|_| client.fetch("q"))
        .expect("the job is promoted");
    assert_eq!(fetched["jid"], "scheduled");
    assert_eq!(fetched["at"], later["at"]);
    assert!(
        parse_instant(&fetched["enqueued_at"]) >= parse_instant(&later["at"]),
        "not before its time: {fetched}"
    );
    assert_eq!(client.task_size("Scheduled"), 0);
}

#[test]
fn jobs_of_a_queue_come_in_the_order_they_were_pushed() {
    let server = Server::start();
    let mut client = server.client();
    let jids: Vec<String> = (0..100).map(|number| format!("jid-{number:06}")).collect();
    for (index, jid) in jids.iter().enumerate() {
        if index % 3 == 0 {
            assert_eq!(client.push_bulk(&[job(jid, "q")]), json!({}));
        } else {
            client.push(&job(jid, "q"));
        }
    }
    let fetched: Vec<String> = jids.iter().map(|_| client.fetch_jid("q")).collect();
    assert_eq!(fetched, jids);
}

#[test]
fn bulk_push_keeps_its_order_and_answers_an_empty_map() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<Value> = (0..1000)
        .map(|number| job(&format!("jid-{number:06}"), "q"))
        .collect();
    let array = serde_json::to_string(&jobs).unwrap();
    assert_eq!(client.cmd(format!("PUSHB {array}")).bulk(), b"{}");
    assert_eq!(client.cmd("PUSHB []").bulk(), b"{}");
    for job in &jobs {
        assert_eq!(client.fetch_now("q")["jid"], job["jid"]);
    }
}

#[test]
fn bulk_push_refuses_bad_jobs_by_jid_and_takes_the_rest() {
    let server = Server::start();
    let mut client = server.client();
    let mut bad_queue = job("bad-queue", "a b");
    bad_queue["args"] = json!([1]);
    let mut bad_later = job("bad-later", "a b");
    bad_later["at"] = json!(instant_in(3600));
    let mut bad_reserve = job("bad-reserve", "q");
    bad_reserve["reserve_for"] = json!(86_401);
    let refused = client.push_bulk(&[
        job("good-one", "q"),
        bad_queue,
        bad_later,
        bad_reserve,
        json!({"jid": "no-jobtype", "args": []}),
        json!({"jid": "bad-args", "jobtype": "Test", "args": "x"}),
        json!({"jid": "short", "jobtype": "Test", "args": []}),
        json!({"jobtype": "Test", "args": []}),
        job("good-two", "q"),
    ]);
    let refused = refused.as_object().unwrap();
    let mut keys: Vec<&String> = refused.keys().collect();
    keys.sort();
    assert_eq!(
        keys,
        [
            "",
            "bad-args",
            "bad-later",
            "bad-queue",
            "bad-reserve",
            "no-jobtype",
            "short"
        ]
    );
    assert_eq!(refused["no-jobtype"], "jobs must have a jobtype parameter");
    assert_eq!(
        refused["short"],
        "jobs must have a reasonable jid parameter"
    );
    assert_eq!(refused[""], "jobs must have a reasonable jid parameter");
    assert_eq!(
        refused["bad-reserve"],
        "jobs cannot be reserved for more than one day"
    );
    assert_eq!(client.queue_size("q"), Some(2));
    assert_eq!(client.fetch_jid("q"), "good-one");
    assert_eq!(client.fetch_jid("q"), "good-two");
    assert_eq!(client.task_size("Scheduled"), 0);
}

#[test]
fn job_that_is_no_object_does_not_keep_the_others_out() {
    let server = Server::start();
    let mut client = server.client();
    client
        .cmd(r#"PUSHB [1,{"jid":"good-one","jobtype":"T","args":[],"queue":"q"},null,"x",[]]"#)
        .json();
    assert_eq!(client.queue_size("q"), Some(1));
}

#[test]
fn bulk_push_of_many_jobs_is_taken_whole() {
    let server = Server::start();
    let mut client = server.client();
    let jobs: Vec<Value> = (0..20_000)
        .map(|number| job(&format!("jid-{number:08}"), "q"))
        .collect();
    assert_eq!(client.push_bulk(&jobs), json!({}));
    assert_eq!(client.queue_size("q"), Some(20_000));
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
