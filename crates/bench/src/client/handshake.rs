//! HELLO.

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use workmill_proto::Challenge;

/// What the server's greeting asks for.
#[derive(Debug, Deserialize)]
struct Greeting {
    v: u8,
    #[serde(rename = "i")]
    iterations: Option<u32>,
    #[serde(rename = "s")]
    salt: Option<String>,
}

#[derive(Debug, Serialize)]
struct Hello<'a> {
    v: u8,
    hostname: &'a str,
    pid: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    wid: Option<&'a str>,
    labels: [&'a str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    pwdhash: Option<String>,
}

/// The JSON to answer this greeting with, as a worker if there is a `wid`.
pub(super) fn hello(
    greeting: &[u8],
    password: Option<&str>,
    wid: Option<&str>,
) -> anyhow::Result<Vec<u8>> {
    let json = greeting
        .strip_prefix(b"HI ")
        .context("the server does not greet with +HI: it does not speak this protocol")?;
    let greeting: Greeting =
        serde_json::from_slice(json).context("the server's greeting is no JSON")?;
    if greeting.v != 2 {
        bail!(
            "the server speaks version {} of the protocol, not 2",
            greeting.v
        );
    }
    let pwdhash = match (greeting.salt, greeting.iterations) {
        (Some(salt), Some(iterations)) => {
            let password = password.context(
                "the server asks for a password: name it as in tcp://:PASSWORD@HOST:PORT",
            )?;
            Some(Challenge { salt, iterations }.proof(password))
        }
        _ => None,
    };
    let hello = Hello {
        v: 2,
        hostname: "workmill-bench",
        pid: std::process::id(),
        wid,
        labels: ["workmill-bench"],
        pwdhash,
    };
    Ok(serde_json::to_vec(&hello)?)
}

#[cfg(test)]
mod tests {
    use workmill_proto::{Hello, greeting};

    use super::*;

    fn answer(challenge: Option<&Challenge>, password: Option<&str>) -> anyhow::Result<Hello> {
        let greeting = greeting(challenge);
        let text = greeting.trim_end().strip_prefix('+').unwrap();
        let json = hello(text.as_bytes(), password, Some("w"))?;
        Ok(Hello::parse(&[b"HELLO ", json.as_slice()].concat()).unwrap())
    }

    #[test]
    fn a_worker_introduces_itself_and_proves_that_it_knows_the_password() {
        let challenge = Challenge {
            salt: "55104dc76695721d".to_owned(),
            iterations: 1545,
        };
        let hello = answer(Some(&challenge), Some("secret")).unwrap();
        assert!(challenge.accepts("secret", &hello));
        assert_eq!((hello.wid.as_str(), hello.v), ("w", 2));
        let hello = answer(None, Some("secret")).unwrap();
        assert_eq!(hello.pwdhash, "");
        let error = answer(Some(&challenge), None).unwrap_err().to_string();
        assert!(error.contains("tcp://:PASSWORD@"), "{error}");
    }

    #[test]
    fn other_protocols_are_refused() {
        for greeting in ["PONG", "HI {\"v\":3}", "HI x"] {
            assert!(
                hello(greeting.as_bytes(), None, None).is_err(),
                "{greeting}"
            );
        }
    }
}
