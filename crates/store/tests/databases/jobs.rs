//! Damage of jobs, of reservations and of the groups of failed jobs.

use workmill_store::check::ProblemKind;

use crate::damage::{assert_found, live};

#[test]
fn failed_jobs_without_their_groups_are_found() {
    use ProblemKind as Kind;
    assert_found(&[
        (
            "DELETE FROM ungrouped".into(),
            &[Kind::Failures],
            "is in the set retries and in no group",
        ),
        (
            "INSERT INTO failures VALUES (0, 7, NULL, x'00')".into(),
            &[Kind::Row],
            "the group of failures 0000000000000007",
        ),
    ]);
}

#[test]
fn damage_of_jobs_is_found() {
    use ProblemKind as Kind;
    let without_job = "DELETE FROM jobs WHERE key IN (SELECT key FROM live WHERE key >= 0)";
    assert_found(&[
        (
            "UPDATE jobs SET record = x'00'".into(),
            &[Kind::Record, Kind::Batch, Kind::Track],
            "too few",
        ),
        (
            "UPDATE entries SET record = 'text'".into(),
            &[Kind::Record],
            "a text stands",
        ),
        (
            "INSERT INTO jobs VALUES ((99 << 45) + 7, x'00')".into(),
            &[Kind::Place],
            "belongs to no queue",
        ),
        (
            "INSERT INTO entries VALUES (9, 1, 1, x'00')".into(),
            &[Kind::Place],
            "belongs to no set",
        ),
        (live("b = 3", "a = 'slow'"), &[Kind::Place], "is no more"),
        (
            live("a = 'x'", "a = 'plain-00000'"),
            &[Kind::Reservation],
            "the job there is",
        ),
        (
            live("e = NULL", "key >= 0"),
            &[Kind::Reservation],
            "as if it had no lock",
        ),
        (
            live("c = 'x'", "a = 'plain-00000'"),
            &[Kind::Row],
            "the reservation under",
        ),
        (
            without_job.into(),
            &[Kind::Reservation, Kind::Batch, Kind::Track],
            "there is no job",
        ),
    ]);
}
