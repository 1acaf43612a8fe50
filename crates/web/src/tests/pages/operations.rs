//! Changes of many jobs: from what they would concern to what they did.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use super::{HOSTILE, check_page, put};
use crate::tests::Visitor;

fn form() -> Visitor {
    Visitor::new().with("content-type", "application/x-www-form-urlencoded")
}

/// The value of a field of the form that starts an operation.
fn field(page: &str, name: &str) -> String {
    let form = page
        .split("action=\"/operations\">")
        .nth(1)
        .expect("the form that starts it");
    let value = form
        .split(&format!("name=\"{name}\" value=\""))
        .nth(1)
        .unwrap();
    value.split('"').next().unwrap().replace("&#34;", "\"")
}

#[tokio::test]
async fn every_list_leads_to_what_can_be_done_to_all_of_it() {
    let visitor = Visitor::new();
    for state in ["scheduled", "retries", "dead", "working", "enqueued"] {
        put(&visitor, state, &format!("jid-{state}"), "T");
    }
    for (path, query, actions) in [
        (
            "/scheduled",
            "state:scheduled",
            &["enqueue", "kill", "delete", "move"][..],
        ),
        (
            "/retries",
            "state:retries",
            &["retry", "kill", "delete", "move"],
        ),
        ("/morgue", "state:dead", &["retry", "delete", "move"]),
        ("/busy", "state:working", &["requeue", "kill", "delete"]),
        (
            "/queues/mails",
            "state:enqueued queue:\"mails\"",
            &["requeue", "kill", "delete", "move"],
        ),
        (
            "/search?query=type:T",
            "type:T",
            &["retry", "enqueue", "requeue", "kill", "delete", "move"],
        ),
    ] {
        let page = visitor.get(path).await.text();
        let form = page.split("action=\"/operations/new\">").nth(1);
        let form = form.expect(path).split("</form>").next().unwrap();
        let hidden = format!("value=\"{}\"", query.replace('"', "&#34;"));
        assert!(form.contains(&hidden), "{path}: {form}");
        let buttons = form.split("name=\"action\" value=\"").skip(1);
        let buttons: Vec<&str> = buttons
            .map(|rest| rest.split('"').next().unwrap())
            .collect();
        assert_eq!(buttons, actions, "{path}");
    }
}

#[tokio::test]
async fn what_would_be_done_is_counted_by_queue_and_type_and_nothing_is_done() {
    let visitor = Visitor::new().with("host", "jobs.example");
    for n in 0..3 {
        put(&visitor, "dead", &format!("jid-0000{n}"), HOSTILE);
    }
    put(&visitor, "dead", "jid-00003", "Other");
    let path = "/operations/new?action=delete&query=state%3Adead";
    for _ in 0..2 {
        let answer = visitor.get(path).await;
        check_page(path, &answer);
        let page = answer.text();
        assert!(page.contains("It concerns 4 jobs."), "{page}");
        assert!(page.contains("<i class=\"mark dead\"></i>4 dead"), "{page}");
        let row = "<bdi>&#60;b&#62;&#39;&#34;x</bdi><small><bdi>mails</bdi></small></th><td class=\"num\">3</td>";
        assert!(page.contains(row), "{page}");
        assert!(page.contains(">Delete: 4 jobs</button>"), "{page}");
        let curl = "{&#34;action&#34;:&#34;delete&#34;,&#34;query&#34;:&#34;state:dead&#34;}";
        assert!(page.contains(curl), "{page}");
        assert!(
            page.contains("http://jobs.example/api/v1/operations"),
            "{page}"
        );
    }
    let asked = visitor.desk.asked.lock();
    assert!(asked.is_empty(), "{asked:?}");
}

