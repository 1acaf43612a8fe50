//! What can be seen and asked at any of several servers.

use serde_json::json;
use workmill_tests::{job, web_get, web_request};

use super::fixture::Members;

#[test]
fn each_server_answers_for_all() {
    let mut members = Members::start("for_all", 1);
    members.join(members.builder().web());
    let (leader, follower) = (&members.servers[0], &members.servers[1]);
    let (mut here, mut there) = (follower.worker("here"), leader.worker("there"));
    here.push(&job("pushed-here", "q"));
    assert_eq!(there.fetch_jid("q"), "pushed-here");
    there.push(&job("pushed-there", "q"));
    // The pages read what the leader has committed.
    let queues = web_get(&follower.web_url(), "/api/v1/queues");
    assert_eq!(queues.status, 200);
    assert!(queues.text().contains("\"q\""), "{}", queues.text());
    assert_eq!(web_get(&follower.web_url(), "/readyz").status, 200);
    let server = web_get(&follower.web_url(), "/api/v1/server").text();
    assert!(
        server.contains("\"role\":\"follower\",\"epoch\":1"),
        "{server}"
    );
    let metrics = web_get(&follower.web_url(), "/metrics").text();
    for line in ["workmill_leads 0\n", "workmill_epoch 1\n"] {
        assert!(metrics.contains(line), "{metrics}");
    }
    for (client, leads) in [(&mut here, false), (&mut there, true)] {
        let cluster = &client.info()["server"]["cluster"];
        assert_eq!(
            (&cluster["leads"], &cluster["epoch"]),
            (&leads.into(), &1.into())
        );
    }
    assert_eq!(here.fetch_jid("q"), "pushed-there");
    here.ack("pushed-there");
    there.ack("pushed-here");
    assert_eq!(here.info()["faktory"]["total_processed"], 2);
    let latency = here.cmd("QUEUE LATENCY q").json();
    assert!(latency["q"].is_number(), "{latency}");
}

#[test]
fn operators_change_jobs_at_any_server_and_operations_at_the_one_that_leads() {
    let mut members = Members::start("operators", 0);
    for _ in 0..2 {
        members.join(members.builder().web());
    }
    let url = |index: usize| members.servers[index].web_url();
    let post = |index: usize, path: &str, body: serde_json::Value| {
        let headers = ["Content-Type: application/json"];
        web_request(&url(index), "POST", path, &headers, &body.to_string())
    };
    let (leader, follower) = (members.leader(), members.follower());
    let pushed = post(follower, "/api/v1/jobs", job("by-its-page", "q"));
    assert!((200..300).contains(&pushed.status), "{}", pushed.text());
    let paused = post(follower, "/api/v1/queues/q/pause", json!({}));
    assert!((200..300).contains(&paused.status), "{}", paused.text());
    let mut client = members.servers[leader].worker("w");
    assert_eq!(client.fetch("q"), None, "it is paused");
    let operation = json!({"action": "delete", "query": "queue:q"});
    let refused = post(follower, "/api/v1/operations", operation.clone());
    assert!(
        refused.text().contains("server that leads"),
        "{}",
        refused.text()
    );
    let begun = post(leader, "/api/v1/operations", operation);
    assert!((200..300).contains(&begun.status), "{}", begun.text());
    // Both are in the audit log of both.
    for index in [leader, follower] {
        let audit = web_get(&url(index), "/api/v1/audit").text();
        assert!(audit.contains("pause"), "{audit}");
    }
}
