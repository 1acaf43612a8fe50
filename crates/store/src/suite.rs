//! The conformance suite: what [`Tx`](crate::Tx) promises, as tests that every backend passes unchanged.
//!
//! A backend gives a [`Fixture`] and calls [`store_suite!`](crate::store_suite) in a test file: one test per
//! case. A case that is not in the list at the end of this file is dead code, which the compiler reports.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "the suite is test code: what fails must stop the test"
)]

mod answer_logs;
mod audit;
mod batches;
mod clocks;
mod corrupt;
mod counters;
mod cron;
mod ends;
mod failures;
mod history;
mod job_features;
pub mod lease;
mod locks;
mod model;
mod places;
mod queues;
mod random;
mod reading;
mod release;
mod removal;
mod reservations;
mod sets;
mod slots;
mod steps;
mod tracks;
mod transactions;
mod trash;

pub use lease::LeaseFixture;
pub use steps::{job, push_one};

use crate::{EntryKey, JobKey, Store};

/// A backend under test, with data of its own.
pub trait Fixture {
    /// The backend.
    type S: Store;

    /// A backend without any data.
    fn new() -> Self;

    /// Opens the store; again after the last one was dropped, on the same data.
    fn open(&mut self) -> Self::S;

    /// Overwrites the stored form of a job in a queue. No store is open.
    fn plant_job(&mut self, key: JobKey, bytes: &[u8]);

    /// Overwrites the stored form of a job in a set. No store is open.
    fn plant_entry(&mut self, key: EntryKey, bytes: &[u8]);

    /// How many rows there are of jobs, reservations, entries, tombstones, locks, batches (what changes and
    /// what does not apart), their links and moments, tracks, groups of failures, slots of history, and of the trash. No
    /// store is open.
    fn count_rows(&mut self) -> u64;
}

macro_rules! register {
    ($dollar:tt $($module:ident { $($case:ident)* })*) => {
        /// The cases, to be called by [`store_suite!`](crate::store_suite).
        pub mod cases {
            $($(
                #[expect(missing_docs, reason = "the name says it")]
                pub fn $case<F: super::Fixture>() {
                    super::$module::$case(&mut F::new());
                }
            )*)*
        }

        /// Makes a test of every case of the conformance suite, run on new values of a
        /// [`Fixture`](crate::suite::Fixture) type.
        #[macro_export]
        macro_rules! store_suite {
            ($dollar fixture:ty) => {
                $($(
                    #[test]
                    fn $case() {
                        $dollar crate::suite::cases::$case::<$dollar fixture>();
                    }
                )*)*
            };
        }
    };
}

