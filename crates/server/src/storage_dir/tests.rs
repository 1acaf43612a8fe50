use std::fs::{self, Permissions};
use std::os::unix::fs::symlink;

use rustix::process::geteuid;
use rustix::thread::{Uid, set_thread_res_uid};

use super::*;

fn binding() -> Binding {
    Binding::parse("localhost:7419").unwrap()
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}

#[test]
fn missing_directory_is_made_for_its_owner_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a/b");
    let dir = StorageDir::open(&path, &binding()).unwrap();
    assert_eq!(dir.path(), path);
    assert_eq!(mode(&path), 0o700);
    assert_eq!(mode(&path.join(FileLease::FILE)), 0o600);
    assert_eq!(dir.warning(), None);
}

#[test]
fn directory_that_others_can_enter_is_warned_about() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), Permissions::from_mode(0o750)).unwrap();
    let dir = StorageDir::open(root.path(), &binding()).unwrap();
    let warning = dir.warning().unwrap();
    assert!(warning.contains("(mode 0750); make it 0700"), "{warning}");
    assert_eq!(
        mode(root.path()),
        0o750,
        "what the operator made is left as it is"
    );
}

#[test]
fn second_server_is_told_who_holds_the_directory() {
    let root = tempfile::tempdir().unwrap();
    let first = StorageDir::open(root.path(), &binding()).unwrap();
    let error = StorageDir::open(root.path(), &binding())
        .unwrap_err()
        .to_string();
    let holder = format!("(pid {}, localhost:7419)", process::id());
    assert!(error.contains(&holder) && error.contains("-d"), "{error}");
    drop(first.into_lease());
    StorageDir::open(root.path(), &binding()).unwrap();
}

#[test]
fn path_that_is_a_file_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    fs::write(&path, "").unwrap();
    let error = StorageDir::open(&path, &binding()).unwrap_err();
    assert!(matches!(error, StorageDirError::File { .. }), "{error:?}");
    let error = StorageDir::open(&path.join("below"), &binding()).unwrap_err();
    assert!(matches!(error, StorageDirError::Make { .. }), "{error:?}");
}

#[test]
fn what_could_not_be_opened_is_told_without_making_anything() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let link = root.path().join("link");
    symlink(root.path().join("nothing"), &link).unwrap();
    let of_file = StorageDir::check(&file).unwrap_err();
    assert!(
        matches!(of_file, StorageDirError::File { .. }),
        "{of_file:?}"
    );
    for path in [file.join("a/b"), link.clone(), link.join("a")] {
        let error = StorageDir::check(&path).unwrap_err();
        assert!(matches!(error, StorageDirError::Make { .. }), "{error:?}");
    }
    let missing = root.path().join("a/b");
    assert_eq!(StorageDir::check(&missing).unwrap(), None);
    assert_eq!(StorageDir::check(Path::new("not-here")).unwrap(), None);
    let held = StorageDir::open(&root.path().join("held"), &binding()).unwrap();
    assert_eq!(StorageDir::check(held.path()).unwrap(), None);
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
}

#[test]
fn what_is_only_read_is_told_apart_and_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let path = |name| root.path().join(name);
    let [file, empty, served] = ["file", "empty", "served"].map(path);
    fs::write(&file, "").unwrap();
    fs::create_dir(&empty).unwrap();
    symlink(path("nothing"), path("link")).unwrap();
    for missing in [
        path("none"),
        file.join("below"),
        path("none/below"),
        path("link"),
    ] {
        let error = StorageDir::hold(&missing).unwrap_err();
        let told = format!("there is no storage directory {};", missing.display());
        assert!(error.to_string().starts_with(&told), "{error}");
    }
    let error = StorageDir::hold(&file).unwrap_err();
    assert!(matches!(error, StorageDirError::File { .. }), "{error:?}");
    let server = StorageDir::open(&served, &binding()).unwrap();
    let error = StorageDir::hold(&served).unwrap_err();
    assert!(matches!(error, StorageDirError::Served { .. }), "{error:?}");
    drop(server);
    StorageDir::hold(&served).unwrap();
    StorageDir::hold(&empty).unwrap();
    assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
}

/// Runs this in a thread that has the rights of nobody, or the test's own if these are not all.
fn without_rights<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let run = || {
        if geteuid().is_root() {
            let nobody = Uid::from_raw(65_534);
            set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        run()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

#[test]
fn directory_that_cannot_be_written_to_is_told_by_name() {
    let root = tempfile::tempdir().unwrap();
    let set_mode =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let [closed, open] = ["closed", "open"].map(|name| {
        let dir = root.path().join(name);
        fs::create_dir(&dir).unwrap();
        dir
    });
    let database = open.join(DATABASE_FILE);
    fs::write(&database, "").unwrap();
    for (path, mode) in [
        (&database, 0o444),
        (&closed, 0o555),
        (&open, 0o777),
        (&root.path().to_owned(), 0o755),
    ] {
        set_mode(path, mode);
    }
    for (path, named) in [
        (closed.clone(), &closed),
        (closed.join("a/b"), &closed),
        (open, &database),
    ] {
        for error in without_rights(|| {
            [
                StorageDir::check(&path).unwrap_err(),
                StorageDir::open(&path, &binding()).unwrap_err(),
            ]
        }) {
            let told = format!("the server cannot write to {};", named.display());
            assert!(error.to_string().starts_with(&told), "{error}");
        }
    }
    set_mode(&closed, 0o755);
}

#[test]
fn what_cannot_be_read_is_told_by_name_and_need_not_be_written() {
    let root = tempfile::tempdir().unwrap();
    let set_mode =
        |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    let [closed, locked, read_only] = ["closed", "locked", "read-only"].map(|name| {
        let dir = root.path().join(name);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(DATABASE_FILE), "").unwrap();
        fs::write(dir.join(FileLease::FILE), "").unwrap();
        dir
    });
    let lock = locked.join(FileLease::FILE);
    set_mode(root.path(), 0o755);
    set_mode(&lock, 0o000);
    for name in [DATABASE_FILE, FileLease::FILE] {
        set_mode(&read_only.join(name), 0o444);
    }
    for (dir, mode) in [(&closed, 0o311), (&locked, 0o555), (&read_only, 0o555)] {
        set_mode(dir, mode);
    }
    for (path, named) in [(&closed, &closed), (&locked, &lock)] {
        let error = without_rights(|| StorageDir::hold(path).unwrap_err());
        let told = format!("cannot read {};", named.display());
        assert!(error.to_string().starts_with(&told), "{error}");
    }
    without_rights(|| StorageDir::hold(&read_only).map(drop)).unwrap();
    set_mode(&closed, 0o000);
    let below = closed.join("below");
    let error = without_rights(|| StorageDir::hold(&below).unwrap_err());
    assert!(error.to_string().starts_with("cannot read "), "{error}");
    for dir in [&closed, &locked, &read_only] {
        set_mode(dir, 0o755);
    }
}
