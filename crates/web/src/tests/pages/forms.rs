//! What forms do, and for whom.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::tz::TimeZone;
use serde_json::json;
use workmill_engine::{CronEntry, CronTable, Schedule};

use super::{PAGES, check_page, put};
use crate::desk::{Role, WorkerChoice, WorkerView, fake};
use crate::guard::{Account, hash_password};
use crate::tests::Visitor;
use crate::tests::visitor::{get, problem};

/// Where forms say what is to be done to the jobs that are selected.
const SELECTED: &str = "/operations/selected";

#[tokio::test]
async fn queue_is_paused_resumed_and_removed_by_those_who_may() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    put(&visitor, "enqueued", "jid-00001", "T");
    for (action, notice, is_paused) in [
        ("pause", "is paused. Jobs that run go on", true),
        ("resume", "is handed out again", false),
    ] {
        let body = Body::from(format!("action={action}"));
        let answer = visitor.send(Method::POST, "/queues/mails", body).await;
        assert_eq!(answer.status, StatusCode::FOUND, "{action}");
        assert_eq!(answer.header("location"), "/queues");
        let kept = answer
            .header("set-cookie")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        let next = Visitor::of(Arc::clone(&visitor.desk)).with("cookie", &kept);
        let page = next.get("/queues").await;
        assert!(page.text().contains(notice), "{action}: {}", page.text());
        assert!(page.header("set-cookie").contains("Max-Age=0"));
        let tag = page.text().contains(">paused</span>");
        assert_eq!(tag, is_paused, "{action}");
    }
    let post = |body: &'static str| visitor.send(Method::POST, "/queues/mails", Body::from(body));
    assert_eq!(post("action=explode").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(post("action=delete").await.status, StatusCode::FOUND);
    assert_eq!(
        visitor.get("/queues/mails").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn viewer_is_shown_no_action_and_refused_all() {
    let visitor = Visitor::new();
    put(&visitor, "enqueued", "jid-00001", "T");
    assert!(
        visitor
            .get("/queues/mails")
            .await
            .text()
            .contains("<form method=\"post\"")
    );
    visitor.desk.access.lock().accounts = vec![
        Account::new(
            "anna",
            Role::Viewer,
            &hash_password(b"secret", [7; 16]).unwrap(),
        )
        .unwrap(),
    ];
    let viewer = visitor
        .with("authorization", "Basic YW5uYTpzZWNyZXQ=")
        .with("content-type", "application/x-www-form-urlencoded");
    for path in PAGES
        .into_iter()
        .chain(["/queues/mails", "/jobs/jid-00001"])
    {
        let page = viewer.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text().contains("method=\"post\""), "{path}");
    }
    for (path, form) in [
        ("/queues/mails", "action=pause"),
        ("/queues/mails", "action=delete"),
        ("/queues/mails", "bkey=eyJqaWQiOiJqaWQtMDAwMDEifQ"),
        ("/morgue", "key=all&action=delete"),
        ("/retries", "action=retry"),
        ("/jobs/jid-00001", "action=delete"),
        ("/busy", "wid=all&signal=quiet"),
        ("/operations", "action=delete&query="),
        ("/operations/0123456789abcdef", "action=cancel"),
        ("/cron", "action=run&name=nightly"),
        ("/audit", "undo=1"),
        ("/audit", "action=empty-trash"),
    ] {
        let refused = viewer.send(Method::POST, path, Body::from(form)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {form}");
        check_page("a refused action", &refused);
    }
    for path in ["/operations/new?action=move", "/cron/new"] {
        let refused = viewer.get(path).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
    }
}

/// Sends a form, and gives back the page it leads to.
async fn post(visitor: &Visitor, path: &str, form: &str) -> (StatusCode, String) {
    let sender = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let answer = sender
        .send(Method::POST, path, Body::from(form.to_owned()))
        .await;
    let (status, target) = (answer.status, answer.header("location").to_owned());
    if status != StatusCode::FOUND {
        check_page(path, &answer);
        return (status, answer.text());
    }
    let kept = answer
        .header("set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let next = Visitor::of(Arc::clone(&visitor.desk)).with("cookie", &kept);
    (status, next.get(&target).await.text())
}

/// What the form says that starts what was asked for.
fn hidden(page: &str) -> String {
    let forms = page.split("<form ").skip(1);
    let form = forms.map(|form| form.split("</form>").next().unwrap());
    let form = form.filter(|form| form.contains("value=\"start\"")).last();
    let fields = form
        .expect("the form that starts it")
        .split("<input type=\"hidden\" name=\"");
    let fields = fields.skip(1).map(|field| {
        let (name, rest) = field.split_once("\" value=\"").unwrap();
        format!("{name}={}", rest.split('"').next().unwrap())
    });
    fields.collect::<Vec<_>>().join("&")
}

/// The values of the boxes of a page.
async fn boxes(visitor: &Visitor, path: &str) -> Vec<String> {
    let text = visitor.get(path).await.text();
    let parts = text
        .split("type=\"checkbox\" name=\"key\" value=\"")
        .skip(1);
    parts
        .map(|part| part.split('"').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn selected_jobs_and_all_of_a_set_are_changed_by_forms() {
    for (path, state, action) in [
        ("/scheduled", "scheduled", "add_to_queue"),
        ("/scheduled", "scheduled", "retry"),
        ("/scheduled", "scheduled", "delete"),
        ("/retries", "retries", "retry"),
        ("/retries", "retries", "add_to_queue"),
        ("/retries", "retries", "kill"),
        ("/retries", "retries", "delete"),
        ("/morgue", "dead", "retry"),
        ("/morgue", "dead", "add_to_queue"),
        ("/morgue", "dead", "delete"),
    ] {
        let visitor = Visitor::new();
        for n in 0..5 {
            put(&visitor, state, &format!("jid-0000{n}"), "T");
        }
        let keys = boxes(&visitor, path).await;
        assert_eq!(keys.len(), 5, "{path}");
        let form = format!("key={}&key={}&action={action}", keys[0], keys[1]);
        let (_, page) = post(&visitor, path, &form).await;
        assert!(page.contains("Done: 2 jobs."), "{path} {action}: {page}");
        assert_eq!(boxes(&visitor, path).await, keys[2..], "{path} {action}");
        // Faktory's key: a moment and an id.
        let page = visitor.get(path).await.text();
        let jid = page
            .split("href=\"/jobs/")
            .nth(1)
            .unwrap()
            .split('?')
            .next()
            .unwrap();
        let form = format!("key=2026-03-01T12%3A00%3A00Z%7C{jid}&action={action}");
        let (_, page) = post(&visitor, path, &form).await;
        assert!(page.contains("Done: 1 job."), "{path} {action}: {page}");
        let (_, page) = post(&visitor, path, &format!("key=all&action={action}")).await;
        assert!(page.contains("Done: 2 jobs."), "{path} {action}: {page}");
        assert_eq!(boxes(&visitor, path).await.len(), 0, "{path} {action}");
    }
}

#[tokio::test]
async fn one_job_is_changed_on_its_page_and_at_faktorys_address() {
    let visitor = Visitor::new();
    for jid in ["jid-00001", "jid-00002"] {
        put(&visitor, "retries", jid, "T");
    }
    let (_, page) = post(&visitor, "/jobs/jid-00001", "action=kill").await;
    assert!(
        page.contains("Done: 1 job.") && page.contains("class=\"tag dead\""),
        "{page}"
    );
    let key = "/retries/2026-03-01T10:00:00Z%7Cjid-00002";
    let detail = visitor.get(key).await;
    assert_eq!(detail.header("location"), "/jobs/jid-00002");
    let (_, page) = post(&visitor, key, "action=retry").await;
    assert!(page.contains("Done: 1 job."), "{page}");
    let page = visitor.get("/jobs/jid-00002").await.text();
    assert!(page.contains("class=\"tag enqueued\""), "{page}");
    // As Faktory's page of a queue names a job: by its payload.
    let payload = URL_SAFE_NO_PAD.encode(r#"{"jid":"jid-00002"}"#);
    let (_, page) = post(&visitor, "/queues/mails", &format!("bkey={payload}")).await;
    assert!(page.contains("Done: 1 job."), "{page}");
}

#[tokio::test]
async fn selected_jobs_of_any_list_are_changed_if_the_action_is_for_their_state() {
    for path in ["/queues/mails", "/search?query=type:T", "/busy"] {
        let visitor = Visitor::new();
        let state = match path {
            "/busy" => "working",
            _ => "enqueued",
        };
        for n in 0..3 {
            put(&visitor, state, &format!("jid-0000{n}"), "T");
        }
        let keys = boxes(&visitor, path).await;
        assert_eq!(keys.len(), 3, "{path}");
        let form = format!("from=%2Fbusy&key={}&key={}", keys[0], keys[2]);
        // A retry is for jobs that failed: it takes none from a worker.
        let retry = format!("{form}&action=retry");
        let (_, page) = post(&visitor, SELECTED, &retry).await;
        assert!(page.contains("It concerns 0 jobs."), "{path}: {page}");
        post(&visitor, SELECTED, &format!("{retry}&then=start")).await;
        assert_eq!(boxes(&visitor, path).await, keys, "{path}");
        let (_, page) = post(&visitor, SELECTED, &format!("{form}&action=kill")).await;
        assert!(page.contains(">Kill: 2 jobs</button>"), "{path}: {page}");
        assert!(
            page.contains("<bdi>T</bdi><small><bdi>mails</bdi>"),
            "{page}"
        );
        let curl = format!(
            "&#34;keys&#34;:[&#34;{}&#34;,&#34;{}&#34;]",
            keys[0], keys[2]
        );
        assert!(page.contains(&curl), "{path}: {page}");
        assert!(page.contains("href=\"/busy\">Cancel</a>"), "{path}: {page}");
        assert_eq!(boxes(&visitor, path).await, keys, "{path}");
        let (_, page) = post(&visitor, SELECTED, &hidden(&page)).await;
        assert!(page.contains("2 jobs"), "{path}: {page}");
        assert_eq!(boxes(&visitor, "/morgue").await.len(), 2, "{path}");
    }
    let visitor = Visitor::new();
    for form in ["action=kill", "action=explode&key=j1", "action=kill&key=x"] {
        let (status, _) = post(&visitor, SELECTED, form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{form}");
    }
}

#[tokio::test]
async fn selected_jobs_are_moved_to_a_queue_that_is_asked_for() {
    let visitor = Visitor::new();
    put(&visitor, "dead", "jid-00001", "T");
    put(&visitor, "dead", "jid-00002", "T");
    let key = boxes(&visitor, "/morgue").await.remove(0);
    let form = format!("key={key}&action=move&from=%2F%2Felse.example");
    let (_, page) = post(&visitor, SELECTED, &form).await;
    assert!(page.contains("Say which queue"), "{page}");
    assert!(!page.contains("else.example"), "{page}");
    let (_, page) = post(&visitor, SELECTED, &format!("{form}&queue=other")).await;
    assert!(page.contains(">Move: 1 job</button>"), "{page}");
    let (_, page) = post(&visitor, SELECTED, &hidden(&page)).await;
    assert!(page.contains("→ <bdi>other</bdi>"), "{page}");
    let moved = get(&visitor, "/api/v1/jobs?query=queue:other").await;
    assert_eq!(moved["jobs"].as_array().unwrap().len(), 1, "{moved}");
}

/// Demand 14: all were enqueued instead of killed, and 70 of 120 retried.
#[tokio::test]
async fn all_of_a_set_means_all_and_what_is_asked_for() {
    let visitor = Visitor::new();
    for n in 0..120 {
        put(&visitor, "retries", &format!("jid-{n:05}"), "T");
    }
    let counts = async || {
        let counters = get(&visitor, "/api/v1/counters").await;
        ["enqueued", "retries", "dead"].map(|name| counters[name].as_u64().unwrap())
    };
    let (_, page) = post(&visitor, "/retries", "key=all&action=kill").await;
    assert!(page.contains("Done: 120 jobs."), "{page}");
    assert_eq!(counts().await, [0, 0, 120]);
    let dead = async || get(&visitor, "/api/v1/sets/dead?limit=500").await["items"].clone();
    let before = dead().await;
    // They are dead already: nothing is counted twice, and none is kept longer.
    let (_, page) = post(&visitor, "/morgue", "key=all&action=kill").await;
    assert!(page.contains("Done: 0 jobs."), "{page}");
    assert_eq!(dead().await, before);
    let (_, page) = post(&visitor, "/morgue", "key=all&action=retry").await;
    assert!(page.contains("Done: 120 jobs."), "{page}");
    assert_eq!(counts().await, [120, 0, 0]);
}

#[tokio::test]
async fn of_two_jobs_with_one_id_each_has_a_page_and_its_own_actions() {
    let visitor = Visitor::new();
    for state in ["dead", "enqueued"] {
        put(&visitor, state, "jid-00001", "T");
    }
    let list = visitor.get("/morgue").await.text();
    let path = list.split("href=\"/jobs/").nth(1).unwrap();
    let path = format!("/jobs/{}", path.split('"').next().unwrap());
    let page = visitor.get(&path).await.text();
    assert!(page.contains("class=\"tag dead\""), "{page}");
    let key = boxes(&visitor, "/morgue").await.remove(0);
    let (_, page) = post(&visitor, &path, &format!("key={key}&action=delete")).await;
    assert!(page.contains("Done: 1 job."), "{page}");
    // The one that is left is shown where the other is gone.
    let page = visitor.get(&path).await.text();
    assert!(page.contains("class=\"tag enqueued\""), "{page}");
    let gone = problem(&visitor, &format!("/api/v1{path}"), 404).await;
    assert!(gone["detail"].as_str().unwrap().contains("under this key"));
    let found = get(&visitor, "/api/v1/jobs/jid-00001").await;
    assert_eq!(found["state"], "enqueued");
}

#[tokio::test]
async fn forms_that_make_no_sense_change_nothing() {
    let visitor = Visitor::new();
    put(&visitor, "dead", "jid-00001", "T");
    for (path, form) in [
        ("/morgue", "key=all&action=explode"),
        ("/morgue", "key=all"),
        ("/morgue", "key=nonsense&action=delete"),
        ("/retries/all", "action=delete"),
        ("/scheduled/all", "action=add_to_queue"),
        ("/jobs/jid-00001", "action=explode"),
        ("/queues/mails", "bkey=!"),
        ("/busy", "wid=all&signal=explode"),
    ] {
        let (status, _) = post(&visitor, path, form).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {form}");
    }
    let (_, page) = post(&visitor, "/morgue", "action=delete").await;
    assert!(page.contains("Done: 0 jobs."), "{page}");
    assert_eq!(boxes(&visitor, "/morgue").await.len(), 1);
}

#[tokio::test]
async fn workers_are_told_by_faktorys_form() {
    let visitor = Visitor::new();
    *visitor.desk.workers.lock() = vec![fake::worker("wid")];
    for (path, form, choice) in [
        ("/busy", "wid=all&signal=quiet", WorkerChoice::All),
        (
            "/workers",
            "wid=wid&signal=terminate",
            WorkerChoice::Wid("wid".to_owned()),
        ),
        (
            "/workers",
            "label=blue&signal=quiet",
            WorkerChoice::Label("blue".to_owned()),
        ),
    ] {
        let (_, page) = post(&visitor, path, form).await;
        assert!(page.contains("1 worker was told"), "{page}");
        let signals = visitor.desk.signals.lock();
        assert_eq!(signals.last().unwrap().0, choice);
    }
    for wrong in ["signal=quiet", "wid=all&label=blue&signal=quiet"] {
        let (status, _) = post(&visitor, "/workers", wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(visitor.desk.signals.lock().len(), 3);
}

#[tokio::test]
async fn page_of_workers_offers_each_label_once() {
    let visitor = Visitor::new();
    let labelled = |wid: &str, labels: &[&str]| WorkerView {
        labels: labels.iter().map(ToString::to_string).collect(),
        ..fake::worker(wid)
    };
    *visitor.desk.workers.lock() = vec![labelled("a", &["web", "<b>"]), labelled("b", &["web"])];
    let page = visitor.get("/workers").await.text();
    let offered: Vec<&str> = page.split("<option>").skip(1).collect();
    assert_eq!(offered.len(), 2, "{page}");
    assert!(offered[0].starts_with("&#60;b&#62;</option>"), "{page}");
    assert!(offered[1].starts_with("web</option>"), "{page}");
}

#[tokio::test]
async fn recurring_job_is_paused_and_resumed_by_a_form() {
    let visitor = Visitor::new();
    let schedule = Schedule::parse("0 3 * * *", TimeZone::UTC).unwrap();
    let payload = json!({"jobtype": "Report", "args": []});
    let payload = payload.as_object().unwrap().clone();
    let mut table = CronTable::new();
    table.insert("nightly", CronEntry::new(schedule, false, payload).unwrap());
    *visitor.desk.cron.lock() = Arc::new(table);
    for (action, notice, is_paused) in [
        ("pause", "its times pass without a job", true),
        ("resume", "runs again from its next time on", false),
    ] {
        let form = format!("name=nightly&action={action}");
        let (_, page) = post(&visitor, "/cron", &form).await;
        assert!(page.contains(notice), "{page}");
        assert_eq!(page.contains(">paused</span>"), is_paused, "{page}");
    }
    let (status, _) = post(&visitor, "/cron", "name=nobody&action=pause").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = post(&visitor, "/cron", "name=nightly&action=explode").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn recurring_job_is_made_changed_and_deleted_by_forms() {
    let visitor = Visitor::new();
    // What others have changed is seen within a second.
    let fresh = || Visitor::of(Arc::clone(&visitor.desk));
    let form = "name=a/b&schedule=30+3+*+*+*&timezone=UTC&jobtype=Sync&queue=q&args=[1]&retry=3&custom=&more=";
    let (status, page) = post(&visitor, "/cron/new", &format!("{form}&then=preview")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("2026-03-02T03:30:00Z"), "{page}");
    assert!(
        fresh()
            .get("/cron")
            .await
            .text()
            .contains("no recurring jobs")
    );
    let (status, page) = post(&visitor, "/cron/new", &form.replace("30+3", "61+3")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let wrong = page.contains("aria-describedby=\"wrong-schedule\"")
        && page.contains("id=\"wrong-schedule\"");
    assert!(wrong && page.contains("61 3 * * *"), "{page}");
    let (status, page) = post(&visitor, "/cron/new", &form.replace("[1]", "[1")).await;
    assert!(
        status == StatusCode::BAD_REQUEST && page.contains("id=\"wrong-args\""),
        "{page}"
    );
    let (_, page) = post(&visitor, "/cron/new", &format!("{form}&then=save")).await;
    assert!(
        page.contains("The entry is kept.") && page.contains("href=\"/cron/a%2Fb/edit\""),
        "{page}"
    );
    let (status, page) = post(&visitor, "/cron/new", &format!("{form}&then=save")).await;
    assert!(
        status == StatusCode::CONFLICT && page.contains("id=\"wrong-name\""),
        "{page}"
    );

    let edit = fresh().get("/cron/a%2Fb/edit").await;
    check_page("/cron/a%2Fb/edit", &edit);
    assert!(
        edit.text().contains("value=\"30 3 * * *\""),
        "{}",
        edit.text()
    );
    let later = form
        .replace("30+3", "30+4")
        .replace("more=", "more=%7B%22team%22:%22x%22%7D");
    let (_, page) = post(
        &visitor,
        "/cron/a%2Fb/edit",
        &format!("{later}&catch_up=on"),
    )
    .await;
    assert!(page.contains("30 4 * * *"), "{page}");
    let kept = get(&fresh(), "/api/v1/cron/a%2Fb").await;
    assert_eq!(
        kept["job"],
        json!({"jobtype": "Sync", "queue": "q", "args": [1], "retry": 3, "team": "x"})
    );
    assert_eq!(kept["catch_up"], true);
    let (_, page) = post(&visitor, "/cron", "name=a/b&action=delete").await;
    assert!(
        page.contains("The entry is deleted.") && page.contains("no recurring jobs"),
        "{page}"
    );
    assert_eq!(
        fresh().get("/cron/a%2Fb/edit").await.status,
        StatusCode::NOT_FOUND
    );
}

#[tokio::test]
async fn deleting_or_killing_a_job_offers_to_undo_it_at_once() {
    let visitor = Visitor::new();
    for (action, path) in [("kill", "/jobs/jid-00001"), ("delete", "/jobs/jid-00001")] {
        put(&visitor, "enqueued", "jid-00001", "T");
        let (_, page) = post(&visitor, path, &format!("action={action}")).await;
        let number = page.split("name=\"undo\" value=\"").nth(1);
        let number = number
            .and_then(|rest| rest.split('"').next())
            .unwrap_or_else(|| panic!("{page}"));
        let log = get(&visitor, "/api/v1/audit").await;
        assert_eq!(log["items"][0]["id"].to_string(), number, "{action}");
        let (status, _) = post(&visitor, "/audit", &format!("undo={number}")).await;
        assert_eq!(status, StatusCode::FOUND);
        assert_eq!(
            get(&visitor, "/api/v1/queues/mails").await["size"],
            1,
            "{action}"
        );
        let (_, page) = post(&visitor, path, "action=delete").await;
        assert!(page.contains("name=\"undo\""), "{page}");
    }
    put(&visitor, "retries", "jid-00002", "T");
    let (_, page) = post(&visitor, "/jobs/jid-00002", "action=retry").await;
    assert!(!page.contains("name=\"undo\""), "{page}");
}
