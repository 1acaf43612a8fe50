//! Many commands sent without waiting, and commands cut anywhere.

use std::thread;

use serde_json::{Value, json};
use workmill_tests::{Reply, Server, job};

fn push_line(jid: &str) -> String {
    format!("PUSH {}\r\n", job(jid, "q"))
}

#[test]
fn commands_of_one_write_are_answered_in_order() {
    let server = Server::start();
    let mut client = server.client();
    let mut bytes = String::new();
    for number in 0..200 {
        let jid = format!("jid-{number:06}");
        bytes += &push_line(&jid);
        bytes += "FETCH q\r\n";
        bytes += &format!("ACK {{\"jid\":\"{jid}\"}}\r\n");
        bytes += "EXPLODE\r\n";
        bytes += "QUEUE LATENCY q\r\n";
    }
    client.send_raw(bytes.as_bytes()).unwrap();
    for number in 0..200 {
        assert_eq!(client.read_reply(), Reply::ok(), "PUSH {number}");
        assert_eq!(
            client.read_reply().json()["jid"],
            format!("jid-{number:06}")
        );
        assert_eq!(client.read_reply(), Reply::ok(), "ACK {number}");
        assert_eq!(client.read_reply().error(), "ERR unknown command EXPLODE");
        assert_eq!(client.read_reply().text(), r#"{"q":0}"#);
    }
    assert_eq!(client.info()["faktory"]["total_processed"], 200);
}

#[test]
fn nothing_overtakes_a_fail_that_must_wait_for_others() {
    let server = Server::start();
    let mut client = server.client();
    let jids = ["jid-000001", "jid-000002", "jid-000003"];
    let mut bytes = String::new();
    for jid in jids {
        // So large that the server deals with no more than two at a time.
        let mut job = job(jid, "q");
        job["args"] = json!(["x".repeat(3 << 20)]);
        client.push(&job);
        client.fetch_now("q");
        bytes += &format!("FAIL {{\"jid\":\"{jid}\",\"errtype\":\"E\",\"message\":\"m\"}}\r\n");
    }
    bytes += "ACK {\"jid\":\"jid-000003\"}\r\n";
    client.send_raw(bytes.as_bytes()).unwrap();
    for answer in 0..4 {
        assert_eq!(client.read_reply(), Reply::ok(), "answer {answer}");
    }
    assert_eq!(client.task_size("Retries"), 3);
}

#[test]
fn lines_may_end_in_lf_or_crlf() {
    let server = Server::start();
    let mut client = server.client();
    let bytes = format!(
        "PUSH {}\nPUSH {}\r\nINFO\n",
        job("jid-000001", "q"),
        job("jid-000002", "q")
    );
    client.send_raw(bytes.as_bytes()).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply().json()["faktory"]["queues"]["q"], 2);
}

#[test]
fn commands_may_be_cut_anywhere() {
    let server = Server::start();
    let mut client = server.client();
    for size in [1, 2, 3, 7, 50] {
        let bytes = format!(
            "{}FETCH q\r\nACK {{\"jid\":\"jid-000001\"}}\r\n",
            push_line("jid-000001")
        );
        for piece in bytes.as_bytes().chunks(size) {
            client.send_raw(piece).unwrap();
        }
        assert_eq!(client.read_reply(), Reply::ok(), "pieces of {size} bytes");
        assert_eq!(client.read_reply().json()["jid"], "jid-000001");
        assert_eq!(client.read_reply(), Reply::ok());
    }
}

#[test]
fn fetch_that_waits_holds_back_what_follows_and_keeps_the_order() {
    let server = Server::start();
    let mut pusher = server.client();
    let mut client = server.client();
    client.park(&mut pusher, "q");
    let bytes = format!(
        "{}FETCH q\r\nFETCH other q\r\nACK {{\"jid\":\"jid-own001\"}}\r\n",
        push_line("jid-own001")
    );
    client.send_raw(bytes.as_bytes()).unwrap();
    pusher.push(&job("jid-first1", "q"));
    assert_eq!(client.read_reply().json()["jid"], "jid-first1");
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply().json()["jid"], "jid-own001");
    pusher.push(&job("jid-other1", "other"));
    assert_eq!(client.read_reply().json()["jid"], "jid-other1");
    assert_eq!(client.read_reply(), Reply::ok());
}

