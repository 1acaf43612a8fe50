//! What a server answers.

use serde_json::Value;

/// One reply of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+text`.
    Simple(String),
    /// `-CODE text`, without the dash.
    Error(String),
    /// `$<bytes>` and the bytes.
    Bulk(Vec<u8>),
    /// `$-1`.
    Nil,
    /// The server closed the connection instead.
    Closed,
}

impl Reply {
    /// `+OK`.
    pub fn ok() -> Self {
        Self::Simple("OK".to_owned())
    }

    /// Whether this is `+OK`.
    pub fn is_ok(&self) -> bool {
        matches!(self, Self::Simple(text) if text == "OK")
    }

    /// The bytes of a bulk reply; panics for any other.
    pub fn bulk(self) -> Vec<u8> {
        match self {
            Self::Bulk(bytes) => bytes,
            other => panic!("expected a bulk reply, got {other:?}"),
        }
    }

    /// A bulk reply as text.
    pub fn text(self) -> String {
        String::from_utf8(self.bulk()).expect("a bulk reply is UTF-8")
    }

    /// A bulk reply as JSON. Integers of more than 64 bits lose digits here: look at [`Self::text`] for those.
    pub fn json(self) -> Value {
        let text = self.text();
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("a bulk reply is JSON, but {error}: {text}"))
    }

    /// The text of an error reply; panics for any other.
    pub fn error(self) -> String {
        match self {
            Self::Error(text) => text,
            other => panic!("expected an error, got {other:?}"),
        }
    }
}
