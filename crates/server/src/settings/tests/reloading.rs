//! Reading the settings again.

use super::*;
use crate::descriptors::FilesMax;
use crate::settings::{Reload, Reloader};
use crate::tls::TlsReloader;

pub(super) fn reloader(setup: &Setup) -> Reloader {
    Reloader::new(setup.cli(), Box::new(setup.env()), FilesMax(100_000))
}

/// Starts with one configuration and reloads with another.
fn reload(before: &str, after: &str) -> (Settings, Result<Reload, SettingsError>) {
    let setup = Setup::with_config(before);
    let reloader = reloader(&setup);
    let current = reloader.load().unwrap().settings;
    let setup = setup.file("10-test.toml", after);
    let reload = reloader.reload(&current, None);
    drop(setup);
    (current, reload)
}

#[test]
fn reload_without_a_change_changes_nothing() {
    let config = "[dead]\nttl = 60\n";
    let (current, reload) = reload(config, config);
    let reload = reload.unwrap();
    assert_eq!(reload.settings, current);
    assert_eq!(reload.changes, Vec::<String>::new());
}

#[test]
fn what_can_change_while_the_server_runs_does() {
    let after = "[limits]\nconnections_max = 7\nline_bytes_max = 70_000\n[dead]\nmax_jobs = 8\nttl = 9\n\
                 [workers]\nrecover_lost = true\n[faktory]\npassword = \"hunter2\"\n";
    let (_, reload) = reload("", after);
    let Reload {
        settings, changes, ..
    } = reload.unwrap();
    assert_eq!(settings.connections_max, 7);
    assert_eq!(settings.line_bytes_max, 70_000);
    assert_eq!(
        (settings.rules.dead_jobs_max, settings.rules.dead_ttl_secs),
        (8, 9)
    );
    assert!(settings.recover_lost);
    assert_eq!(settings.password.unwrap().expose(), "hunter2");
    assert_eq!(
        changes,
        [
            "a password is needed from now on",
            "limits.connections_max is 7, was 20000",
            "limits.line_bytes_max is 70000, was 67108864",
            "dead.max_jobs is 8, was 100000",
            "dead.ttl (seconds) is 9, was 15552000",
            "workers.recover_lost is true, was false",
        ]
    );
}

#[test]
fn every_change_of_a_feature_is_told() {
    let before = "[throttles]\na = { worker = 1 }\nb = { worker = 1 }\nsame = { worker = 1 }\n";
    let after = "[uniq]\nenabled = false\n[batch]\nenabled = false\nuncommitted_timeout_minutes = 5\n\
                 committed_timeout_days = 6\n[throttles]\nb = { worker = 2 }\nc = { rate = 3 }\nsame = { worker = 1 }\n";
    let (_, reload) = reload(before, after);
    let Reload {
        settings, changes, ..
    } = reload.unwrap();
    assert!(!settings.uniq && !settings.batch.enabled);
    assert_eq!(settings.throttles.len(), 3);
    assert_eq!(
        changes,
        [
            "uniq.enabled is false, was true",
            "batch.enabled is false, was true",
            "batch.uncommitted_timeout_minutes is 5, was 30",
            "batch.committed_timeout_days is 6, was 30",
            "throttles.a is no longer there",
            "throttles.b is { worker = 2 }, was { worker = 1 }",
            "throttles.c is { rate = 3, per = \"1s\", burst = 3 }, was not there",
        ]
    );
}

#[test]
fn changes_of_the_metrics_take_effect_at_once_and_are_told() {
    let config = |more: &str| format!("[metrics]\nenabled = true\n{more}");
    for (before, after, expected) in [
        (
            "",
            &*config(""),
            "metrics go to udp://localhost:8125 as faktory.*",
        ),
        (
            &*config(""),
            &*config("tags = [\"a:b\"]\n"),
            "metrics go to udp://localhost:8125 as faktory.* with a:b",
        ),
        (&*config(""), "", "metrics are off"),
    ] {
        let (_, reload) = reload(before, after);
        let Reload {
            settings, changes, ..
        } = reload.unwrap();
        assert_eq!(changes, [expected]);
        assert_eq!(settings.metrics.is_some(), settings.rules.observed);
        assert_eq!(settings.metrics.is_some(), !after.is_empty());
    }
}

#[test]
fn changes_of_the_password_are_told_without_it() {
    let config = |password: &str| format!("[faktory]\npassword = \"{password}\"\n");
    let (_, changed) = reload(&config("one"), &config("two"));
    assert_eq!(changed.unwrap().changes, ["the password has changed"]);
    let (_, removed) = reload(&config("one"), "");
    assert_eq!(
        removed.unwrap().changes,
        ["NO PASSWORD is needed from now on"]
    );
    let config = |password: &str| format!("[web]\npassword = \"{password}\"\n");
    let (_, changed) = reload(&config("one"), &config("two"));
    assert_eq!(
        changed.unwrap().changes,
        ["the password of the web pages has changed"]
    );
    let (_, removed) = reload(&config("one"), "");
    assert_eq!(
        removed.unwrap().changes,
        ["the web pages have no password of their own any more"]
    );
}

