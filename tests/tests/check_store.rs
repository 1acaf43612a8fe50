//! `workmill check-store`: what it says of a store, and that it leaves it alone.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;
use workmill_tests::{Server, ServerFiles, binary_path, job};

/// The exit status of a check of the store, and all that it says.
fn check(files: &ServerFiles) -> (i32, String) {
    run("check-store", files, files.storage_dir())
}

/// The same of any subcommand, for this storage directory.
fn run(subcommand: &str, files: &ServerFiles, dir: &Path) -> (i32, String) {
    let output = Command::new(binary_path())
        .args([subcommand, "-e", "development", "-d"])
        .arg(dir)
        .arg("-c")
        .arg(files.config_dir())
        .stdin(Stdio::null())
        .output()
        .expect("run workmill");
    let text = [output.stdout, output.stderr].concat();
    let code = output.status.code().expect("it exits");
    (code, String::from_utf8(text).expect("it says text"))
}

/// What is in a directory: names, contents, times.
fn sight(dir: &Path) -> Vec<(String, Vec<u8>, std::time::SystemTime)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|file| {
            let path = file.unwrap().path();
            let changed = path.metadata().unwrap().modified().unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, fs::read(&path).unwrap(), changed)
        })
        .collect();
    files.sort();
    files
}

/// Leaves a job in each place, with features.
fn fill(server: &Server) {
    let mut client = server.worker("w");
    for number in 0..5 {
        client.push(&job(&format!("jid-{number:06}"), "q"));
    }
    let mut unique = job("jid-unique", "u");
    unique["custom"] = json!({"unique_for": 3600, "track": 1});
    client.push(&unique);
    client.fetch_now("q");
    let failed = client.fetch_jid("q");
    client.fail(&failed);
}

#[test]
fn a_stopped_store_is_checked_and_left_alone() {
    let mut server = Server::start();
    fill(&server);
    server.stop();
    let dir = server.files().storage_dir();
    let before = sight(dir);
    let (code, text) = check(server.files());
    assert_eq!(code, 0, "{text}");
    assert!(text.ends_with("Everything agrees.\n"), "{text}");
    for line in ["4 jobs in queues", "1 reserved jobs", "1 locks", "1 tracks"] {
        assert!(text.contains(&format!(" {line}\n")), "{line}: {text}");
    }
    assert_eq!(sight(dir), before);
}

#[test]
fn a_store_is_checked_as_a_killed_server_left_it() {
    let mut server = Server::start();
    fill(&server);
    server.kill9();
    let dir = server.files().storage_dir();
    let before = sight(dir);
    assert!(
        before
            .iter()
            .any(|(name, bytes, _)| name.ends_with("-wal") && !bytes.is_empty())
    );
    for _ in 0..2 {
        let (code, text) = check(server.files());
        assert_eq!(code, 0, "{text}");
        assert!(text.contains(" 4 jobs in queues\n"), "{text}");
        assert!(!text.contains(" 0 transactions in the log\n"), "{text}");
        assert_eq!(sight(dir), before);
    }
    server.start_again();
    assert_eq!(server.client().queue_size("q"), Some(3));
}

#[test]
fn a_store_in_use_is_not_checked() {
    let server = Server::start();
    let (code, text) = check(server.files());
    assert_eq!(code, 1, "{text}");
    let holder = format!("in use by a server (pid {},", server.pid());
    assert!(text.contains(&holder), "{text}");
    server.client().push(&job("jid-000001", "q"));
}

#[test]
fn a_damaged_store_is_told_with_what_it_means_and_what_to_do() {
    let mut server = Server::start();
    fill(&server);
    server.stop();
    let dir = server.files().storage_dir();
    let path = dir.join("workmill.db");
    let mut bytes = fs::read(&path).unwrap();
    // In the record of the job that waits; its id stands in no other row.
    let at = bytes
        .windows(10)
        .position(|bytes| bytes == b"jid-000004")
        .unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let before = sight(dir);
    let (code, text) = check(server.files());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("\nPROBLEM the record of a job cannot be read (1)\n  To do: "),
        "{text}"
    );
    assert!(text.contains("the checksum does not match"), "{text}");
    assert!(!text.contains("Everything agrees"), "{text}");
    assert_eq!(sight(dir), before);
}

#[test]
fn a_damaged_log_is_told() {
    let mut server = Server::start();
    fill(&server);
    server.kill9();
    let dir = server.files().storage_dir();
    let path = dir.join("workmill.db-wal");
    let mut bytes = fs::read(&path).unwrap();
    // What lies behind the frames with the salt of the head is left from before the log began again.
    let frames = bytes[32..].chunks(4_120);
    let frames = frames.take_while(|frame| frame[8..16] == bytes[16..24]);
    // In the last but some frames: what is committed behind it is lost.
    let at = 32 + (frames.count() - 3) * 4_120 + 2_000;
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let before = sight(dir);
    let (code, text) = check(server.files());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("PROBLEM the log beside the database is damaged"),
        "{text}"
    );
    assert_eq!(sight(dir), before);
}

#[test]
fn a_log_that_is_gone_is_told() {
    let mut server = Server::start();
    fill(&server);
    server.kill9();
    let dir = server.files().storage_dir();
    fs::remove_file(dir.join("workmill.db-wal")).unwrap();
    let before = sight(dir);
    let (code, text) = check(server.files());
    assert_eq!(code, 1, "{text}");
    assert!(
        text.contains("PROBLEM the log beside the database is gone"),
        "{text}"
    );
    assert_eq!(sight(dir), before);
}

#[test]
fn what_is_no_store_is_told_with_what_to_do() {
    let files = ServerFiles::new();
    let home = files.home_dir();
    let [file, empty, none] = ["file", "empty", "none"].map(|name| home.join(name));
    fs::write(&file, "").unwrap();
    fs::create_dir(&empty).unwrap();
    let missing = "there is no storage directory";
    for (dir, told) in [
        (none.clone(), missing),
        (none.join("below"), missing),
        (file.join("below"), missing),
        (file.clone(), "is a file; name a directory with -d"),
        (empty.clone(), "there is no database in"),
    ] {
        let (code, text) = run("check-store", &files, &dir);
        assert_eq!(code, 1, "{text}");
        assert!(text.starts_with("the store cannot be checked: "), "{text}");
        assert!(text.contains(told) && text.contains("with -d"), "{text}");
        assert!(!text.contains("lock"), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    assert!(!none.exists());
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
}

/// A server and a check of its configuration say of a directory that it cannot use the same.
#[test]
fn a_directory_that_no_server_can_use_is_told_by_all_alike() {
    let files = ServerFiles::new();
    let file = files.home_dir().join("file");
    fs::write(&file, "").unwrap();
    for (dir, told) in [
        (file.clone(), "is a file; name a directory with -d"),
        (file.join("below"), "cannot make the storage directory"),
    ] {
        let (code, text) = run("check-config", &files, &dir);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains(told), "{text}");
        let storage = ServerFiles::with_storage(&dir);
        let started = Server::builder().files(storage).try_start();
        let ended = started.expect_err("a server works in a file");
        assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
        assert!(ended.log.contains(told), "{}", ended.log);
        let errors = ended.log.lines().filter(|line| line.contains("ERROR"));
        assert_eq!(errors.count(), 1, "{}", ended.log);
    }
}