#[test]
fn client_that_reads_late_gets_every_reply() {
    let server = Server::start();
    let mut client = server.client();
    let large = "x".repeat(10_000);
    let mut large_job = job("jid-large1", "q");
    large_job["args"] = json!([large]);
    let rounds = 500;
    let line = format!("PUSH {large_job}\r\nFETCH q\r\nACK {{\"jid\":\"jid-large1\"}}\r\n");
    let mut writer = client.socket().try_clone().unwrap();
    let writing = thread::spawn(move || {
        for _ in 0..rounds {
            std::io::Write::write_all(&mut writer, line.as_bytes()).unwrap();
        }
    });
    for round in 0..rounds {
        assert_eq!(client.read_reply(), Reply::ok(), "round {round}");
        assert_eq!(
            client.read_reply().json()["args"][0],
            Value::String(large.clone()),
            "round {round}"
        );
        assert_eq!(client.read_reply(), Reply::ok(), "round {round}");
    }
    writing.join().unwrap();
}

#[test]
fn client_that_reads_nothing_does_not_hold_up_others() {
    let server = Server::start();
    let mut deaf = server.client();
    deaf.socket()
        .set_write_timeout(Some(std::time::Duration::from_millis(500)))
        .unwrap();
    // Enough INFOs that their replies fill every buffer between here and there; the write may well not end.
    let _ = deaf.send_raw("INFO\r\n".repeat(200_000).as_bytes());
    let mut client = server.client();
    for number in 0..50 {
        client.push(&job(&format!("jid-{number:06}"), "q"));
        client.fetch_now("q");
    }
    drop(deaf);
    client.wait_for_info(|info| info["server"]["connections"] == 1);
}

#[test]
fn commands_before_the_client_stopped_sending_are_carried_out() {
    let server = Server::start();
    let mut client = server.client();
    let bytes: String = (0..100)
        .map(|number| push_line(&format!("jid-{number:06}")))
        .collect();
    client.send_raw(bytes.as_bytes()).unwrap();
    client.shut_down_sending();
    for number in 0..100 {
        assert_eq!(client.read_reply(), Reply::ok(), "PUSH {number}");
    }
    assert_eq!(client.read_reply(), Reply::Closed);
    assert_eq!(server.client().queue_size("q"), Some(100));
}

#[test]
fn line_without_an_end_is_no_command() {
    let server = Server::start();
    let mut client = server.client();
    client
        .send_raw(push_line("jid-000001").trim_end().as_bytes())
        .unwrap();
    client.shut_down_sending();
    assert_eq!(client.read_reply(), Reply::Closed);
    assert_eq!(server.client().queue_size("q"), None);
}

#[test]
fn commands_behind_end_are_not_carried_out() {
    let server = Server::start();
    let mut client = server.client();
    let bytes = format!(
        "{}END\r\n{}",
        push_line("jid-000001"),
        push_line("jid-000002")
    );
    client.send_raw(bytes.as_bytes()).unwrap();
    assert_eq!(client.read_reply(), Reply::ok());
    assert_eq!(client.read_reply(), Reply::Closed);
    assert_eq!(server.client().queue_size("q"), Some(1));
}

#[test]
fn pipelined_pushes_of_many_connections_all_arrive() {
    let server = Server::start();
    let addr = server.addr();
    let pushers: Vec<_> = (0..10)
        .map(|pusher| {
            thread::spawn(move || {
                let mut client = workmill_tests::Client::producer(addr);
                let bytes: String = (0..200)
                    .map(|number| push_line(&format!("jid-{pusher:03}-{number:06}")))
                    .collect();
                client.send_raw(bytes.as_bytes()).unwrap();
                for _ in 0..200 {
                    assert_eq!(client.read_reply(), Reply::ok());
                }
            })
        })
        .collect();
    for pusher in pushers {
        pusher.join().unwrap();
    }
    let mut client = server.client();
    assert_eq!(client.queue_size("q"), Some(2000));
    // Jobs of one connection keep their order among each other.
    let mut next = [0; 10];
    for _ in 0..2000 {
        let jid = client.fetch_jid("q");
        let (pusher, number) = jid.strip_prefix("jid-").unwrap().split_once('-').unwrap();
        let pusher: usize = pusher.parse().unwrap();
        assert_eq!(
            number.parse::<usize>().unwrap(),
            next[pusher],
            "of connection {pusher}"
        );
        next[pusher] += 1;
    }
}
