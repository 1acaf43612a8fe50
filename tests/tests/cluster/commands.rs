//! What clients of a server that follows may ask, and of which server it is answered.

use serde_json::json;
use workmill_tests::{Client, Cluster, job};

#[test]
fn job_that_is_pushed_to_one_server_is_fetched_from_the_other() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let (mut here, mut there) = (follower.worker("here"), cluster.leader.worker("there"));
    here.push(&job("pushed-here", "q"));
    assert_eq!(there.fetch_jid("q"), "pushed-here");
    there.push(&job("pushed-there", "q"));
    assert_eq!(here.fetch_jid("q"), "pushed-there");
    // Who has it is known to both.
    assert_eq!(there.info()["faktory"]["sets"]["working"], 2);
    here.ack("pushed-there");
    there.ack("pushed-here");
    assert_eq!(here.info()["faktory"]["total_processed"], 2);
}

#[test]
fn fetch_that_waits_gets_the_job_that_is_pushed_to_the_other_server() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let (mut waiting, mut pushing) = (follower.worker("here"), cluster.leader.client());
    waiting.send("FETCH q");
    pushing.push(&job("waited-for", "q"));
    assert_eq!(waiting.read_reply().json()["jid"], "waited-for");
}

#[test]
fn commands_of_several_kinds_that_a_client_sends_together_are_run_in_their_order() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let mut client = follower.worker("here");
    let unique = |jid: &str| {
        let custom = json!({"unique_for": 60});
        json!({"jid": jid, "jobtype": "U", "queue": "q", "args": [1], "custom": custom})
    };
    client.push(&unique("unique-01"));
    assert_eq!(client.fetch_jid("q"), "unique-01");
    // The lock is held until the ACK, which the group would run first if it came from another client.
    client.send(format!(
        "PUSH {}\r\nACK {{\"jid\":\"unique-01\"}}",
        unique("unique-02")
    ));
    let refused = client.read_reply().error();
    assert!(refused.starts_with("NOTUNIQUE"), "{refused}");
    assert!(client.read_reply().is_ok());
}

/// What these commands are answered, without what differs from run to run.
fn answers(client: &mut Client) -> Vec<String> {
    let bulk = json!([job("bulk-0001", "q"), {"jid": "bulk-0002", "jobtype": "", "queue": "q", "args": []}]);
    let unique = json!({"jid": "unique-01", "jobtype": "U", "queue": "q", "args": [1], "custom": {"unique_for": 60}});
    let again = json!({"jid": "unique-02", "jobtype": "U", "queue": "q", "args": [1], "custom": {"unique_for": 60}});
    let later = json!({"jid": "later-0001", "jobtype": "L", "queue": "q", "args": [], "at": "2100-01-01T00:00:00Z"});
    let tracked = json!({"jid": "tracked-1", "jobtype": "T", "queue": "t", "args": [], "custom": {"track": 1}});
    let commands = [
        format!("PUSH {}", job("plain-0001", "q")),
        "PUSH {\"jid\":\"plain-0002\"}".to_owned(),
        format!("PUSHB {bulk}"),
        format!("PUSH {unique}"),
        format!("PUSH {again}"),
        format!("PUSH {later}"),
        format!("PUSH {tracked}"),
        "QUEUE PAUSE q".to_owned(),
        "FETCH q".to_owned(),
        "QUEUE RESUME q".to_owned(),
        "TRACK SET {\"jid\":\"tracked-1\",\"percent\":7,\"desc\":\"seven\"}".to_owned(),
        "ACK {\"jid\":\"unknown-1\"}".to_owned(),
        "FAIL {\"jid\":\"unknown-1\",\"errtype\":\"E\",\"message\":\"m\"}".to_owned(),
        "REQUEUE {\"jid\":\"unknown-1\"}".to_owned(),
        "BATCH STATUS b-unknown".to_owned(),
        "BATCH OPEN b-AAAAAAAAAAAAAAB".to_owned(),
        "MUTATE {\"cmd\":\"kill\",\"target\":\"scheduled\",\"filter\":{\"regexp\":\"*later*\"}}"
            .to_owned(),
        "MUTATE {\"cmd\":\"requeue\",\"target\":\"dead\",\"filter\":{\"jids\":[\"later-0001\"]}}"
            .to_owned(),
        "MUTATE {\"cmd\":\"discard\",\"target\":\"retries\",\"filter\":{\"jobtype\":\"T\"}}"
            .to_owned(),
        "QUEUE LATENCY unknown".to_owned(),
        "BEAT {\"wid\":\"worker-1\"}".to_owned(),
        "NONSENSE".to_owned(),
        "QUEUE REMOVE q".to_owned(),
        "FLUSH".to_owned(),
    ];
    let answers = commands
        .iter()
        .map(|command| format!("{command}: {:?}", client.cmd(command)));
    answers.collect()
}

#[test]
fn every_command_is_answered_as_by_the_server_that_leads() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let direct = answers(&mut cluster.leader.worker("worker-1"));
    let handed_over = answers(&mut follower.worker("worker-1"));
    assert_eq!(handed_over, direct);
}

#[test]
fn failure_batch_track_and_latency_come_back_as_they_were_told() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let mut client = follower.worker("worker-1");
    let callback = job("callback", "c");
    let new = json!({"description": "of a follower", "success": callback});
    let bid = client.cmd(format!("BATCH NEW {new}")).text();
    let member = json!({"jid": "member-1", "jobtype": "M", "queue": "q", "args": [], "custom": {"bid": bid, "track": 1}});
    client.push(&member);
    client.ok(format!("BATCH COMMIT {bid}"));
    assert_eq!(client.fetch_jid("q"), "member-1");
    client.ok("TRACK SET {\"jid\":\"member-1\",\"percent\":7,\"desc\":\"seven\"}");
    let track = client.cmd("TRACK GET member-1").json();
    assert_eq!(
        (&track["state"], &track["percent"], &track["desc"]),
        (&json!("working"), &json!(7), &json!("seven"))
    );
    client.fail("member-1");
    let status = client.cmd(format!("BATCH STATUS {bid}")).json();
    assert_eq!(
        (&status["description"], &status["failed"]),
        (&json!("of a follower"), &json!(1))
    );
    client.push(&job("old-00001", "old"));
    let latency = client.cmd("QUEUE LATENCY old empty").json();
    assert!(
        latency["old"].as_f64().unwrap() > 0.0 && latency["empty"] == 0.0,
        "{latency}"
    );
}

#[test]
fn server_that_stops_sends_its_own_clients_away_and_nobody_elses() {
    let cluster = Cluster::start();
    let mut follower = cluster.follower().start();
    let mut observer = cluster.leader.client();
    let (mut here, mut there) = (follower.worker("here"), cluster.leader.worker("there"));
    there.send("FETCH q");
    here.send("FETCH q");
    // What one server hands over is run in its order: both wait by now.
    observer.info();
    follower.client().info();
    let ended = follower.stop();
    assert!(
        ended.status.success() && !ended.log.contains("ERROR"),
        "{}",
        ended.log
    );
    observer.push(&job("job-of-all", "q"));
    assert_eq!(there.read_reply().json()["jid"], "job-of-all");
}
