//! Damage of locks, tracks and tombstones.

use workmill_store::check::ProblemKind;

use crate::damage::assert_found;

#[test]
fn damage_of_locks_and_tracks_is_found() {
    use ProblemKind as Kind;
    assert_found(&[
        ("DELETE FROM locks".into(), &[Kind::Lock], "has no lock"),
        (
            "UPDATE locks SET owner = 'x'".into(),
            &[Kind::Lock],
            "its lock belongs to \"x\"",
        ),
        (
            "UPDATE locks SET ends_at = 1".into(),
            &[Kind::Lock],
            "ends at another time",
        ),
        (
            "UPDATE locks SET key = x'00' WHERE owner = 'unique-001'".into(),
            &[Kind::Row, Kind::Lock],
            "a lock",
        ),
        (
            "UPDATE tracks SET jid = 'gone' WHERE jid = 'unique-001'".into(),
            &[Kind::Track],
            "\"gone\"",
        ),
        (
            "UPDATE tracks SET state = 77 WHERE jid = 'unique-001'".into(),
            &[Kind::Row],
            "the track of",
        ),
        (
            "UPDATE ends SET at = 'x'".into(),
            &[Kind::Row],
            "a tombstone",
        ),
    ]);
}
