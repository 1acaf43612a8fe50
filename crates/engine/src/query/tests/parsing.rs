use super::Query;
use crate::limits::{QUERY_BYTES_MAX, QUERY_DEPTH_MAX, QUERY_STEPS_MAX, QUERY_VALUES_MAX};

fn canonical(text: &str) -> String {
    let query = Query::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let printed = query.to_string();
    assert_eq!(Query::parse(&printed), Ok(query), "{text} as {printed}");
    printed
}

#[test]
fn a_query_is_written_in_one_way() {
    for (text, wanted) in [
        ("", ""),
        ("  ", ""),
        (" a   b ", "a b"),
        ("a AND b", "a b"),
        ("a OR b c", "a OR b c"),
        ("(a OR b) c", "(a OR b) c"),
        ("(a (b c)) OR (d)", "a b c OR d"),
        ("NOT a", "-a"),
        ("NOT (a b)", "-(a b)"),
        ("NOT -a", "a"),
        ("-(-(a OR b))", "a OR b"),
        ("and or not", "and or not"),
        ("\"OR\" \"a b\" \"plain\"", "\"OR\" \"a b\" plain"),
        (r#""say \"so\\""#, r#""say \"so\\""#),
        (r"a\ b\*", "\"a b*\""),
        (r"a\ b**c", r"a\ b*c"),
        ("\"-x\" \"queue:x\"", "\"-x\" \"queue:x\""),
        (r"\-x* queue\:*", r"\-x* \queue:*"),
        ("Net::ReadTimeout", "Net::ReadTimeout"),
        ("type:Net::ReadTimeout", "type:Net::ReadTimeout"),
        ("jobtype:a bid:b args.0:c", "type:a batch:b arg.0:c"),
        ("QUEUE:Mail", "queue:Mail"),
        (
            r"queue:\:a arg:\:* queue:(b OR \:)",
            r#"queue:":a" arg:\:* queue:(b OR ":")"#,
        ),
        (
            "state:(dead OR Retry OR queued)",
            "state:(dead OR retries OR enqueued)",
        ),
        ("state:( dead )", "state:dead"),
        ("arg.0.user.\"a.b c\":x", "arg.0.user.\"a.b c\":x"),
        ("arg:5.00 arg:-1e3", "arg:5 arg:-1000"),
        (
            "arg:\"5\" arg:\"null\" arg:null",
            "arg:\"5\" arg:\"null\" arg:null",
        ),
        ("arg:007 arg:1..2 arg:a..b", "arg:007 arg:1..2 arg:a..b"),
        ("arg:12345678901234567890123", "arg:12345678901234567890123"),
        ("arg:\"\"", "arg:\"\""),
        (
            "arg:1e100 arg:1.5e-40 arg:0.00",
            "arg:0.1e101 arg:0.15e-39 arg:0",
        ),
        (
            "retries:>=3 retries:..5 retries:3..",
            "retries:>=3 retries:..5 retries:3..",
        ),
        ("at:<-90m at:2d", "at:<-1h30m at:2d"),
        ("at:+1w at:-0s", "at:7d at:now"),
        ("at:2026-11-29", "at:2026-11-29"),
        (
            "at:2026-11-29T12:00:00.50+01:00",
            "at:2026-11-29T11:00:00.5Z",
        ),
        ("enqueued:-2h..-1h", "enqueued:-2h..-1h"),
    ] {
        assert_eq!(canonical(text), wanted, "{text}");
    }
}

/// The part of the text that an error is about, and what it says.
fn error(text: &str) -> (&str, String) {
    let error = match Query::parse(text) {
        Err(error) => error,
        Ok(query) => panic!("{text} is {query}"),
    };
    assert!(error.text.is_ascii(), "{error}");
    (&text[error.at..error.at + error.len], error.text)
}

#[test]
fn an_error_says_where_it_is_and_what_was_expected() {
    for (text, place, wanted) in [
        (
            "a sate:dead",
            "sate",
            "no such field: use one of queue, type",
        ),
        (
            "http://x",
            "http",
            "a text with a colon is written in quotes",
        ),
        ("a (b", "(", "not closed"),
        ("a b)", ")", "closes none"),
        ("()", ")", "expected a word"),
        ("a OR", "", "expected a word"),
        ("AND a", "AND", "expected a word"),
        ("a AND OR b", "OR", "put it in quotes"),
        ("a \"b", "\"", "quotation mark is not closed"),
        ("a\"b\"", "\"", "within a word"),
        ("\"a\"b", "\"", "expected a space behind"),
        ("\"\"", "\"\"", "expected a word between"),
        ("a - b", "-", "stands directly before"),
        ("a\\", "\\", "expected a character"),
        ("queue:", "", "directly behind the colon"),
        ("queue: mail", "", "directly behind the colon"),
        ("queue:(a b)", "b", "expected OR"),
        ("queue:(a", "(", "not closed"),
        ("queue:(", "", "expected a word"),
        ("state:(dead OR gone)", "gone", "one of enqueued, working"),
        ("state:d*", "d*", "one of enqueued, working"),
        ("retries:many", "many", "expected a number"),
        ("retries:\"3\"", "\"3\"", "expected a number"),
        ("retries:..", "..", "expected a number"),
        ("at:tomorrow", "tomorrow", "expected a time like"),
        ("at:2026-02-30", "2026-02-30", "expected a time like"),
        ("at:>1y", ">1y", "expected a time like"),
        ("arg.:x", "", "expected the name of a member"),
        ("arg.a", "", "expected a colon"),
        ("arg.\"a:x", "\"", "not closed"),
        ("arg:>x", ">x", "expected a number"),
        ("é sate:x", "sate", "no such field"),
    ] {
        let (found, said) = error(text);
        assert_eq!(found, place, "{text}: {said}");
        assert!(said.contains(wanted), "{text}: {said}");
    }
}

#[test]
fn what_a_query_costs_is_bounded() {
    let long = "a".repeat(QUERY_BYTES_MAX);
    assert!(Query::parse(&long).is_ok());
    let (_, said) = error(&format!("{long}b"));
    assert!(said.contains("at most 1000 bytes"), "{said}");
    // Written out it is longer.
    let (_, said) = error(&format!("{} state:retry", &long[..QUERY_BYTES_MAX - 12]));
    assert!(said.contains("at most 1000 bytes"), "{said}");

    let many = |count| vec!["a"; count].join(" ");
    assert!(Query::parse(&many(QUERY_VALUES_MAX)).is_ok());
    let too_many = many(QUERY_VALUES_MAX + 1);
    let (place, said) = error(&too_many);
    assert!(place == "a" && said.contains("at most 50 values"), "{said}");
    let list = format!("queue:({})", vec!["a"; QUERY_VALUES_MAX + 1].join(" OR "));
    assert!(Query::parse(&list).is_err());

    let deep = |depth| format!("{}a{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Query::parse(&deep(QUERY_DEPTH_MAX - 1)).is_ok());
    for text in [
        deep(QUERY_DEPTH_MAX),
        "-".repeat(400) + "a",
        "(".repeat(900),
    ] {
        let (_, said) = error(&text);
        assert!(said.contains("16 deep"), "{said}");
    }

    let path = |steps| format!("arg{}:x", ".a".repeat(steps));
    assert!(Query::parse(&path(QUERY_STEPS_MAX)).is_ok());
    let said = Query::parse(&path(QUERY_STEPS_MAX + 1)).unwrap_err().text;
    assert!(said.contains("at most 16 steps"), "{said}");
}
