//! Damage of batches.

use workmill_store::check::ProblemKind;

use crate::damage::assert_found;

#[test]
fn damage_of_batches_is_found() {
    use ProblemKind as Kind;
    assert_found(&[
        (
            "UPDATE batches SET pending = pending + 1, total = 9".into(),
            &[Kind::Batch],
            "members that are to run",
        ),
        (
            "UPDATE batches SET children_incomplete = 5".into(),
            &[Kind::Batch],
            "children that are not complete",
        ),
        (
            "UPDATE batches SET failed = 0".into(),
            &[Kind::Batch],
            "0 failed of",
        ),
        (
            "UPDATE batches SET complete = 2 WHERE id = 1".into(),
            &[Kind::Batch],
            "was queued, and is nowhere",
        ),
        (
            "UPDATE batches SET success = 9 WHERE id = 1".into(),
            &[Kind::Row, Kind::BatchPart],
            "batch number 1",
        ),
        (
            "DELETE FROM batch_details".into(),
            &[Kind::BatchPart],
            "its description",
        ),
        (
            "UPDATE batch_details SET complete = NULL".into(),
            &[Kind::BatchPart],
            "the complete callback",
        ),
        (
            "DELETE FROM batch_dues".into(),
            &[Kind::BatchPart],
            "looked at again",
        ),
        (
            "UPDATE batch_links SET child = 77".into(),
            &[Kind::Batch, Kind::BatchPart],
            "number 77 is a child",
        ),
        (
            "UPDATE meta SET value = 2 WHERE name = 'last_batch'".into(),
            &[Kind::Number],
            "batch number 3",
        ),
    ]);
}
