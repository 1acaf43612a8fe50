//! What pages show, and the files they need.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use super::Visitor;
use super::visitor::Answer;
use crate::desk::{Role, WorkerChoice, WorkerView};
use crate::guard::{Account, hash_password};

/// Every page that needs no name.
const PAGES: [&str; 13] = [
    "/",
    "/queues",
    "/scheduled",
    "/retries",
    "/morgue",
    "/busy",
    "/search",
    "/batches",
    "/workers",
    "/cron",
    "/throttles",
    "/locks",
    "/server",
];

/// What others may write, and what must not come out of it.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "\u{202e}overridden",
    "{n} {queue} {{ 7 }}",
    " ",
    "\u{1f984}\u{645}\u{631}\u{62d}\u{628}\u{627}",
    "javascript:alert(1)",
];

/// Bytes of a page, without packing.
const PAGE_BYTES_MAX: usize = 200 << 10;

/// What every page is, whatever it shows.
fn check_page(path: &str, answer: &Answer) {
    let text = answer.text();
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(
        text.len() < PAGE_BYTES_MAX,
        "{path} has {} bytes",
        text.len()
    );
    let lower = text.to_lowercase();
    for forbidden in [
        "style=",
        "<style",
        "<img",
        "onerror=\"",
        " onclick",
        "href=\"javascript:",
    ] {
        assert!(!lower.contains(forbidden), "{path} has {forbidden}: {text}");
    }
    let scripts = lower.match_indices("<script").map(|(at, _)| &lower[at..]);
    for script in scripts {
        let tag = script.split('>').next().unwrap();
        assert!(tag.contains("src=\"/static/"), "{path}: {tag}");
    }
    for link in text.split("href=\"").skip(1) {
        assert!(
            link.starts_with('/') || link.starts_with('#'),
            "{path}: {link}"
        );
    }
    assert_eq!(text.matches("<h1").count(), 1, "{path}");
    assert!(text.contains("</html>"), "{path} ends too early");
}

/// A job that is `state` for one who says this of it everywhere.
fn put(visitor: &Visitor, state: &str, jid: &str, says: &str) {
    let mut job = json!({
        "jid": jid, "jobtype": says, "queue": "mails", "args": [says, {says: [says]}],
        "custom": {"trace": says}, "retry": if state == "dead" { -1 } else { 3 },
    });
    if state == "scheduled" {
        job["at"] = json!("2026-03-01T12:00:00Z");
    }
    visitor.desk.push(&job);
    if state != "enqueued" && state != "scheduled" {
        visitor.desk.fetch("mails");
    }
    if state == "retries" || state == "dead" {
        visitor.desk.fail(jid, says);
    }
}

const STATES: [&str; 5] = ["scheduled", "retries", "dead", "working", "enqueued"];

#[tokio::test]
async fn pages_of_an_empty_server_say_what_would_be_there() {
    for language in ["en", "de", "fr", "es", "ja", "ar"] {
        let visitor = Visitor::new().with("accept-language", language);
        for path in PAGES {
            let answer = visitor.get(path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.header("content-language"), language);
            check_page(path, &answer);
            let text = answer.text();
            let head = match language {
                "ar" => "lang=\"ar\" dir=\"rtl\"".to_owned(),
                tag => format!("lang=\"{tag}\" dir=\"ltr\""),
            };
            assert!(text.contains(&head), "{path}: {text}");
            assert!(!text.contains("<tbody>"), "{path}: {text}");
        }
    }
}

#[tokio::test]
async fn jobs_in_every_state_have_a_row_and_a_page() {
    let visitor = Visitor::new();
    for state in STATES {
        put(
            &visitor,
            state,
            &format!("jid-{state}"),
            &format!("Type-{state}"),
        );
    }
    for (path, state) in [
        ("/scheduled", "scheduled"),
        ("/retries", "retries"),
        ("/morgue", "dead"),
        ("/busy", "working"),
        ("/queues/mails", "enqueued"),
        ("/search?query=jid:jid-dead", "dead"),
    ] {
        let answer = visitor.get(path).await;
        check_page(path, &answer);
        let text = answer.text();
        for other in STATES {
            let row = format!("href=\"/jobs/jid-{other}\"");
            assert_eq!(
                text.contains(&row),
                other == state,
                "{path} {other}: {text}"
            );
        }
        let page = visitor.get(&format!("/jobs/jid-{state}")).await;
        check_page(path, &page);
        let page = page.text();
        assert!(page.contains(&format!("<bdi>Type-{state}</bdi>")), "{page}");
        assert!(page.contains(&format!("class=\"tag {state}\"")), "{page}");
    }
}

