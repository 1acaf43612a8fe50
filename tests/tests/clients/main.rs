//! Client libraries in wide use, as published, work with the server.
//!
//! `test.sh` installs them: the scripts and their pinned versions are in `tests/clients`. Every test starts its own
//! server, runs a script against it, and asserts besides the script's verdict that the server did get commands: a
//! test suite that finds no server and skips itself must not count as passed.

mod contract;
mod documented;
mod metrics;
mod readme;
mod script;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use workmill_tests::Server;

use script::{Script, commands_during, node, published_rust, python};

/// Runs a script against a server with the defaults and returns what it wrote.
fn passes_against_a_server(script: Script, commands_min: u64) -> String {
    let server = Server::start();
    let (output, commands) = commands_during(&server, || script.url(server.url()).run());
    assert!(
        commands >= commands_min,
        "the script sent {commands} commands; it has to send at least {commands_min}"
    );
    output
}

#[test]
fn the_node_client_pushes_and_works() {
    passes_against_a_server(node("jobs.js"), 10);
}

#[test]
fn the_node_client_sends_a_failed_job_back_to_its_queue() {
    passes_against_a_server(node("retries.js"), 8);
}

#[test]
fn the_node_client_moves_and_drops_jobs_in_the_sets() {
    passes_against_a_server(node("mutations.js"), 15);
}

#[test]
fn the_node_client_makes_jobs_unique_tracks_them_and_gives_them_back() {
    passes_against_a_server(node("features.js"), 30);
}

#[test]
fn the_newer_python_client_makes_batches_and_unique_jobs() {
    passes_against_a_server(python("pyfaktory_features.py"), 30);
}

#[test]
fn the_newer_python_client_pushes_and_works() {
    passes_against_a_server(python("pyfaktory_jobs.py"), 20);
}

#[test]
fn the_older_python_client_pushes_and_works() {
    passes_against_a_server(python("faktory_jobs.py"), 12);
}

#[test]
fn the_rust_client_passes_its_own_tests() {
    // Without the variable, its tests of the Enterprise edition pass and do nothing.
    let script = published_rust(&["test"]).env("FAKTORY_ENT", "1");
    passes_against_a_server(script, 250);
}

#[test]
fn the_rust_client_survives_its_load_program() {
    let output = passes_against_a_server(published_rust(&["load", "1000", "4"]), 2_000);
    // The program ends well even if its connections broke; it only lists what became of each.
    assert!(
        output.contains("Ok(") && !output.contains("Err("),
        "{output}"
    );
}

#[test]
fn clients_log_in_with_a_password() {
    let server = Server::builder().password("sesame").start();
    node("jobs.js").url(server.url()).run();
    python("password.py").url(server.url()).run();
}

#[test]
fn the_node_client_works_through_tls_and_checks_the_certificate() {
    let server = server_with_tls();
    let certificate = server.files().config_dir().join("public.cert.pem");
    node("jobs.js")
        .env("CERTIFICATE", certificate)
        .url(tls_url(&server))
        .run();
}

#[test]
fn the_newer_python_client_works_through_tls() {
    let server = server_with_tls();
    python("pyfaktory_jobs.py").url(tls_url(&server)).run();
}

/// A server with a certificate of its own making.
fn server_with_tls() -> Server {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("make a certificate");
    let (certificate, key) = (cert.pem(), signing_key.serialize_pem());
    Server::builder()
        .tls(certificate.as_bytes(), key.as_bytes())
        .start()
}

fn tls_url(server: &Server) -> String {
    server.url().replace("tcp://", "tcp+tls://")
}
