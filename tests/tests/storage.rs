//! The files of the storage directory, and what becomes of them when somebody touches them.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use workmill_tests::{Reply, Server, ServerFiles, job};

type Touch = fn(&Path);

fn path(files: &ServerFiles, name: &str) -> PathBuf {
    files.storage_dir().join(name)
}

fn push_many(server: &Server, jobs: usize) {
    let mut client = server.client();
    for number in 0..jobs {
        client.push(&job(&format!("jid-{number:06}"), "q"));
    }
}

fn delete(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::rename(copy, path).unwrap();
}

fn empty(path: &Path) {
    File::create(path).unwrap();
}

#[test]
fn a_file_touched_under_an_idle_server_ends_it_with_the_name_of_the_file() {
    let touches: [(Touch, &str); 3] = [
        (delete, "was deleted or moved away"),
        (replace, "was replaced by another file"),
        (empty, "was cut short"),
    ];
    for name in ["workmill.db", "workmill.db-wal", "workmill.db-shm"] {
        for (touch, done) in touches {
            let mut server = Server::start();
            push_many(&server, 20);
            touch(&path(server.files(), name));
            let ended = server.wait_exit();
            // Shared memory that was cut short kills whoever looks at it first.
            if (name, done) != ("workmill.db-shm", "was cut short") {
                assert_eq!(ended.status.code(), Some(1), "{name}: {}", ended.log);
                let text = format!("{name} {done}");
                assert!(ended.log.contains(&text), "{text}: {}", ended.log);
            }
            assert!(!ended.status.success());
        }
    }
}

#[test]
fn a_file_touched_under_load_ends_the_server() {
    for name in ["workmill.db", "workmill.db-wal"] {
        for touch in [delete, replace, empty] {
            let mut server = Server::start();
            let mut client = server.client();
            client.push(&job("jid-first", "q"));
            touch(&path(server.files(), name));
            let push = br#"PUSH {"jid":"jid-again","jobtype":"a","args":[]}"#;
            while client.send_raw(&[push, &b"\r\n"[..]].concat()).is_ok()
                && matches!(client.read_reply(), Reply::Simple(_))
            {}
            let ended = server.wait_exit();
            assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
            assert!(ended.log.contains(&format!("{name} was ")), "{}", ended.log);
        }
    }
}

#[test]
fn a_clean_stop_leaves_everything_in_one_file() {
    let mut server = Server::start();
    push_many(&server, 20);
    server.stop();
    let copied = ServerFiles::new();
    fs::create_dir_all(copied.storage_dir()).unwrap();
    fs::copy(
        path(server.files(), "workmill.db"),
        path(&copied, "workmill.db"),
    )
    .unwrap();
    let copy = Server::builder().files(copied).start();
    assert_eq!(copy.client().queue_size("q"), Some(20));
}

#[test]
fn a_backup_beside_an_old_log_is_refused_until_the_log_is_moved_away() {
    let mut server = Server::start();
    push_many(&server, 5);
    server.stop();
    let database = path(server.files(), "workmill.db");
    let backup = fs::read(&database).unwrap();
    server.start_again();
    push_many(&server, 700);
    server.kill9();
    fs::write(&database, backup).unwrap();
    let files = server.files().clone();
    let ended = Server::builder()
        .files(files.clone())
        .try_start()
        .unwrap_err();
    assert_eq!(ended.status.code(), Some(1));
    assert!(ended.log.contains("does not belong to"), "{}", ended.log);
    fs::remove_file(path(&files, "workmill.db-wal")).unwrap();
    server.start_again();
    assert_eq!(server.client().queue_size("q"), Some(5));
}

#[test]
fn a_log_without_its_database_is_refused() {
    let mut server = Server::start();
    push_many(&server, 20);
    server.kill9();
    let database = path(server.files(), "workmill.db");
    let whole = fs::read(&database).unwrap();
    for touch in [empty, delete] {
        touch(&database);
        let files = server.files().clone();
        let ended = Server::builder().files(files).try_start().unwrap_err();
        assert!(ended.log.contains("is missing or empty"), "{}", ended.log);
    }
    fs::write(&database, whole).unwrap();
    server.start_again();
    assert_eq!(server.client().queue_size("q"), Some(20));
}

