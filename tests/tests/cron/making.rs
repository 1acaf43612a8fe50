//! Entries that are made by the API: they run beside those of the file, whatever happens to the server.

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use workmill_tests::{Client, Server, WebAnswer, web_get, web_request};

fn send(server: &Server, method: &str, path: &str, body: &Value) -> WebAnswer {
    let headers = ["content-type: application/json"];
    web_request(&server.web_url(), method, path, &headers, &body.to_string())
}

fn put(server: &Server, name: &str, schedule: &str) {
    let body = json!({"schedule": schedule, "job": {"jobtype": "Thing", "queue": name}});
    let answer = send(server, "PUT", &format!("/api/v1/cron/{name}"), &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn shown(server: &Server, name: &str) -> Value {
    let answer = web_get(&server.web_url(), &format!("/api/v1/cron/{name}"));
    serde_json::from_slice(&answer.body).unwrap()
}

fn size(client: &mut Client, queue: &str) -> u64 {
    client.queue_size(queue).unwrap_or(0)
}

/// Waits until the queue has so many jobs more.
fn wait_for_more(client: &mut Client, queue: &str, more: u64) {
    let wanted = size(client, queue) + more;
    client.wait_for_info(|info| {
        let size = info["faktory"]["queues"][queue].as_u64();
        size.is_some_and(|size| size >= wanted)
    });
}

#[test]
fn what_was_answered_is_there_after_the_server_is_killed_and_fires_once_a_tick() {
    let mut server = Server::builder().web().start();
    for round in 0..3 {
        put(&server, "pulse", "* * * * * *");
        let gone = format!("gone-{round}");
        put(&server, &gone, "* * * * * *");
        wait_for_more(&mut server.client(), &gone, 1);
        let kept = format!("kept-{round}");
        put(&server, &kept, "0 0 1 1 *");
        let deleted = send(
            &server,
            "DELETE",
            &format!("/api/v1/cron/{gone}"),
            &Value::Null,
        );
        assert_eq!(deleted.status, 204, "{}", deleted.text());
        server.kill9();
        server.start_again();
        assert_eq!(shown(&server, &gone)["status"], 404);
        assert_eq!(shown(&server, &kept)["source"], "api");
        let mut client = server.client();
        let before = size(&mut client, &gone);
        wait_for_more(&mut client, "pulse", 2);
        assert_eq!(size(&mut client, &gone), before);
    }
    let mut client = server.client();
    let jobs = size(&mut client, "pulse");
    let seconds: std::collections::BTreeSet<String> = (0..jobs)
        .map(|_| client.fetch_now("pulse")["created_at"].to_string())
        .map(|created_at| {
            created_at
                .chars()
                .take("\"2026-01-01T00:00:00".len())
                .collect()
        })
        .collect();
    assert_eq!(
        seconds.len() as u64,
        jobs,
        "two jobs in one second: {seconds:?}"
    );
}

#[test]
fn a_reload_deletes_no_entry_that_was_made_and_shadows_one_whose_name_it_brings() {
    let server = Server::builder().web().start();
    let mut client = server.client();
    put(&server, "a", "* * * * * *");
    put(&server, "b", "* * * * * *");
    wait_for_more(&mut client, "a", 1);
    server.files().write_config(
        "50-test.toml",
        "[[cron]]\nname = \"b\"\nschedule = \"* * * * * *\"\n[cron.job]\ntype = \"Thing\"\nqueue = \"c\"\n",
    );
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "CRON ENTRIES MADE BY THE API DO NOT RUN");
    wait_for_more(&mut client, "c", 1);
    let shadowed = size(&mut client, "b");
    wait_for_more(&mut client, "a", 2);
    assert_eq!(size(&mut client, "b"), shadowed);
    assert_eq!(shown(&server, "b")["shadows"], true);
    let body = json!({"schedule": "@daily", "job": {"jobtype": "Thing"}});
    let taken = send(&server, "PUT", "/api/v1/cron/b", &body);
    assert_eq!(taken.status, 409, "{}", taken.text());

    server.files().write_config("50-test.toml", "");
    server.signal(Signal::SIGHUP);
    wait_for_more(&mut client, "b", 2);
}
