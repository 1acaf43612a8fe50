//! Damage of the file itself, much damage at once, and databases that are not looked at.

use std::fs;
use std::os::unix::fs::FileExt as _;

use workmill_store::Predecessor;
use workmill_store::check::ProblemKind;
use workmill_store::sqlite::{DATABASE_FILE, check_stopped};

use crate::damage::damage;
use crate::restored::{VERSION_3, restore, restore_migrated};

#[test]
fn many_problems_of_a_kind_are_counted_and_some_are_told() {
    let findings = damage(
        "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500)
        INSERT INTO jobs SELECT (99 << 45) + n, x'00' FROM n",
    );
    let problem = findings.problems().get(&ProblemKind::Place).unwrap();
    assert_eq!((problem.count, problem.examples.len()), (500, 20));
}

#[test]
fn a_damaged_page_is_found() {
    let dir = restore_migrated();
    let path = dir.path().join(DATABASE_FILE);
    let pages = fs::metadata(&path).unwrap().len() / 4_096;
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    // Not the first ones, which say what the others are.
    for page in pages - 3..pages {
        file.write_all_at(&[0xa5; 64], page * 4_096).unwrap();
    }
    let findings = check_stopped(dir.path(), &Predecessor::Resigned).unwrap();
    assert!(
        findings.problems().contains_key(&ProblemKind::File),
        "{findings:?}"
    );
}

#[test]
fn a_database_of_another_version_is_not_checked() {
    let dir = restore(VERSION_3);
    let error = check_stopped(dir.path(), &Predecessor::Resigned)
        .unwrap_err()
        .to_string();
    assert!(error.contains("has version 3 of the tables"), "{error}");
    let empty = tempfile::tempdir().unwrap();
    let error = check_stopped(empty.path(), &Predecessor::Resigned)
        .unwrap_err()
        .to_string();
    assert!(error.contains("there is no database in"), "{error}");
    assert_eq!(fs::read_dir(empty.path()).unwrap().count(), 0);
}
