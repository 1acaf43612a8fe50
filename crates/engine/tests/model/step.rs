//! One random step.

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use workmill_proto::{MutationVerb, SetName};
use workmill_store::Place;

use crate::acts::{Act, BatchAct, Expires, Push, Step, Tick, TrackAct, Worker};

const QUEUES: [&str; 4] = ["a", "b", "c", "d"];
const WORKERS: [&str; 4] = ["w1", "w2", "w3", ""];
/// How many of the latest batches are still talked about.
const BATCHES: usize = 5;

pub fn random(rng: &mut SmallRng) -> Step {
    match rng.random_range(0..100) {
        0..60 => Step::Group(acts(rng)),
        60..66 => Step::RolledBack(a_moment(rng), acts(rng)),
        66..84 => Step::Tick(tick(rng)),
        84..90 => Step::Pass(a_moment(rng)),
        90..95 => Step::Pass(rng.random_range(1..9_000_000)),
        95 => Step::SetClock(rng.random_range(-90..90)),
        96 => Step::Throttle(rng.random_range(0..3)),
        97 => Step::KeepCompleted(*[0, 60, 600, 600].choose(rng).unwrap()),
        _ => Step::Restart,
    }
}

/// So short that a FETCH that waits still does.
fn a_moment(rng: &mut SmallRng) -> i64 {
    rng.random_range(1..1_200_000)
}

fn acts(rng: &mut SmallRng) -> Vec<Act> {
    (0..rng.random_range(1..8)).map(|_| act(rng)).collect()
}

fn tick(rng: &mut SmallRng) -> Tick {
    match rng.random_range(0..10) {
        0..3 => Tick::Promote,
        3..5 => Tick::Expire,
        5..7 => Tick::Purge,
        7..9 => Tick::Sweep,
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
        0..230 => Act::Push(push(rng)),
        230..250 => Act::PushBulk((0..rng.random_range(0..5)).map(|_| push(rng)).collect()),
        250..520 => {
            let mut queues: Vec<&str> = QUEUES.to_vec();
            queues.rotate_left(rng.random_range(0..4));
            queues.truncate(rng.random_range(1..4));
            Act::Fetch {
                queues,
                from: worker(rng),
            }
        }
        520..650 => Act::Ack {
            jid: jid(rng),
            wid: wid(rng),
        },
        650..735 => Act::Fail {
            jid: jid(rng),
            wid: wid(rng),
        },
        735..770 => Act::Requeue {
            jid: jid(rng),
            wid: wid(rng),
        },
        770..798 => Act::Nack {
            back: rng.random_range(0..6),
        },
        798..800 => Act::Forget {
            index: rng.random_range(0..4),
        },
        800..870 => Act::Batch(batch(rng)),
        870..910 => Act::Track(track(rng)),
        910..930 => Act::Undo {
            back: rng.random_range(0..4),
        },
        930..960 => mutate(rng),
        960..970 => Act::Pause(queue(rng)),
        970..985 => Act::Resume(queue(rng)),
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
        arg: rng.random_range(0..3),
        unique: rng
            .random_bool(0.3)
            .then(|| (rng.random_range(1..120), rng.random_bool(0.5))),
        expires: rng.random_bool(0.2).then(|| expires(rng)),
        batch: rng.random_bool(0.3).then(|| rng.random_range(0..BATCHES)),
        tracked: rng.random_bool(0.4),
    }
}

fn expires(rng: &mut SmallRng) -> Expires {
    match rng.random_bool(0.5) {
        true => Expires::In(rng.random_range(1..60)),
        false => Expires::At(rng.random_range(-3..90)),
    }
}

/// A callback's lock and batch mean nothing.
fn callback(rng: &mut SmallRng) -> Push {
    Push {
        expires: rng
            .random_bool(0.2)
            .then(|| Expires::In(rng.random_range(1..60))),
        at_secs: rng.random_bool(0.1).then(|| rng.random_range(-5..60)),
        ..push(rng)
    }
}

fn batch(rng: &mut SmallRng) -> BatchAct {
    let nth = rng.random_range(0..BATCHES);
    match rng.random_range(0..10) {
        0..3 => {
            let complete = rng.random_bool(0.6).then(|| Box::new(callback(rng)));
            let success = rng.random_bool(0.6).then(|| Box::new(callback(rng)));
            BatchAct::New {
                parent: rng.random_bool(0.4).then_some(nth),
                complete,
                success,
            }
        }
        3..7 => BatchAct::Commit(nth),
        7 => BatchAct::Open(nth),
        8 => BatchAct::Status(nth),
        _ => BatchAct::Child {
            parent: nth,
            child: rng.random_range(0..BATCHES),
        },
    }
}

fn track(rng: &mut SmallRng) -> TrackAct {
    if rng.random_bool(0.3) {
        return TrackAct::Get(jid(rng));
    }
    TrackAct::Set {
        jid: jid(rng),
        wid: wid(rng),
        percent: rng.random_bool(0.5).then(|| rng.random_range(0..=100)),
        desc: rng.random_bool(0.5).then(|| jid(rng)),
        reserve_until_secs: rng
            .random_bool(0.5)
            .then(|| *[-10, 5, 30, 200, 86_400, 86_401].choose(rng).unwrap()),
    }
}

fn mutate(rng: &mut SmallRng) -> Act {
    use MutationVerb::{Clear, Discard, Kill, Requeue};
    Act::Mutate {
        verb: *[Clear, Discard, Kill, Requeue].choose(rng).unwrap(),
        place: match rng.random_range(0..6) {
            0 => Place::Working,
            1 | 2 => Place::Queue(queue(rng).into()),
            _ => Place::Set(*SetName::ALL.choose(rng).unwrap()),
        },
        jids: rng
            .random_bool(0.7)
            .then(|| (0..6).map(|_| jid(rng)).collect()),
        operates: rng.random_bool(0.7),
    }
}

fn jid(rng: &mut SmallRng) -> String {
    nth_jid(rng.random_range(0..JIDS))
}

/// How many job ids there can be.
pub const JIDS: usize = 24;

pub fn nth_jid(nth: usize) -> String {
    format!("job-{nth:04}")
}

fn queue(rng: &mut SmallRng) -> &'static str {
    QUEUES.choose(rng).unwrap()
}

fn wid(rng: &mut SmallRng) -> &'static str {
    WORKERS.choose(rng).unwrap()
}

fn worker(rng: &mut SmallRng) -> Worker {
    let wid = wid(rng);
    let connection = match wid {
        "" => rng.random_range(1..3),
        _ => 0,
    };
    Worker { wid, connection }
}
