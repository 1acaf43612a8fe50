//! Keys this version does not know.

use super::*;

#[test]
fn unknown_key_names_its_place_and_the_nearest_known_one() {
    for (config, expected) in [
        (
            "[storage]\ndurabilty = 1",
            "line 2: unknown key storage.durabilty is ignored; did you mean storage.durability?",
        ),
        (
            "[limits]\nmax_connections = 1",
            "unknown key limits.max_connections is ignored; did you mean limits.connections_max?",
        ),
        (
            "[faktory]\nrecover_lost = true",
            "unknown key faktory.recover_lost is ignored; did you mean workers.recover_lost?",
        ),
        (
            "bindings = \"x\"",
            "line 1: unknown key bindings is ignored; did you mean faktory.binding?",
        ),
        (
            "[limit]\nconnections_max = 1",
            "line 1: unknown key limit is ignored; did you mean limits?",
        ),
        (
            "[faktory]\nxyz = 1",
            "unknown key faktory.xyz is ignored; no known key is similar",
        ),
        (
            "[[corn]]\nschedule = 1",
            "unknown key corn is ignored; did you mean cron?",
        ),
    ] {
        let warnings = Setup::with_config(config).warnings();
        assert_eq!(warnings.len(), 1, "{config}: {warnings:?}");
        assert!(
            warnings[0].contains("10-test.toml") && warnings[0].contains(expected),
            "{config}: {warnings:?}"
        );
    }
}

#[test]
fn tables_of_later_versions_get_one_warning_together() {
    let config = "[limits]\n\n[redis]\nx = true\n";
    let warnings = Setup::with_config(config).warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    let line = &warnings[0];
    assert!(
        line.starts_with("this version does not act on these tables yet: "),
        "{line}"
    );
    for place in ["line 3)", "[redis] ("] {
        assert!(line.contains(place), "{place}: {line}");
    }
}

#[test]
fn known_keys_are_not_warned_about() {
    assert_eq!(
        Setup::with_config("[limits]\nconnections_max = 5\n[dead]\nttl = 5\n").warnings(),
        Vec::<String>::new()
    );
}

#[test]
fn twenty_of_many_unknown_keys_are_named_and_the_others_counted() {
    let keys: String = (0..1_000).map(|n| format!("xyz{n:04} = 1\n")).collect();
    let warnings = Setup::with_config(&format!("[redis]\nx = 1\n[faktory]\n{keys}")).warnings();
    let unknown = warnings.iter().filter(|line| line.contains("faktory.xyz"));
    assert_eq!(unknown.count(), 20);
    for wanted in [
        "980 more unknown keys are ignored",
        "does not act on these tables yet: [redis]",
    ] {
        assert!(
            warnings.iter().any(|line| line.contains(wanted)),
            "{wanted}: {warnings:?}"
        );
    }
}
