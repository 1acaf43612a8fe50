//! What is said before the first command: the server's greeting and the client's HELLO.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq as _;

use crate::json::{self, JsonError};
use crate::limits::{HELLO_TEXT_BYTES_MAX, LABELS_MAX, WID_BYTES_MAX};

/// What a client must prove it knows the password with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Random, lower-case hexadecimal.
    pub salt: String,
    /// How often to hash. Faktory takes 4000 to 8095.
    pub iterations: u32,
}

/// The first line of a connection, with its line end. Clients compare its bytes.
pub fn greeting(challenge: Option<&Challenge>) -> String {
    match challenge {
        None => "+HI {\"v\":2}\r\n".to_owned(),
        Some(Challenge { salt, iterations }) => {
            format!("+HI {{\"v\":2,\"i\":{iterations},\"s\":\"{salt}\"}}\r\n")
        }
    }
}

/// How a client introduces itself.
///
/// Texts other than the worker id are cut at [`HELLO_TEXT_BYTES_MAX`]. All of them are as the client sent
/// them, control characters included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The client's machine.
    pub hostname: String,
    /// The worker this connection belongs to; empty for a producer.
    pub wid: String,
    /// The proof of the password; empty if there is none.
    pub pwdhash: String,
    /// For proxies; the server ignores it.
    pub username: String,
    /// What the worker calls itself.
    pub labels: Vec<String>,
    /// The worker's process id.
    pub pid: i64,
    /// The worker's memory in kilobytes.
    pub rss_kb: i64,
    /// The protocol version the client speaks; 0 if it does not say.
    pub v: u8,
}

impl Hello {
    /// Reads the first line of a client. None if it is no HELLO: close the connection without a word, as
    /// Faktory does. Also none if the worker id or the labels exceed their [limits](crate::limits).
    pub fn parse(line: &[u8]) -> Option<Self> {
        let json = line.strip_prefix(b"HELLO ")?;
        if !json.starts_with(b"{") {
            return None;
        }
        Self::decode(&String::from_utf8_lossy(json)).ok().flatten()
    }

    fn decode(json: &str) -> Result<Option<Self>, JsonError> {
        let names = [
            "hostname", "wid", "pwdhash", "username", "labels", "pid", "rss_kb", "v",
        ];
        let [hostname, wid, pwdhash, username, labels, pid, rss_kb, v] =
            json::read_members(json, &names, |_, _| {})?;
        let wid = json::string("wid", wid)?.unwrap_or_default();
        let labels = json::strings("labels", labels, LABELS_MAX + 1)?.unwrap_or_default();
        let Ok(v) = u8::try_from(json::integer("v", v)?.unwrap_or(0)) else {
            return Ok(None);
        };
        if wid.len() > WID_BYTES_MAX || labels.len() > LABELS_MAX {
            return Ok(None);
        }
        let text = |name, value| {
            json::string(name, value).map(|text| head(text.as_deref().unwrap_or_default()))
        };
        Ok(Some(Self {
            hostname: text("hostname", hostname)?,
            wid: wid.into_owned(),
            pwdhash: text("pwdhash", pwdhash)?,
            username: text("username", username)?,
            labels: labels.iter().map(|label| head(label)).collect(),
            pid: json::integer("pid", pid)?.unwrap_or(0),
            rss_kb: json::integer("rss_kb", rss_kb)?.unwrap_or(0),
            v,
        }))
    }
}

