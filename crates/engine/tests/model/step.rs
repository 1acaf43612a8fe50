//! One random step: some ops that form a group, or something that happens to the server.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use workmill_proto::{MutationVerb, SetName};

#[derive(Clone, Debug)]
pub enum Step {
    /// These ops in one group.
    Group(Vec<Act>),
    /// The same, but the transaction fails and nothing of it happens.
    RolledBack(Vec<Act>),
    Tick(Tick),
    /// This many microseconds pass.
    Pass(i64),
    Restart,
}

#[derive(Clone, Debug)]
pub enum Tick {
    Promote,
    Expire,
    Purge,
    Recover { alive: Vec<&'static str> },
    Sweep,
}

#[derive(Clone, Debug)]
pub enum Act {
    Push(Push),
    PushBulk(Vec<Push>),
    Fetch {
        queues: Vec<&'static str>,
        wid: &'static str,
    },
    Ack {
        jid: String,
        wid: &'static str,
    },
    Fail {
        jid: String,
        wid: &'static str,
    },
    /// Gives back the handout with this index, counted from the latest.
    Return {
        back: usize,
    },
    /// Forgets the waiting FETCH with this index.
    Forget {
        index: usize,
    },
    Mutate {
        verb: MutationVerb,
        set: SetName,
        jids: Option<Vec<String>>,
    },
    Pause(&'static str),
    Resume(&'static str),
    Remove(&'static str),
    Flush,
    Info,
}

#[derive(Clone, Debug)]
pub struct Push {
    pub jid: String,
    pub queue: &'static str,
    pub at_secs: Option<i64>,
    pub retry: i64,
    pub delay_secs: i64,
    pub reserve_for_secs: i64,
}

const QUEUES: [&str; 4] = ["a", "b", "c", "d"];
const WORKERS: [&str; 4] = ["w1", "w2", "w3", ""];

pub fn random(rng: &mut SmallRng) -> Step {
    match rng.random_range(0..100) {
        0..60 => Step::Group(acts(rng)),
        60..65 => Step::RolledBack(acts(rng)),
        65..85 => Step::Tick(tick(rng)),
        85..97 => Step::Pass(rng.random_range(1..9_000_000)),
        _ => Step::Restart,
    }
}

fn acts(rng: &mut SmallRng) -> Vec<Act> {
    (0..rng.random_range(1..8)).map(|_| act(rng)).collect()
}

fn tick(rng: &mut SmallRng) -> Tick {
    match rng.random_range(0..10) {
        0..4 => Tick::Promote,
        4..7 => Tick::Expire,
        7 => Tick::Purge,
        8 => Tick::Sweep,
        _ => Tick::Recover {
            alive: WORKERS
                .iter()
                .copied()
                .filter(|_| rng.random_bool(0.7))
                .collect(),
        },
    }
}

fn act(rng: &mut SmallRng) -> Act {
    match rng.random_range(0..1_000) {
        0..270 => Act::Push(push(rng)),
        270..300 => Act::PushBulk((0..rng.random_range(0..5)).map(|_| push(rng)).collect()),
        300..600 => {
            let mut queues: Vec<&str> = QUEUES.to_vec();
            queues.rotate_left(rng.random_range(0..4));
            queues.truncate(rng.random_range(1..4));
            Act::Fetch {
                queues,
                wid: worker(rng),
            }
        }
        600..760 => Act::Ack {
            jid: jid(rng),
            wid: worker(rng),
        },
        760..880 => Act::Fail {
            jid: jid(rng),
            wid: worker(rng),
        },
        880..910 => Act::Return {
            back: rng.random_range(0..6),
        },
        910..920 => Act::Forget {
            index: rng.random_range(0..4),
        },
        920..950 => mutate(rng),
        950..965 => Act::Pause(queue(rng)),
        965..985 => Act::Resume(queue(rng)),
        985..993 => Act::Remove(queue(rng)),
        993 => Act::Flush,
        _ => Act::Info,
    }
}

fn push(rng: &mut SmallRng) -> Push {
    Push {
        jid: jid(rng),
        queue: queue(rng),
        at_secs: rng.random_bool(0.2).then(|| rng.random_range(-5..60)),
        retry: *[-1, 0, 1, 2, 25].choose(rng).unwrap(),
        delay_secs: rng.random_range(0..30),
        reserve_for_secs: *[0, 60, 90, 300].choose(rng).unwrap(),
    }
}

fn mutate(rng: &mut SmallRng) -> Act {
    use MutationVerb::{Clear, Discard, Kill, Requeue};
    Act::Mutate {
        verb: *[Clear, Discard, Kill, Requeue].choose(rng).unwrap(),
        set: *SetName::ALL.choose(rng).unwrap(),
        jids: rng
            .random_bool(0.7)
            .then(|| (0..6).map(|_| jid(rng)).collect()),
    }
}

fn jid(rng: &mut SmallRng) -> String {
    format!("job-{:04}", rng.random_range(0..24))
}

fn queue(rng: &mut SmallRng) -> &'static str {
    QUEUES.choose(rng).unwrap()
}

fn worker(rng: &mut SmallRng) -> &'static str {
    WORKERS.choose(rng).unwrap()
}
