//! Each operation of the OpenAPI document, on a server that has something of everything: what is asked for is there, and what is
//! done succeeds.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::time::Instant;

use serde_json::{Value, json};
use workmill_tests::{Filled, REPLY_WAIT, send_request, web_addr};

const SETS: [&str; 5] = ["scheduled", "retries", "dead", "completed", "working"];

/// Members that answers have their lists in.
const LISTS: [&str; 5] = ["items", "jobs", "jobtypes", "points", "reasons"];

/// Calls operations, and notes which.
struct Caller {
    filled: Filled,
    called: BTreeSet<String>,
}

impl Caller {
    fn new() -> Self {
        Self {
            filled: Filled::start(),
            called: BTreeSet::new(),
        }
    }

    /// Calls an operation, with names in its path, and notes it.
    fn call(&mut self, operation: &str, names: &[&str], body: &Value) -> Value {
        let (method, template) = operation.split_once(' ').unwrap();
        self.called.insert(format!("{method} /api/v1{template}"));
        self.filled.call(method, &path(template, names), body)
    }

    /// Asks until there is an answer that is not empty: history is written every ten seconds.
    fn look(&mut self, template: &str, names: &[&str]) -> Value {
        let operation = format!("GET {template}");
        let until = Instant::now() + REPLY_WAIT;
        loop {
            let answer = self.call(&operation, names, &Value::Null);
            if has_something(&answer) {
                return answer;
            }
            assert!(
                Instant::now() < until,
                "{template} {names:?} stays empty: {answer}"
            );
        }
    }

    /// An id that a list tells of.
    fn first(&mut self, template: &str, id: &str) -> String {
        let list = self.look(template, &[]);
        let first = list.get("items").unwrap_or(&list)[0][id].clone();
        first
            .as_str()
            .map_or_else(|| first.to_string(), str::to_owned)
    }

    /// Asks for everything.
    fn look_at_all(&mut self) {
        let bid = self.filled.bid.clone();
        let failure = self.first("/failures", "id");
        let operation = self.first("/operations", "id");
        for (template, names) in [
            ("/attention", &[][..]),
            ("/audit", &[]),
            ("/batches", &[]),
            ("/batches/{bid}", &[&*bid]),
            ("/connections", &[]),
            ("/counters", &[]),
            ("/cron", &[]),
            ("/cron/{name}", &["Nightly"]),
            ("/days", &[]),
            ("/failures/{id}", &[&*failure]),
            ("/history", &[]),
            ("/jobs", &[]),
            ("/jobs/{jid}", &["jid-working"]),
            ("/jobs/{jid}/why", &["jid-waiting"]),
            ("/jobtypes", &[]),
            ("/locks", &[]),
            ("/marks", &[]),
            ("/operations/{id}", &[&*operation]),
            ("/queues", &[]),
            ("/queues/{name}", &["q"]),
            ("/queues/{name}/jobs", &["q"]),
            ("/queues/{name}/scaling", &["q"]),
            ("/queues/{name}/why", &["q"]),
            ("/server", &[]),
            ("/settings", &[]),
            ("/throttles", &[]),
            ("/trash", &[]),
            ("/workers", &[]),
        ] {
            self.look(template, names);
        }
        for set in SETS {
            self.look("/sets/{name}", &[set]);
        }
        self.hear_an_event();
    }