#[tokio::test]
async fn what_others_have_written_is_shown_and_does_nothing() {
    let visitor = Visitor::new();
    for state in STATES {
        for (index, says) in HOSTILE.iter().enumerate() {
            put(&visitor, state, &format!("<jid>-{index}-{state}"), says);
        }
    }
    let mut paths = PAGES.map(str::to_owned).to_vec();
    paths.push("/queues/mails".to_owned());
    paths.push("/search?query=%3Cscript%3E".to_owned());
    paths.push("/search?query=%22%3Cscript%3E".to_owned());
    paths.push("/queues/%3Cscript%3E".to_owned());
    for index in 0..HOSTILE.len() {
        paths.push(format!("/jobs/%3Cjid%3E-{index}-dead"));
    }
    for path in paths {
        let answer = visitor.get(&path).await;
        check_page(&path, &answer);
        assert!(!answer.text().contains("<jid>"), "{path}");
    }
    let shown = visitor.get("/jobs/%3Cjid%3E-0-dead").await.text();
    assert!(shown.contains("&lt;script&gt;alert(1)"), "{shown}");
    let shown = visitor.get("/jobs/%3Cjid%3E-3-retries").await.text();
    assert!(shown.contains("{n} {queue} {{ 7 }}"), "{shown}");
}

#[tokio::test]
async fn long_lists_go_on_from_a_cursor() {
    let visitor = Visitor::new();
    for n in 0..120 {
        visitor.desk.push(&json!({
            "jid": format!("jid-{n:05}"), "jobtype": "x".repeat(300), "queue": "q", "args": ["y".repeat(3_000)]
        }));
    }
    for start in ["/queues/q", "/search?query=queue:q"] {
        let (mut path, mut seen) = (start.to_owned(), 0);
        for pages in 1.. {
            let answer = visitor.get(&path).await;
            check_page(&path, &answer);
            let text = answer.text();
            seen += text.matches("href=\"/jobs/").count();
            let Some(next) = text.split("rel=\"next\" href=\"").nth(1) else {
                assert_eq!(pages, 3, "{start}");
                break;
            };
            path = next.split('"').next().unwrap().replace("&#38;", "&");
        }
        assert_eq!(seen, 120, "{start}");
    }
    let wrong = visitor.get("/queues/q?cursor=x").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    check_page("a wrong cursor", &wrong);
}

#[tokio::test]
async fn query_that_cannot_be_read_is_shown_with_the_place() {
    let answer = Visitor::new().get("/search?query=state:asleep").await;
    assert_eq!(answer.status, StatusCode::OK);
    let text = answer.text();
    assert!(text.contains("<mark>asleep</mark>"), "{text}");
    assert!(text.contains("value=\"state:asleep\""), "{text}");
}

#[tokio::test]
async fn what_is_not_there_is_told_on_a_page() {
    let visitor = Visitor::new();
    for path in ["/nowhere", "/jobs/jid-nothing", "/queues/nothing"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        check_page(path, &answer);
    }
}