/// What a start says of files that should be there, after the last server ended in a way and a file was touched.
fn told_after(end: fn(&mut Server), name: &str, touch: Touch) -> Option<String> {
    let mut server = Server::start();
    push_many(&server, 20);
    end(&mut server);
    let file = path(server.files(), name);
    if file.exists() {
        touch(&file);
    }
    server.start_again();
    let log = server.stop().log;
    let told = log
        .lines()
        .find(|line| line.contains("is missing or empty"));
    told.map(str::to_owned)
}

#[test]
fn a_file_that_vanished_between_two_servers_is_told_of() {
    let kill: fn(&mut Server) = |server| drop(server.kill9());
    let stop: fn(&mut Server) = |server| drop(server.stop());
    for touch in [empty, delete] {
        let lost = told_after(kill, "workmill.db-wal", touch).unwrap();
        assert!(
            lost.contains("ERROR") && lost.contains("workmill.db-wal"),
            "{lost}"
        );
        let lost = told_after(stop, "workmill.db", touch).unwrap();
        assert!(
            lost.contains("ERROR") && lost.contains("begins without jobs"),
            "{lost}"
        );
        // All of it was copied.
        assert_eq!(told_after(stop, "workmill.db-wal", touch), None);
    }
    assert_eq!(told_after(kill, "nothing", delete), None);
}

/// One that cannot listen has changed nothing: a second server on the port must not make the next start think of a kill.
#[test]
fn a_start_that_fails_leaves_the_next_one_no_suspicion() {
    let other = Server::start();
    let files = ServerFiles::new();
    let taken = || {
        Server::builder()
            .files(files.clone())
            .arg("-b")
            .arg(other.addr().to_string())
    };
    let free = || Server::builder().files(files.clone());
    for _ in 0..2 {
        taken().try_start().unwrap_err();
        let ended = free().start().stop();
        assert!(!ended.log.contains("is missing or empty"), "{}", ended.log);
    }
}

#[test]
fn a_damaged_log_is_told_of_and_kept() {
    let mut server = Server::start();
    push_many(&server, 20);
    server.kill9();
    let log = path(server.files(), "workmill.db-wal");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, &bytes).unwrap();
    server.start_again();
    let line = server.wait_for_log("is damaged at frame");
    assert!(line.contains("ERROR"), "{line}");
    let kept = path(server.files(), "workmill.db-wal.damaged-1");
    assert!(fs::read(kept).unwrap() == bytes);
    assert!(server.client().queue_size("q") < Some(20));
}

#[test]
fn files_are_private_and_links_are_not_followed() {
    let mut server = Server::start();
    push_many(&server, 1);
    for name in [
        "workmill.db",
        "workmill.db-wal",
        "workmill.db-shm",
        "workmill.lock",
    ] {
        let found = fs::metadata(path(server.files(), name)).unwrap();
        assert_eq!(found.permissions().mode() & 0o777, 0o600, "{name}");
    }
    server.stop();
    let lock = path(server.files(), "workmill.lock");
    let target = server.files().home_dir().join("precious");
    fs::write(&target, "text").unwrap();
    delete(&lock);
    symlink(&target, &lock).unwrap();
    let files = server.files().clone();
    let ended = Server::builder().files(files).try_start().unwrap_err();
    assert!(ended.log.contains("is a symbolic link"), "{}", ended.log);
    assert_eq!(fs::read_to_string(target).unwrap(), "text");
}

#[test]
fn a_second_server_is_kept_out_though_the_lock_file_is_gone() {
    let server = Server::start();
    delete(&path(server.files(), "workmill.lock"));
    let files = server.files().clone();
    let ended = Server::builder().files(files).try_start().unwrap_err();
    assert!(
        ended.log.contains("in use by another server"),
        "{}",
        ended.log
    );
}
