//! How much one slice does, and how long things wait. A slice is what one request may do in one group: it
//! keeps a group so short that nobody else waits long for it.

use std::time::Duration;

/// Jobs of one PUSHB that one group takes in.
pub(crate) const PUSH_SLICE_JOBS: usize = 1_000;

/// Payload bytes of one PUSHB that one group takes in, beyond the first job.
pub(crate) const PUSH_SLICE_BYTES: usize = 4 << 20;

/// Payload bytes after which the FETCHes of one group are handed no more: jobs can be as large as the longest line,
/// and all that ask at once must not fill the memory, or keep everybody else waiting.
pub(crate) const DELIVERY_SLICE_BYTES: usize = 4 << 20;

/// Payload bytes of jobs that fail, are requeued, lose their worker or are kept when they are done that one group rewrites, beyond the last job:
/// a hundred megabytes take a second or more.
pub(crate) const REWRITE_SLICE_BYTES: usize = 4 << 20;

/// Due entries of one set that one group moves: each is read, written and deleted, which takes longer than a PUSH.
pub(crate) const PROMOTE_SLICE_JOBS: usize = 250;

/// Jobs of cron entries that one group pushes, or entries whose next tick it finds.
pub(crate) const CRON_SLICE_JOBS: usize = 200;

/// The longest name of a cron entry, in bytes: it is remembered with each of its ticks.
pub(crate) const CRON_NAME_BYTES_MAX: usize = 256;

/// How many cron entries can be made while the server runs: all are in memory, and looked at when one is made.
pub(crate) const CRON_MADE_MAX: usize = 1_000;

/// The longest payload of such an entry, in bytes.
pub(crate) const CRON_JOB_BYTES_MAX: usize = 16 << 10;

/// Past runs that are kept of each cron entry: enough to see what is usual, and a row of some hundred bytes.
pub(crate) const CRON_RUNS_KEPT_MAX: usize = 10;

/// Reservations that one group ends.
pub(crate) const RESERVATION_SLICE_JOBS: usize = 200;

/// How many jobs a change can name one by one.
pub const CHANGE_JOBS_MAX: usize = 10_000;

/// What one group does for a MUTATE: a job that is looked at counts 1, one that is changed [`MUTATE_CHANGED_WORK`] more. That is
/// one to two milliseconds: a FETCH may have to wait for two slices.
pub(crate) const MUTATE_SLICE_WORK: usize = 500;

/// What it takes to change a job, where looking at it is 1.
pub(crate) const MUTATE_CHANGED_WORK: usize = 4;

/// Jobs that one group puts back out of the trash: as many as a MUTATE changes.
pub(crate) const UNDO_SLICE_JOBS: u64 = (MUTATE_SLICE_WORK / (MUTATE_CHANGED_WORK + 1)) as u64;

/// Jobs that a MUTATE reads at a time, before it is known how many of them are to be changed.
pub(crate) const MUTATE_READ_JOBS: usize = 100;

/// How many operations may run at a time: each adds a slice to every group.
pub const OPERATIONS_RUNNING_MAX: usize = 4;

/// How many jobs one careful retry watches at a time: each is a row, and is known in memory.
pub(crate) const CAREFUL_WATCHED_MAX: usize = 1_000;

/// How many rows of watched jobs are read at a start: of all careful retries that may run, and what a cancelled one may have left.
pub(crate) const WATCHED_ROWS_MAX: usize = 2 * OPERATIONS_RUNNING_MAX * CAREFUL_WATCHED_MAX;

/// How many of the last ends a careful retry judges at least, when the first jobs have ended.
pub(crate) const CAREFUL_WINDOW_MIN: usize = 10;

/// How long a careful retry may have been kept from going on for that to be made up for, in seconds.
pub(crate) const CAREFUL_BURST_SECS: i64 = 2;

/// How many operations are remembered, running or not; each costs some hundred bytes of memory.
pub(crate) const OPERATIONS_MAX: usize = 100;

/// How many entries the audit log has at most: the oldest leave first. Each takes some hundred bytes of disk.
pub(crate) const AUDIT_ENTRIES_MAX: u64 = 1_000_000;

