//! What forms do to the jobs that are selected on a list.

use axum::http::StatusCode;
use serde_json::json;

use super::super::put;
use super::{boxes, hidden, post};
use crate::tests::Visitor;
use crate::tests::visitor::get;

/// Where forms say what is to be done to the jobs that are selected.
const SELECTED: &str = "/operations/selected";

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

#[tokio::test]
async fn selected_jobs_are_retried_carefully() {
    let visitor = Visitor::new();
    for n in 0..5 {
        put(&visitor, "dead", &format!("jid-0000{n}"), "T");
    }
    let keys = boxes(&visitor, "/morgue").await;
    let form = format!(
        "from=%2Fmorgue&action=retry&key={}&key={}&key={}",
        keys[0], keys[2], keys[4]
    );
    let (_, page) = post(&visitor, SELECTED, &form).await;
    assert!(page.contains("It concerns 3 jobs."), "{page}");
    let care = "&#34;careful&#34;:{&#34;first&#34;:10,&#34;rate&#34;:20,&#34;stop_percent&#34;:20,&#34;within_secs&#34;:600}";
    assert!(page.contains(care), "{page}");
    let (_, kill) = post(&visitor, SELECTED, &form.replace("retry", "kill")).await;
    assert!(!kill.contains("name=\"careful\""), "{kill}");
    let careful = hidden(&page);
    assert!(careful.contains("careful=1"), "{careful}");
    let (status, _) = post(&visitor, SELECTED, &format!("{careful}&first=many")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (_, page) = post(
        &visitor,
        SELECTED,
        &format!("{careful}&first=2&rate=5&stop_percent=50"),
    )
    .await;
    assert!(page.contains("Retry carefully"), "{page}");
    let begun = &get(&visitor, "/api/v1/operations").await[0];
    assert_eq!(begun["action"], "retry_carefully");
    let care = json!({"first": 2, "rate": 5, "stop_percent": 50, "within_secs": 600});
    assert_eq!(begun["careful"], care);
    let left = boxes(&visitor, "/morgue").await;
    assert_eq!(
        left,
        [&*keys[1], &keys[3], &keys[4]],
        "the first two, and no other"
    );
}
