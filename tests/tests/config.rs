//! Flags, the environment, `conf.d`, passwords, signals and exit statuses.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use nix::sys::signal::Signal;
use serde_json::Value;
use workmill_tests::{Ended, Reply, Server, ServerBuilder, ServerFiles, binary_path, job, log_in};

fn assert_refuses_to_start(builder: ServerBuilder, wanted: &[&str]) -> Ended {
    let ended = match builder.try_start() {
        Ok(server) => panic!("the server started; its log:\n{}", server.log_text()),
        Err(ended) => ended,
    };
    let code = ended.status.code();
    assert!(
        code.is_some_and(|code| code != 0),
        "ended with {:?}; its log:\n{}",
        ended.status,
        ended.log
    );
    for text in wanted {
        assert!(
            ended.log.contains(text),
            "no {text:?} in the log:\n{}",
            ended.log
        );
    }
    assert!(!ended.log.contains("panicked"), "{}", ended.log);
    ended
}

fn run(args: &[&str]) -> (i32, String) {
    let output = Command::new(binary_path()).args(args).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.code().unwrap(),
        String::from_utf8(text).unwrap(),
    )
}

#[test]
fn version_and_help_are_shown() {
    let (code, text) = run(&["-v"]);
    assert_eq!(code, 0);
    assert!(text.to_lowercase().contains("workmill"), "{text}");
    let (code, text) = run(&["-h"]);
    assert_eq!(code, 0);
    for flag in ["-b", "-e", "-l", "-d", "-c"] {
        assert!(text.contains(flag), "{flag} is not in the help:\n{text}");
    }
}

#[test]
fn a_configuration_is_checked_without_starting_a_server() {
    let files = ServerFiles::new();
    let conf_d = files.config_dir().join("conf.d");
    fs::create_dir_all(&conf_d).unwrap();
    let file = conf_d.join("a.toml");
    fs::write(
        &file,
        "[faktory]\npassword = \"hunter2\"\n[dead]\nttl = 60\n",
    )
    .unwrap();
    let config_dir = files.config_dir();
    let args = ["check-config", "-c", config_dir.to_str().unwrap()];
    let (code, text) = run(&args);
    assert_eq!(code, 0, "{text}");
    let place = format!("{}, line 4", file.display());
    assert!(text.contains("dead.ttl") && text.contains(&place), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    fs::write(&file, "[dead]\nttl = 0\n").unwrap();
    let (code, text) = run(&args);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("line 2: dead.ttl must be"), "{text}");

    fs::write(&file, "").unwrap();
    let with =
        |storage_dir: &Path| run(&[&args[..], &["-d", storage_dir.to_str().unwrap()]].concat());
    let (code, text) = with(&file);
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("is a file; name a directory with -d"),
        "{text}"
    );
    let missing = config_dir.join("missing");
    let (code, text) = with(&missing);
    assert_eq!(code, 0, "{text}");
    assert!(!missing.exists());

    fs::write(&file, "[statsd]\nlocation = \"tcp://x\"\n").unwrap();
    let (code, text) = run(&args);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("would start without metrics: "), "{text}");
}

#[test]
fn unknown_flags_and_values_are_refused() {
    for args in [
        &["--explode"][..],
        &["-e", "holiday"],
        &["-l", "loudest"],
        &["-b", "nonsense"],
        &["-b", "127.0.0.1:99999"],
    ] {
        let (code, text) = run(args);
        assert_ne!(code, 0, "{args:?}:\n{text}");
        assert!(
            !text.is_empty() && !text.contains("panicked"),
            "{args:?}:\n{text}"
        );
    }
}

#[test]
fn every_flag_of_faktory_is_accepted() {
    let server = Server::builder()
        .arg("-w")
        .arg("127.0.0.1:0")
        .arg("-l")
        .arg("debug")
        .start();
    server.client().info();
}

/// Demand 17: a server that could not start ended with status 0.
#[test]
fn taken_address_stops_the_start() {
    let server = Server::start();
    let addr = server.addr().to_string();
    assert_refuses_to_start(Server::builder().arg("-b").arg(&addr), &[&addr]);
}

#[test]
fn second_server_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let server = Server::start();
    let mut client = server.client();
    client.push(&job("jid-000001", "q"));
    let dir = server.files().storage_dir().to_string_lossy().into_owned();
    assert_refuses_to_start(Server::builder().files(server.files().clone()), &[&dir]);
    assert_eq!(client.fetch_jid("q"), "jid-000001");
}

#[test]
fn storage_directory_is_for_its_owner_only() {
    let server = Server::start();
    let mode = fs::metadata(server.files().storage_dir())
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
    assert!(server.files().storage_dir().join("workmill.db").exists());
}

#[test]
fn storage_directory_that_cannot_be_made_stops_the_start() {
    let files = ServerFiles::new();
    let in_the_way = files.config_dir().join("a-file");
    fs::write(&in_the_way, "").unwrap();
    let files = ServerFiles::with_storage(&in_the_way);
    assert_refuses_to_start(
        Server::builder().files(files),
        &["a-file is a file; name a directory with -d"],
    );
}

