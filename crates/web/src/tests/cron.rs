//! Recurring jobs that are made, replaced and deleted by the API.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use workmill_engine::query::Redaction;
use workmill_engine::{CronEntry, CronOp, CronPut, CronTable, Duty, Op, Rules, Schedule};
use workmill_store::CronDefinition;

use super::Visitor;
use super::visitor::get;
use crate::desk::Desk as _;
use crate::desk::fake::FakeDesk;

async fn send(visitor: &Visitor, method: Method, path: &str, body: &Value, status: u16) -> Value {
    let answer = visitor
        .send(method, path, Body::from(body.to_string()))
        .await;
    assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text());
    serde_json::from_slice(&answer.body).unwrap_or_default()
}

fn json_visitor(desk: Arc<FakeDesk>) -> Visitor {
    Visitor::of(desk).with("content-type", "application/json")
}

/// The configuration has an entry of this name from now on, and no other.
fn configure(visitor: &Visitor, name: &str) {
    let schedule = Schedule::parse("0 3 * * *", TimeZone::UTC).unwrap();
    let payload = json!({"jobtype": "Report", "args": []});
    let entry = CronEntry::new(schedule, false, payload.as_object().unwrap().clone());
    let mut table = CronTable::new();
    table.insert(name, entry.unwrap());
    *visitor.desk.cron.lock() = Arc::new(table);
    fire(visitor);
}

fn fire(visitor: &Visitor) {
    let table = visitor.desk.cron();
    visitor.desk.run(Op::Tick(Duty::FireCron(table)));
}

fn nightly() -> Value {
    json!({
        "name": "nightly", "schedule": "30 3 * * *", "timezone": "UTC",
        "job": {"jobtype": "Sync", "queue": "q", "args": [{"id": 7}], "team": "x"}
    })
}

