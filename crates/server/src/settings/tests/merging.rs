//! Several files in `conf.d`.

use super::*;
use crate::settings::conf_dir;
use crate::settings::tree::{Node, Value};

#[test]
fn later_file_overrides_key_by_key_and_leaves_the_rest() {
    let setup = Setup::new()
        .file("20-late.toml", "[limits]\nconnections_max = 7\n")
        .file("10-early.toml", "[limits]\nconnections_max = 5\nline_bytes_max = 100_000\n[workers]\nrecover_lost = true\n");
    let settings = setup.load();
    assert_eq!(settings.connections_max, 7);
    assert_eq!(settings.line_bytes_max, 100_000);
    assert!(settings.recover_lost);
}

#[test]
fn inline_tables_and_dotted_keys_merge_like_tables() {
    let setup = Setup::new()
        .file("1.toml", "dead = { max_jobs = 5, ttl = 60 }")
        .file("2.toml", "dead.ttl = 61");
    let rules = setup.load().rules;
    assert_eq!((rules.dead_jobs_max, rules.dead_ttl_secs), (5, 61));
}

#[test]
fn arrays_of_tables_append_and_other_arrays_are_replaced() {
    let setup = Setup::new()
        .file(
            "a.toml",
            "[[cron]]\nschedule = \"1\"\n[metrics]\ntags = [\"a\", \"b\"]\n",
        )
        .file(
            "b.toml",
            "[[cron]]\nschedule = \"2\"\n[[cron]]\nschedule = \"3\"\n[metrics]\ntags = [\"c\"]\n",
        );
    let table = conf_dir::read(&setup.config_dir()).unwrap();
    let length = |node: &Node| match &node.value {
        Value::Array(nodes) => nodes.len(),
        other => panic!("{} is no array", other.kind()),
    };
    assert_eq!(length(&table["cron"]), 3);
    let Value::Table(metrics) = &table["metrics"].value else {
        panic!("no table")
    };
    assert_eq!(length(&metrics["tags"]), 1);
}

#[test]
fn files_of_other_names_and_hidden_ones_are_not_read() {
    let setup = Setup::new()
        .file("10.toml.bak", "not toml")
        .file("README", "not toml")
        .file(".#10.toml", "not toml")
        .file(".toml", "not toml");
    setup.load();
}

#[test]
fn no_conf_d_means_the_defaults() {
    let setup = Setup::new();
    let with = setup.load();
    fs::remove_dir(setup.conf_d()).unwrap();
    assert_eq!(setup.load(), with);
}

#[test]
fn syntax_error_names_file_and_line_without_quoting_it() {
    let setup = Setup::with_config("[faktory]\nbinding = \"localhost:1\"\npassword = \"hunter2\n");
    let error = setup.error();
    assert!(error.contains("10-test.toml, line 3: "), "{error}");
    assert!(
        !error.contains("hunter2") && !error.contains('\n'),
        "{error}"
    );
}

#[test]
fn same_key_twice_in_one_file_is_a_syntax_error() {
    let error = Setup::with_config("[dead]\nttl = 1\nttl = 2\n").error();
    assert!(
        error.contains("10-test.toml, line 3: duplicate key"),
        "{error}"
    );
}

#[test]
fn integer_beyond_64_bits_names_its_line() {
    let error = Setup::with_config("[dead]\nttl = 99999999999999999999\n").error();
    assert!(
        error.contains("10-test.toml, line 2: the integer is too large"),
        "{error}"
    );
}

#[test]
fn file_that_cannot_be_read_stops() {
    let setup = Setup::new();
    fs::create_dir(setup.conf_d().join("10-folder.toml")).unwrap();
    let error = setup.error();
    assert!(
        error.contains("cannot read") && error.contains("10-folder.toml"),
        "{error}"
    );
}

#[test]
fn file_that_is_not_utf8_stops_with_its_line() {
    let setup = Setup::with_config("");
    let file = setup.conf_d().join("10-test.toml");
    for (bytes, line) in [
        (b"\xff\xfe".as_slice(), 1),
        (b"[dead]\n# f\xfcr immer\nttl = \"1d\"\n", 2),
    ] {
        fs::write(&file, bytes).unwrap();
        let error = setup.error();
        let wanted = format!(
            "10-test.toml, line {line}: the text is not UTF-8: let your editor save the file as that"
        );
        assert!(error.ends_with(&wanted), "{error}");
    }
}

#[test]
fn enormous_file_stops() {
    let setup = Setup::with_config(&"#".repeat((4 << 20) + 1));
    assert!(matches!(
        setup.try_load(),
        Err(SettingsError::TooLarge { .. })
    ));
}

#[test]
fn conf_d_that_is_a_file_stops() {
    let setup = Setup::new();
    fs::remove_dir(setup.conf_d()).unwrap();
    fs::write(setup.conf_d(), "").unwrap();
    let error = setup.error();
    assert!(
        error.contains("cannot read") && error.ends_with("conf.d"),
        "{error}"
    );
}

#[test]
fn files_that_somebody_may_believe_to_be_read_are_named() {
    let setup = Setup::new()
        .file("a.toml", "[dead]\nmax_jobs = 7\n")
        .file(".a.toml.swp", "x")
        .file("b.TOML", "x")
        .file("c.toml.txt", "x");
    fs::write(setup.config_dir().join("d.toml"), "x").unwrap();
    fs::write(setup.config_dir().join("password"), "x").unwrap();
    fs::create_dir(setup.conf_d().join("more")).unwrap();
    fs::write(setup.conf_d().join("more/e.toml"), "x").unwrap();
    fs::write(setup.conf_d().join("more/f.txt"), "x").unwrap();
    let begins: Vec<String> = ["b.TOML", "c.toml.txt", "more/e.toml", "../d.toml"]
        .map(|name| match name.strip_prefix("../") {
            Some(name) => setup.config_dir().join(name),
            None => setup.conf_d().join(name),
        })
        .map(|path| format!("{} is not read: ", path.display()))
        .to_vec();
    let warnings = setup.warnings();
    assert_eq!(warnings.len(), begins.len(), "{warnings:?}");
    for (warning, begin) in warnings.iter().zip(begins) {
        assert!(warning.starts_with(&begin), "{warning}, expected {begin}");
    }
    assert_eq!(setup.load().rules.dead_jobs_max, 7);
}

#[test]
fn thousands_of_files_that_are_not_read_are_counted() {
    let setup = (0..30).fold(Setup::new(), |setup, n| setup.file(&format!("{n}.txt"), ""));
    let warnings = setup.warnings();
    assert_eq!(warnings.len(), 21);
    assert!(
        warnings[20].starts_with("10 more files in and beside "),
        "{warnings:?}"
    );
}