register! { $
    queues {
        jobs_are_claimed_in_the_order_pushed
        a_claim_of_large_jobs_is_short
        a_push_to_several_queues_keeps_the_order_of_each
        a_large_push_keeps_every_job_in_its_place
        a_push_makes_its_queue_and_a_drained_queue_stays
        a_job_carries_the_time_it_was_pushed_at
        a_record_comes_back_whole
        a_large_payload_comes_back_whole
        jobs_with_the_same_id_are_jobs_of_their_own
        a_claim_takes_no_more_than_its_limit
        nothing_is_claimed_from_a_paused_empty_or_unknown_queue
        pausing_makes_a_queue_and_resuming_does_not
        a_queue_beyond_the_limit_is_refused_to_clients
        a_pause_survives_reopening
        the_head_is_shown_and_not_taken
        any_name_of_a_queue_is_taken_as_it_is
        many_queues_are_kept_apart
        keys_are_never_reused
        empty_slices_change_nothing
    }
    reservations {
        a_reserved_job_is_not_claimed_again
        a_claimed_job_can_be_finished_at_once
        a_finished_job_is_gone
        keys_without_a_reservation_are_ignored
        reservations_of_job_ids_come_in_the_order_asked
        reservations_by_key_come_in_the_order_asked
        the_earliest_end_comes_first
        an_extended_reservation_ends_later
        workers_are_named_once_and_sorted
        reservations_of_a_worker_come_oldest_first
        working_jobs_come_in_the_order_asked
        a_read_of_large_working_jobs_is_short
        heads_of_working_jobs_come_without_their_payloads
        reservations_are_counted
        reservations_are_counted_by_their_holder
        reservations_survive_reopening
    }
    places {
        jobs_of_a_queue_come_in_its_order
        what_comes_after_a_watermark_is_not_told
        another_queue_of_the_name_has_none_of_the_jobs
        a_slice_of_large_jobs_of_a_place_is_short
        jobs_are_taken_out_of_the_middle_of_a_queue
        a_job_of_a_removed_queue_is_not_taken_out
    }
    release {
        a_released_job_regains_its_place
        jobs_released_out_of_order_regain_their_places
        a_released_job_keeps_its_place_across_reopening
        a_released_job_keeps_its_key
        a_release_can_change_the_record
        a_job_is_released_once
        a_job_released_into_a_paused_queue_waits
        a_job_of_a_removed_queue_goes_to_the_front_of_the_new_one
        a_release_makes_the_queue_that_was_removed
        jobs_of_a_removed_queue_keep_their_order
    }
    removal {
        a_removed_queue_is_gone
        a_queue_made_again_starts_empty
        removing_spares_reserved_jobs
        unknown_queues_are_not_removed
        a_flush_forgets_everything
        what_was_reserved_before_a_flush_is_unknown
        work_goes_on_before_a_flush_is_swept
        sweeping_leaves_nothing_behind
        sweeping_keeps_to_its_limit
        sweeping_spares_what_is_reserved
        a_flush_takes_what_a_sweep_had_spared
        a_sweep_of_large_jobs_is_short
        sweeping_nothing_changes_nothing
        a_sweep_rolled_back_is_done_again
    }
    sets {
        entries_come_by_time_then_arrival
        entries_are_read_up_to_a_moment
        entries_are_taken_from_the_front
        entries_are_read_on_after_a_key
        entries_are_kept_as_they_were_put_in
        sets_are_kept_apart
        serials_grow_and_are_never_reused
        removed_entries_are_counted
        a_cleared_set_is_empty_at_once
        entries_after_a_clearing_stay
        a_slice_of_large_entries_is_short
        sizes_of_sets_follow
    }
    ends {
        an_end_is_remembered_by_job_and_worker
        an_end_tells_where_its_job_is_in_the_trash
        ends_are_due_by_time
        an_end_remembered_again_is_kept_once_with_the_last_time
        an_end_after_a_flush_is_remembered
        ends_survive_reopening
    }
    counters {
        counts_add_up
        counts_are_kept_by_day
        counts_survive_reopening
    }
    history {
        a_slot_of_history_comes_back_whole
        a_slot_takes_the_place_of_one_that_is_too_old
        slots_are_read_in_order_and_from_a_cursor
        a_flush_forgets_the_history_at_once
        a_slot_written_in_vain_is_not_there
    }
    clocks {
        clocks_are_kept_if_that_is_asked_for
        clocks_are_kept_with_what_else_is_counted
        clocks_alone_are_no_change
        a_dropped_transaction_moves_no_clock
        clocks_are_not_before_the_last_reservation
    }
    cron {
        ticks_are_noted_by_name
        a_later_note_takes_the_place_of_an_earlier_one
        notes_of_ticks_survive_reopening
        a_paused_entry_stays_paused_after_reopening
        a_flush_keeps_the_notes_of_ticks
        a_dropped_transaction_notes_no_tick
        definitions_come_back_whole_in_the_order_of_their_names
        definitions_outlive_a_flush_and_a_reopening
        past_runs_come_back_as_they_were_written_last
    }
    transactions {
        a_dropped_transaction_changes_nothing
        a_transaction_sees_its_own_changes
        a_commit_without_changes_succeeds
        reopening_shows_everything
        a_closed_store_keeps_what_was_committed
        a_reader_sees_only_what_was_committed
        a_reader_works_in_another_thread
        totals_follow_every_step
    }
    locks {
        a_lock_comes_back_whole
        a_lock_passes_from_owner_to_owner
        a_lock_taken_in_vain_is_free_again
        locks_are_due_by_time
        a_flush_frees_all_locks_at_once
        what_several_flushes_left_is_swept
    }
    batches {
        a_batch_comes_back_whole
        callbacks_of_a_batch_are_read_one_by_one
        batches_come_in_the_order_asked
        numbers_of_batches_are_never_reused
        what_is_written_last_of_a_batch_counts
        a_removed_batch_is_gone
        a_batch_made_in_vain_is_not_there
        parents_come_in_the_order_put
        dues_come_by_time
        a_flush_forgets_all_batches_at_once
    }
    tracks {
        a_track_comes_back_whole
        tracks_come_in_the_order_asked
        what_is_written_last_counts
        tracks_are_due_by_time
        a_track_written_in_vain_is_not_there
        a_flush_forgets_all_tracks_at_once
    }
    slots {
        slots_are_counted_from_what_is_reserved
        slots_follow_every_step
        slots_go_back_with_a_transaction
        a_slot_goes_back_to_the_queue_it_was_of
        slots_are_told_by_holder
        old_reservations_take_no_slots
        a_removed_queue_keeps_its_slots
    }
    job_features {
        features_survive_every_move
        a_reservation_tells_that_its_job_has_features
        jobs_with_features_of_a_removed_queue_are_told_once
        what_is_told_is_the_whole_job
        jobs_with_features_of_a_cleared_set_are_told_once
        nothing_is_told_of_what_was_flushed
        a_sweep_of_large_jobs_with_features_is_short
    }
    corrupt {
        a_corrupt_job_does_not_block_its_queue
        a_corrupt_job_can_be_released_and_finished
        a_head_is_told_corrupt_without_the_bytes
        a_corrupt_job_of_a_removed_queue_can_be_released
        a_corrupt_entry_does_not_block_its_set
    }
    reading {
        jobs_are_read_by_their_place
        a_cursor_stays_right_while_jobs_come_and_go
        a_cursor_of_a_set_survives_its_clearing
        a_cursor_of_another_place_counts_as_none
        what_is_not_swept_is_not_read
        jobs_are_found_by_their_id_wherever_they_are
        queues_are_read_with_their_heads
        a_queue_is_read_from_its_head_on
        a_queue_is_found_whatever_became_of_its_name
        large_jobs_make_short_slices
        a_read_ends_when_its_time_is_over
        damaged_jobs_are_told_as_such
        what_features_keep_is_read
        a_reader_sees_one_commit_and_no_less
    }
    answer_logs {
        answers_are_kept_by_server_and_outlive_a_flush
    }
    audit {
        actions_are_numbered_without_a_gap
        an_entry_is_kept_as_it_was_written
        the_audit_log_is_read_the_latest_first
        entries_that_are_passed_over_take_no_longer_than_a_read_may
        a_flush_keeps_the_audit_log
        old_entries_are_told_and_can_be_forgotten
        parts_of_an_action_are_kept_and_can_be_removed
        actions_under_way_are_told_and_can_be_closed
        jobs_that_an_action_waits_for_outlive_a_flush
    }
    failures {
        a_group_of_failures_comes_back_whole
        groups_without_jobs_are_due_by_time
        a_flush_forgets_all_groups_at_once
        jobs_in_sets_are_rewritten_where_they_are
        how_far_jobs_are_grouped_is_kept
    }
    trash {
        what_was_taken_away_is_kept_as_it_was
        trash_is_told_by_the_end_of_its_time
        trash_is_read_beside_the_writer
        a_flush_takes_the_trash
    }
    random {
        random_groups_of_primitives_match_the_model
    }
}