/// The beginning of a text that is kept, without the memory of the rest.
fn head(text: &str) -> String {
    let end = text.floor_char_boundary(HELLO_TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}

impl Challenge {
    /// Whether this HELLO proves that its sender knows the password. Takes the same time for any proof.
    ///
    /// A client that speaks version 2 hashes as often as asked, an older one once.
    pub fn accepts(&self, password: &str, hello: &Hello) -> bool {
        let iterations = if hello.v < 2 { 1 } else { self.iterations };
        let proof = self.hash(password, iterations);
        proof.as_bytes().ct_eq(hello.pwdhash.as_bytes()).into()
    }

    /// What a client of version 2 sends as `pwdhash`.
    pub fn proof(&self, password: &str) -> String {
        self.hash(password, self.iterations)
    }

    fn hash(&self, password: &str, iterations: u32) -> String {
        let mut digest = Sha256::new()
            .chain_update(password)
            .chain_update(&self.salt)
            .finalize();
        for _ in 1..iterations {
            digest = Sha256::digest(digest);
        }
        let mut proof = String::with_capacity(64);
        for byte in digest {
            // Writing to a String cannot fail.
            let _ = write!(proof, "{byte:02x}");
        }
        proof
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge() -> Challenge {
        Challenge {
            salt: "55104dc76695721d".to_owned(),
            iterations: 1545,
        }
    }

    fn hello(v: u8, pwdhash: &str) -> Hello {
        Hello {
            v,
            pwdhash: pwdhash.to_owned(),
            ..Hello::default()
        }
    }

    #[test]
    fn the_greeting_has_exactly_these_bytes() {
        assert_eq!(greeting(None), "+HI {\"v\":2}\r\n");
        let text = greeting(Some(&challenge()));
        assert_eq!(
            text,
            "+HI {\"v\":2,\"i\":1545,\"s\":\"55104dc76695721d\"}\r\n"
        );
    }

    #[test]
    fn the_known_proof_is_accepted() {
        let proof = "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30";
        assert_eq!(challenge().proof("foobar"), proof);
        assert!(challenge().accepts("foobar", &hello(2, proof)));
        assert!(!challenge().accepts("foobaz", &hello(2, proof)));
        assert!(!challenge().accepts("foobar", &hello(1, proof)));
        assert!(!challenge().accepts("foobar", &hello(2, &proof.to_uppercase())));
        assert!(!challenge().accepts("foobar", &hello(2, &proof[..63])));
        assert!(!challenge().accepts("foobar", &hello(2, "")));
    }

    #[test]
    fn clients_before_version_2_hash_once() {
        let once = Challenge {
            iterations: 1,
            ..challenge()
        };
        // printf foobar55104dc76695721d | sha256sum
        let proof = "bda5ef54df4404655456165c27f46764614a296cdafcaffc747b7ab7cc1ea313";
        for v in [0, 1] {
            assert!(challenge().accepts("foobar", &hello(v, proof)));
        }
        assert!(!challenge().accepts("foobar", &hello(2, proof)));
        assert!(once.accepts("foobar", &hello(2, proof)));
    }

    #[test]
    fn a_full_hello_is_read() {
        let line = br#"HELLO {"hostname":"h","wid":"w","pwdhash":"p","username":"u",
            "labels":["a","b"],"pid":7,"rss_kb":8,"v":2,"new":{"x":[1]}}"#;
        let wanted = Hello {
            hostname: "h".to_owned(),
            wid: "w".to_owned(),
            pwdhash: "p".to_owned(),
            username: "u".to_owned(),
            labels: vec!["a".to_owned(), "b".to_owned()],
            pid: 7,
            rss_kb: 8,
            v: 2,
        };
        assert_eq!(Hello::parse(line), Some(wanted));
    }

    #[test]
    fn absent_null_and_oddly_cased_fields_are_tolerated() {
        let nothing = Hello::default();
        assert_eq!(Hello::parse(b"HELLO {}"), Some(nothing.clone()));
        let nulls = br#"HELLO {"hostname":null,"wid":null,"pwdhash":null,"username":null,"labels":null,"pid":null,"rss_kb":null,"v":null}"#;
        assert_eq!(Hello::parse(nulls), Some(nothing));
        assert_eq!(
            Hello::parse(br#"HELLO {"WID":"w","V":255}"#).unwrap().v,
            255
        );
    }

    #[test]
    fn what_is_no_hello_is_refused() {
        let lines = [
            "",
            "HELLO",
            "HELLO ",
            "HELLO  {}",
            "hello {}",
            "HELLO\t{}",
            "PUSH {}",
            "HELLO {",
            "HELLO {} x",
            "HELLO {}{}",
            "HELLO []",
            "HELLO null",
            r#"HELLO {"v":256}"#,
            r#"HELLO {"v":-1}"#,
            r#"HELLO {"v":2.0}"#,
            r#"HELLO {"v":"2"}"#,
            r#"HELLO {"pid":"1"}"#,
            r#"HELLO {"labels":[1]}"#,
            r#"HELLO {"labels":"a"}"#,
            r#"HELLO {"hostname":1}"#,
            r#"HELLO {"wid":{}}"#,
            r#"HELLO {"pwdhash":1}"#,
            r#"HELLO {"username":1}"#,
            r#"HELLO {"rss_kb":1.5}"#,
        ];
        for line in lines {
            assert_eq!(Hello::parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let long = format!("a{}", "é".repeat(HELLO_TEXT_BYTES_MAX));
        let line = format!(
            r#"HELLO {{"hostname":"{long}","username":"{long}","pwdhash":"{long}","labels":["{long}","b"]}}"#
        );
        let hello = Hello::parse(line.as_bytes()).unwrap();
        let cut = format!("a{}", "é".repeat(HELLO_TEXT_BYTES_MAX / 2 - 1));
        for text in [&hello.hostname, &hello.username, &hello.pwdhash] {
            assert_eq!((text, text.capacity()), (&cut, cut.len()));
        }
        assert_eq!(hello.labels, [cut, "b".to_owned()]);
    }

    #[test]
    fn a_proof_that_only_begins_well_is_refused() {
        let proof = "6d877f8e5544b1f2598768f817413ab8a357afffa924dedae99eb91472d4ec30";
        let line = format!(
            r#"HELLO {{"v":2,"pwdhash":"{proof}{}"}}"#,
            "0".repeat(HELLO_TEXT_BYTES_MAX)
        );
        let hello = Hello::parse(line.as_bytes()).unwrap();
        assert!(!challenge().accepts("foobar", &hello));
    }

    #[test]
    fn wid_and_labels_are_bounded() {
        let hello = |wid: usize, labels: usize| {
            let labels = vec!["\"l\""; labels].join(",");
            let line = format!(
                "HELLO {{\"wid\":\"{}\",\"labels\":[{labels}]}}",
                "w".repeat(wid)
            );
            Hello::parse(line.as_bytes())
        };
        assert!(hello(WID_BYTES_MAX, LABELS_MAX).is_some());
        assert!(hello(WID_BYTES_MAX + 1, 0).is_none());
        assert!(hello(1, LABELS_MAX + 1).is_none());
    }
}