/// How long the text of an entry of the audit log is at most, in bytes: twice the longest query.
pub(crate) const AUDIT_TEXT_BYTES_MAX: usize = 2 * QUERY_BYTES_MAX;

/// How large the payload and the attempts of a job may be that is kept when it is done, in bytes.
pub(crate) const COMPLETED_JOB_BYTES_MAX: usize = 64 << 10;

/// Rows that one group deletes of what was removed, cleared, flushed, or is past its time.
pub(crate) const SWEEP_SLICE_ROWS: usize = 2_000;

/// Jobs that cannot be handed out, because they have expired or cannot be read, that one group passes over.
pub(crate) const UNUSABLE_SLICE_JOBS: usize = 500;

/// Batches whose time one group looks at.
pub(crate) const BATCH_SLICE_BATCHES: usize = 100;

/// How many batches one batch may be a child of.
pub(crate) const BATCH_PARENTS_MAX: usize = 100;

/// How many batches a new one may have above it: the end of a batch can be the end of all of them, in one group.
pub(crate) const BATCH_ANCESTORS_MAX: usize = 500;

/// The longest until a batch is looked at again, in seconds: a time-out that was shortened holds from then on.
pub(crate) const BATCH_LOOK_SECS_MAX: i64 = 86_400;

/// How long a track is kept after its job's end or its last update, in seconds.
pub(crate) const TRACK_SECS: i64 = 30 * 60;

/// How far in the future a worker may move the end of its reservation. A moment beyond counts as this one: a
/// worker that keeps to the limit by a clock that is a little ahead must not lose its job.
pub(crate) const RESERVE_AHEAD_MAX: Duration = Duration::from_secs(86_400);

/// How many series are counted by themselves at a time: queues with a type of jobs each. Each costs some hundred bytes of
/// memory, and two kilobytes more while something of it is not written.
pub(crate) const HISTORY_SERIES_MAX: usize = 2_000;

/// The longest name that the history tells, in bytes: there can be 200 of them in each of its slots.
pub(crate) const HISTORY_NAME_BYTES_MAX: usize = 256;

/// How many minutes are counted apart that are not written yet: one or two, unless nothing can be written.
pub(crate) const HISTORY_UNWRITTEN_MINUTES: usize = 10;

/// How many groups of failures there are at most, besides that of all others: a page of failures reads all of them. Each takes
/// one to two kilobytes of disk.
pub(crate) const FAILURE_GROUPS_MAX: usize = 1_000;

/// How long a group of failures without jobs is kept, in seconds: a job of it that fails again some days later is nothing new.
pub(crate) const FAILURE_GROUP_SECS: i64 = 7 * 86_400;

/// The longest type of jobs, kind of error and name of a worker that a group of failures keeps, in bytes.
pub(crate) const FAILURE_NAME_BYTES_MAX: usize = 200;

/// How much of an error's text is looked at, in bytes: some put whole pages into it.
pub(crate) const FAILURE_SCANNED_BYTES_MAX: usize = 1_000;

/// How much of an error's text counts when failures are compared, in bytes, without what differs.
pub(crate) const FAILURE_PATTERN_BYTES_MAX: usize = 200;

/// How much of the text of its latest error a group of failures keeps, in bytes.
pub(crate) const FAILURE_EXAMPLE_BYTES_MAX: usize = 500;

/// How many of the lines that tell where its latest error happened a group of failures keeps, in bytes of all of them.
pub(crate) const FAILURE_BACKTRACE_BYTES_MAX: usize = 1_000;

/// How many of the workers that reported its failures a group keeps.
pub(crate) const FAILURE_WORKERS_MAX: usize = 5;

/// How many bytes of a backtrace are kept of an attempt that is not the latest: some thirty lines.
pub(crate) const ATTEMPT_BACKTRACE_BYTES_MAX: usize = 2 << 10;

/// How many bytes the attempts at one job take: each failure writes them anew.
pub(crate) const ATTEMPTS_BYTES_MAX: usize = 16 << 10;

