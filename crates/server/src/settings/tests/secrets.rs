//! The password, and that it is not shown.

use super::*;

fn password(setup: &Setup) -> Option<String> {
    setup
        .load()
        .password
        .map(|password| password.expose().to_owned())
}

#[test]
fn production_and_staging_insist_on_a_password_and_name_the_remedies() {
    for environment in ["production", "staging"] {
        let error = Setup::new().flags(&["-e", environment]).error();
        assert!(
            error.starts_with(&format!("{environment} needs a password")),
            "{error}"
        );
        for remedy in [
            "FAKTORY_PASSWORD",
            "[faktory] password",
            "config/password",
            "FAKTORY_SKIP_PASSWORD=1",
        ] {
            assert!(error.contains(remedy), "{remedy}: {error}");
        }
    }
}

#[test]
fn password_is_not_insisted_on_when_that_is_said() {
    for (value, skipped) in [
        ("1", true),
        ("true", true),
        ("yes", true),
        ("0", false),
        ("", false),
        ("no", false),
    ] {
        let setup = Setup::new()
            .flags(&["-e", "production"])
            .variable("FAKTORY_SKIP_PASSWORD", value);
        assert_eq!(setup.try_load().is_ok(), skipped, "{value:?}");
    }
}

#[test]
fn variable_comes_before_the_file() {
    let config = "[faktory]\npassword = \"from the file\"\n";
    assert_eq!(password(&Setup::new()), None);
    assert_eq!(
        password(&Setup::with_config(config)).as_deref(),
        Some("from the file")
    );
    let both = Setup::with_config(config).variable("FAKTORY_PASSWORD", "from the variable");
    assert_eq!(password(&both).as_deref(), Some("from the variable"));
}

#[test]
fn password_file_of_the_configuration_directory_counts_outside_development() {
    let setup = Setup::new();
    fs::write(setup.config_dir().join("password"), "secret\n").unwrap();
    assert_eq!(password(&setup), None);
    assert_eq!(
        password(&setup.flags(&["-e", "production"])).as_deref(),
        Some("secret")
    );
}

#[test]
fn password_file_open_to_everybody_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let setup = Setup::new().flags(&["-e", "production"]);
    let path = setup.config_dir().join("password");
    fs::write(&path, "secret\n").unwrap();
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let warnings = setup.warnings();
        assert_eq!(
            warnings
                .iter()
                .any(|line| line.contains("open to every user")),
            warned,
            "{warnings:?}"
        );
    }
}

#[test]
fn public_address_without_a_password_is_warned_about_loudly() {
    let warned = |setup: &Setup| {
        setup
            .warnings()
            .iter()
            .any(|line| line.starts_with("NO PASSWORD: "))
    };
    assert!(!warned(&Setup::new()));
    let public = Setup::new().flags(&["-b", "0.0.0.0:7419"]);
    assert!(warned(&public));
    assert!(!warned(&public.variable("FAKTORY_PASSWORD", "x")));
}

#[test]
fn password_is_never_in_what_may_be_logged() {
    let setup = Setup::with_config("[faktory]\npassword = \"hunter2\"\nbindnig = \"x\"\n");
    let loaded = setup.try_load().unwrap();
    assert!(!format!("{loaded:?}").contains("hunter2"));
    let misspelt = Setup::with_config("[faktory]\npasword = \"hunter2\"\n").warnings();
    assert!(
        misspelt.iter().any(|line| line.contains("faktory.pasword")),
        "{misspelt:?}"
    );
    assert!(
        !misspelt.iter().any(|line| line.contains("hunter2")),
        "{misspelt:?}"
    );
    let error = Setup::with_config("[faktory]\npassword = 31337\n").error();
    assert!(
        error.contains("not an integer") && !error.contains("31337"),
        "{error}"
    );
}

#[test]
fn credentials_in_addresses_are_refused_and_not_shown() {
    let binding = |text: &str| format!("[faktory]\nbinding = \"{text}\"");
    let location = |text: &str| format!("[statsd]\nlocation = \"{text}\"");
    for config in [
        binding("tcp://:hunter2@0.0.0.0:7419"),
        binding("hunter2@localhost:7419"),
        binding("user:hunter2@localhost"),
    ] {
        let error = Setup::with_config(&config).error();
        assert!(!error.contains("hunter2"), "{config}: {error}");
    }
    for config in [
        location("udp://user:hunter2@localhost:8125"),
        location("udp://hunter2@localhost"),
        location("https://user:hunter2@localhost"),
        location("user:hunter2@localhost:8125"),
    ] {
        let fault = Setup::with_config(&config).metrics_fault();
        assert!(!fault.contains("hunter2"), "{config}: {fault}");
    }
    for error in [
        Setup::new()
            .flags(&["-b", "tcp://:hunter2@0.0.0.0:7419"])
            .error(),
        Setup::new()
            .variable("DD_DOGSTATSD_URL", "udp://user:hunter2@localhost")
            .metrics_fault(),
        Setup::with_config("[metrics]\nenabled = true")
            .variable("DD_AGENT_HOST", "user:hunter2@localhost")
            .metrics_fault(),
    ] {
        assert!(!error.contains("hunter2"), "{error}");
    }
}
