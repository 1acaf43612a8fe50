//! Damages a database, and tells what a check finds.

use rusqlite::Connection;
use workmill_store::Predecessor;
use workmill_store::check::{Findings, ProblemKind};
use workmill_store::sqlite::{DATABASE_FILE, check_stopped};

use crate::restored::restore_migrated;

/// What is found after a change of the database that the store knows nothing of.
pub(crate) fn damage(sql: &str) -> Findings {
    let dir = restore_migrated();
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(sql).unwrap();
    drop(conn);
    check_stopped(dir.path(), &Predecessor::Resigned).unwrap()
}

/// A damage, the kinds of problems it makes, and what is told of one of them.
pub(crate) type Case<'a> = (String, &'a [ProblemKind], &'a str);

/// Does each damage, and looks that these kinds of problems are found, one of them told so.
pub(crate) fn assert_found(cases: &[Case<'_>]) {
    for (sql, kinds, told) in cases {
        let findings = damage(sql);
        let problems = findings.problems();
        let found: Vec<_> = problems.keys().copied().collect();
        assert_eq!(found, *kinds, "{sql}: {problems:?}");
        let mut examples = problems.values().flat_map(|problem| &problem.examples);
        let is_told = examples.any(|example| example.contains(told));
        assert!(is_told, "{sql}: {problems:?}");
    }
}

/// A change of the rows that stand together in one table.
pub(crate) fn live(change: &str, which: &str) -> String {
    format!("UPDATE live SET {change} WHERE {which}")
}
