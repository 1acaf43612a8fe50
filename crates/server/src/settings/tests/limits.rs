//! Keys with bounds, and those with a few allowed values.

use std::time::Duration;

use workmill_engine::Rules;
use workmill_proto::limits::LINE_BYTES_MAX_DEFAULT;
use workmill_store::sqlite::Durability;

use super::*;
use crate::settings::{CONNECTIONS_MAX_DEFAULT, INPUT_BYTES_MAX_DEFAULT};

#[test]
fn defaults_are_safe() {
    let settings = Setup::new().load();
    assert_eq!(settings.durability, Durability::Always);
    assert_eq!(settings.connections_max, CONNECTIONS_MAX_DEFAULT);
    assert_eq!(settings.line_bytes_max, LINE_BYTES_MAX_DEFAULT);
    assert_eq!(settings.input_bytes_max, INPUT_BYTES_MAX_DEFAULT);
    assert_eq!(settings.rules, Rules::default());
    assert!(!settings.recover_lost);
    assert_eq!(settings.tls, None);
    assert_eq!(settings.password, None);
}

#[test]
fn durability_comes_from_the_flag_and_then_the_file_with_the_interval_of_the_file() {
    let interval = |ms| Durability::Interval(Duration::from_millis(ms));
    let config = "[storage]\ndurability = \"interval\"\ninterval_ms = 250\n";
    assert_eq!(Setup::with_config(config).load().durability, interval(250));
    assert_eq!(
        Setup::with_config(config)
            .flags(&["--durability", "always"])
            .load()
            .durability,
        Durability::Always
    );
    assert_eq!(
        Setup::new()
            .flags(&["--durability", "interval"])
            .load()
            .durability,
        interval(100)
    );
}

#[test]
fn ttl_is_a_number_of_seconds_or_a_text_with_units() {
    for (ttl, secs) in [
        ("3600", 3_600),
        ("\"180d\"", 180 * 86_400),
        ("\"1h30m\"", 5_400),
        ("\"45s\"", 45),
        ("90.0", 90),
    ] {
        let rules = Setup::with_config(&format!("[dead]\nttl = {ttl}\n"))
            .load()
            .rules;
        assert_eq!(rules.dead_ttl_secs, secs, "{ttl}");
    }
}

/// Table, line, and what the error must say.
const WRONG: &[(&str, &str, &str)] = &[
    (
        "storage",
        "durability = \"sometimes\"",
        "storage.durability must be \"always\" or \"interval\", not \"sometimes\"",
    ),
    (
        "storage",
        "durability = true",
        "storage.durability must be \"always\" or \"interval\", not true or false",
    ),
    (
        "storage",
        "interval_ms = 0",
        "storage.interval_ms must be an integer from 1 to 10000, not 0",
    ),
    (
        "storage",
        "interval_ms = \"100\"",
        "storage.interval_ms must be an integer from 1 to 10000, not a string",
    ),
    (
        "storage",
        "interval_ms = 0.5",
        "storage.interval_ms must be an integer from 1 to 10000, not a number with a fraction",
    ),
    (
        "limits",
        "connections_max = -1",
        "limits.connections_max must be an integer from 1 to 1000000, not -1",
    ),
    (
        "limits",
        "line_bytes_max = 1000",
        "limits.line_bytes_max must be an integer from 65536 to 536870912, not 1000",
    ),
    (
        "limits",
        "input_bytes_max = []",
        "limits.input_bytes_max must be an integer from 65536 to 1099511627776, not an array",
    ),
    (
        "dead",
        "max_jobs = 0",
        "dead.max_jobs must be an integer from 1 to 1000000000, not 0",
    ),
    (
        "dead",
        "ttl = \"soon\"",
        "dead.ttl must be a number of seconds from 1 to 3155760000, or a text such as \"90s\" or \"12h30m\", not \"soon\"",
    ),
    ("dead", "ttl = \"500ms\"", "not \"500ms\""),
    ("dead", "ttl = \"1day\"", "not \"1day\""),
    ("dead", "ttl = 0.5", "not 0.5"),
    ("dead", "ttl = -1.5", "not -1.5"),
    ("dead", "ttl = inf", "not inf"),
    ("dead", "ttl = 2026-01-01", "not a date or time"),
    (
        "workers",
        "recover_lost = 1",
        "workers.recover_lost must be true or false, not an integer",
    ),
    (
        "faktory",
        "binding = 7419",
        "faktory.binding must be an address as host:port, not an integer",
    ),
    (
        "faktory",
        "binding = \"localhost\"",
        "faktory.binding: \"localhost\" has no port; write host:port, such as localhost:7419",
    ),
];

#[test]
fn value_of_a_wrong_kind_or_out_of_bounds_names_place_key_and_what_is_allowed() {
    for (table, line, expected) in WRONG {
        let error = Setup::with_config(&format!("[{table}]\n{line}\n")).error();
        assert!(
            error.contains("10-test.toml, line 2: ") && error.contains(expected),
            "{line}: {error}"
        );
    }
}

#[test]
fn known_table_that_is_no_table_is_refused() {
    let error = Setup::with_config("limits = 5").error();
    assert!(
        error.contains("line 1: limits must be a table, written [limits], not an integer"),
        "{error}"
    );
}

#[test]
fn place_of_an_error_is_that_of_the_file_that_counts() {
    let setup = Setup::new()
        .file("1.toml", "[dead]\nmax_jobs = 0\n")
        .file("2.toml", "\n\n\n[dead]\nmax_jobs = -5\n");
    let error = setup.error();
    assert!(
        error.contains("2.toml, line 5: ") && error.contains("not -5"),
        "{error}"
    );
}

#[test]
fn unread_input_has_room_for_the_longest_line() {
    let long = LINE_BYTES_MAX_DEFAULT * 6;
    let settings = Setup::with_config(&format!("[limits]\nline_bytes_max = {long}\n")).load();
    assert_eq!(settings.input_bytes_max, long);
    let error = Setup::with_config("[limits]\ninput_bytes_max = 1_000_000\n").error();
    let expected = "limits.input_bytes_max must be at least limits.line_bytes_max, which is 67108864, not 1000000";
    assert!(error.contains(expected), "{error}");
}