#[test]
fn what_needs_a_restart_says_so_and_stays() {
    let after = "[faktory]\nbinding = \"localhost:1\"\n[web]\nbinding = \":0\"\n[storage]\ndurability = \"interval\"\n\
                 [limits]\ninput_bytes_max = 70_000_000\n[tls]\ncertificate = \"c\"\nprivate_key = \"k\"\n";
    let (current, reload) = reload("", after);
    let Reload {
        settings, changes, ..
    } = reload.unwrap();
    assert_eq!(settings, current);
    assert_eq!(
        changes,
        [
            "faktory.binding is localhost:7419 until a restart, then localhost:1",
            "web.binding is localhost:7420 until a restart, then off",
            "limits.input_bytes_max is 268435456 until a restart, then 70000000",
            "storage.durability has changed; it takes effect after a restart",
            "TLS is to be turned on; that takes effect after a restart",
        ]
    );
}

#[test]
fn line_limit_never_outgrows_the_budget_that_stays() {
    let after = "[limits]\nline_bytes_max = 300_000_000\ninput_bytes_max = 300_000_000\n";
    let (current, reload) = reload("", after);
    let Reload {
        settings, changes, ..
    } = reload.unwrap();
    assert_eq!(settings.line_bytes_max, current.line_bytes_max);
    assert!(
        changes.contains(&String::from(
            "limits.line_bytes_max is 67108864 until a restart, then 300000000"
        )),
        "{changes:?}"
    );
}

#[test]
fn connections_are_fitted_to_the_system_at_the_start_and_later() {
    let setup = Setup::new().flags(&["-w", ":0"]);
    let reloader = Reloader::new(setup.cli(), Box::new(setup.env()), FilesMax(1_064));
    let loaded = reloader.load().unwrap();
    assert_eq!(loaded.settings.connections_max, 1_000);
    let reload = reloader.reload(&loaded.settings, None).unwrap();
    assert_eq!(reload.settings, loaded.settings);
    assert_eq!(reload.changes, Vec::<String>::new());
}

#[test]
fn operator_is_warned_who_asks_for_more_connections_than_fit() {
    let check = |config: &str, connections_max, origin: &str, warned| {
        let setup = Setup::with_config(config).flags(&["-w", ":0"]);
        let reloader = Reloader::new(setup.cli(), Box::new(setup.env()), FilesMax(1_064));
        let loaded = reloader.load().unwrap();
        assert_eq!(loaded.settings.connections_max, connections_max, "{config}");
        let told = loaded.origins.of("limits.connections_max");
        assert!(told.contains(origin), "{config}: {told}");
        let reload = reloader.reload(&loaded.settings, None).unwrap();
        for warnings in [loaded.warnings, reload.warnings] {
            let is_warned = warnings
                .iter()
                .any(|line| line.contains("at most 1000 connections instead of"));
            assert_eq!(is_warned, warned, "{config}: {warnings:?}");
        }
    };
    check("", 1_000, "limit of open files", false);
    check(
        "[limits]\nconnections_max = 1_000\n",
        1_000,
        "line 2",
        false,
    );
    check("[limits]\nconnections_max = 1_001\n", 1_000, "line 2", true);
    // The default, but said.
    check(
        "[limits]\nconnections_max = 20_000\n",
        1_000,
        "line 2",
        true,
    );
}

#[test]
fn bad_configuration_is_an_error() {
    let (_, reload) = reload("", "[dead\n");
    assert!(
        matches!(reload, Err(SettingsError::Syntax { .. })),
        "{reload:?}"
    );
}

/// A certificate and its key where they are looked for, and what was read of them.
fn start_with_tls(setup: &Setup) -> (Reloader, Settings, TlsReloader) {
    let pair = rcgen::generate_simple_self_signed([String::from("localhost")]).unwrap();
    fs::write(setup.config_dir().join("public.cert.pem"), pair.cert.pem()).unwrap();
    fs::write(
        setup.config_dir().join("private.key.pem"),
        pair.signing_key.serialize_pem(),
    )
    .unwrap();
    let reloader = reloader(setup);
    let current = reloader.load().unwrap().settings;
    let tls = TlsReloader::open(current.tls.as_ref().unwrap()).unwrap();
    (reloader, current, tls)
}

#[test]
fn tls_files_are_read_again() {
    let setup = Setup::new();
    let (reloader, current, tls) = start_with_tls(&setup);
    let changes = reloader.reload(&current, Some(&tls)).unwrap().changes;
    assert!(
        changes.len() == 1 && changes[0].starts_with("TLS certificate and key read again from "),
        "{changes:?}"
    );
    fs::write(setup.config_dir().join("private.key.pem"), "").unwrap();
    let error = reloader.reload(&current, Some(&tls)).unwrap_err();
    assert!(matches!(error, SettingsError::Tls(_)), "{error:?}");
}

#[test]
fn removed_tls_files_leave_the_ones_read_before_in_use() {
    let setup = Setup::new();
    let (reloader, current, tls) = start_with_tls(&setup);
    fs::remove_file(setup.config_dir().join("public.cert.pem")).unwrap();
    fs::remove_file(setup.config_dir().join("private.key.pem")).unwrap();
    let reload = reloader.reload(&current, Some(&tls)).unwrap();
    assert_eq!(reload.settings.tls, current.tls);
    assert_eq!(
        reload.changes,
        ["TLS is to be turned off; that takes effect after a restart"]
    );
}
