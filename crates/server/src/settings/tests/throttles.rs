//! How fast jobs may leave queues.

use std::time::Duration;

use super::*;
use crate::settings::{RateSettings, ThrottleSettings};

/// The throttle of the queue `q`, and the warnings.
fn throttle(keys: &str) -> (ThrottleSettings, Vec<String>) {
    let Loaded {
        settings, warnings, ..
    } = Setup::with_config(&format!("[throttles]\nq = {{ {keys} }}\n"))
        .try_load()
        .unwrap();
    (settings.throttles["q"].clone(), warnings)
}

fn rate(keys: &str) -> RateSettings {
    let (throttle, warnings) = throttle(keys);
    assert_eq!(warnings, Vec::<String>::new());
    throttle.rate.unwrap()
}

fn error(line: &str) -> String {
    let error = Setup::with_config(&format!("[throttles]\n{line}\n")).error();
    assert!(
        error.contains("10-test.toml, line 2: throttles."),
        "{error}"
    );
    error
}

#[test]
fn throttles_are_read_as_faktory_reads_them() {
    let config = "[throttles]\n  reports = { worker = 4, timeout = 90 }\n  \
                  imports = { concurrency = 30, timeout = \"5m\" }\n[throttles.\"a.b\"]\nworker = 1\n";
    let setup = Setup::with_config(config);
    assert_eq!(setup.warnings(), Vec::<String>::new());
    let throttles = setup.load().throttles;
    let shown: Vec<_> = throttles
        .iter()
        .map(|(queue, throttle)| format!("{queue}: {throttle}"))
        .collect();
    assert_eq!(
        shown,
        [
            "a.b: { worker = 1 }",
            "imports: { concurrency = 30, timeout = 300 }",
            "reports: { worker = 4, timeout = 90 }",
        ]
    );
}

#[test]
fn a_rate_is_for_a_second_and_its_burst_is_one_such_second_unless_said_otherwise() {
    let second = Duration::from_secs(1);
    assert_eq!(
        rate("rate = 100"),
        RateSettings {
            rate: 100.0,
            per: second,
            burst: 100
        }
    );
    assert_eq!(rate("rate = 0.5").burst, 1);
    assert_eq!(rate("rate = 2.1").burst, 3);
    assert_eq!(rate("rate = 3, per = 0.25").per, Duration::from_millis(250));
    assert_eq!(
        rate("rate = 1_000.5, per = \"1m30s\", burst = 7"),
        RateSettings {
            rate: 1000.5,
            per: Duration::from_secs(90),
            burst: 7
        }
    );
}

#[test]
fn a_throttle_is_shown_as_it_is_written() {
    let keys =
        "worker = 4, concurrency = 30, timeout = 90, rate = 100, per = \"1.5s\", burst = 200";
    let (all, _) = throttle(keys);
    assert_eq!(all.to_string(), format!("{{ {keys} }}"));
    assert_eq!(throttle(keys).0, all);
}

#[test]
fn what_is_out_of_bounds_is_refused() {
    for (keys, wanted) in [
        (
            "worker = 0",
            "q.worker must be an integer from 1 to 1000000, not 0",
        ),
        (
            "concurrency = -1",
            "q.concurrency must be an integer from 1 to",
        ),
        (
            "worker = 1, timeout = 0",
            "q.timeout must be a number of seconds from 1 to",
        ),
        (
            "rate = 0",
            "q.rate must be a number from 0.001 to 1000000000, not 0",
        ),
        ("rate = -1.5", "not -1.5"),
        ("rate = nan", "not NaN"),
        ("rate = inf", "not inf"),
        ("rate = \"1\"", "not a string"),
        (
            "rate = 1, burst = 0",
            "q.burst must be an integer from 1 to",
        ),
        (
            "rate = 1, per = nan",
            "q.per must be a number of seconds, or a text such as",
        ),
        ("rate = 1, per = 0", "longer than zero, not 0"),
        ("rate = 1, per = \"0s\"", "longer than zero, not \"0s\""),
        ("rate = 1, per = \"-1s\"", "longer than zero, not \"-1s\""),
        ("rate = 1, per = \"1x\"", "longer than zero, not \"1x\""),
    ] {
        let error = error(&format!("q = {{ {keys} }}"));
        assert!(error.contains(wanted), "{keys}: {error}");
    }
}

#[test]
fn a_throttle_without_a_limit_is_refused() {
    for line in ["q = {}", "q = { timeout = 5 }", "q = { burst = 5 }"] {
        let error = error(line);
        assert!(
            error.contains("throttles.q must be a limit: { worker = 4 }"),
            "{error}"
        );
    }
    assert!(error("q = 5").contains("throttles.q must be a table"));
    let whole = Setup::with_config("throttles = 5\n").error();
    assert!(
        whole.contains("line 1: throttles must be a table"),
        "{whole}"
    );
}

#[test]
fn a_name_no_queue_can_have_is_refused() {
    let error = error("\"a b\" = { worker = 1 }");
    assert!(
        error.contains("throttles.\"a b\": there can be no such queue: queue names must match"),
        "{error}"
    );
}

#[test]
fn unknown_and_useless_keys_are_warned_about() {
    let (_, warnings) = throttle("wroker = 4, concurrency = 3, per = \"1s\", burst = 2");
    let expected = [
        "line 2: throttles.q.per has no effect without throttles.q.rate",
        "line 2: throttles.q.burst has no effect without throttles.q.rate",
        "line 2: unknown key throttles.q.wroker is ignored; did you mean throttles.q.worker?",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.ends_with(expected), "{warning}");
    }
    let warnings = Setup::with_config("[throttels]\nq = { worker = 1 }\n").warnings();
    assert!(
        warnings[0].ends_with("did you mean throttles?"),
        "{warnings:?}"
    );
}

#[test]
fn a_table_without_a_limit_is_told_what_it_has_instead() {
    for (line, wanted) in [
        ("q = {}", "or { rate = 100 }, not a table without one"),
        (
            "q = { rte = 5 }",
            "not a table with rte alone, which is no limit",
        ),
        ("q = { burst = 5 }", "not a table without one"),
        (
            "mails.urgent = { rate = 5 }",
            "if the queue is called mails.urgent, write its name in quotes: \"mails.urgent\"",
        ),
    ] {
        let text = error(line);
        assert!(text.contains(wanted), "{text}");
    }
}