#[tokio::test]
async fn entry_is_made_shown_replaced_and_deleted() {
    let visitor = json_visitor(FakeDesk::new());
    configure(&visitor, "of-file");
    let dry = {
        let mut dry = nightly();
        dry["dry_run"] = json!(true);
        dry
    };
    let seen = send(&visitor, Method::POST, "/api/v1/cron", &dry, 200).await;
    assert_eq!(
        get(&visitor, "/api/v1/cron").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let made = send(&visitor, Method::POST, "/api/v1/cron", &nightly(), 201).await;
    assert_eq!(made["next"], seen["next"]);
    assert_eq!(made["next"][0], "2026-03-02T03:30:00Z");
    assert_eq!(
        (
            &made["source"],
            &made["zone"],
            &made["timezone"],
            &made["changed_at"]
        ),
        (
            &json!("api"),
            &json!("UTC"),
            &json!("UTC"),
            &json!("2026-03-01T10:00:00Z")
        )
    );
    assert_eq!(made["job"], nightly()["job"]);
    send(&visitor, Method::POST, "/api/v1/cron", &nightly(), 409).await;
    let list = get(&visitor, "/api/v1/cron").await;
    let sources: Vec<_> = list["items"].as_array().unwrap().iter().collect();
    assert_eq!(
        [&sources[0]["source"], &sources[1]["source"]],
        [&json!("api"), &json!("file")]
    );

    let path = "/api/v1/cron/nightly";
    let hourly = json!({"schedule": "@hourly", "job": {"jobtype": "Other"}});
    let replaced = send(&visitor, Method::PUT, path, &hourly, 200).await;
    assert_eq!(
        (&replaced["schedule"], &replaced["queue"]),
        (&json!("@hourly"), &json!("default"))
    );
    send(
        &visitor,
        Method::POST,
        &format!("{path}/run"),
        &json!({}),
        201,
    )
    .await;
    send(
        &visitor,
        Method::POST,
        &format!("{path}/pause"),
        &json!({}),
        204,
    )
    .await;
    assert!(get(&visitor, path).await["paused_since"].is_string());
    send(&visitor, Method::DELETE, path, &Value::Null, 204).await;
    assert_eq!(visitor.get(path).await.status.as_u16(), 404);
    send(&visitor, Method::DELETE, path, &Value::Null, 404).await;
    assert_eq!(get(&visitor, "/api/v1/queues/default").await["size"], 1);
    let log = get(&visitor, "/api/v1/audit").await;
    assert_eq!(log["items"][0]["action"], "cron.delete", "{log}");
}

#[tokio::test]
async fn run_that_somebody_asks_for_is_told_of_as_such() {
    let visitor = json_visitor(FakeDesk::new());
    send(&visitor, Method::POST, "/api/v1/cron", &nightly(), 201).await;
    let path = "/api/v1/cron/nightly/run";
    let pushed = send(&visitor, Method::POST, path, &json!({}), 201).await;
    let log = get(&visitor, "/api/v1/audit").await;
    let (told, jid) = (&log["items"][0], pushed["jid"].as_str().unwrap());
    assert_eq!(told["action"], "cron.run", "{log}");
    let target = format!("cron entry nightly: job {jid} to queue q");
    assert_eq!(told["target"], target, "{log}");
}

#[tokio::test]
async fn problem_tells_the_field_that_is_wrong() {
    let visitor = json_visitor(FakeDesk::new());
    configure(&visitor, "of-file");
    for (change, field, status) in [
        (json!({"name": null}), "name", 400),
        (json!({"name": ""}), "name", 400),
        (json!({"name": ".."}), "name", 400),
        (json!({"name": "of-file"}), "name", 409),
        (json!({"schedule": null}), "schedule", 400),
        (json!({"schedule": "61 * * * *"}), "schedule", 400),
        (json!({"timezone": "Nowhere"}), "timezone", 400),
        (json!({"job": null}), "job", 400),
        (json!({"job": {"args": []}}), "job.jobtype", 400),
        (
            json!({"job": {"jobtype": "T", "queue": "a b"}}),
            "job.queue",
            400,
        ),
        (json!({"job": {"jobtype": "T", "jid": "x"}}), "job.jid", 400),
    ] {
        let mut body = nightly();
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        let problem = send(&visitor, Method::POST, "/api/v1/cron", &body, status).await;
        assert_eq!(problem["field"], field, "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
    }
    let other = send(&visitor, Method::PUT, "/api/v1/cron/x", &nightly(), 400).await;
    assert_eq!(other["field"], "name");
    send(
        &visitor,
        Method::PUT,
        "/api/v1/cron/of-file",
        &json!({"schedule": "@daily", "job": {"jobtype": "T"}}),
        409,
    )
    .await;
    send(
        &visitor,
        Method::DELETE,
        "/api/v1/cron/of-file",
        &Value::Null,
        409,
    )
    .await;
    let misspelt = json!({"schedul": "@daily", "job": {"jobtype": "T"}});
    send(&visitor, Method::PUT, "/api/v1/cron/x", &misspelt, 400).await;
    assert_eq!(
        get(&visitor, "/api/v1/cron").await["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn entry_that_the_configuration_brings_later_shadows_the_made_one() {
    let visitor = json_visitor(FakeDesk::new());
    send(&visitor, Method::POST, "/api/v1/cron", &nightly(), 201).await;
    configure(&visitor, "nightly");
    let shown = get(&visitor, "/api/v1/cron/nightly").await;
    assert_eq!(
        (&shown["source"], &shown["shadows"], &shown["jobtype"]),
        (&json!("file"), &json!(true), &json!("Report"))
    );
    let page = visitor.get("/cron").await.text();
    assert!(page.contains("also made by the API"), "{page}");
    send(
        &visitor,
        Method::DELETE,
        "/api/v1/cron/nightly",
        &Value::Null,
        204,
    )
    .await;
    assert_eq!(
        get(&visitor, "/api/v1/cron/nightly").await["shadows"],
        false
    );
}

#[tokio::test]
async fn job_of_an_entry_keeps_large_integers_and_is_hidden_where_jobs_are() {
    let rules = Rules {
        redactions: [Redaction::new("Pay*", &["arg.0".to_owned()]).unwrap()]
            .into_iter()
            .collect(),
        ..Rules::default()
    };
    let visitor = json_visitor(FakeDesk::with_rules(rules));
    let exact = r#"{"schedule":"@daily","job":{"jobtype":"T","args":[12345678901234567890123]}}"#;
    let answer = visitor
        .send(Method::PUT, "/api/v1/cron/a", Body::from(exact))
        .await;
    assert!(
        answer.text().contains("12345678901234567890123"),
        "{}",
        answer.text()
    );
    // Nobody can read this one any more, so nobody can tell either what its jobs are.
    let lost = CronDefinition {
        schedule: "@daily".into(),
        timezone: Some("Lost/Zone".into()),
        catch_up: false,
        job: br#"{"Jobtype":"Payment","args":["4111"]}"#[..].into(),
        changed_at: visitor.desk.now(),
        changed_by: "anna".into(),
    };
    let readable = CronDefinition {
        timezone: None,
        job: br#"{"jobtype":"Payment"}"#[..].into(),
        ..lost.clone()
    };
    visitor.desk.run(Op::Cron(Arc::new(CronOp::Put(CronPut {
        name: "lost".into(),
        definition: lost,
        entry: Arc::new(visitor.desk.read_cron(&readable).unwrap()),
        only_new: true,
    }))));
    let secret = json!({"schedule": "@daily", "job": {"jobtype": "Payment", "args": ["4111"]}});
    let made = send(&visitor, Method::PUT, "/api/v1/cron/b", &secret, 200).await;
    assert_eq!(made["job"], Value::Null);
    for path in ["/api/v1/cron", "/cron", "/cron/b/edit"] {
        let text = visitor.get(path).await.text();
        assert!(!text.contains("4111"), "{path}: {text}");
    }
    // They can be deleted where they are listed, as no form can show them.
    let page = visitor.get("/cron").await.text();
    for (name, edits, deletes) in [("a", 1, 0), ("b", 0, 1), ("lost", 0, 1)] {
        let row = page
            .split("<tr ")
            .find(|row| row.contains(&format!("data-row=\"{name}\"")));
        let count = |part: &str| row.unwrap().matches(part).count();
        assert_eq!(count(&format!("/cron/{name}/edit")), edits, "{page}");
        assert_eq!(count("value=\"delete\""), deletes, "{page}");
    }
}

#[tokio::test]
async fn entries_of_both_sources_are_on_one_list_and_gone_on_with() {
    let visitor = json_visitor(FakeDesk::new());
    configure(&visitor, "of-file");
    send(&visitor, Method::POST, "/api/v1/cron", &nightly(), 201).await;
    let first = get(&visitor, "/api/v1/cron?limit=1").await;
    assert_eq!(
        (&first["items"][0]["name"], &first["cursor"]),
        (&json!("nightly"), &json!("nightly"))
    );
    let second = get(&visitor, "/api/v1/cron?limit=1&cursor=nightly").await;
    assert_eq!(second["items"][0]["name"], "of-file");
}

#[tokio::test(start_paused = true)]
async fn entry_is_read_again_only_when_it_was_changed() {
    let visitor = json_visitor(FakeDesk::new());
    let made = json!({"schedule": "@daily", "job": {"jobtype": "T"}});
    for name in ["a", "b"] {
        let path = format!("/api/v1/cron/{name}");
        send(&visitor, Method::PUT, &path, &made, 200).await;
    }
    let reads = || visitor.desk.crons_read.load(Ordering::Relaxed);
    let before = reads();
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(2)).await;
        let list = get(&visitor, "/api/v1/cron").await;
        assert_eq!(list["items"].as_array().unwrap().len(), 2);
    }
    assert_eq!(reads(), before);
    let other = json!({"schedule": "@hourly", "job": {"jobtype": "T"}});
    let changed = send(&visitor, Method::PUT, "/api/v1/cron/a", &other, 200).await;
    assert_eq!(changed["schedule"], "@hourly");
    // Once to check what was sent, once as it is kept.
    assert_eq!(reads(), before + 2);
}

#[tokio::test]
async fn last_runs_are_shown_with_what_became_of_their_jobs() {
    let visitor = Visitor::new();
    configure(&visitor, "nightly");
    let runs = async || get(&visitor, "/api/v1/cron/nightly").await["runs"].clone();
    assert_eq!(runs().await, json!([]));
    let page = visitor.get("/cron/nightly/runs").await.text();
    assert!(page.contains("It has not run yet."), "{page}");
    assert_eq!(page.matches("data-distance").count(), 5, "{page}");
    visitor.desk.pass(Duration::from_secs(24 * 3_600));
    fire(&visitor);
    assert_eq!(runs().await[0]["state"], "enqueued");
    let job = visitor.desk.fetch("default");
    assert_eq!(runs().await[0]["state"], "working");
    visitor.desk.pass(Duration::from_secs(90));
    visitor.desk.ack(&job);
    let run = runs().await[0].clone();
    assert_eq!(run["state"], "succeeded");
    let page = visitor.get("/cron/nightly/runs").await.text();
    let jid = run["jid"].as_str().unwrap();
    assert!(page.contains(&format!("href=\"/jobs/{jid}\"")), "{page}");
    assert!(
        page.contains("<span class=\"tag working\">done</span>"),
        "{page}"
    );
    assert!(page.contains("<td class=\"num\">1\u{a0}min</td>"), "{page}");
    let list = visitor.get("/cron").await.text();
    assert!(list.contains("href=\"/cron/nightly/runs\""), "{list}");
    assert!(list.contains("aria-label=\"last: done\""), "{list}");
    assert!(list.contains("aria-label=\"next 24 hours\""), "{list}");
    let unknown = visitor.get("/cron/other/runs").await;
    assert_eq!(unknown.status, axum::http::StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn page_of_runs_runs_and_pauses_its_entry_and_a_pause_is_no_run() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    configure(&visitor, "nightly");
    let form = async |form: &str| {
        let path = "/cron/nightly/runs";
        let answer = visitor
            .send(Method::POST, path, Body::from(form.to_owned()))
            .await;
        assert_eq!(answer.status, axum::http::StatusCode::FOUND);
        assert_eq!(answer.header("location"), path);
    };
    form("action=pause").await;
    assert_ne!(
        get(&visitor, "/api/v1/cron/nightly").await["paused_since"],
        Value::Null
    );
    let last = async || {
        let page = visitor.get("/cron").await.text();
        let row = page.split("data-row=\"nightly\"").nth(1).unwrap();
        row.split("<td class=\"num hide-s\">")
            .nth(1)
            .unwrap()
            .to_owned()
    };
    assert!(last().await.starts_with("</td>"), "{}", last().await);
    form("action=run").await;
    assert!(last().await.contains("last: enqueued"), "{}", last().await);
    assert!(last().await.contains("<time"), "{}", last().await);
    let page = visitor.get("/cron/nightly/runs").await.text();
    assert!(page.contains("value=\"resume\""), "{page}");
    form("action=resume").await;
    assert_eq!(
        get(&visitor, "/api/v1/cron/nightly").await["paused_since"],
        Value::Null
    );
}

#[tokio::test]
async fn schedule_is_said_in_words_in_every_language() {
    let visitor = Visitor::new();
    let page = async |schedule: &str, lang: &str| {
        let schedule = Schedule::parse(schedule, TimeZone::UTC).unwrap();
        let payload = json!({"jobtype": "T", "args": []});
        let entry = CronEntry::new(schedule, false, payload.as_object().unwrap().clone());
        let mut table = CronTable::new();
        table.insert("a", entry.unwrap());
        *visitor.desk.cron.lock() = Arc::new(table);
        visitor.get(&format!("/cron?lang={lang}")).await.text()
    };
    for (schedule, lang, words) in [
        ("0 3 * * *", "en", "every day at 03:00"),
        ("0 3 * * *", "de", "täglich um 03:00"),
        ("0 3 * * *", "fr", "chaque jour à 03:00"),
        ("0 3 * * *", "es", "cada día a las 03:00"),
        ("0 3 * * *", "ja", "毎日 03:00"),
        ("0 3 * * *", "ar", "كل يوم عند 03:00"),
        ("*/15 * * * *", "en", "every 15\u{a0}min"),
        ("@every 90s", "en", "every 90\u{a0}s"),
        ("* * * * *", "en", "every minute"),
        ("5 * * * *", "en", "every hour at minute 5"),
        (
            "0 8,9 * * 0,6",
            "en",
            "every Saturday, Sunday at 08:00, 09:00",
        ),
        ("0 8 * * 1-5", "en", "Monday to Friday at 08:00"),
        ("0 8 1,15 * *", "ja", "毎月1、15日 08:00"),
        ("0 8 L * *", "en", "on the last day of every month at 08:00"),
        (
            "0 0 13 * 5",
            "en",
            "<td class=\"hide-s when\"><span class=\"mono\"><bdi dir=\"ltr\">0 0 13 * 5</bdi>",
        ),
    ] {
        let page = page(schedule, lang).await;
        assert!(page.contains(words), "{schedule} {lang}: {page}");
    }
}