#[test]
fn failed_start_ends_with_a_line_of_json_where_the_log_is_json() {
    for (arguments, wanted) in [
        (
            &["-b", "tcp://0.0.0.0:7419"][..],
            "-b: tcp:// does not belong here",
        ),
        (&["-d", "/proc/version"], "/proc/version is a file"),
        (&["-c", "/proc/version"], "/proc/version"),
        (&["--fish"], "--fish"),
        (&["-l", "loud"], "error, warn, info, debug"),
    ] {
        for format in [&["--log-format", "json"][..], &["--log-format=json"]] {
            let (code, text) = run(&[format, arguments].concat());
            assert_ne!(code, 0, "{text}");
            let last = text.lines().last().unwrap_or_default();
            let line: Value = serde_json::from_str(last)
                .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"));
            assert_eq!(line["level"], "ERROR", "{line}");
            let message = line["message"].as_str().unwrap();
            assert!(message.contains(wanted), "{arguments:?}: {message}");
        }
    }
}

#[test]
fn binding_of_the_configuration_applies_without_the_flag() {
    let server = Server::builder()
        .only_own_flags()
        .config("[faktory]\nbinding = \"127.0.0.1:0\"\n")
        .start();
    assert_ne!(server.addr().port(), 7419);
    server.client().info();
}

#[test]
fn flag_wins_over_the_binding_of_the_configuration() {
    let server = Server::builder()
        .config("[faktory]\nbinding = \"127.0.0.1:1\"\n")
        .start();
    assert_ne!(server.addr().port(), 1);
}

#[test]
fn environment_variable_names_the_environment() {
    let start = |env| {
        Server::builder()
            .only_own_flags()
            .arg("-b")
            .arg("127.0.0.1:0")
            .env("FAKTORY_ENV", env)
    };
    start("development").start();
    assert_refuses_to_start(start("production"), &["password"]);
    assert_refuses_to_start(start("holiday"), &["holiday"]);
}

#[test]
fn missing_password_stops_the_start_outside_development() {
    for environment in ["staging", "production"] {
        assert_refuses_to_start(
            Server::builder().arg("-e").arg(environment),
            &[environment, "password", "FAKTORY_SKIP_PASSWORD"],
        );
        let server = Server::builder()
            .arg("-e")
            .arg(environment)
            .password("secret")
            .start();
        assert_eq!(log_in(server.addr(), "secret").1, Reply::ok());
    }
}

#[test]
fn password_may_be_skipped_on_purpose() {
    for yes in ["1", "true", "yes"] {
        let server = Server::builder()
            .arg("-e")
            .arg("production")
            .env("FAKTORY_SKIP_PASSWORD", yes)
            .start();
        server.client().info();
    }
    assert_refuses_to_start(
        Server::builder()
            .arg("-e")
            .arg("production")
            .env("FAKTORY_SKIP_PASSWORD", "0"),
        &["password"],
    );
}

fn assert_password(server: &Server, right: &str, wrong: &str) {
    assert_eq!(log_in(server.addr(), right).1, Reply::ok());
    assert_eq!(
        log_in(server.addr(), wrong).1.error(),
        "ERR Invalid password"
    );
}

#[test]
fn password_comes_from_the_environment_before_the_configuration() {
    let server = Server::builder()
        .password("from-environment")
        .config("[faktory]\npassword = \"from-config\"\n")
        .start();
    assert_password(&server, "from-environment", "from-config");
}

#[test]
fn password_comes_from_the_configuration() {
    let server = Server::builder()
        .config("[faktory]\npassword = \"from-config\"\n")
        .start();
    assert_password(&server, "from-config", "from-environment");
}

#[test]
fn password_that_is_a_path_is_read_from_that_file_and_trimmed() {
    let files = ServerFiles::new();
    files.write_config_dir("secret", b"  from-file \n");
    let path = files
        .config_dir()
        .join("secret")
        .to_string_lossy()
        .into_owned();
    let server = Server::builder()
        .files(files.clone())
        .password(&path)
        .start();
    assert_password(&server, "from-file", &path);
    drop(server);
    let server = Server::builder()
        .files(files)
        .config(&format!("[faktory]\npassword = \"{path}\"\n"))
        .start();
    assert_password(&server, "from-file", &path);
}

#[test]
fn password_file_that_is_missing_or_empty_stops_the_start() {
    let files = ServerFiles::new();
    let path = files
        .config_dir()
        .join("secret")
        .to_string_lossy()
        .into_owned();
    assert_refuses_to_start(
        Server::builder().files(files.clone()).password(&path),
        &[&path],
    );
    files.write_config_dir("secret", b" \n");
    assert_refuses_to_start(Server::builder().files(files).password(&path), &[&path]);
}

#[test]
fn password_file_of_the_configuration_directory_counts_outside_development() {
    let files = ServerFiles::new();
    files.write_config_dir("password", b"from-file\n");
    let server = Server::builder()
        .files(files.clone())
        .arg("-e")
        .arg("production")
        .start();
    assert_password(&server, "from-file", "");
    drop(server);
    Server::builder().files(files).start().client().info();
}

