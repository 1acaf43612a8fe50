//! What pages conclude: what needs attention, why something does not run, how it went.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use workmill_engine::{Duty, Op};

use super::{HOSTILE, check_page, put};
use crate::desk::Fetches;
use crate::desk::fake::{connection, worker};
use crate::tests::Visitor;

#[tokio::test]
async fn overview_begins_with_what_needs_attention() {
    let visitor = Visitor::new();
    put(&visitor, "enqueued", "jid-00001", "T");
    let calm = visitor.get("/").await.text();
    assert!(calm.contains("Nothing needs attention."), "{calm}");
    assert!(!calm.contains("class=\"panel attention\""), "{calm}");
    visitor.desk.pass(Duration::from_secs(120));
    let visitor = Visitor::of(Arc::clone(&visitor.desk));
    let page = visitor.get("/").await.text();
    assert!(page.contains("1 thing needs attention."), "{page}");
    let queue = "<a href=\"/queues/mails\"><bdi>mails</bdi></a>";
    let sentence =
        format!("No worker fetches from {queue}. 1 job waits, the oldest for 2\u{a0}min.");
    let at = page.find(&sentence).expect("the sentence is there");
    assert!(at < page.find("class=\"stats\"").unwrap(), "{page}");
    assert!(
        page.contains("href=\"/queues/mails\">See the queue</a>"),
        "{page}"
    );
}

#[tokio::test]
async fn page_shows_few_concerns_at_once_and_the_others_folded_up() {
    let visitor = Visitor::new();
    for n in 0..300 {
        visitor.desk.push(&json!({
            "jid": format!("jid-{n:05}"), "jobtype": "T", "queue": format!("{}{n}", "q".repeat(200)), "args": []
        }));
    }
    visitor.desk.pass(Duration::from_secs(120));
    let answer = visitor.get("/").await;
    check_page("/", &answer);
    let page = answer.text();
    assert!(page.contains("300 things need attention."), "{page}");
    let (shown, folded) = page.split_once("<summary>94 more</summary>").unwrap();
    assert_eq!(shown.matches("No worker fetches from").count(), 6);
    assert_eq!(folded.matches("No worker fetches from").count(), 94);
}

#[tokio::test]
async fn job_and_queue_say_why_they_do_not_get_on() {
    let visitor = Visitor::new();
    for (state, says) in [
        ("scheduled", "It is scheduled and moves to"),
        ("retries", "It failed once. Retry 1 of 3 comes"),
        (
            "dead",
            "It failed once and will not be tried again by itself.",
        ),
        ("working", "w</bdi></a> is working on it"),
        ("enqueued", "no worker has come back yet."),
    ] {
        let jid = format!("jid-{state}");
        put(&visitor, state, &jid, "T");
        let page = visitor.get(&format!("/jobs/{jid}")).await.text();
        assert!(page.contains(says), "{state}: {page}");
    }
    let later = Visitor::of(Arc::clone(&visitor.desk));
    let queue = later.get("/queues/mails").await.text();
    assert!(queue.contains("no worker has come back yet."), "{queue}");
    let queues = Fetches::Queues(Arc::new(["mails".to_owned()]));
    *visitor.desk.workers.lock() = vec![worker("w1")];
    *visitor.desk.connections.lock() = vec![connection("w1", "idle", queues)];
    let later = Visitor::of(Arc::clone(&visitor.desk));
    let queue = later.get("/queues/mails").await.text();
    assert!(queue.contains("The only worker of"), "{queue}");
    let job = later.get("/jobs/jid-enqueued").await.text();
    assert!(job.contains("It is next in its queue."), "{job}");
}

/// Runs jobs of a type to their end.
fn run_jobs(visitor: &Visitor, jobtype: &str, secs: u64) {
    for n in 0..3 {
        visitor.desk.push(&json!({
            "jid": format!("jid-{jobtype}-{n}"), "jobtype": jobtype, "queue": "mails", "args": []
        }));
        let job = visitor.desk.fetch("mails");
        visitor.desk.pass(Duration::from_secs(secs));
        visitor.desk.ack(&job);
    }
    visitor.desk.run(Op::Tick(Duty::KeepClocks));
}