#[tokio::test]
async fn what_somebody_chose_is_kept() {
    let visitor = Visitor::new().with("x-script-name", "/jobs");
    let answer = visitor.get("/jobs/queues?lang=de&theme=dark").await;
    let kept: Vec<&str> = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|cookie| cookie.to_str().unwrap())
        .collect();
    assert_eq!(
        kept,
        [
            "workmill_language=de; Path=/jobs; Max-Age=31536000; HttpOnly; SameSite=Lax",
            "workmill_theme=dark; Path=/jobs; Max-Age=31536000; HttpOnly; SameSite=Lax",
        ]
    );
    assert!(
        answer
            .text()
            .contains("<html lang=\"de\" dir=\"ltr\" data-theme=\"dark\">")
    );
    let later = Visitor::new().with("cookie", "workmill_language=de; workmill_theme=dark");
    let later = later.get("/queues").await;
    assert_eq!(later.header("set-cookie"), "");
    assert!(
        later
            .text()
            .contains("<html lang=\"de\" dir=\"ltr\" data-theme=\"dark\">")
    );
}

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
    ] {
        let refused = viewer.send(Method::POST, path, Body::from(form)).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path} {form}");
        check_page("a refused action", &refused);
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
        ("/scheduled", "scheduled", "delete"),
        ("/retries", "retries", "retry"),
        ("/retries", "retries", "kill"),
        ("/retries", "retries", "delete"),
        ("/morgue", "dead", "retry"),
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
            .split('"')
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
async fn forms_that_make_no_sense_change_nothing() {
    let visitor = Visitor::new();
    put(&visitor, "dead", "jid-00001", "T");
    for (path, form) in [
        ("/morgue", "key=all&action=explode"),
        ("/morgue", "key=all"),
        ("/morgue", "key=nonsense&action=delete"),
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
    *visitor.desk.workers.lock() = vec![worker("host")];
    for (path, form, choice) in [
        ("/busy", "wid=all&signal=quiet", WorkerChoice::All),
        (
            "/workers",
            "wid=wid&signal=terminate",
            WorkerChoice::Wid("wid".to_owned()),
        ),
    ] {
        let (_, page) = post(&visitor, path, form).await;
        assert!(page.contains("1 worker was told"), "{page}");
        let signals = visitor.desk.signals.lock();
        assert_eq!(signals.last().unwrap().0, choice);
    }
}

#[tokio::test]
async fn workers_batches_and_locks_have_their_rows() {
    let visitor = Visitor::new();
    let mut worker = worker("<script>");
    worker.labels = vec!["\"><script>".to_owned()];
    *visitor.desk.workers.lock() = vec![worker];
    visitor.desk.push(&json!({
        "jid": "jid-locked", "jobtype": "T", "args": [], "custom": {"unique_for": 60}
    }));
    for (path, row) in [
        ("/workers", "<bdi>wid</bdi>"),
        ("/locks", "<bdi>jid-locked</bdi>"),
    ] {
        let answer = visitor.get(path).await;
        check_page(path, &answer);
        assert!(answer.text().contains(row), "{path}: {}", answer.text());
    }
}

fn worker(hostname: &str) -> WorkerView {
    WorkerView {
        wid: "wid".into(),
        hostname: hostname.to_owned(),
        pid: 1,
        labels: Vec::new(),
        rss_kb: 2_048,
        state: "running",
        connections: 1,
        connected_for: Duration::ZERO,
        silent_for: Duration::ZERO,
    }
}

/// The paths of our files that a page names.
fn static_paths(page: &str) -> Vec<String> {
    let parts = page.split('"').filter(|part| part.contains("/static/"));
    parts.map(str::to_owned).collect()
}

#[tokio::test]
async fn files_of_pages_are_found_packed_and_kept_for_ever() {
    let visitor = Visitor::new();
    let page = visitor.get("/").await.text();
    let paths = static_paths(&page);
    assert!(!paths.is_empty(), "{page}");
    for path in paths {
        let plain = visitor.get(&path).await;
        assert_eq!(plain.status, StatusCode::OK, "{path}");
        assert_eq!(plain.header("content-encoding"), "");
        assert!(plain.header("cache-control").contains("immutable"));
        assert_ne!(plain.header("content-type"), "application/octet-stream");
        let packed = Visitor::new().with("accept-encoding", "br, gzip");
        let packed = packed.get(&path).await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.body.len() < plain.body.len());
        let refused = Visitor::new().with("accept-encoding", "gzip;q=0");
        assert_eq!(refused.get(&path).await.body, plain.body);
    }
    let stale = visitor
        .get("/static/0123456789abcdef/css/workmill.css")
        .await;
    assert_eq!(stale.header("cache-control"), "public, max-age=3600");
    for path in ["/static/x/css/../app.rs", "/static/x/nothing.css"] {
        let missing = visitor.get(path).await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn pages_behind_a_proxy_link_below_its_prefix() {
    let visitor = Visitor::new().with("x-script-name", "/jobs");
    for path in ["/jobs", "/jobs/", "/"] {
        let page = visitor.get(path).await.text();
        let paths = static_paths(&page);
        assert!(!paths.is_empty(), "{path}: {page}");
        for path in paths {
            assert!(path.starts_with("/jobs/static/"), "{path}");
            assert_eq!(visitor.get(&path).await.status, StatusCode::OK, "{path}");
        }
        assert!(page.contains("href=\"/jobs/\""), "{page}");
    }
}

#[tokio::test]
async fn large_pages_are_packed_for_those_who_can_unpack() {
    let visitor = Visitor::new().with("accept-encoding", "gzip");
    assert_eq!(visitor.get("/").await.header("content-encoding"), "gzip");
}
