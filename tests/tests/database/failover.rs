//! The server that leads dies, stops, stands still or loses its database: clients of the others see a pause, and nothing else.

use nix::sys::signal::Signal;
use workmill_tests::{ServerFiles, WallClock, job};

use super::fixture::{Members, migrate, on_schema, on_schema_with};

/// What becomes of the server that leads.
#[derive(Clone, Copy, Debug)]
enum Loss {
    Killed,
    Stopped,
    Frozen,
    SessionsEnded,
}

/// Has the leader lost while a job is held, a FETCH waits and a PUSH is on its way, each of a client of another server.
fn lose(schema: &'static str, loss: Loss) {
    let mut members = Members::start(schema, 3);
    let (epoch, leader, follower) = (members.epoch(), members.leader(), members.follower());
    let mut client = members.servers[follower].worker("here");
    client.push(&job("held-over", "q"));
    assert_eq!(client.fetch_jid("q"), "held-over");
    let mut waiting = members.servers[follower].worker("waiting");
    waiting.send("FETCH waited");
    match loss {
        Loss::Killed => drop(members.servers[leader].kill9()),
        Loss::Stopped => members.servers[leader].signal(Signal::SIGTERM),
        Loss::Frozen => members.servers[leader].signal(Signal::SIGSTOP),
        Loss::SessionsEnded => members.end_sessions(),
    }
    client.push(&job("new-job-1", "other"));
    client.ack("held-over");
    members.wait_for_epoch_after(epoch);
    assert_eq!(client.queue_size("other"), Some(1));
    assert_eq!(client.info()["faktory"]["total_processed"], 1);
    client.push(&job("for-who-waits", "waited"));
    let fetched = match waiting.read_reply() {
        // As its time was over meanwhile.
        workmill_tests::Reply::Nil => waiting.fetch_now("waited"),
        job => job.json(),
    };
    assert_eq!(fetched["jid"], "for-who-waits", "{loss:?}");
    if matches!(loss, Loss::Frozen) {
        members.servers[leader].signal(Signal::SIGCONT);
        members.servers[leader].wait_for_log("does not lead any more");
    }
    if matches!(loss, Loss::Stopped) {
        assert!(members.servers[leader].wait_exit().status.success());
    }
}

#[test]
fn killed_leader_is_a_pause_to_clients_of_the_others() {
    lose("killed", Loss::Killed);
}

#[test]
fn leader_that_stops_lets_another_one_lead() {
    lose("stopped", Loss::Stopped);
}

#[test]
fn frozen_leader_is_not_waited_for() {
    lose("frozen", Loss::Frozen);
}

#[test]
fn end_of_all_sessions_of_the_database_is_a_pause() {
    lose("sessions", Loss::SessionsEnded);
}

#[test]
fn clients_of_a_leader_that_stood_still_are_answered_once_by_the_next_one() {
    let members = Members::start("thaw", 2);
    let (epoch, leader) = (members.epoch(), members.leader());
    let mut client = members.servers[leader].worker("here");
    client.push(&job("held-over", "q"));
    assert_eq!(client.fetch_jid("q"), "held-over");
    // What it has in memory does not answer these either.
    let (mut asking, mut failing) = (
        members.servers[leader].client(),
        members.servers[leader].worker("failing"),
    );
    members.servers[leader].signal(Signal::SIGSTOP);
    client.send(format!("PUSH {}", job("into-ice-1", "other")));
    client.send("ACK {\"jid\":\"held-over\"}");
    asking.send("INFO");
    failing.send("FAIL {\"jid\":\"meanwhile-2\",\"errtype\":\"E\",\"message\":\"m\"}");
    members.wait_for_epoch_after(epoch);
    let mut there = members.servers[members.leader()].worker("there");
    there.push(&job("meanwhile-1", "other"));
    there.push(&job("meanwhile-2", "failing"));
    assert_eq!(there.fetch_jid("failing"), "meanwhile-2");
    members.servers[leader].signal(Signal::SIGCONT);
    assert!(client.read_reply().is_ok());
    assert!(client.read_reply().is_ok());
    assert!(failing.read_reply().is_ok());
    let info = asking.read_reply().json();
    assert!(
        info["faktory"]["queues"]["other"].as_u64() >= Some(1),
        "{info}"
    );
    assert_eq!(there.queue_size("other"), Some(2));
    let info = there.info();
    let counted = ["total_processed", "total_failures"].map(|key| info["faktory"][key].as_u64());
    assert_eq!(counted, [Some(2), Some(1)]);
    assert_ne!(members.leader(), leader);
}

#[test]
fn server_alone_leads_again_after_its_sessions_were_ended() {
    let members = Members::start("alone", 1);
    let mut client = members.servers[0].worker("here");
    client.push(&job("held-over", "q"));
    assert_eq!(client.fetch_jid("q"), "held-over");
    let epoch = members.epoch();
    members.end_sessions();
    client.ack("held-over");
    members.wait_for_epoch_after(epoch);
    assert_eq!(client.info()["faktory"]["total_processed"], 1);
}

#[test]
fn server_whose_clock_is_an_hour_ahead_takes_over_from_nobody() {
    let mut members = Members::start("skew", 1);
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, 3_600);
    let ahead = members.builder_with(files);
    members.join(clock.carry(ahead));
    // What it sees of the leader it has seen by now, as it is linked.
    members.servers[1].client().push(&job("by-the-other", "q"));
    assert_eq!((members.epoch(), members.leader()), (1, 0));
    // Nor does one that shares with nobody.
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, 3_600);
    let alone = clock.carry(on_schema_with("skew", files)).try_start();
    let ended = alone.expect_err("two servers write to one schema");
    assert!(
        ended.log.contains("is in use by another server"),
        "{}",
        ended.log
    );
    members.servers[0].client().push(&job("still-leads", "q"));
    assert_eq!(members.epoch(), 1);
}

#[test]
fn server_without_tables_or_without_an_address_does_not_start() {
    let members = Members::unmade("unmade");
    let ended = members
        .builder()
        .try_start()
        .expect_err("there are no tables");
    assert!(
        ended.log.contains("run `workmill migrate`"),
        "{}",
        ended.log
    );
    migrate(on_schema("unmade").files_ref());
    let everywhere =
        "[cluster]\nbinding = \":0\"\nsecret = \"a secret of all servers on a schema\"\n";
    let builder = on_schema("unmade").config_file("60-cluster.toml", everywhere);
    let ended = builder.try_start().expect_err("nobody can find it");
    assert!(ended.log.contains("cluster.address"), "{}", ended.log);
}
