//! Links that break, and servers that die: clients of those that are left see a pause, and nothing else.

use std::thread;
use std::time::Duration;

use workmill_tests::{Cluster, Reply, job, links_addr};

#[test]
fn link_that_is_cut_or_silent_is_a_pause_to_clients() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let mut client = follower.worker("here");
    client.push(&job("before-it", "q"));
    cluster.relay.cut();
    client.push(&job("after-cut", "q"));
    cluster.relay.mute(true);
    let mark = follower.log().mark();
    client.send(format!("PUSH {}", job("into-silence", "q")));
    follower.wait_for_log_after(mark, "is broken");
    cluster.relay.mute(false);
    assert!(client.read_reply().is_ok());
    let jids = ["before-it", "after-cut", "into-silence"];
    assert_eq!(jids.map(|_| client.fetch_jid("q")), jids);
    assert_eq!(client.fetch("q"), None, "nothing is there twice");
}

#[test]
fn death_of_the_leader_is_a_pause_to_clients_of_the_others() {
    let mut cluster = Cluster::start();
    let follower = cluster.follower().start();
    let mut client = follower.worker("here");
    client.push(&job("held-over", "q"));
    assert_eq!(client.fetch_jid("q"), "held-over");
    let mut waiting = follower.worker("waiting");
    waiting.send("FETCH q");
    cluster.crash_leader();
    client.ack("held-over");
    client.push(&job("new-job-1", "other"));
    let mut there = cluster.leader.client();
    assert_eq!(there.info()["faktory"]["total_processed"], 1);
    assert_eq!(there.queue_size("other"), Some(1));
    there.push(&job("for-who-waits", "q"));
    let answer = waiting.read_reply();
    let fetched = match answer {
        // As its time was over meanwhile.
        Reply::Nil => waiting.fetch_now("q"),
        job => job.json(),
    };
    assert_eq!(fetched["jid"], "for-who-waits");
}

#[test]
fn while_nobody_leads_a_fetch_is_answered_with_nothing_and_a_command_with_an_error_in_time() {
    let cluster = Cluster::start();
    let follower = cluster.follower().start();
    let (mut fetching, mut pushing) = (follower.worker("here"), follower.client());
    // There is a link by now.
    pushing.info();
    cluster.relay.lead_to(None);
    cluster.relay.cut();
    assert_eq!(fetching.fetch("q"), None);
    // The first ones wait for the leader; those that come when it has been away for long are told.
    let mark = follower.log().mark();
    pushing.send(format!("PUSH {}", job("will-be-kept", "q")));
    follower.wait_for_log_after(mark, "no link to the server that leads");
    let mut late = follower.client();
    let refused = (0..60).find_map(|_| {
        thread::sleep(Duration::from_millis(200));
        let reply = late.cmd("INFO");
        matches!(reply, Reply::Error(_) | Reply::Closed).then_some(reply)
    });
    assert!(refused.is_some(), "commands wait for ever");
    cluster.relay.lead_to(Some(links_addr(&cluster.leader)));
    assert!(pushing.read_reply().is_ok());
    assert_eq!(pushing.queue_size("q"), Some(1));
}

#[test]
fn job_that_its_worker_has_stays_its_own_when_the_server_between_dies() {
    let cluster = Cluster::start();
    let mut follower = cluster.follower().start();
    let mut worker = follower.worker("here");
    worker.push(&job("long-job-1", "q"));
    assert_eq!(worker.fetch_jid("q"), "long-job-1");
    // The leader is told soon, though the worker says nothing; nobody else is.
    thread::sleep(Duration::from_millis(500));
    follower.kill9();
    cluster.leader.wait_for_log("a server is gone");
    assert!(cluster.leader.log_text().contains("jobs=0"));
    let mut elsewhere = cluster.leader.worker("here");
    assert_eq!(elsewhere.fetch("q"), None);
    elsewhere.ack("long-job-1");
    assert_eq!(elsewhere.info()["faktory"]["total_processed"], 1);
}

#[test]
fn jobs_on_their_way_to_clients_of_a_server_that_died_go_back() {
    let cluster = Cluster::start();
    let mut follower = cluster.follower().start();
    let mut observer = cluster.leader.worker("there");
    // It waits for a job, and its server is gone before there is one.
    let mut waiting = follower.worker("waiting");
    waiting.send("FETCH q");
    follower.client().info();
    follower.kill9();
    cluster
        .leader
        .wait_for_log("the link of a server is broken");
    observer.push(&job("for-whom-is-left", "q"));
    assert_eq!(observer.fetch_jid("q"), "for-whom-is-left");
}
