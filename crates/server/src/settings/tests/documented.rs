//! The example for operators is right and says everything.

use super::*;

const EXAMPLE: &str = include_str!("../../../../../docs/config.toml");

/// The example with the settings in effect that stand behind a `#`. Before prose there is `# `.
fn everything() -> String {
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix('#') {
        Some(setting) if !setting.starts_with(' ') => setting,
        _ => line,
    });
    lines.map(|line| format!("{line}\n")).collect()
}

/// The lines of a table of the example, down to the next one.
fn lines_of(table: &str) -> Vec<&'static str> {
    let after = EXAMPLE
        .lines()
        .skip_while(|line| line.trim_matches(['#', '[', ']']) != table);
    after
        .skip(1)
        .take_while(|line| !line.trim_start_matches('#').starts_with('['))
        .collect()
}

#[test]
fn example_loads_and_shows_the_defaults() {
    let setup = Setup::with_config(EXAMPLE);
    assert_eq!(setup.warnings(), Vec::<String>::new());
    let settings = setup.load();
    let setup = setup.file("10-test.toml", "");
    assert_eq!(settings, setup.load());
}

#[test]
fn example_is_right_in_what_it_leaves_out_too() {
    let setup = Setup::with_config(&everything()).variable("FAKTORY_PASSWORD", "x");
    assert_eq!(setup.warnings(), Vec::<String>::new());
    let settings = setup.load();
    assert!(settings.tls.is_some(), "the keys behind # have been read");
    let throttles: Vec<_> = settings.throttles.values().collect();
    assert!(throttles.iter().any(|one| one.worker.is_some()));
    assert!(throttles.iter().any(|one| one.concurrency.is_some()));
    assert!(throttles.iter().any(|one| one.timeout_secs.is_some()));
    assert!(throttles.iter().any(|one| one.rate.is_some()));
    assert_eq!(settings.cron.len(), 1);
}

#[test]
fn every_known_key_is_in_the_example() {
    let origins = Setup::new().try_load().unwrap().origins;
    let keys: Vec<_> = origins.known_keys().collect();
    assert!(keys.contains(&"batch.child_search_depth"), "{keys:?}");
    for key in keys {
        let Some((table, name)) = key.split_once('.') else {
            continue;
        };
        let there = lines_of(table).iter().any(|line| {
            let setting = line.trim_start_matches(['#', ' ']);
            setting.split(['=', ' ']).next() == Some(name)
        });
        assert!(there, "{key} is not in docs/config.toml");
    }
}
