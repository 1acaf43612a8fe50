//! What can be done to the server.

use proptest::prelude::*;

/// The queues that jobs are pushed to.
pub(crate) const QUEUES: [&str; 3] = ["alpha", "beta", "gamma"];
/// The types that jobs are of.
pub(crate) const JOBTYPES: [&str; 2] = ["Mail", "Report"];
/// The sets that MUTATE knows.
pub(crate) const SETS: [&str; 3] = ["scheduled", "retries", "dead"];
/// The wids of the connections; the last one named none.
pub(crate) const WIDS: [&str; 3] = ["worker-1", "worker-2", ""];

/// One thing to do. Numbers choose among what there is, modulo how much that is.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Push {
        queue: usize,
        jobtype: usize,
        retry: i64,
        later: bool,
    },
    PushBulk {
        queue: usize,
        jobs: usize,
    },
    Fetch {
        worker: usize,
        first: usize,
        count: usize,
    },
    Ack {
        worker: usize,
        index: usize,
    },
    Fail {
        worker: usize,
        index: usize,
    },
    Mutate {
        cmd: &'static str,
        target: &'static str,
        filter: Filter,
    },
    Queue {
        subcommand: &'static str,
        queue: usize,
    },
    Flush,
    Restart {
        kill: bool,
    },
}

/// Which jobs a MUTATE is for.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    All,
    Jobtype(usize),
    Jid(usize),
    /// A glob that the jobs with this number in their arguments match.
    Glob(usize),
}

/// Up to eighty steps.
pub(crate) fn any_steps() -> impl Strategy<Value = Vec<Step>> {
    proptest::collection::vec(any_step(), 1..80)
}

fn any_step() -> impl Strategy<Value = Step> {
    let push = (
        0..3usize,
        0..2usize,
        proptest::sample::select(vec![-1, 0, 1, 2, 25]),
        any::<bool>(),
    )
        .prop_map(|(queue, jobtype, retry, later)| Step::Push {
            queue,
            jobtype,
            retry,
            later,
        });
    let push_bulk = (0..3usize, 1..6usize).prop_map(|(queue, jobs)| Step::PushBulk { queue, jobs });
    let fetch = (0..3usize, 0..3usize, 1..4usize).prop_map(|(worker, first, count)| Step::Fetch {
        worker,
        first,
        count,
    });
    let ack = (0..3usize, 0..100usize).prop_map(|(worker, index)| Step::Ack { worker, index });
    let fail = (0..3usize, 0..100usize).prop_map(|(worker, index)| Step::Fail { worker, index });
    let cmd = proptest::sample::select(vec!["clear", "kill", "discard", "requeue", "requeue"]);
    let mutate = (cmd, proptest::sample::select(SETS.to_vec()), any_filter()).prop_map(
        |(cmd, target, filter)| Step::Mutate {
            cmd,
            target,
            filter,
        },
    );
    let subcommand = proptest::sample::select(vec!["PAUSE", "RESUME", "RESUME", "REMOVE"]);
    let queue =
        (subcommand, 0..3usize).prop_map(|(subcommand, queue)| Step::Queue { subcommand, queue });
    prop_oneof![
        12 => push,
        3 => push_bulk,
        20 => fetch,
        8 => ack,
        10 => fail,
        8 => mutate,
        4 => queue,
        1 => Just(Step::Flush),
        2 => any::<bool>().prop_map(|kill| Step::Restart { kill }),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        3 => Just(Filter::All),
        2 => (0..2usize).prop_map(Filter::Jobtype),
        2 => (0..100usize).prop_map(Filter::Jid),
        1 => (0..100usize).prop_map(Filter::Glob),
    ]
}
