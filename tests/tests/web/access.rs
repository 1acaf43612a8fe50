//! Who may come in.

use std::io::Write as _;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;

use nix::sys::signal::Signal;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use workmill_tests::{
    Server, binary_path, read_answer, send_request, web_addr, web_get, web_request,
};

/// `anybody:hunter2` and `anybody:other`.
const HUNTER2: &str = "authorization: Basic YW55Ym9keTpodW50ZXIy";
const OTHER: &str = "authorization: Basic YW55Ym9keTpvdGhlcg==";

fn status(server: &Server, headers: &[&str]) -> u16 {
    web_request(&server.web_url(), "GET", "/", headers, "").status
}

#[test]
fn password_of_the_server_is_asked_for_and_never_logged() {
    let mut server = Server::builder().web().password("hunter2").start();
    let refused = web_get(&server.web_url(), "/");
    assert_eq!(refused.status, 401);
    assert_eq!(
        refused.header("www-authenticate"),
        "Basic realm=\"Faktory\""
    );
    assert_eq!(status(&server, &[OTHER]), 401);
    assert_eq!(status(&server, &[HUNTER2]), 200);
    let ended = server.stop();
    assert!(!ended.log.contains("hunter2") && !ended.log.contains("YW55"));
}

#[test]
fn changed_password_of_the_pages_holds_from_a_reload_on() {
    let server = Server::builder()
        .web()
        .password("other")
        .config("[web]\npassword = \"hunter2\"\n")
        .start();
    assert_eq!(
        (status(&server, &[HUNTER2]), status(&server, &[OTHER])),
        (200, 401)
    );
    server.files().write_config("50-test.toml", "");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("settings read again");
    assert_eq!(
        (status(&server, &[HUNTER2]), status(&server, &[OTHER])),
        (401, 200)
    );
}

#[test]
fn pages_have_the_certificate_of_the_server() {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = signing_key.serialize_pem();
    let server = Server::builder()
        .web()
        .tls(cert.pem().as_bytes(), key.as_bytes())
        .start();
    let url = server.web_url();
    assert!(url.starts_with("https://"), "{url}");
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let stream = TcpStream::connect(web_addr(&url)).unwrap();
    let mut tls = StreamOwned::new(connection, stream);
    send_request(&mut tls, "localhost", "GET", "/", &[], "");
    let answer = read_answer(&mut tls);
    assert_eq!(answer.status, 200);
}

/// What `workmill hash-password` prints for this.
fn hash_of(input: &str) -> (i32, String) {
    let mut child = Command::new(binary_path())
        .arg("hash-password")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).ok();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(text).unwrap(),
    )
}

#[test]
fn user_comes_in_by_the_hash_that_was_printed_for_them() {
    let (code, hash) = hash_of("hunter2\n");
    assert_eq!(code, 0, "{hash}");
    assert_eq!(hash.lines().count(), 1);
    let server = Server::builder()
        .web()
        .password("other")
        .config(&format!(
            "[[web_user]]\nname = \"anybody\"\nrole = \"viewer\"\nhash = {:?}\n",
            hash.trim_end()
        ))
        .start();
    assert_eq!(status(&server, &[HUNTER2]), 200);
    assert_eq!(
        status(&server, &["authorization: Bearer anybody~hunter2"]),
        200
    );
    // The password of the server is known to every worker.
    assert_eq!(status(&server, &[OTHER]), 401);
    assert_eq!(
        status(&server, &["authorization: Bearer nobody~hunter2"]),
        401
    );
    server.files().write_config("50-test.toml", "");
    server.signal(Signal::SIGHUP);
    server.wait_for_log("web_user has changed");
    server.wait_for_log("settings read again");
    assert_eq!(
        (status(&server, &[HUNTER2]), status(&server, &[OTHER])),
        (401, 200)
    );
}

#[test]
fn hash_is_of_the_first_line_and_needs_one() {
    for wrong in ["", "\n", &"x".repeat(1_025)] {
        let (code, text) = hash_of(wrong);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("has no bytes, or more than 1024"), "{text}");
    }
    for right in ["x", "x\r\n", "x\ny\n", &"x".repeat(1_024)] {
        assert_eq!(hash_of(right).0, 0);
    }
}

#[test]
fn wrong_passwords_are_counted_by_the_address_a_trusted_proxy_names() {
    let server = Server::builder()
        .web()
        .password("hunter2")
        .config("[web]\nproxies = [\"127.0.0.0/8\"]\n")
        .start();
    let from = |client: &str, authorization: &str| {
        let forwarded = format!("x-forwarded-for: {client}");
        status(&server, &[&forwarded, authorization])
    };
    let statuses: Vec<u16> = (0..20).map(|_| from("192.0.2.1", OTHER)).collect();
    assert_eq!(statuses.first(), Some(&401));
    assert!(statuses.contains(&429), "{statuses:?}");
    let told = server.wait_for_log("too many wrong passwords for the web pages");
    assert!(told.contains("192.0.2.1"), "{told}");
    assert_eq!(from("192.0.2.2", OTHER), 401);
    assert_eq!(from("192.0.2.3", HUNTER2), 200);
}

#[test]
fn address_that_nobody_trusts_to_name_others_counts_itself() {
    let server = Server::builder().web().password("hunter2").start();
    let statuses: Vec<u16> = (0..20)
        .map(|n| {
            let forwarded = format!("x-forwarded-for: 192.0.2.{n}");
            status(&server, &[&forwarded, OTHER])
        })
        .collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

#[test]
fn what_another_site_sends_is_refused() {
    let server = Server::builder().web().start();
    let post = |header: &str| web_request(&server.web_url(), "POST", "/", &[header], "a=b").status;
    assert_eq!(post("sec-fetch-site: cross-site"), 403);
    assert_eq!(post("origin: http://evil.example"), 403);
    assert_ne!(post("sec-fetch-site: same-origin"), 403);
    assert_ne!(post(&format!("origin: {}", server.web_url())), 403);
}

#[test]
fn pages_that_ask_nobody_are_open_and_loudly_so() {
    let server = Server::builder()
        .arg("-w")
        .arg("0.0.0.0:0")
        .password("hunter2")
        .config("[web]\nauthentication = false\n")
        .start();
    assert!(
        server
            .log_text()
            .contains("NO AUTHENTICATION: everybody who can reach")
    );
    let url = server.web_url().replace("localhost", "127.0.0.1");
    assert_eq!(web_get(&url, "/").status, 200);
}
