//! What is hidden of a job is on no page and in no answer.

use serde_json::json;
use workmill_engine::Rules;
use workmill_engine::query::Redaction;

use super::Visitor;
use crate::desk::fake::FakeDesk;

#[tokio::test]
async fn hidden_value_is_nowhere_and_the_rest_of_the_job_is() {
    let paths = ["arg.0.card", "custom.token", "args.0.user.password"].map(str::to_owned);
    let rules = Rules {
        redactions: [Redaction::new("Pay*", &paths).unwrap()]
            .into_iter()
            .collect(),
        ..Rules::default()
    };
    let visitor = Visitor::of(FakeDesk::with_rules(rules));
    visitor.desk.push(&json!({
        "jid": "jid-000001", "jobtype": "Payment", "queue": "q",
        "args": [{"card": "4111-4111", "name": "Ann", "user": [[{"password": "s3cret"}]]}], "custom": {"token": "t0ken", "region": "eu"}
    }));
    for (path, is_shown) in [
        ("/api/v1/jobs", true),
        ("/api/v1/jobs?query=Ann", true),
        ("/api/v1/jobs?query=4111-4111", false),
        ("/api/v1/jobs?query=custom.token:t0ken", false),
        ("/api/v1/jobs?query=s3cret", false),
        ("/api/v1/jobs?query=arg.user.password:s3cret", false),
        ("/api/v1/jobs?query=arg.user.password:*redacted*", true),
        ("/api/v1/jobs/jid-000001", true),
        ("/api/v1/queues/q/jobs", true),
        ("/jobs/jid-000001", true),
        ("/queues/q", true),
        ("/search?query=type:Payment", true),
    ] {
        let text = visitor.get(path).await.text();
        assert_eq!(text.contains("Ann"), is_shown, "{path}: {text}");
        assert!(
            !["4111-4111", "t0ken", "s3cret"]
                .iter()
                .any(|hidden| text.contains(hidden)),
            "{path}: {text}"
        );
    }
}
