//! The limit of connections, and the system's limit of open files.

use workmill_tests::{Client, Reply, Server, job};

fn limited(connections_max: usize) -> Server {
    Server::builder()
        .config(&format!("[limits]\nconnections_max = {connections_max}\n"))
        .start()
}

fn connect(server: &Server) -> (Client, Reply) {
    let mut client = Client::connect(server.addr());
    let reply = client.hello(&serde_json::json!({"v": 2}));
    (client, reply)
}

#[test]
fn connection_over_the_limit_is_greeted_told_and_closed() {
    let server = limited(3);
    let mut inside: Vec<Client> = (0..3).map(|_| server.client()).collect();
    let (mut outside, reply) = connect(&server);
    assert_eq!(reply, Reply::ok());
    let error = outside.read_reply().error();
    assert!(error.starts_with("ERR too many connections: "), "{error}");
    assert_eq!(outside.read_reply(), Reply::Closed);
    for client in &mut inside {
        client.info();
    }
}

#[test]
fn connection_is_taken_again_once_another_left() {
    let server = limited(2);
    let mut first = server.client();
    let second = server.client();
    let (mut outside, _) = connect(&server);
    outside.read_reply().error();
    assert_eq!(outside.read_reply(), Reply::Closed);
    drop(second);
    first.wait_for_info(|info| info["server"]["connections"] == 1);
    let mut third = server.client();
    third.info();
}

#[test]
fn refused_connections_leave_nothing_behind() {
    let server = limited(2);
    let mut first = server.client();
    let _second = server.client();
    for _ in 0..50 {
        let (mut outside, _) = connect(&server);
        outside.read_reply().error();
        assert_eq!(outside.read_reply(), Reply::Closed);
    }
    first.wait_for_info(|info| info["server"]["connections"] == 2);
    assert_eq!(first.task_size("Workers"), 0);
}

/// More sockets than a server of ten connections has room for, with those that it keeps for newcomers.
const SILENT: usize = 100;

#[test]
fn those_who_say_nothing_keep_nobody_out() {
    let server = limited(10);
    let silent: Vec<Client> = (0..SILENT)
        .map(|_| Client::connect(server.addr()))
        .collect();
    let mut client = server.client();
    client.info();
    let mut pushed_out = 0;
    for mut client in silent {
        match client.read_reply() {
            Reply::Error(reason) => {
                assert!(reason.contains("say HELLO sooner"), "{reason}");
                pushed_out += 1;
            }
            reply => assert_eq!(reply, Reply::Closed),
        }
    }
    assert!(pushed_out > 0);
    server.wait_for_log("one without a HELLO is closed");
}

#[test]
fn server_short_of_files_serves_those_it_has_and_recovers() {
    let server = Server::builder().open_files_max(64).start();
    let mut client = server.client();
    let mut crowd: Vec<_> = (0..200)
        .filter_map(|_| std::net::TcpStream::connect(server.addr()).ok())
        .collect();
    assert!(
        crowd.len() >= 100,
        "the system takes connections even while the server cannot"
    );
    client.push(&job("jid-000001", "q"));
    assert_eq!(client.fetch_jid("q"), "jid-000001");
    client.ack("jid-000001");
    crowd.clear();
    client.wait_for_info(|info| info["server"]["connections"] == 1);
    let mut late = server.client();
    late.push(&job("jid-000002", "q"));
}

#[test]
fn limit_of_open_files_is_a_warning_only_to_who_asks_for_more_connections() {
    let fits = "at most 136 connections, as the system allows this process 200 open files";
    let few_files = || Server::builder().open_files_max(200);
    let server = few_files().start();
    let log = server.log_text();
    assert!(log.contains(fits) && !log.contains(" WARN "), "{log}");
    let config = "[limits]\nconnections_max = 137\n";
    let server = few_files().config(config).start();
    let log = server.log_text();
    let warning = "at most 136 connections instead of 137: the system allows this process 200 open";
    assert!(log.contains(fits) && log.contains(warning), "{log}");
    assert!(log.contains(" WARN "), "{log}");
}
