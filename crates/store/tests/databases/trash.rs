//! Damage of the trash.

use workmill_store::check::ProblemKind;

use crate::damage::assert_found;

#[test]
fn damage_of_the_trash_is_found() {
    use ProblemKind as Kind;
    let trash = "INSERT INTO trash VALUES (0, 7, 1, 2, 0, 0, 0);";
    let job = "INSERT INTO trashed_jobs VALUES (0, 7, 1, 0, 0, 0, 1, 0, NULL);";
    assert_found(&[
        (
            trash.into(),
            &[Kind::Trash],
            "action 7: 1 jobs are written down, and 0 are found",
        ),
        (
            job.into(),
            &[Kind::Trash],
            "job 1 of action 7 is there, and nobody knows of it",
        ),
        (
            format!("{trash}{job}UPDATE trashed_jobs SET set_id = 9"),
            &[Kind::Row],
            "unknown place 9",
        ),
        (
            format!("{trash}{job}UPDATE trash SET ends_at = 'x'"),
            &[Kind::Row, Kind::Trash],
            "the trash of action 7",
        ),
        (
            format!(
                "{trash}{job}UPDATE trashed_jobs SET dead_serial = NULL, record = x'0700000000'"
            ),
            &[Kind::Record],
            "job 1 in the trash of action 7",
        ),
    ]);
}
