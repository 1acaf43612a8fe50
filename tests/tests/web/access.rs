//! Who may come in.

use std::net::TcpStream;
use std::sync::Arc;

use nix::sys::signal::Signal;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use workmill_tests::{Server, read_answer, send_request, web_addr, web_get, web_request};

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
