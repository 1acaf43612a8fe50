//! Each planted fault is found, and nothing else is.

use workmill_sim::{Flaw, run};

/// Events of a run before it becomes quiet.
const STEPS: u64 = 50_000;

/// Runs without a finding after which a planted fault counts as not found.
const SEEDS_MAX: u64 = 400;

/// Runs without a planted fault.
const SEEDS: u64 = 250;

/// Seeds that brought something to light once, in the servers or in the simulator.
const KEPT: &[u64] = &[9, 24, 63];

#[test]
fn nothing_is_found_in_servers_without_a_flaw() {
    let set = |variable: &str, default: u64| {
        std::env::var(variable).map_or(default, |text| text.parse().expect("a number"))
    };
    let first = set("WORKMILL_SIM_SEED", 1);
    let seeds = set("WORKMILL_SIM_SEEDS", SEEDS);
    let (mut steps, mut takeovers, mut jobs) = (0, 0, 0);
    for seed in KEPT.iter().copied().chain(first..first + seeds) {
        let report = run(seed, STEPS, None).unwrap();
        assert!(
            report.violations.is_empty(),
            "seed {seed}: {:#?}",
            report.violations
        );
        steps += report.steps;
        takeovers += report.takeovers;
        jobs += report.jobs;
    }
    println!("{steps} events, {takeovers} takeovers, {jobs} jobs");
    assert!(
        takeovers > 5 * seeds && jobs > 1_000 * seeds,
        "enough has happened"
    );
}

#[test]
fn a_run_is_the_same_each_time() {
    let reports = [run(5, STEPS, None).unwrap(), run(5, STEPS, None).unwrap()];
    let [first, second] = reports.map(|report| (report.secs, report.groups, report.jobs));
    assert_eq!(first, second);
}

/// One test for each, so that they run side by side.
macro_rules! found {
    ($($test:ident: $flaw:ident;)*) => {
        $(#[test]
        fn $test() {
            let found = (1..=SEEDS_MAX).find(|&seed| {
                let report = run(seed, STEPS, Some(Flaw::$flaw)).unwrap();
                !report.violations.is_empty()
            });
            let seed = found.expect("it is found");
            println!("{} is found by seed {seed}", Flaw::$flaw);
        })*

        #[test]
        fn no_flaw_is_forgotten() {
            let tested = [$(Flaw::$flaw),*];
            assert_eq!(tested.as_slice(), Flaw::ALL);
        }
    };
}

found! {
    no_fence_is_found: NoFence;
    stale_fence_is_found: StaleFence;
    lease_by_clock_is_found: LeaseByClock;
    same_epoch_is_found: SameEpoch;
    load_before_takeover_is_found: LoadBeforeTakeover;
    answer_before_flush_is_found: AnswerBeforeFlush;
    sent_at_the_end_is_found: SentAtTheEnd;
    go_on_after_unknown_commit_is_found: GoOnAfterUnknownCommit;
    logs_not_loaded_is_found: LogsNotLoaded;
    logs_apart_is_found: LogsApart;
    progress_not_kept_is_found: ProgressNotKept;
    settled_on_receipt_is_found: SettledOnReceipt;
    settled_up_to_is_found: SettledUpTo;
    not_asked_again_is_found: NotAskedAgain;
    asked_again_as_new_is_found: AskedAgainAsNew;
    name_reused_is_found: NameReused;
    not_given_back_is_found: NotGivenBack;
    given_back_at_once_is_found: GivenBackAtOnce;
    returned_once_is_found: ReturnedOnce;
    presence_not_sent_is_found: PresenceNotSent;
}
