//! Who is let in where servers link.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use workmill_tests::{Cluster, Memory, Server, binary_path, follower_of, job, links_addr};

/// A certificate and its key, for any name.
fn certificate() -> (Vec<u8>, Vec<u8>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    (certificate.into_bytes(), key.into_bytes())
}

#[test]
fn link_of_a_leader_with_a_certificate_is_private() {
    let (certificate, key) = certificate();
    let cluster = Cluster::start_with(Server::builder().tls(&certificate, &key));
    let follower = cluster.follower().start();
    let mut client = follower.client();
    client.push(&job("in-private", "q"));
    assert_eq!(client.fetch_jid("q"), "in-private");
}

#[test]
fn server_with_another_secret_is_told_so_and_not_let_in() {
    let cluster = Cluster::start();
    let config = format!(
        "[cluster]\nleader = \"{}\"\nsecret = \"quite another secret\"\n",
        links_addr(&cluster.leader)
    );
    let follower = Server::builder().config(&config).start();
    let line = follower.wait_for_log("no link to the server that leads");
    assert!(line.contains("knows another secret"), "{line}");
    let line = cluster.leader.wait_for_log("a server is not let in");
    assert!(line.contains("knows another secret"), "{line}");
    for log in [follower.log_text(), cluster.leader.log_text()] {
        assert!(!log.contains("quite another secret"), "{log}");
    }
}

#[test]
fn what_is_no_server_is_sent_away_and_harms_nobody() {
    let cluster = Cluster::start();
    let addr = links_addr(&cluster.leader);
    let follower = cluster.follower().start();
    let before = Memory::of(cluster.leader.pid()).resident_bytes;
    let strangers: [&[u8]; 4] = [
        b"GET / HTTP/1.1\r\n\r\n",
        &[0xff; 64],
        &[0, 0, 0, 9, 1],
        b"",
    ];
    let sockets = strangers.map(|text| {
        let mut socket = TcpStream::connect(addr).unwrap();
        socket.write_all(text).unwrap();
        socket
    });
    for mut socket in sockets {
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let mut said = Vec::new();
        // A greeting and perhaps a refusal, then the end.
        match socket.read_to_end(&mut said) {
            Ok(_) => assert!(said.len() < 1_024, "{said:?}"),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
    let mut client = follower.client();
    client.push(&job("all-the-same", "q"));
    let grown = Memory::of(cluster.leader.pid())
        .resident_bytes
        .saturating_sub(before);
    assert!(grown < 32 << 20, "{grown}");
}

#[test]
fn follower_of_something_else_says_so() {
    let other = Server::start();
    let follower = follower_of(other.addr()).start();
    let line = follower.wait_for_log("no link to the server that leads");
    assert!(line.contains("no cluster port of Workmill"), "{line}");
}

#[test]
fn configuration_that_cannot_work_is_refused_with_what_to_do() {
    for (config, wanted) in [
        ("leader = \"localhost:1\"", "set cluster.secret"),
        ("binding = \"localhost:0\"", "set cluster.secret"),
        (
            "binding = \"localhost:0\"\nsecret = \"short\"",
            "at least 16 bytes",
        ),
        (
            "binding = \"localhost:0\"\nleader = \"localhost:1\"\nsecret = \"0123456789abcdef\"",
            "remove one of the two",
        ),
        (
            "leader = \"nowhere\"\nsecret = \"0123456789abcdef\"",
            "has no port",
        ),
    ] {
        let builder = Server::builder().config(&format!("[cluster]\n{config}\n"));
        let ended = builder.try_start().unwrap_err();
        assert!(ended.log.contains(wanted), "{config}: {}", ended.log);
    }
}

#[test]
fn check_of_the_configuration_of_a_follower_looks_at_no_storage_directory() {
    let builder = follower_of(Server::start().addr());
    let config_dir = builder.files_ref().config_dir();
    let output = Command::new(binary_path())
        .args(["check-config", "-d", "/dev/null", "-c"])
        .arg(config_dir)
        .output()
        .unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
}