#[tokio::test]
async fn chart_goes_back_as_far_as_the_address_says() {
    let visitor = Visitor::new();
    run_jobs(&visitor, "Send", 2);
    for (address, range, step) in [
        ("", "1h", "1\u{a0}min"),
        ("?range=6h", "6h", "2\u{a0}min"),
        ("?range=1d", "1d", "10\u{a0}min"),
        ("?range=7d", "7d", "1\u{a0}h"),
        ("?range=30d", "30d", "4\u{a0}h"),
        ("?range=180d", "180d", "1\u{a0}d"),
        ("?range=nonsense", "1h", "1\u{a0}min"),
    ] {
        for path in ["/", "/queues/mails"] {
            let answer = visitor.get(&format!("{path}{address}")).await;
            check_page(path, &answer);
            let page = answer.text();
            let current = format!("href=\"{path}?range={range}\" aria-current=\"true\"");
            assert!(page.contains(&current), "{path}{address}: {page}");
            assert!(
                page.contains(&format!("jobs per {step}")),
                "{path}{address}: {page}"
            );
            assert!(
                page.contains(": 3 done, 0 failed\""),
                "{path}{address}: {page}"
            );
            let points = page.split("stroke-working\" points=\"").nth(1).unwrap();
            let points = points.split('"').next().unwrap();
            let count = points.split_whitespace().count();
            assert!((60..=180).contains(&count), "{path}{address}: {count}");
        }
    }
}

#[tokio::test]
async fn queue_that_got_on_lately_has_a_small_chart() {
    let visitor = Visitor::new();
    run_jobs(&visitor, "Send", 2);
    put(&visitor, "enqueued", "jid-00001", "T");
    for path in ["/", "/queues"] {
        let page = visitor.get(path).await.text();
        assert_eq!(page.matches("class=\"spark\"").count(), 1, "{path}: {page}");
        assert!(
            page.contains("aria-label=\"30\u{a0}min: 3 done, 0 failed\""),
            "{path}"
        );
    }
}

#[tokio::test]
async fn types_of_jobs_that_take_the_most_time_come_first() {
    let visitor = Visitor::new();
    // By name it would be the other way round.
    run_jobs(&visitor, "0-fast", 1);
    run_jobs(&visitor, HOSTILE, 8);
    for path in ["/jobtypes", "/jobtypes?range=30d"] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        check_page(path, &answer);
        let page = answer.text();
        let [slow, fast] = ["<bdi>&#60;b&#62;", "<bdi>0-fast</bdi>"].map(|row| page.find(row));
        assert!(slow.unwrap() < fast.unwrap(), "{page}");
        assert!(page.contains("/search?query=type%3A%220-fast%22"), "{page}");
    }
}

#[tokio::test]
async fn what_an_action_mends_has_its_button_and_is_muted_on_the_page() {
    let visitor = Visitor::new();
    put(&visitor, "enqueued", "jid-00001", "T");
    let form = Visitor::of(Arc::clone(&visitor.desk))
        .with("content-type", "application/x-www-form-urlencoded");
    let post =
        |path: &'static str, body: &str| form.send(Method::POST, path, Body::from(body.to_owned()));
    post("/queues/mails", "action=pause").await;
    visitor.desk.pass(Duration::from_secs(120));
    let page = Visitor::of(Arc::clone(&visitor.desk)).get("/").await.text();
    let button = "<form method=\"post\" action=\"/queues/mails\"><input type=\"hidden\" name=\"action\" value=\"resume\"><button>Resume</button></form>";
    assert!(page.contains(button), "{page}");
    let muted = post(
        "/attention",
        "key=queue_paused&subject=mails&hours=8&action=mute",
    )
    .await;
    assert_eq!(
        (muted.status, muted.header("location")),
        (StatusCode::FOUND, "/")
    );
    let page = Visitor::of(Arc::clone(&visitor.desk)).get("/").await.text();
    assert!(page.contains("Nothing needs attention."), "{page}");
    assert!(page.contains("<summary>1 muted</summary>"), "{page}");
    assert!(page.contains("value=\"unmute\""), "{page}");
    for wrong in [
        "key=queue_paused&subject=mails&hours=x&action=mute",
        "key=nothing&hours=8&action=mute",
        "key=queue_paused&action=explode",
    ] {
        let refused = post("/attention", wrong).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    post("/attention", "key=queue_paused&subject=mails&action=unmute").await;
    let page = Visitor::of(Arc::clone(&visitor.desk)).get("/").await.text();
    assert!(page.contains("1 thing needs attention."), "{page}");
}

#[tokio::test(start_paused = true)]
async fn page_of_dead_jobs_counts_as_a_look_at_them() {
    let visitor = Visitor::new();
    let told = async || {
        tokio::time::advance(Duration::from_secs(2)).await;
        let page = visitor.get("/").await.text();
        page.contains("has died since somebody last looked")
    };
    assert!(!told().await);
    put(&visitor, "dead", "jid-00001", "T");
    assert!(told().await);
    visitor.get("/morgue").await;
    assert!(!told().await);
}
