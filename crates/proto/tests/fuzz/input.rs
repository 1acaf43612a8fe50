//! Random input that is likely to get far.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use workmill_proto::TABLE;

/// Commands as clients send them.
const COMMANDS: &[&str] = &[
    r#"PUSH {"jid":"12345678","jobtype":"t","args":[1,"two",{"three":3.0}],"queue":"q","priority":5}"#,
    r#"PUSH {"retry":3,"failure":{"retry_count":1,"backtrace":["a"]},"custom":{"track":1},"jid":"abcdefghij","queue":"default","jobtype":"Some::Job","created_at":"2026-01-31T08:00:00Z","at":"2026-01-31T08:00:00.5+01:00","args":[],"reserve_for":600,"backtrace":10,"x":null,"y":"\u00e9"}"#,
    r#"PUSHB [{"jid":"12345678","jobtype":"t","args":[]},{"jid":"87654321","jobtype":"t","args":[{}]}]"#,
    "FETCH critical default low",
    r#"ACK {"jid":"12345678","extra":[1]}"#,
    r#"FAIL {"jid":"12345678","errtype":"E","message":"m","backtrace":["a","b"]}"#,
    r#"BEAT {"wid":"w1","current_state":"quiet","rss_kb":1024}"#,
    r#"MUTATE {"cmd":"kill","target":"retries","filter":{"jobtype":"t","jids":["12345678"],"regexp":"*[a-z]?\\*"}}"#,
    "QUEUE PAUSE a b",
    "QUEUE LATENCY a",
    r#"PUSH {"jid":"12345678","jobtype":"t","args":[{"b":1,"a":[{"\u0064":2,"c":3}]}],"custom":{"unique_for":60.5,"unique_until":"start","bid":"b-AAAAAAAAAAAAAA","track":1,"expires_in":"1h30m"}}"#,
    r#"PUSH {"jid":"12345678","jobtype":"t","args":[],"custom":{"expires_at":"2026-01-31 08:00:00.5+0100","_bid":"x"}}"#,
    r#"REQUEUE {"jid":"12345678"}"#,
    r#"BATCH NEW {"bid":"","parent_bid":null,"description":"d","success":{"jobtype":"t","custom":{"a":1}},"complete":{"jid":"12345678","jobtype":"t","args":[1],"queue":"q"}}"#,
    "BATCH OPEN b-AAAAAAAAAAAAAA",
    "BATCH CHILD b-AAAAAAAAAAAAAA b-AAAAAAAAAAAAAQ",
    "TRACK GET 12345678",
    r#"TRACK SET {"jid":"12345678","percent":50,"desc":"half","reserve_until":"2026-01-31T08:00:00Z"}"#,
    "INFO",
    "FLUSH",
    "END",
    r#"HELLO {"hostname":"h","wid":"w","pwdhash":"p","labels":["a"],"pid":1,"v":2}"#,
];

/// One thing that goes wrong on the way.
#[derive(Clone, Debug)]
enum Damage {
    /// A byte is replaced.
    Replace(Index, u8),
    /// A byte is inserted.
    Insert(Index, u8),
    /// A byte is lost.
    Remove(Index),
    /// The rest is lost.
    Truncate(Index),
    /// A part comes twice.
    Repeat(Index, Index),
}

impl Damage {
    /// What comes of these bytes.
    fn inflict(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let length = bytes.len();
        if length == 0 {
            return bytes;
        }
        match self {
            Self::Replace(at, byte) => bytes[at.index(length)] = *byte,
            Self::Insert(at, byte) => bytes.insert(at.index(length), *byte),
            Self::Remove(at) => drop(bytes.remove(at.index(length))),
            Self::Truncate(at) => bytes.truncate(at.index(length)),
            Self::Repeat(from, to) => {
                let ends = [from.index(length), to.index(length)];
                let [start, end] = [ends[0].min(ends[1]), ends[0].max(ends[1])];
                bytes.splice(start..start, bytes[start..end].to_vec());
            }
        }
        bytes
    }
}

/// A verb of the protocol.
pub(crate) fn verb() -> impl Strategy<Value = &'static str> {
    (0..TABLE.len()).prop_map(|index| TABLE[index].name)
}

/// A command as clients send it.
fn command() -> impl Strategy<Value = &'static str> {
    select(COMMANDS)
}

/// A command with up to three things gone wrong.
pub(crate) fn damaged_command() -> impl Strategy<Value = Vec<u8>> {
    (command(), vec(damage(), 0..4)).prop_map(|(line, damages)| {
        damages
            .iter()
            .fold(line.as_bytes().to_vec(), |line, damage| {
                damage.inflict(line)
            })
    })
}

fn damage() -> impl Strategy<Value = Damage> {
    let telling = select(b"\"\\{}[],: \r\n0-.eunt\x00\xFF".to_vec());
    let byte = prop_oneof![telling, any::<u8>()].boxed();
    let at = any::<Index>;
    prop_oneof![
        (at(), byte.clone()).prop_map(|(at, byte)| Damage::Replace(at, byte)),
        (at(), byte).prop_map(|(at, byte)| Damage::Insert(at, byte)),
        at().prop_map(Damage::Remove),
        at().prop_map(Damage::Truncate),
        (at(), at()).prop_map(|(from, to)| Damage::Repeat(from, to)),
    ]
}

/// Any JSON value, as text with odd spaces, escapes and numbers, but without line breaks.
pub(crate) fn json() -> impl Strategy<Value = String> {
    scalar().prop_recursive(6, 60, 6, |inner| {
        prop_oneof![array_of(inner.clone()), object_of(inner)]
    })
}

/// Any JSON array.
pub(crate) fn array() -> impl Strategy<Value = String> {
    array_of(json())
}

/// Any JSON object.
pub(crate) fn object() -> impl Strategy<Value = String> {
    object_of(json())
}

/// A piece of a pattern that means the same however pieces follow each other.
pub(crate) fn glob_piece() -> impl Strategy<Value = &'static str> {
    select(
        &[
            "a", "b", "c", "*", "?", "[^a]", "[a-b]", "[c-b]", "\\a", "\\*", "ab", "aab", "a?a",
            "*",
        ][..],
    )
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&["null", "true", "false", "0", "-0", "1.0", "1e400", "-12E+3"][..])
            .prop_map(String::from),
        "-?[1-9][0-9]{0,40}(\\.[0-9]{1,9})?",
        string(),
    ]
}

fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Z <>&/\\[\\]{},:]{1,5}",
        select(
            &[
                "\\\"",
                "\\\\",
                "\\/",
                "\\n",
                "\\r",
                "\\u0000",
                "\\u00E9",
                "\\ud83d\\uDE00"
            ][..]
        )
        .prop_map(String::from),
        select(&["é", "\u{2028}", "😀", "\u{7f}", "\\ud800", "\\udfff"][..]).prop_map(String::from),
    ];
    vec(piece, 0..5).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

fn array_of(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (vec(inner, 0..6), "[ \t]{0,2}")
        .prop_map(|(elements, space)| format!("[{space}{}]", elements.join(&format!("{space},"))))
}

fn object_of(inner: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (vec((string(), inner), 0..6), "[ \t]{0,2}").prop_map(|(members, space)| {
        let members: Vec<_> = members
            .into_iter()
            .map(|(key, value)| format!("{key}{space}:{value}"))
            .collect();
        format!("{{{}{space}}}", members.join(&format!(",{space}")))
    })
}
