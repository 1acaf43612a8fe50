//! Environment, directories, the address, TLS files.

use super::*;
use crate::environment::Environment;
use crate::tls::TlsFiles;

/// A setup with nothing in the way of an environment other than development.
fn open_door(flags: &[&str]) -> Setup {
    Setup::new()
        .flags(flags)
        .variable("FAKTORY_SKIP_PASSWORD", "1")
}

#[test]
fn environment_comes_from_the_flag_then_the_variable() {
    assert_eq!(Setup::new().load().environment, Environment::Development);
    assert_eq!(
        Setup::new().variable("FAKTORY_ENV", "").load().environment,
        Environment::Development
    );
    let staging = open_door(&[]).variable("FAKTORY_ENV", "staging");
    assert_eq!(staging.load().environment, Environment::Staging);
    assert_eq!(
        staging.flags(&["-e", "production"]).load().environment,
        Environment::Production
    );
}

#[test]
fn other_environments_are_refused() {
    let allowed = "the environment must be development, staging or production, not \"test\"";
    assert_eq!(
        Setup::new().flags(&["-e", "test"]).error(),
        format!("-e: {allowed}")
    );
    assert_eq!(
        Setup::new().variable("FAKTORY_ENV", "test").error(),
        format!("FAKTORY_ENV: {allowed}")
    );
}

#[test]
fn directories_are_below_the_home_directory_in_development_only() {
    let development = Setup::new().flags(&["-c", "/etc/faktory"]);
    let settings = development.load();
    assert_eq!(settings.storage_dir, development.home().join(".faktory/db"));
    assert_eq!(settings.config_dir, development.home().join(".faktory"));
    let production = open_door(&["-e", "production"]).load();
    assert_eq!(production.storage_dir, Path::new("/var/lib/faktory/db"));
    let named = Setup::new().flags(&["-d", "/srv/jobs"]).load();
    assert_eq!(named.storage_dir, Path::new("/srv/jobs"));
}

#[test]
fn development_without_a_home_directory_needs_both_directories() {
    let setup = Setup::new();
    let no_variables = |_: &str| None;
    let error = Settings::load(&setup.cli(), &no_variables)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("HOME is not set") && error.contains("-d and -c"),
        "{error}"
    );
    Settings::load(&setup.flags(&["-d", "/srv/jobs"]).cli(), &no_variables).unwrap();
}

#[test]
fn storage_outside_the_home_directory_is_warned_about_in_development() {
    let warned = |setup: Setup| {
        setup
            .warnings()
            .iter()
            .any(|line| line.contains("use -e production"))
    };
    assert!(!warned(Setup::new()));
    assert!(warned(Setup::new().flags(&["-d", "/srv/jobs"])));
    assert!(
        warned(Setup::new().flags(&["-d", "/var/lib/faktory/db"])),
        "it is not used, and somebody named it"
    );
    assert!(!warned(open_door(&["-e", "production", "-d", "/srv/jobs"])));
}

#[test]
fn binding_of_the_file_counts_while_the_flag_is_at_its_default() {
    let config = "[faktory]\nbinding = \"localhost:17419\"\n";
    let binding = |setup: Setup| setup.load().binding.to_string();
    assert_eq!(binding(Setup::new()), "localhost:7419");
    assert_eq!(binding(Setup::with_config(config)), "localhost:17419");
    assert_eq!(
        binding(Setup::with_config(config).flags(&["-b", "localhost:7419"])),
        "localhost:17419"
    );
    assert_eq!(
        binding(Setup::with_config(config).flags(&["-b", "127.0.0.1:0"])),
        "127.0.0.1:0"
    );
    let error = Setup::new().flags(&["-b", "nowhere"]).error();
    assert!(error.starts_with("-b: \"nowhere\" has no port"), "{error}");
}

/// Where the web pages are: as text, "off" for nowhere.
fn web_binding(setup: Setup) -> String {
    let binding = setup.load().web.binding;
    binding.map_or_else(|| String::from("off"), |binding| binding.to_string())
}