/// Jobs of an older server that one commit looks at to put them into groups of failures.
pub(crate) const GROUPING_SLICE_JOBS: usize = 250;

/// How often one group looks whether the jobs that come to the dead set because others left it are too many again.
pub(crate) const EVICTION_ROUNDS_MAX: usize = 8;

/// How long a FETCH waits for a job. Faktory waits 2 s; some clients stop reading at exactly 2.0 s and would lose what
/// comes then.
pub const FETCH_WAIT: Duration = Duration::from_millis(1_900);

/// How many names of queues all FETCHes that wait may list together. Each costs up to 300 bytes of memory.
pub(crate) const PARKED_QUEUES_MAX: usize = 500_000;

/// How many jobs may be under reservation. Each costs up to 1 KB of memory, so that workers that fetch and never
/// acknowledge cannot use it up; beyond it a FETCH finds nothing.
pub(crate) const RESERVATIONS_MAX: u64 = 500_000;

/// How many of them one worker, or one connection that named none, may hold: a twenty-fifth, so that one client that
/// fetches and never acknowledges does not stop all others. Far more than a worker can run at a time.
pub(crate) const RESERVATIONS_OF_ONE_MAX: u64 = 20_000;

/// How many queues one worker, or one connection that named none, may make at a time: not all that there can be, so that
/// others can make some.
pub(crate) const QUEUES_OF_ONE_MAX: usize = 80_000;

/// For how long nothing expires after a start, or after the server stood still: workers must have the time to finish
/// what they hold and to say so.
pub(crate) const GRACE: Duration = Duration::from_secs(60);

/// A group that comes this much later than the one before it, or a freeze this long, means that the server stood still:
/// ticks alone make a group every second.
pub(crate) const FREEZE_MIN: Duration = Duration::from_secs(10);

/// By how much the wall clock must have been set for anybody to notice: less is what time servers do all the time.
pub(crate) const CLOCK_STEP: Duration = Duration::from_secs(5);

/// By how much the wall clock may be set back without a tick of cron firing again, until it has caught up. Beyond that it
/// was wrong before, and entries follow it as it is now. That of cron(8).
pub(crate) const CRON_SET_BACK_MAX: Duration = Duration::from_secs(3 * 3_600);

/// How long the end of an expired reservation is remembered, in seconds.
pub(crate) const RESERVATION_END_MEMORY_SECS: i64 = 24 * 3_600;

/// A worker from which nothing came for this long is lost, in seconds (the time Faktory gives a worker's BEAT).
pub(crate) const WORKER_SILENT_SECS: i64 = 60;

/// A job recovered from lost workers this often within [`RECOVERY_WINDOW_SECS`] is a poison pill.
pub(crate) const RECOVERIES_MAX: usize = 3;

/// The window of [`RECOVERIES_MAX`], in seconds.
pub(crate) const RECOVERY_WINDOW_SECS: i64 = 72 * 3_600;

/// How many jobs, or cron entries, of which there may be thousands at a time, one group names in the log.
pub(crate) const TOLD_MAX: usize = 20;

/// The reservation of a job that names none, in seconds (Faktory's).
pub(crate) const RESERVE_FOR_SECS_DEFAULT: u32 = 1_800;

/// The shortest reservation, in seconds (Faktory's).
pub(crate) const RESERVE_FOR_SECS_MIN: u32 = 60;

/// The longest query, in bytes, also in its canonical form: it stands in addresses.
pub(crate) const QUERY_BYTES_MAX: usize = 1_000;

/// How many values a query may have: each may look through a whole payload.
pub(crate) const QUERY_VALUES_MAX: usize = 50;

/// How many brackets and NOTs of a query may be open at a time.
pub(crate) const QUERY_DEPTH_MAX: usize = 16;

/// How many steps a path in a query may have: each looks through what is left of the payload.
pub(crate) const QUERY_STEPS_MAX: usize = 16;

/// The largest payload that a query looks into, in bytes: larger ones would take milliseconds each.
pub(crate) const QUERY_BODY_BYTES_MAX: usize = 1 << 20;
