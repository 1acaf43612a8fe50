//! The names of all texts.

/// The forms of a text that depends on a number, which stands for `{n}`: as many as the language has, in the order of
/// [`plural`](super::Language::plural).
pub(crate) type Counted = &'static [&'static str];

macro_rules! texts {
    (texts: $($text:ident)*; counted: $($counted:ident)*;) => {
        /// What pages say, in one language.
        pub(crate) struct Texts {
            $(pub(crate) $text: &'static str,)*
            $(pub(crate) $counted: Counted,)*
        }

        #[cfg(test)]
        impl Texts {
            /// Each text by its name, with its forms if it has several.
            pub(super) fn all(&self) -> Vec<(&'static str, Vec<&'static str>)> {
                vec![$((stringify!($text), vec![self.$text]),)* $((stringify!($counted), self.$counted.to_vec()),)*]
            }

            /// The names of those that depend on a number.
            pub(super) fn counted() -> &'static [&'static str] {
                &[$(stringify!($counted)),*]
            }
        }
    };
}

// The order is that of the files of languages: what is on every page, then page by page.
texts! {
    texts:
    // Units, with what stands between a number and them.
    unit_millisecond unit_second unit_minute unit_hour unit_day time_ago time_ahead time_now
    // On every page.
    skip_to_content search_label language_label theme_label theme_system theme_light theme_dark role_viewer
    role_operator role_admin live_as_of nav_label nav_jobs nav_machinery nav_server overview queues working
    scheduled retries dead completed workers
    // A page that cannot be shown.
    problem_invalid problem_forbidden problem_not_found problem_conflict problem_unavailable problem_back
    no_such_page unserved_method unserved_large unserved_late
    // The overview.
    nothing_waits enqueued working_state scheduled_state retries_state dead_state completed_state failed queue waiting
    oldest empty_in paused drained no_queues
    // Tables of jobs.
    job arguments error state when_due when_tried_again when_forgotten when_completed when_enqueued when_started when_taken_back
    took worker time first_page next_page unreadable_job
    // The pages of sets and queues.
    queues_lead queue_unknown queue_is_empty queue_comes_in queue_handed_out queue_fetchers queue_no_fetchers scheduled_lead scheduled_empty
    scheduled_teach retries_lead retries_empty retries_teach dead_lead dead_empty dead_teach working_lead
    working_empty working_teach completed_lead completed_empty completed_teach completed_off
    // The search.
    search search_lead search_nothing search_nothing_yet search_progress search_go_on search_wrong search_example_words
    search_example_failed search_example_path search_example_slow
    // The page of a job.
    job_works job_is_scheduled job_is_dead job_is_completed job_gone last_error no_backtrace failed_first
    tries_left raw custom about id created reserve_for retry_setting batch shortened arguments_title
    timeline timeline_died timeline_by timeline_first timeline_lost timeline_reservation_ends timeline_forgotten timeline_cut
    // The page of throttles.
    throttle_full
    // The page of workers.
    workers_lead workers_empty workers_teach host labels memory connected heard worker_running worker_quiet
    worker_ending act_quiet act_stop act_quiet_all act_stop_all ask_stop_all act_by_label
    // What can be done to queues.
    act_pause act_resume act_remove queue_was_paused queue_was_resumed queue_was_removed
    // The pages of batches.
    batches batches_lead batches_empty batches_teach description total pending on_complete on_success
    callback_none callback_waiting callback_enqueued callback_done batch_is_open batch_is_committed batch_parents
    batch_children batch_jobs
    // The page of locks.
    locks locks_lead locks_empty locks_teach lock ends ended
    // The page of recurring jobs.
    cron cron_lead cron_empty cron_teach schedule next_run last_run never act_run
    cron_was_run cron_was_paused cron_was_resumed cron_was_saved cron_was_deleted cron_new cron_name cron_zone
    cron_catch_up cron_edit_lead cron_preview cron_next_runs cron_source cron_source_file cron_source_api
    cron_shadows cron_delete_shadowed cron_ask_delete cron_every cron_every_minute cron_hourly cron_daily cron_workdays cron_weekly cron_monthly cron_month_end weekdays one_and_other cron_past_runs cron_no_past_runs cron_run_gone cron_run_refused cron_next_day
    // The page of throttles.
    throttles throttles_lead throttles_empty at_a_time per_worker per_second
    // The page of the server.
    server_starting server_ready server_stalled server_stopping version speaks started process_id
    clients_connect_to cluster cluster_leads cluster_follows cluster_nobody data_in durability durable_before durable_within disk disk_free connections commands
    transactions settings settings_lead
    // The audit log.
    undo undo_until trash trash_empty
    audit audit_lead audit_empty audit_teach audit_nothing audit_who audit_what audit_to_what audit_count audit_when
    audit_filter audit_all audit_running audit_cancelled audit_failed audit_interrupted
    // Forms.
    cancel done_and_failed succeeded chart_says
    // What needs attention.
    attention_title attention_none attention_seen mute unmute mute_for muted_until concern_was_muted concern_was_unmuted severity_critical severity_warning severity_notice see_queue
    see_jobs see_throttles see_cron see_server see_operation see_dead see_job see_runs concern_trash_holds concern_careful_stopped concern_disk_stalled concern_disk_nearly_full
    concern_queue_unfetched concern_last_fetched concern_queue_quiet concern_worker_silent concern_worker_gone
    concern_queue_grows concern_queue_slow concern_throttle_full concern_queue_paused concern_jobtype_fails concern_usually_fails concern_cron_late
    concern_cron_never concern_cron_failed concern_cron_refused concern_cron_long concern_clock_ahead concern_clock_back
    concern_not_durable concern_certificate_ends
    // Charts.
    unit_a_second time_range jobs_per_step done_lately
    // Why a job or a queue does not get on.
    why_title why_doing why_completed why_then why_nameless why_worker_silent why_worker_gone why_progress why_retry why_due
    why_killed why_not_ready why_paused why_paused_by why_workers_returning why_never_fetched why_no_worker
    why_workers_quiet why_slots_taken why_worker_slots why_slot_free why_rate_limited why_next_within why_behind
    why_handed_out why_next why_turn why_backlog why_empty_at why_expires why_has_lock why_lock_of_another
    // The page of types of jobs.
    jobtypes jobtypes_lead jobtypes_empty jobtypes_teach jobtype jobtype_others jobtype_ran jobtype_wait
    jobtype_run jobtype_run_times
    // The pages of failures.
    failures failures_lead failures_empty failures_teach failures_grouping failures_lately failures_order failures_by_jobs failures_by_last failures_all failure
    failure_first failure_last failure_none failure_gone act_retry_carefully careful_lead careful_first careful_rate
    careful_stop
    // Operations: changes of many jobs.
    operations operations_lead operations_empty operations_teach operation_action operation_query
    operation_running operation_done operation_cancelled operation_failed operation_named operation_everything
    operation_changed operation_unknown operation_reason operation_ended operation_progress operation_speed
    operation_stop operation_was_stopped operation_had_ended operation_matches operation_kinds operation_others operation_curl
    operation_count operation_to_queue operation_name_queue operation_confirm act_requeue act_move
    all_matching copy copied
    // Editing a job.
    edit edit_enqueue edit_save edit_lead again_lead edit_hidden job_was_edited job_is_new
    // What scripts say.
    fresh_rows gone_rows keys_title keys_search keys_rows keys_open keys_select keys_help close
    // What can be done to jobs.
    act_retry act_enqueue act_again act_kill act_delete selected_jobs none_selected select_job;
    counted:
    // The overview.
    jobs_waiting_in queue_count all_of_them
    // What needs attention.
    attention_things attention_more attention_muted jobs_wait concern_dead_unseen
    // Why a job or a queue does not get on.
    why_busy why_ahead
    // Operations: changes of many jobs.
    operation_concerns operation_at_least
    // Charts.
    mark_count
    // The pages of sets and queues.
    job_count
    // The page of a job.
    times same_failures timeline_failed timeline_earlier
    // The page of workers.
    told_workers
    // What can be done to queues.
    ask_remove
    // What can be done to the trash.
    ask_empty_trash
    // The audit log.
    audit_skipped
    // What can be done to jobs.
    all_jobs jobs_changed jobs_going_on;
}