#[tokio::test]
async fn operation_is_started_by_the_form_and_has_a_page_of_its_own() {
    let visitor = form();
    for n in 0..5 {
        put(&visitor, "dead", &format!("jid-0000{n}"), "T");
    }
    let page = visitor
        .get("/operations/new?action=retry&query=state%3Adead%20type%3A%22T%22")
        .await;
    let page = page.text();
    let (action, query) = (field(&page, "action"), field(&page, "query"));
    assert_eq!((&*action, &*query), ("retry", "state:dead type:\"T\""));
    let body = "action=retry&query=state%3Adead+type%3A%22T%22&queue=";
    let started = visitor
        .send(Method::POST, "/operations", Body::from(body))
        .await;
    assert_eq!(started.status, StatusCode::FOUND);
    let path = started.header("location").to_owned();
    assert!(path.starts_with("/operations/"), "{path}");
    let answer = visitor.get(&path).await;
    check_page(&path, &answer);
    let page = answer.text();
    assert!(page.contains("class=\"tag working\">done</span>"), "{page}");
    assert!(page.contains("<dd>5 jobs</dd>"), "{page}");
    assert!(!page.contains("value=\"cancel\""), "{page}");
    let list = visitor.get("/operations").await;
    check_page("/operations", &list);
    assert!(
        list.text().contains(&format!("href=\"{path}\"")),
        "{}",
        list.text()
    );
    assert!(
        !visitor.get("/morgue").await.text().contains("jid-0"),
        "none is dead any more"
    );
}

#[tokio::test]
async fn jobs_are_moved_once_the_queue_is_named() {
    let visitor = form();
    put(&visitor, "dead", "jid-00001", "T");
    let ask = "/operations/new?action=move&query=state%3Adead";
    let page = visitor.get(ask).await.text();
    assert!(
        page.contains("Say which queue they are to be moved to."),
        "{page}"
    );
    assert!(!page.contains("action=\"/operations\""), "{page}");
    let page = visitor.get(&format!("{ask}&queue=other")).await.text();
    assert_eq!(field(&page, "queue"), "other");
    let body = "action=move&query=state%3Adead&queue=other";
    let started = visitor
        .send(Method::POST, "/operations", Body::from(body))
        .await;
    assert_eq!(started.status, StatusCode::FOUND);
    let job = visitor.get("/jobs/jid-00001").await.text();
    assert!(job.contains("href=\"/queues/other\""), "{job}");
    let wrong = visitor.get(&format!("{ask}&queue=no%20name")).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn operations_that_make_no_sense_say_why() {
    let visitor = form();
    let marked = visitor
        .get("/operations/new?action=kill&query=state%3Aasleep")
        .await;
    assert_eq!(marked.status, StatusCode::OK);
    assert!(
        marked.text().contains("<mark>asleep</mark>"),
        "{}",
        marked.text()
    );
    assert!(!marked.text().contains("action=\"/operations\""));
    for (path, status) in [
        (
            "/operations/new?action=explode&query=",
            StatusCode::BAD_REQUEST,
        ),
        ("/operations/0123456789abcdef", StatusCode::NOT_FOUND),
        ("/operations/nonsense", StatusCode::NOT_FOUND),
    ] {
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, status, "{path}");
        check_page(path, &answer);
    }
    for (path, body, status) in [
        (
            "/operations",
            "action=explode&query=",
            StatusCode::BAD_REQUEST,
        ),
        (
            "/operations",
            "action=kill&query=state%3Aasleep",
            StatusCode::BAD_REQUEST,
        ),
        (
            "/operations/0123456789abcdef",
            "action=explode",
            StatusCode::BAD_REQUEST,
        ),
        (
            "/operations/0123456789abcdef",
            "action=cancel",
            StatusCode::NOT_FOUND,
        ),
    ] {
        let answer = visitor.send(Method::POST, path, Body::from(body)).await;
        assert_eq!(answer.status, status, "{path} {body}");
    }
}

#[tokio::test]
async fn nothing_matches_and_nothing_can_be_started() {
    let visitor = Visitor::new();
    visitor
        .desk
        .push(&json!({"jid": "jid-00001", "jobtype": "T", "args": []}));
    let page = visitor
        .get("/operations/new?action=retry&query=type%3AT")
        .await;
    let page = page.text();
    assert!(page.contains("It concerns 0 jobs."), "{page}");
    assert!(!page.contains("action=\"/operations\""), "{page}");
}
