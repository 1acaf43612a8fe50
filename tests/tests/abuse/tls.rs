//! Bad bytes on a TLS port.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use workmill_tests::{Memory, REPLY_WAIT, Server, reset_when_closed, seed};

/// The most memory that bad TLS may cost.
const BAD_TLS_MEMORY_MAX: u64 = 128 << 20;

type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// A server that speaks TLS, and what its clients trust.
fn start() -> (Server, Arc<ClientConfig>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let server = Server::builder()
        .tls(
            cert.pem().as_bytes(),
            signing_key.serialize_pem().as_bytes(),
        )
        .start();
    let mut roots = RootCertStore::empty();
    roots
        .add(cert.der().clone())
        .expect("a certificate to trust");
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, Arc::new(config))
}

/// A TLS connection that trusts this certificate, and has said HELLO.
fn connect(server: &Server, config: &Arc<ClientConfig>) -> TlsStream {
    let name = ServerName::try_from("localhost").expect("a name");
    let connection = ClientConnection::new(Arc::clone(config), name).expect("a client");
    let stream = TcpStream::connect(server.addr()).expect("the server listens");
    stream
        .set_read_timeout(Some(REPLY_WAIT))
        .expect("a time-out");
    let mut tls = StreamOwned::new(connection, stream);
    expect(&mut tls, "", "+HI {\"v\":2}\r\n");
    expect(&mut tls, "HELLO {\"v\":2}\r\n", "+OK\r\n");
    tls
}

/// Sends this and reads exactly that.
fn expect(tls: &mut TlsStream, sent: &str, wanted: &str) {
    tls.write_all(sent.as_bytes()).expect("send through TLS");
    let mut got = vec![0; wanted.len()];
    tls.read_exact(&mut got).expect("read through TLS");
    assert_eq!(String::from_utf8_lossy(&got), wanted);
}

/// Reads up to the end of a line, and returns it.
fn read_line(tls: &mut TlsStream) -> String {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut byte = [0];
        tls.read_exact(&mut byte).expect("read through TLS");
        line.extend(byte);
    }
    String::from_utf8(line).expect("a reply is UTF-8")
}

fn push_and_work(tls: &mut TlsStream) {
    expect(
        tls,
        "PUSH {\"jid\":\"jid-000001\",\"queue\":\"q\",\"jobtype\":\"T\",\"args\":[]}\r\n",
        "+OK\r\n",
    );
    expect(tls, "FETCH q\r\n", "$");
    read_line(tls);
    read_line(tls);
    expect(tls, "ACK {\"jid\":\"jid-000001\"}\r\n", "+OK\r\n");
}

#[test]
fn bad_bytes_on_the_tls_port_end_only_their_own_connection() {
    let (mut server, config) = start();
    let mut good = connect(&server, &config);
    let mut rng = SmallRng::seed_from_u64(seed());
    let mut half_open = Vec::new();
    for round in 0..300 {
        let mut bad = TcpStream::connect(server.addr()).expect("the server listens");
        let mut bytes = vec![0; rng.random_range(1..4_096)];
        rng.fill(&mut bytes[..]);
        if round % 3 == 0 {
            // The head of a handshake record of TLS 1.2 that promises more than comes.
            bytes.splice(0..0, [0x16, 0x03, 0x03, 0x3f, 0xff]);
        }
        if round % 5 == 0 {
            bytes = b"HELLO {\"v\":2}\r\n".to_vec();
        }
        // The server may be quicker to close than we are to send.
        let _ = bad.write_all(&bytes);
        half_open.push(bad);
        if round % 10 == 0 {
            push_and_work(&mut good);
        }
    }
    for mut bad in half_open {
        let mut answer = Vec::new();
        // Reset with bytes unread is as good.
        let _ = bad.read_to_end(&mut answer);
        assert!(
            !answer.starts_with(b"+HI"),
            "the greeting was sent without TLS"
        );
    }
    push_and_work(&mut good);
    push_and_work(&mut connect(&server, &config));
    server.wait_for_log("a TLS handshake has failed: ");
    let memory = Memory::of(server.pid());
    assert!(memory.peak_bytes <= BAD_TLS_MEMORY_MAX, "{memory:?}");
    assert!(server.is_running());
}

#[test]
fn job_that_lies_unsent_when_a_tls_connection_breaks_is_there_for_the_next() {
    let (server, config) = start();
    let mut good = connect(&server, &config);
    let args = "x".repeat(500_000);
    let push =
        format!(r#"PUSH {{"jid":"jid-000001","queue":"q","jobtype":"T","args":["{args}"]}}"#);
    expect(&mut good, &format!("{push}\r\n"), "+OK\r\n");
    for round in 0..5 {
        let mut ghost = connect(&server, &config);
        // The PUSH comes after the last byte of the job.
        let marker = format!("m{round}");
        let push =
            format!(r#"PUSH {{"jid":"jid-marker","queue":"{marker}","jobtype":"T","args":[]}}"#);
        ghost
            .write_all(format!("FETCH q\r\n{push}\r\n").as_bytes())
            .expect("send through TLS");
        expect(&mut good, &format!("FETCH {marker}\r\n"), "$");
        read_line(&mut good);
        read_line(&mut good);
        reset_when_closed(&ghost.sock);
        drop(ghost);
        expect(&mut good, "FETCH q\r\n", "$");
        read_line(&mut good);
        let fetched = read_line(&mut good);
        assert!(fetched.contains(r#""jid":"jid-000001""#));
        expect(&mut good, "REQUEUE {\"jid\":\"jid-000001\"}\r\n", "+OK\r\n");
    }
}

#[test]
fn whoever_speaks_no_tls_is_a_line_of_the_log_with_the_reason() {
    for (bytes, reason) in [
        (&b"HELLO {\"v\":2}\r\n"[..], "does not speak TLS"),
        (b"", "did not begin one in time"),
    ] {
        let (server, _) = start();
        let mut plain = TcpStream::connect(server.addr()).expect("the server listens");
        plain.write_all(bytes).expect("send");
        let line = server.wait_for_log(reason);
        let peer = plain.local_addr().expect("an address").to_string();
        assert!(line.contains("WARN") && line.contains(&peer), "{line}");
    }
}