#[test]
fn web_binding_is_that_of_the_flag_unless_it_is_at_its_default() {
    assert_eq!(web_binding(Setup::new()), "localhost:7420");
    assert_eq!(web_binding(Setup::new().flags(&["-w", ":0"])), "off");
    assert_eq!(
        web_binding(Setup::new().flags(&["-w", "127.0.0.1:0"])),
        "127.0.0.1:0"
    );
    let config = "[web]\nbinding = \":8080\"";
    assert_eq!(web_binding(Setup::with_config(config)), ":8080");
    let default = Setup::with_config(config).flags(&["-w", "localhost:7420"]);
    assert_eq!(web_binding(default), ":8080");
    let flag = Setup::with_config(config).flags(&["-w", ":0"]);
    assert_eq!(web_binding(flag), "off");
    let off = Setup::with_config("[web]\nbinding = \":0\"");
    assert_eq!(web_binding(off), "off");
    let error = Setup::new().flags(&["-w", "nowhere"]).error();
    assert!(error.starts_with("-w: \"nowhere\" has no port"), "{error}");
    let error = Setup::with_config("[web]\nbinding = \"x\"").error();
    assert!(
        error.contains("line 2: web.binding: \"x\" has no port"),
        "{error}"
    );
}

#[test]
fn web_pages_that_others_can_reach_without_a_password_are_warned_about() {
    let warned = |setup: Setup| {
        let warnings = setup.warnings();
        let mut warnings = warnings.iter();
        warnings.any(|line| line.starts_with("NO PASSWORD") && line.contains("the web pages"))
    };
    let public = || Setup::new().flags(&["-w", ":7420"]);
    assert!(warned(public()));
    assert!(!warned(public().variable("FAKTORY_PASSWORD", "x")));
    assert!(!warned(
        Setup::with_config("[web]\npassword = \"x\"").flags(&["-w", ":7420"])
    ));
    assert!(!warned(Setup::new()));
    assert!(!warned(Setup::new().flags(&["-w", ":0"])));
}

#[test]
fn missing_configuration_directory_is_warned_about_when_it_was_named() {
    let warned = |setup: &Setup| {
        setup
            .warnings()
            .iter()
            .any(|line| line.contains("no configuration directory"))
    };
    assert!(warned(&Setup::new().flags(&["-c", "/nowhere/at/all"])));
    assert!(!warned(&Setup::new()));
    assert!(
        !warned(&Setup::new().flags(&["-c", "/etc/faktory"])),
        "in development that is ~/.faktory"
    );
}

#[test]
fn tls_is_on_when_both_files_lie_in_the_configuration_directory() {
    let setup = Setup::new();
    let files = TlsFiles {
        certificate: setup.config_dir().join("public.cert.pem"),
        private_key: setup.config_dir().join("private.key.pem"),
    };
    assert_eq!(setup.load().tls, None);
    fs::write(&files.private_key, "").unwrap();
    assert_eq!(setup.load().tls, None);
    let warnings = setup.warnings();
    assert!(
        warnings
            .iter()
            .any(|line| line.starts_with("TLS is off: ") && line.ends_with("public.cert.pem")),
        "{warnings:?}"
    );
    fs::write(&files.certificate, "").unwrap();
    assert_eq!(setup.load().tls, Some(files));
}

#[test]
fn tls_files_may_be_named_relative_to_the_configuration_directory() {
    let setup =
        Setup::with_config("[tls]\ncertificate = \"cert.pem\"\nprivate_key = \"/keys/key.pem\"\n");
    let tls = setup.load().tls.unwrap();
    assert_eq!(tls.certificate, setup.config_dir().join("cert.pem"));
    assert_eq!(tls.private_key, Path::new("/keys/key.pem"));
}

#[test]
fn half_a_named_tls_pair_is_refused() {
    let error = Setup::with_config("[tls]\ncertificate = \"cert.pem\"\n").error();
    assert!(
        error.contains("line 2: [tls] has certificate but not private_key"),
        "{error}"
    );
    let error = Setup::with_config("[tls]\nprivate_key = \"key.pem\"\n").error();
    assert!(
        error.contains("line 2: [tls] has private_key but not certificate"),
        "{error}"
    );
}

#[test]
fn a_number_of_threads_that_is_none_is_warned_of() {
    let setup = Setup::new().variable("TOKIO_WORKER_THREADS", "four");
    let warnings = setup.warnings();
    assert!(
        warnings.len() == 1 && warnings[0].starts_with("TOKIO_WORKER_THREADS is no number"),
        "{warnings:?}"
    );
}
