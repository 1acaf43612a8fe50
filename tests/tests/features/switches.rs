//! What is turned off is as if it had never been there.

use nix::sys::signal::Signal;
use serde_json::json;
use workmill_tests::Server;

use crate::custom_job;

#[test]
fn without_unique_jobs_unique_for_is_a_word_like_any_other() {
    let server = Server::builder()
        .config("[uniq]\nenabled = false\n")
        .start();
    let mut client = server.client();
    for unique_for in [json!(600), json!(600), json!("soon"), json!([-1])] {
        let custom = json!({"unique_for": unique_for, "unique_until": 7});
        client.push(&custom_job("jid-000001", "q", custom.clone()));
        assert_eq!(client.fetch_now("q")["custom"], custom);
    }

    let unique = |jid| custom_job(jid, "q", json!({"unique_for": 600}));
    client.push(&unique("jid-000002"));
    server
        .files()
        .write_config("50-test.toml", "[uniq]\nenabled = true\n");
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "uniq.enabled");
    client.push(&unique("jid-000003"));
    assert_eq!(
        client.push_bulk(&[unique("jid-000004")]),
        json!({"jid-000004": "NOTUNIQUE Job not unique"})
    );
}

#[test]
fn without_batches_bid_is_a_word_like_any_other_and_batch_is_refused() {
    let server = Server::builder()
        .config("[batch]\nenabled = false\n")
        .start();
    let mut client = server.client();
    for bid in [json!("b-AAAAAAAAAAAAAA"), json!("what"), json!(7)] {
        let custom = json!({"bid": bid});
        client.push(&custom_job("jid-000001", "q", custom.clone()));
        assert_eq!(client.fetch_now("q")["custom"], custom);
        client.ack("jid-000001");
    }
    for command in [
        r#"BATCH NEW {"success":{"jobtype":"Done"}}"#,
        "BATCH OPEN b-AAAAAAAAAAAAAA",
        "BATCH STATUS b-AAAAAAAAAAAAAA",
    ] {
        assert_eq!(
            client.refused(command),
            "ERR batches are turned off: [batch] enabled = false"
        );
    }

    server
        .files()
        .write_config("50-test.toml", "[batch]\nenabled = true\n");
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "batch.enabled");
    client
        .cmd(r#"BATCH NEW {"success":{"jobtype":"Done"}}"#)
        .text();
    let strange = custom_job("jid-000001", "q", json!({"bid": "what"}));
    assert_eq!(
        client.refused(format!("PUSH {strange}")),
        "ERR No such batch what"
    );
}
