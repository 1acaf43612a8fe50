use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use workmill_proto::{Beat, Hello};

use super::workers::STALE_AFTER;
use super::{Registry, WorkerConnection, WorkerCounts, WorkerState};

struct World {
    registry: Arc<Registry>,
    now: Duration,
    connections: u64,
}

impl World {
    fn new() -> Self {
        Self {
            registry: Arc::default(),
            now: Duration::from_secs(1),
            connections: 0,
        }
    }

    fn pass(&mut self, duration: Duration) {
        self.now += duration;
    }

    fn connect(&mut self, hello: &Hello) -> (Option<WorkerConnection>, CancellationToken) {
        self.connections += 1;
        let close = CancellationToken::new();
        (
            self.registry
                .join(hello, self.connections, &close, self.now),
            close,
        )
    }

    fn join(&mut self, wid: &str) -> (WorkerConnection, CancellationToken) {
        let hello = Hello {
            wid: wid.to_owned(),
            ..Hello::default()
        };
        let (worker, close) = self.connect(&hello);
        (worker.expect("a wid was named"), close)
    }

    fn beat(&self, wid: &str, state: Option<&str>) -> Option<WorkerState> {
        let current_state = state.map(str::to_owned);
        let beat = Beat {
            wid: wid.to_owned(),
            current_state,
            rss_kb: None,
        };
        self.registry.beat(&beat, self.now)
    }

    fn size(&self) -> u64 {
        self.registry.counts().size
    }

    fn alive(&self) -> Vec<String> {
        self.registry.alive(self.now).into_iter().collect()
    }
}

#[test]
fn connection_without_a_wid_is_no_worker() {
    let mut world = World::new();
    let (worker, _) = world.connect(&Hello::default());
    assert!(worker.is_none());
    assert_eq!(world.size(), 0);
}

#[test]
fn worker_leaves_with_its_last_connection() {
    let mut world = World::new();
    let (first, _) = world.join("w");
    let (second, _) = world.join("w");
    assert_eq!(world.size(), 1);
    drop(first);
    assert_eq!(world.size(), 1);
    drop(second);
    assert_eq!(world.size(), 0);
    assert_eq!(world.beat("w", None), None);
}

#[test]
fn what_the_first_connection_said_is_kept() {
    let mut world = World::new();
    let hello = |hostname: &str| Hello {
        wid: "w".to_owned(),
        hostname: hostname.to_owned(),
        ..Hello::default()
    };
    let _first = world.connect(&hello("one"));
    let _second = world.connect(&hello("two"));
    let lines = world.registry.views(world.now);
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].hostname, "one");
    assert_eq!(lines[0].connections, 2);
}

#[test]
fn state_only_moves_forward_and_for_every_connection() {
    let mut world = World::new();
    let (first, _) = world.join("w");
    let (second, _) = world.join("w");
    assert_eq!(world.beat("w", Some("running")), Some(WorkerState::Running));
    assert_eq!(world.beat("w", Some("bored")), Some(WorkerState::Running));
    assert_eq!(world.beat("w", Some("quiet")), Some(WorkerState::Quiet));
    assert_eq!(world.beat("w", Some("running")), Some(WorkerState::Quiet));
    assert_eq!(first.worker().state(), WorkerState::Quiet);
    assert_eq!(second.worker().state(), WorkerState::Quiet);
    assert_eq!(
        world.beat("w", Some("terminate")),
        Some(WorkerState::Terminate)
    );
    assert_eq!(world.beat("w", Some("quiet")), Some(WorkerState::Terminate));
}

#[test]
fn beat_keeps_the_memory_a_worker_last_told() {
    let mut world = World::new();
    let _w = world.join("w");
    let beat = |rss_kb| Beat {
        wid: "w".to_owned(),
        current_state: None,
        rss_kb,
    };
    world.registry.beat(&beat(Some(77)), world.now);
    world.registry.beat(&beat(None), world.now);
    assert_eq!(world.registry.views(world.now)[0].rss_kb, 77);
}

#[test]
fn silent_worker_is_reaped_and_all_its_connections_closed() {
    let mut world = World::new();
    let (_first, close_first) = world.join("silent");
    let (_second, close_second) = world.join("silent");
    let (_other, close_other) = world.join("beating");
    world.pass(STALE_AFTER - Duration::from_millis(1));
    assert_eq!(world.registry.reap(world.now).len(), 0);
    world.beat("beating", None);
    world.pass(Duration::from_millis(1));
    assert_eq!(world.registry.reap(world.now), [Arc::from("silent")]);
    assert!(close_first.is_cancelled() && close_second.is_cancelled());
    assert!(!close_other.is_cancelled());
    assert_eq!(world.registry.counts(), WorkerCounts { size: 1, reaped: 1 });
}

#[test]
fn reaped_worker_that_returns_is_taken_in_and_not_harmed_by_its_old_connection() {
    let mut world = World::new();
    let (old, _) = world.join("w");
    world.pass(STALE_AFTER);
    world.registry.reap(world.now);
    let (_new, close) = world.join("w");
    drop(old);
    assert_eq!(world.size(), 1);
    assert_eq!(world.beat("w", None), Some(WorkerState::Running));
    assert!(!close.is_cancelled());
}

#[test]
fn worker_counts_as_alive_for_a_minute_after_its_last_command() {
    let mut world = World::new();
    let (staying, _) = world.join("staying");
    let (leaving, _) = world.join("leaving");
    let (_silent, _) = world.join("silent");
    world.pass(Duration::from_secs(30));
    staying.worker().touch(world.now);
    leaving.worker().touch(world.now);
    drop(leaving);
    assert_eq!(world.alive(), ["leaving", "silent", "staying"]);
    world.pass(Duration::from_secs(30));
    assert_eq!(world.alive(), ["leaving", "staying"]);
    world.pass(Duration::from_secs(29));
    staying.worker().touch(world.now);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.alive(), ["staying"]);
}

#[test]
fn workers_are_told_what_an_operator_wants_of_them_and_never_to_go_back() {
    let mut world = World::new();
    let _one = world.join("one");
    let _two = world.join("two");
    let registry = Arc::clone(&world.registry);
    let told = registry.signal(WorkerState::Terminate, |wid, _| wid == "two");
    assert_eq!(told, 1);
    assert_eq!(registry.signal(WorkerState::Quiet, |_, _| true), 2);
    assert_eq!(world.beat("one", None), Some(WorkerState::Quiet));
    assert_eq!(world.beat("two", None), Some(WorkerState::Terminate));
    assert_eq!(registry.signal(WorkerState::Quiet, |_, _| false), 0);
}
