//! Whatever stands in an address or a body, it is answered calmly, and nothing is made of what is too long.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::Value;

use super::Visitor;
use super::actions::requests;
use super::pages::{PAGES, check_page};
use super::visitor::Answer;
use crate::api::openapi_text;

/// Values that nobody means, as they stand in an address.
const STRANGE: [&str; 15] = [
    "",
    "%",
    "%zz",
    "%00",
    "%ff",
    // Half of a pair of surrogates, as some programs write it.
    "%ed%a0%80",
    // Text whose direction is turned around.
    "%e2%80%aea%d8%b4",
    "%0d%0aset-cookie:%20a=b",
    "..",
    "%2e%2e%2f",
    "-1",
    "1e400",
    "99999999999999999999999999",
    "%f0%9f%a6%84%3cscript%3e",
    "%7b%22a%22:%5b%5d%7d",
];

/// Values that nobody means, as they stand in JSON.
const STRANGE_JSON: [&str; 12] = [
    "null",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud800\"",
    "\"\u{202e}a\u{634}\"",
    "\"..\"",
    "-1",
    "1e400",
    "99999999999999999999999999",
    "[]",
    "{}",
    "\"\u{1f984}<script>\"",
];

/// Pages that are of something with a name.
const NAMED_PAGES: [&str; 11] = [
    "/queues/{}",
    "/jobs/{}",
    "/jobs/{}/edit",
    "/failures/{}",
    "/batches/{}",
    "/cron/{}/edit",
    "/cron/{}/runs",
    "/operations/{}",
    "/scheduled/{}",
    "/retries/{}",
    "/morgue/{}",
];

/// What pages take, each of them something of it.
const PAGE_PARAMETERS: [&str; 19] = [
    "cursor",
    "query",
    "range",
    "lang",
    "theme",
    "sort",
    "key",
    "name",
    "action",
    "target",
    "since",
    "until",
    "queue",
    "careful",
    "first",
    "rate",
    "stop_percent",
    "page",
    "days",
];

/// Forms, and the field of each that says what is meant.
const FORMS: [(&str, &str); 9] = [
    ("/morgue", "key=all&action={}"),
    ("/retries", "action=kill&key={}"),
    ("/queues/q", "action={}"),
    ("/busy", "wid=all&signal={}"),
    ("/jobs/x", "action={}"),
    ("/operations", "query=&action={}"),
    ("/cron", "name=x&action={}"),
    ("/cron/x/runs", "action={}"),
    ("/audit", "undo={}"),
];

/// Longer than anything may be.
fn long() -> String {
    "x".repeat(5_000)
}

/// Each parameter of the document: the method, the path, and `{}` in it for the value.
fn parameters() -> Vec<(Method, String, String)> {
    let document: Value = serde_json::from_str(&openapi_text()).unwrap();
    let mut all = Vec::new();
    for (template, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            for parameter in operation["parameters"].as_array().unwrap_or(&Vec::new()) {
                let name = parameter["name"].as_str().unwrap();
                let address = match parameter["in"].as_str().unwrap() {
                    "path" => {
                        plain(&template.replace(&format!("{{{name}}}"), "\0")).replace('\0', "{}")
                    }
                    _ => format!("{}?{name}={{}}", plain(template)),
                };
                all.push((method.clone(), template.clone(), address));
            }
        }
    }
    all
}

/// The path with something where it names something.
fn plain(template: &str) -> String {
    template.replace(['{', '}'], "")
}

/// The body that the operation takes; none if it takes none.
fn body_of(method: &Method, template: &str) -> Option<Value> {
    let mut all = requests().into_iter();
    let request = all.find(|request| request.method == *method && request.template == template);
    request.and_then(|request| request.body)
}

