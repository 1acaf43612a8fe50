//! Unique jobs and batches.

use super::*;
use crate::settings::BatchSettings;

#[test]
fn both_are_on_unless_they_are_turned_off() {
    let settings = Setup::new().load();
    assert!(settings.uniq);
    assert_eq!(
        settings.batch,
        BatchSettings {
            enabled: true,
            uncommitted_timeout_minutes: 30,
            committed_timeout_days: 30,
        }
    );
    let config = "[uniq]\nenabled = false\n[batch]\nenabled = false\n";
    let settings = Setup::with_config(config).load();
    assert!(!settings.uniq && !settings.batch.enabled);
}

#[test]
fn batches_are_forgotten_when_the_operator_says() {
    let config = "[batch]\nuncommitted_timeout_minutes = 120\ncommitted_timeout_days = 7\n";
    let batch = Setup::with_config(config).load().batch;
    assert_eq!(
        (
            batch.uncommitted_timeout_minutes,
            batch.committed_timeout_days
        ),
        (120, 7)
    );
    for (line, allowed) in [
        ("uncommitted_timeout_minutes = 0", "an integer from 1 to "),
        ("committed_timeout_days = 0", "an integer from 1 to "),
        (
            "committed_timeout_days = 1.5",
            "not a number with a fraction",
        ),
        ("enabled = 1", "must be true or false"),
    ] {
        let error = Setup::with_config(&format!("[batch]\n{line}\n")).error();
        assert!(
            error.contains("line 2: batch.") && error.contains(allowed),
            "{error}"
        );
    }
}

#[test]
fn a_key_of_the_batch_plugin_has_no_effect_and_says_so() {
    let warnings = Setup::with_config("[batch]\nchild_search_depth = 5\n").warnings();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(
        warnings[0].contains("line 2: batch.child_search_depth has no effect"),
        "{warnings:?}"
    );
}
