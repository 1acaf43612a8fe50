use std::fs;
use std::os::unix::fs::symlink;

use super::*;

const HOLDER: &str = "pid 1, localhost:7419";

fn acquire(lease: &mut FileLease) -> Result<Acquired, LeaseError> {
    lease.acquire(HOLDER, Timestamp::default())
}

fn is_refused(dir: &Path) -> bool {
    matches!(
        acquire(&mut FileLease::new(dir)).unwrap(),
        Acquired::Theirs { .. }
    )
}

#[test]
fn second_server_is_kept_out_whatever_became_of_the_lock_file() {
    let root = tempfile::tempdir().unwrap();
    let mut first = FileLease::new(root.path());
    let predecessor = Predecessor::Nobody;
    assert_eq!(acquire(&mut first).unwrap(), Acquired::Ours { predecessor });
    let file = root.path().join(FileLease::FILE);
    let other = root.path().join("other");
    let delete = || fs::remove_file(&file).unwrap();
    let replace = || fs::rename(&other, &file).unwrap();
    for touch in [&delete as &dyn Fn(), &replace] {
        fs::write(&other, "").unwrap();
        touch();
        assert!(is_refused(root.path()));
    }
}

#[test]
fn quiet_hold_keeps_servers_out_and_writes_nothing() {
    let root = tempfile::tempdir().unwrap();
    let hold = QuietHold::take(root.path()).unwrap().unwrap();
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    let mut server = FileLease::new(root.path());
    assert!(matches!(
        acquire(&mut server).unwrap(),
        Acquired::Theirs { .. }
    ));
    drop(hold);
    assert!(matches!(
        acquire(&mut server).unwrap(),
        Acquired::Ours { .. }
    ));
    let refused = QuietHold::take(root.path()).unwrap().unwrap_err();
    assert_eq!(refused, HOLDER);
    let text = fs::read_to_string(root.path().join(FileLease::FILE)).unwrap();
    assert!(text.starts_with(HOLDER), "{text}");
}

#[test]
fn server_that_locks_only_the_file_is_respected() {
    let root = tempfile::tempdir().unwrap();
    let file = File::create(root.path().join(FileLease::FILE)).unwrap();
    file.lock().unwrap();
    assert!(is_refused(root.path()));
}

#[test]
fn link_in_place_of_the_lock_file_is_refused_and_not_followed() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("precious");
    fs::write(&target, "text").unwrap();
    let link = root.path().join(FileLease::FILE);
    symlink(&target, &link).unwrap();
    let mut lease = FileLease::new(root.path());
    let error = acquire(&mut lease).unwrap_err().to_string();
    assert!(
        error.contains("is a symbolic link; move it away"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&target).unwrap(), "text");
    fs::remove_file(&target).unwrap();
    acquire(&mut lease).unwrap_err();
    assert!(!target.exists(), "a dangling link was followed");
}

#[test]
fn lock_file_that_others_could_read_is_made_private() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join(FileLease::FILE);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    let mut lease = FileLease::new(root.path());
    acquire(&mut lease).unwrap();
    let mode = file.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
}

#[test]
fn longer_text_of_an_earlier_holder_is_gone() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(FileLease::FILE), "x".repeat(500)).unwrap();
    let mut lease = FileLease::new(root.path());
    acquire(&mut lease).unwrap();
    let text = fs::read_to_string(root.path().join(FileLease::FILE)).unwrap();
    assert_eq!(text, format!("{HOLDER}\n"));
}

#[test]
fn first_line_counts_of_a_text_that_was_not_cut_off() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join(FileLease::FILE);
    let vanished = Predecessor::Vanished {
        holder: HOLDER.to_owned(),
    };
    for (first, predecessor) in [(RESIGNED, Predecessor::Resigned), (HOLDER, vanished)] {
        fs::write(&file, format!("{first}\nalhost:7419, and more\n")).unwrap();
        assert_eq!(
            *QuietHold::take(root.path()).unwrap().unwrap().predecessor(),
            predecessor
        );
        let mut lease = FileLease::new(root.path());
        assert_eq!(acquire(&mut lease).unwrap(), Acquired::Ours { predecessor });
    }
    let held = OpenOptions::new().write(true).open(&file).unwrap();
    held.lock().unwrap();
    fs::write(&file, format!("{HOLDER}\nalhost:7419\n")).unwrap();
    let holder = HOLDER.to_owned();
    assert_eq!(
        acquire(&mut FileLease::new(root.path())).unwrap(),
        Acquired::Theirs { holder }
    );
}

#[test]
fn nobody_says_that_a_server_vanished_that_could_not_resign() {
    let root = tempfile::tempdir().unwrap();
    // As versions before leave it behind, however they end.
    fs::write(root.path().join(FileLease::FILE), HOLDER).unwrap();
    let predecessor = Predecessor::Resigned;
    let acquired = acquire(&mut FileLease::new(root.path())).unwrap();
    assert_eq!(acquired, Acquired::Ours { predecessor });
}

#[test]
fn what_is_undone_was_never_there() {
    let root = tempfile::tempdir().unwrap();
    let mut lease = FileLease::new(root.path());
    let vanished = Predecessor::Vanished {
        holder: HOLDER.to_owned(),
    };
    let acquired = |lease: &mut FileLease, predecessor| {
        assert_eq!(acquire(lease).unwrap(), Acquired::Ours { predecessor });
    };
    for _ in 0..2 {
        acquired(&mut lease, Predecessor::Nobody);
        lease.undo().unwrap();
        assert!(!is_refused(root.path()));
        fs::write(root.path().join(FileLease::FILE), "").unwrap();
    }
    acquired(&mut lease, Predecessor::Nobody);
    drop(lease);
    let mut next = FileLease::new(root.path());
    for _ in 0..2 {
        acquired(&mut next, vanished.clone());
        next.undo().unwrap();
    }
    acquired(&mut next, vanished);
    next.resign().unwrap();
    for _ in 0..2 {
        acquired(&mut next, Predecessor::Resigned);
        next.undo().unwrap();
    }
}