fn check_answer(asked: &str, answer: &Answer) {
    assert!(
        !answer.status.is_server_error(),
        "{asked}: {}",
        answer.text()
    );
    assert_eq!(answer.header("set-cookie"), "", "{asked}");
    if answer.status.is_client_error() {
        let kind = answer.header("content-type");
        assert_eq!(
            kind,
            "application/problem+json",
            "{asked}: {}",
            answer.text()
        );
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(
            problem["detail"].as_str().unwrap().len() < 2_000,
            "{asked}: {problem}"
        );
    }
}

#[tokio::test]
async fn each_parameter_of_the_document_may_be_anything_and_is_bounded() {
    let visitor = Visitor::new().with("content-type", "application/json");
    let parameters = parameters();
    assert!(parameters.len() > 60, "{parameters:?}");
    for (method, template, address) in parameters {
        let body = body_of(&method, &template);
        let body = || {
            body.as_ref()
                .map_or_else(Body::empty, |body| body.to_string().into())
        };
        for value in STRANGE {
            let asked = address.replace("{}", value);
            check_answer(&asked, &visitor.send(method.clone(), &asked, body()).await);
        }
        let asked = address.replace("{}", &long());
        let answer = visitor.send(method, &asked, body()).await;
        check_answer(&address, &answer);
        assert_eq!(
            answer.status,
            StatusCode::BAD_REQUEST,
            "{address}: {}",
            answer.text()
        );
        assert!(
            answer.text().contains("2048"),
            "{address}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn each_part_of_a_body_may_be_anything() {
    let visitor = Visitor::new().with("content-type", "application/json");
    let megabyte = format!("\"{}\"", "x".repeat(1_000_000));
    let long = format!("\"{}\"", "x".repeat(60_000));
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    for request in requests() {
        let Some(Value::Object(body)) = request.body else {
            continue;
        };
        for member in body.keys() {
            for value in STRANGE_JSON.into_iter().chain([&*megabyte, &*long, &*deep]) {
                let mut marked = body.clone();
                marked.insert(member.clone(), Value::from("\0"));
                let text = Value::Object(marked)
                    .to_string()
                    .replace("\"\\u0000\"", value);
                let answer = visitor
                    .send(request.method.clone(), request.path, text.into())
                    .await;
                let asked = format!("{} with {member} = {value:.40}", request.path);
                check_answer(&asked, &answer);
            }
        }
    }
}

#[tokio::test]
async fn each_parameter_of_pages_may_be_anything_and_is_bounded() {
    let visitor = Visitor::new();
    let named = NAMED_PAGES.map(str::to_owned).into_iter();
    let paths = PAGES
        .iter()
        .chain(&["/operations/new", "/cron/new", "/jobs/x", "/queues/x"]);
    let with_parameters =
        paths.flat_map(|path| PAGE_PARAMETERS.map(|name| format!("{path}?{name}={{}}")));
    for address in named.chain(with_parameters) {
        for value in STRANGE {
            let asked = address.replace("{}", value);
            let answer = visitor.get(&asked).await;
            assert!(
                !answer.status.is_server_error(),
                "{asked}: {}",
                answer.text()
            );
            match answer.status.is_redirection() {
                true => assert!(answer.header("location").starts_with('/'), "{asked}"),
                false => check_page(&asked, &answer),
            }
        }
        let answer = visitor.get(&address.replace("{}", &long())).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{address}");
        assert!(
            answer.text().contains("2048"),
            "{address}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn each_field_of_a_form_may_be_anything_and_is_not_repeated_at_length() {
    let visitor = Visitor::new().with("content-type", "application/x-www-form-urlencoded");
    let long = "x".repeat(60_000);
    for (path, form) in FORMS {
        for value in STRANGE.into_iter().chain([&*long]) {
            let body = form.replace("{}", value).into();
            let answer = visitor.send(Method::POST, path, body).await;
            assert!(
                !answer.status.is_server_error(),
                "{path} {form}: {}",
                answer.text()
            );
            if !answer.status.is_redirection() {
                check_page(path, &answer);
            }
            assert!(
                answer.body.len() < 30_000,
                "{path} {form}: {}",
                answer.body.len()
            );
        }
    }
}