#[test]
fn password_is_never_logged() {
    let server = Server::builder()
        .password("Zanzibar-1234")
        .arg("-l")
        .arg("debug")
        .start();
    log_in(server.addr(), "Zanzibar-1234").0.info();
    log_in(server.addr(), "wrong");
    assert!(!server.log_text().contains("Zanzibar-1234"));
}

/// Demand 17: a new password was applied by a restart only.
#[test]
fn hup_applies_a_new_password_and_leaves_connections_alone() {
    let server = Server::builder()
        .config("[faktory]\npassword = \"old-one\"\n")
        .start();
    let (mut before, reply) = log_in(server.addr(), "old-one");
    assert_eq!(reply, Reply::ok());
    server
        .files()
        .write_config("50-test.toml", "[faktory]\npassword = \"new-one\"\n");
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "settings read again");
    assert_password(&server, "new-one", "old-one");
    before.info();
}

#[test]
fn hup_with_a_broken_file_keeps_the_old_configuration_and_says_so() {
    let server = Server::builder()
        .config("[faktory]\npassword = \"old-one\"\n")
        .start();
    server
        .files()
        .write_config("50-test.toml", "[faktory]\npassword = \n");
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "50-test.toml");
    assert_password(&server, "old-one", "new-one");
}

#[test]
fn syntax_error_names_file_and_line_and_stops_the_start() {
    let builder = Server::builder().config_file(
        "20-broken.toml",
        "[faktory]\nbinding = \"127.0.0.1:0\"\npassword = = 1\n",
    );
    let ended = assert_refuses_to_start(builder, &["20-broken.toml"]);
    let names_line = ["line 3", "20-broken.toml:3"]
        .iter()
        .any(|text| ended.log.contains(text));
    assert!(names_line, "no line number in:\n{}", ended.log);
}

#[test]
fn wrong_type_and_wrong_value_stop_the_start() {
    assert_refuses_to_start(
        Server::builder().config("[faktory]\nbinding = 7419\n"),
        &["50-test.toml", "binding"],
    );
    assert_refuses_to_start(
        Server::builder().durability("sometimes"),
        &["durability", "sometimes"],
    );
}

#[test]
fn unknown_keys_are_warned_about_with_the_nearest_known_one() {
    let server = Server::builder()
        .config("[faktory]\npasword = \"secret\"\n")
        .start();
    let log = server.log_text();
    let line = log
        .lines()
        .find(|line| line.contains("pasword"))
        .unwrap_or_else(|| panic!("no warning in:\n{log}"));
    assert!(line.contains("password"), "{line}");
    assert!(line.contains("50-test.toml"), "{line}");
    server.client().info();
}

#[test]
fn files_are_merged_in_alphabetical_order_and_later_ones_win() {
    let server = Server::builder()
        .config_file("20-second.toml", "[faktory]\npassword = \"second\"\n")
        .config_file(
            "10-first.toml",
            "[faktory]\npassword = \"first\"\nbinding = \"127.0.0.1:0\"\n",
        )
        .config_file("30-other.txt", "this is no TOML")
        .start();
    assert_password(&server, "second", "first");
}

#[test]
fn configuration_directory_may_be_missing() {
    let files = ServerFiles::new();
    fs::remove_dir_all(files.config_dir()).unwrap();
    Server::builder().files(files).start().client().info();
}

/// Demand 17: a second TERM made the server panic.
#[test]
fn second_term_does_no_harm() {
    let mut server = Server::start();
    server.client().push(&job("12345678", "q"));
    for _ in 0..3 {
        server.signal(Signal::SIGTERM);
    }
    let ended = server.wait_exit();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.log);
    assert!(!ended.log.contains("panicked"), "{}", ended.log);
    server.start_again();
    assert_eq!(server.client().queue_size("q"), Some(1));
}

#[test]
fn ttin_tells_the_log_what_goes_on_and_stops_nothing() {
    let server = Server::start();
    let mut client = server.worker("worker-1");
    client.push(&job("12345678", "some-queue"));
    let mark = server.log().mark();
    server.signal(Signal::SIGTTIN);
    server.wait_for_log_after(mark, "worker-1");
    server.wait_for_log_after(mark, "some-queue");
    assert_eq!(client.fetch_jid("some-queue"), "12345678");
}

#[test]
fn tls_pair_that_does_not_fit_stops_the_start() {
    let builder = Server::builder().tls(b"no certificate", b"no key");
    let ended = assert_refuses_to_start(builder, &[]);
    assert!(
        ended.log.contains("public.cert.pem") || ended.log.contains("private.key.pem"),
        "{}",
        ended.log
    );
}

#[test]
fn half_a_tls_pair_means_plain_tcp() {
    let files = ServerFiles::new();
    files.write_config_dir("public.cert.pem", b"whatever");
    let server = Server::builder().files(files).start();
    server.client().info();
}

#[test]
fn public_binding_without_a_password_is_warned_about() {
    let server = Server::builder().arg("-b").arg("0.0.0.0:0").start();
    assert!(
        server.log_text().contains("password"),
        "{}",
        server.log_text()
    );
    let quiet = Server::start();
    let log = quiet.log_text();
    assert!(!log.contains("password"), "{log}");
}
