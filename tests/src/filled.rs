//! A server that has something of everything: for whoever looks at all that can be asked for.

use serde_json::{Value, json};

use crate::client::{Client, job};
use crate::instant::instant_in;
use crate::server::{Server, ServerBuilder};
use crate::web::web_request;

/// Of every feature with a setting.
const CONFIG: &str = "
[history]
completed = \"1h\"
[throttles]
q = { concurrency = 5, timeout = 60 }
[[cron]]
name = \"Nightly\"
schedule = \"0 4 * * *\"
  [cron.job]
  type = \"Nightly\"
";

/// A server that has jobs in each place, batches, a lock, a slot that is taken, a recurring job, a worker, a failure, marks,
/// operations, an audit log and a trash.
#[derive(Debug)]
pub struct Filled {
    /// The server.
    pub server: Server,
    /// The id of a batch with jobs and a batch below it.
    pub bid: String,
    /// The worker that has `jid-working`: as long as it is connected there is a connection.
    pub worker: Client,
}

impl Filled {
    /// How such a server is started.
    pub fn builder() -> ServerBuilder {
        // With it something needs attention at once.
        Server::builder()
            .web()
            .config(CONFIG)
            .durability("interval")
    }

    /// Starts one and fills it.
    pub fn start() -> Self {
        let server = Self::builder().start();
        let mut worker = server.worker("worker-1");
        fill_sets(&mut worker);
        let bid = fill_batches(&mut worker);
        let filled = Self {
            server,
            bid,
            worker,
        };
        filled.act();
        filled
    }

    /// Calls an operation of the API; gives the answer, which is none of an error.
    pub fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let headers = ["content-type: application/json"];
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let path = format!("/api/v1{path}");
        let answer = web_request(&self.server.web_url(), method, &path, &headers, &body);
        let is_done = (200..300).contains(&answer.status);
        assert!(
            is_done,
            "{method} {path} {body}: {} {}",
            answer.status,
            answer.text()
        );
        serde_json::from_slice(&answer.body).unwrap_or_default()
    }

    /// Does what operators do.
    fn act(&self) {
        self.call("POST", "/marks", &json!({"text": "deploy"}));
        self.call("POST", "/jobs/jid-deleted/delete", &json!({}));
        let requeue = json!({"action": "requeue", "query": "queue:none"});
        self.call("POST", "/operations", &requeue);
    }
}

fn fill_sets(worker: &mut Client) {
    let unique = json!({"unique_for": 600, "track": 1});
    for waiting in [
        json!({"jid": "jid-later-1", "jobtype": "T", "queue": "q", "args": [], "at": instant_in(3_600)}),
        json!({"jid": "jid-unique", "jobtype": "T", "queue": "w", "args": [{"a": 12345678901234567890_u64}],
            "custom": unique}),
        job("jid-deleted", "w"),
        job("jid-working", "q"),
        job("jid-waiting", "q"),
    ] {
        worker.push(&waiting);
    }
    worker.fetch_jid("q");
    for (jid, retry) in [("jid-failed", 3), ("jid-dead-1", -1)] {
        worker.push(&json!({"jid": jid, "jobtype": "T", "queue": "f", "args": [], "retry": retry}));
        worker.fetch_jid("f");
        worker.fail(jid);
    }
    worker.push(&job("jid-done-1", "f"));
    worker.fetch_jid("f");
    worker.ack("jid-done-1");
}

/// Makes a batch with one below it; gives its id.
fn fill_batches(worker: &mut Client) -> String {
    let mut made = |parent: Option<&str>| {
        let mut batch =
            json!({"description": "all of it", "success": {"jobtype": "T", "args": []}});
        if let Some(parent) = parent {
            batch["parent_bid"] = json!(parent);
        }
        let bid = worker.cmd(format!("BATCH NEW {batch}")).text();
        worker.push(
            &json!({"jid": format!("jid-of-{bid}"), "jobtype": "T", "queue": "w", "args": [], "custom": {"bid": bid}}),
        );
        bid
    };
    let bid = made(None);
    made(Some(&bid));
    bid
}
