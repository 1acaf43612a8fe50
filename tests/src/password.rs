//! The proof that a client knows the server's password.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client::Client;
use crate::reply::Reply;

/// SHA-256 of password and salt, hashed again until it is done `iterations` times, in lower-case hex.
pub fn password_proof(password: &str, salt: &str, iterations: u64) -> String {
    let mut digest = Sha256::new()
        .chain_update(password)
        .chain_update(salt)
        .finalize();
    for _ in 1..iterations {
        digest = Sha256::digest(digest);
    }
    digest.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// The salt and the number of iterations of a greeting that asks for a password.
pub fn read_challenge(greeting: &str) -> (String, u64) {
    let json = greeting
        .strip_prefix("+HI ")
        .unwrap_or_else(|| panic!("no greeting: {greeting:?}"));
    let challenge: Value = serde_json::from_str(json).expect("a greeting carries JSON");
    let salt = challenge["s"]
        .as_str()
        .unwrap_or_else(|| panic!("no salt in {greeting:?}"));
    let iterations = challenge["i"]
        .as_u64()
        .unwrap_or_else(|| panic!("no iterations in {greeting:?}"));
    (salt.to_owned(), iterations)
}

/// Connects and says HELLO with this password; returns the connection and the answer.
pub fn log_in(addr: SocketAddr, password: &str) -> (Client, Reply) {
    let mut client = Client::connect(addr);
    let (salt, iterations) = read_challenge(client.greeting());
    let hello = json!({"v": 2, "pwdhash": password_proof(password, &salt, iterations)});
    let reply = client.hello(&hello);
    (client, reply)
}
