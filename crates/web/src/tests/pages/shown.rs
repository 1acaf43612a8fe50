//! What pages show of what there is.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{PAGES, STATES, check_page, put, visitor_of_completed};
use crate::tests::Visitor;

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
    let visitor = visitor_of_completed();
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
        ("/completed", "completed"),
        ("/busy", "working"),
        ("/queues/mails", "enqueued"),
        ("/search?query=jid:jid-dead", "dead"),
    ] {
        let answer = visitor.get(path).await;
        check_page(path, &answer);
        let text = answer.text();
        for other in STATES {
            let row = format!("href=\"/jobs/jid-{other}?key=");
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

/// Demand 16: pages by number showed a job twice when others left the queue meanwhile, and page 0 was none.
#[tokio::test]
async fn queue_that_moves_shows_no_job_twice_and_none_too_few() {
    let visitor = Visitor::new();
    for n in 0..120 {
        put(&visitor, "enqueued", &format!("jid-{n:05}"), "T");
    }
    let jids = |text: &str| -> Vec<String> {
        let rows = text.split("href=\"/jobs/").skip(1);
        rows.map(|row| row.split('?').next().unwrap().to_owned())
            .collect()
    };
    let first = visitor.get("/queues/mails?page=0").await.text();
    let mut seen = jids(&first);
    assert_eq!(seen.len(), 50);
    let mut page = first;
    while let Some(next) = page.split("rel=\"next\" href=\"").nth(1) {
        for _ in 0..10 {
            visitor.desk.fetch("mails");
        }
        let path = next.split('"').next().unwrap().replace("&#38;", "&");
        page = visitor.get(&path).await.text();
        seen.extend(jids(&page));
    }
    let all: Vec<String> = (0..120).map(|n| format!("jid-{n:05}")).collect();
    assert_eq!(seen, all);
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
async fn page_of_a_job_says_where_it_is_found_at_once() {
    let visitor = Visitor::new();
    put(&visitor, "dead", "jid-000001", "Type");
    for asked in ["/jobs/jid-000001", "/jobs/jid-000001?key=j.999999"] {
        let page = visitor.get(asked).await.text();
        let own = page
            .split("data-page=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let own = own.unwrap().replace("&#38;", "&");
        assert!(own.starts_with("/jobs/jid-000001?key="), "{asked}: {own}");
        assert_ne!(own, asked);
        let again = visitor.get(&own).await.text();
        assert!(again.contains(&format!("data-page=\"{own}\"")), "{again}");
    }
}

#[tokio::test]
async fn queue_whose_name_is_a_step_in_a_path_has_a_page_that_browsers_find() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    for queue in [".", ".."] {
        visitor
            .desk
            .push(&json!({"jid": "jid-000001", "jobtype": "T", "queue": queue, "args": []}));
    }
    for (queue, path) in [(".", "/queues/~."), ("..", "/queues/~..")] {
        let list = visitor.get("/queues").await.text();
        assert!(list.contains(&format!("href=\"{path}\"")), "{list}");
        let page = visitor.get(path).await;
        check_page(path, &page);
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text().contains("/jobs/jid-000001?key="), "{path}");
        let done = visitor
            .send(Method::POST, path, Body::from("action=pause"))
            .await;
        assert_eq!(done.status, StatusCode::FOUND, "{}", done.text());
        let shown = visitor.get(&format!("/api/v1/queues/{queue}")).await.text();
        assert!(shown.contains("\"paused\":true"), "{shown}");
    }
}
