//! The page for operators is right.

use super::*;

const PAGE: &str = include_str!("../../../../../docs/configuration.md");

/// The page's example of a whole file.
fn example() -> &'static str {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn documented_example_loads_and_shows_the_defaults() {
    let setup = Setup::with_config(example());
    assert_eq!(setup.warnings(), Vec::<String>::new());
    let settings = setup.load();
    let setup = setup.file("10-test.toml", "");
    assert_eq!(settings, setup.load());
}

#[test]
fn documented_example_is_right_in_what_it_leaves_out_too() {
    let all: String = example()
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("#").unwrap_or(line)))
        .collect();
    let setup = Setup::with_config(&all).variable("FAKTORY_PASSWORD", "x");
    assert_eq!(setup.warnings(), Vec::<String>::new());
    assert!(
        setup.load().tls.is_some(),
        "the keys behind # have been read"
    );
}
