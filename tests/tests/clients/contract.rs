//! The API is what its OpenAPI document says, whatever is asked.

use serde_json::json;
use workmill_tests::{Client, Server, instant_in, job};

use crate::script::{Script, clients_dir, python_interpreter, root_dir};

/// A job of each place, a batch, a lock, a limit, a recurring job and a worker.
const CONFIG: &str = "
[throttles]
q = { concurrency = 5, timeout = 60 }
[[cron]]
schedule = \"0 4 * * *\"
  [cron.job]
  type = \"Nightly\"
";

#[test]
fn answers_about_what_there_is_are_as_the_document_says() {
    let server = Server::builder().web().config(CONFIG).start();
    let _worker = fill(&server);
    check(&server, ["--include-method", "GET"]);
}

#[test]
fn answers_to_whoever_changes_something_are_as_the_document_says() {
    let server = Server::builder().web().config(CONFIG).start();
    let _worker = fill(&server);
    check(&server, ["--exclude-method", "GET"]);
}

/// Something of everything; the names are those of `schemathesis.toml`.
fn fill(server: &Server) -> Client {
    let mut worker = server.worker("worker-1");
    worker.push(&job("jid-working", "w"));
    worker.fetch_jid("w");
    worker.push(&job("jid-failed", "f"));
    worker.fetch_jid("f");
    worker.fail("jid-failed");
    worker.push(&json!({"jid": "jid-dead", "jobtype": "T", "queue": "f", "args": [], "retry": 0}));
    worker.fetch_jid("f");
    worker.fail("jid-dead");
    worker.push(&json!({"jid": "jid-later", "jobtype": "T", "queue": "q", "args": [], "at": instant_in(3_600)}));
    worker.push(&json!({"jid": "jid-alone", "jobtype": "T", "queue": "q", "args": [{"a": 12345678901234567890_u64}],
        "custom": {"unique_for": 600}}));
    worker.cmd(r#"BATCH NEW {"success":{"jobtype":"T","args":[]}}"#);
    worker
}

/// Finds nothing wrong with the server, in requests that are made from the document.
fn check(server: &Server, which: [&str; 2]) {
    let program = python_interpreter().with_file_name("schemathesis");
    let config = clients_dir().join("python/schemathesis.toml");
    let document = format!("{}/api/v1/openapi.json", server.web_url());
    let arguments = [
        "run",
        &document,
        "--phases",
        "coverage,fuzzing",
        "--no-color",
        // An answer that does not end says nothing about its form.
        "--exclude-path",
        "/api/v1/events",
    ];
    let config = ["--config-file", config.to_str().expect("a path in UTF-8")];
    Script::new(
        &program,
        config.iter().chain(&arguments).chain(&which),
        &program,
    )
    .env(
        "HYPOTHESIS_STORAGE_DIRECTORY",
        root_dir().join(".cache/hypothesis"),
    )
    .run();
}