    /// The stream of events does not end: one of it is enough.
    fn hear_an_event(&mut self) {
        self.called.insert("GET /api/v1/events".to_owned());
        let addr = web_addr(&self.filled.server.web_url());
        let mut stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(REPLY_WAIT)).unwrap();
        send_request(
            &mut stream,
            &addr.to_string(),
            "GET",
            "/api/v1/events",
            &[],
            "",
        );
        let lines = BufReader::new(stream).lines();
        let mut data =
            lines.filter_map(|line| Some(line.unwrap().strip_prefix("data: ")?.to_owned()));
        let numbers: Value = serde_json::from_str(&data.next().unwrap()).unwrap();
        assert!(has_something(&numbers), "{numbers}");
    }

    /// Does everything, what ends everything at the end.
    fn do_all(&mut self) {
        let nothing = Value::Null;
        let job = json!({"jobtype": "T", "queue": "q", "args": []});
        let pushed = self.call("POST /jobs", &[], &job);
        let jid = pushed["jid"].as_str().unwrap().to_owned();
        let bulk = self.call("POST /jobs/bulk", &[], &json!([job]));
        assert_eq!(bulk["jobs"], 1, "{bulk}");
        let seen = self.call("GET /jobs/{jid}", &[&jid], &nothing);
        let edit = json!({"key": seen["key"], "digest": seen["digest"], "args": [1]});
        self.call("PUT /jobs/{jid}", &[&jid], &edit);
        let deleted = self.call("POST /jobs/{jid}/{action}", &[&jid, "delete"], &json!({}));
        let action = deleted["audit"].to_string();
        self.call("POST /audit/{id}/undo", &[&action], &nothing);
        let again = self.call("POST /jobs/{jid}/again", &["jid-done-1"], &json!({}));
        assert_ne!(again["jid"], "jid-done-1", "{again}");
        let concern = json!({"key": "not_durable", "hours": 1});
        let muted = self.call("POST /attention/mute", &[], &concern);
        assert!(muted["until"].is_string(), "{muted}");
        let concern = json!({"key": "not_durable"});
        self.call("POST /attention/unmute", &[], &concern);
        let start = json!({"action": "requeue", "query": "queue:none"});
        let started = self.call("POST /operations", &[], &start);
        let operation = started["id"].as_str().unwrap().to_owned();
        self.call("DELETE /operations/{id}", &[&operation], &nothing);
        let entry = json!({"name": "made", "schedule": "@daily", "job": {"jobtype": "T"}});
        self.call("POST /cron", &[], &entry);
        for verb in ["pause", "resume", "run"] {
            self.call(&format!("POST /cron/{{name}}/{verb}"), &["made"], &nothing);
        }
        self.call("PUT /cron/{name}", &["made"], &entry);
        self.call("DELETE /cron/{name}", &["made"], &nothing);
        let mark = self.call("POST /marks", &[], &json!({"text": "more"}));
        self.call("DELETE /marks/{id}", &[&mark["id"].to_string()], &nothing);
        self.call("POST /queues/{name}/pause", &["q"], &nothing);
        self.call("POST /queues/{name}/resume", &["q"], &nothing);
        self.call("DELETE /queues/{name}", &["q"], &nothing);
        let told = self.call("POST /workers/{signal}", &["quiet"], &json!({"all": true}));
        assert_eq!(told["workers"], 1, "{told}");
        self.call("DELETE /trash", &[], &nothing);
        self.call("POST /flush", &[], &json!({"everything": true}));
    }
}

/// The path with names in it, one after the other.
fn path(template: &str, names: &[&str]) -> String {
    let mut names = names.iter();
    let parts = template.split('/').map(|part| match part.starts_with('{') {
        true => names.next().copied().unwrap(),
        false => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// Whether the list of an answer has something, or the answer if it has no list.
fn has_something(answer: &Value) -> bool {
    match answer {
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => {
            let lists = LISTS
                .iter()
                .filter_map(|name| members.get(*name)?.as_array());
            let is_nothing = |value: &Value| value.is_null() || *value == 0;
            lists.into_iter().all(|list| !list.is_empty())
                && members.values().any(|value| !is_nothing(value))
        }
        _ => false,
    }
}

/// The operations of the document: `GET /api/v1/jobs`.
fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, operations)| {
        let methods = operations.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    operations.collect()
}

#[test]
fn each_operation_of_the_document_has_something_to_tell_and_does_what_it_says() {
    let mut caller = Caller::new();
    caller.look_at_all();
    caller.do_all();
    let document = caller.filled.call("GET", "/openapi.json", &Value::Null);
    assert_eq!(caller.called, operations(&document));
}
