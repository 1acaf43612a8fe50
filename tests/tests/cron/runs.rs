//! What became of the last runs of an entry is kept, whatever happens to the server.

use serde_json::Value;
use workmill_tests::{Server, web_get, web_request};

const NIGHTLY: &str = "[[cron]]\nname = \"nightly\"\nschedule = \"0 3 * * *\"\n\
                       [cron.job]\ntype = \"Report\"\nqueue = \"reports\"\nretry = -1\n";

/// Pushes the job of the entry now. Gives its id.
fn run(server: &Server) -> String {
    let headers = ["content-type: application/json"];
    let path = "/api/v1/cron/nightly/run";
    let answer = web_request(&server.web_url(), "POST", path, &headers, "{}");
    let pushed: Value = serde_json::from_slice(&answer.body).unwrap();
    pushed["jid"].as_str().unwrap().to_owned()
}

/// The jobs of its last runs, the latest first, and what became of them.
fn runs(server: &Server) -> Vec<(String, String)> {
    let answer = web_get(&server.web_url(), "/api/v1/cron/nightly");
    let entry: Value = serde_json::from_slice(&answer.body).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let runs = entry["runs"].as_array().unwrap().iter();
    runs.map(|run| (text(&run["jid"]), text(&run["state"])))
        .collect()
}

#[test]
fn what_became_of_runs_is_right_after_the_server_is_killed_in_the_midst_of_them() {
    let mut server = Server::builder().web().config(NIGHTLY).start();
    let mut wanted = Vec::new();
    for round in 0..3 {
        let mut worker = server.worker("w");
        let started = run(&server);
        assert_eq!(worker.fetch_now("reports")["jid"], started.as_str());
        let waits = run(&server);
        server.kill9();
        server.start_again();
        let mut worker = server.worker("w");
        let of = |jid: &str, state: &str| (jid.to_owned(), state.to_owned());
        let before = [of(&waits, "enqueued"), of(&started, "working")];
        assert_eq!(runs(&server)[..2], before, "round {round}");
        worker.ack(&started);
        let taken = worker.fetch_now("reports");
        assert_eq!(taken["jid"], waits.as_str());
        server.kill9();
        server.start_again();
        let mut worker = server.worker("w");
        worker.fail(&waits);
        wanted.splice(0..0, [of(&waits, "dead"), of(&started, "succeeded")]);
        assert_eq!(runs(&server), wanted, "round {round}");
    }
}
