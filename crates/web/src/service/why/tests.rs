//! What is said of jobs and queues on a fake server.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use workmill_engine::{Fail, Op, Rate, Rules, Throttle};
use workmill_proto::{FailReport, QueueCommand, QueueSelection};
use workmill_store::Operator;

use super::{Reason, Why, why_job, why_queue};
use crate::desk::fake::{FakeDesk, connection, worker};
use crate::desk::{Desk, Fetches, LeftQueue, ServerState, WorkerView};
use crate::observe::Observer;
use crate::service::ProblemKind;

fn push(desk: &FakeDesk, jid: &str, more: serde_json::Value) {
    let mut job = json!({"jid": jid, "jobtype": "T", "queue": "q", "args": [jid]});
    let members = more.as_object().unwrap().clone();
    job.as_object_mut().unwrap().extend(members);
    desk.push(&job);
}

fn throttled(throttle: Throttle) -> Arc<FakeDesk> {
    FakeDesk::with_rules(Rules {
        throttles: Arc::new([("q".to_owned(), throttle)].into()),
        ..Rules::default()
    })
}

/// A worker is there whose connections fetch from `q` and do this.
fn has_worker(desk: &FakeDesk, wid: &str, phase: &'static str) {
    desk.workers.lock().push(worker(wid));
    fetches(desk, wid, phase, &["q"]);
}

fn fetches(desk: &FakeDesk, wid: &str, phase: &'static str, queues: &[&str]) {
    let queues = Fetches::Queues(queues.iter().map(ToString::to_string).collect());
    desk.connections.lock().push(connection(wid, phase, queues));
}

fn pause(desk: &FakeDesk) {
    let command = QueueCommand::Pause(QueueSelection::Named(vec!["q".to_owned()]));
    desk.run(Op::Queue(Arc::new(command), 0));
}

async fn of_job(desk: &FakeDesk, jid: &str) -> Why {
    why_job(desk, &Observer::default(), jid, None)
        .await
        .unwrap()
        .1
}

async fn of_queue(desk: &FakeDesk) -> Why {
    why_queue(desk, &Observer::default(), "q").await.unwrap()
}

fn keys(reasons: &[Reason]) -> Vec<&'static str> {
    reasons.iter().map(Reason::key).collect()
}

fn words(why: &Why) -> Vec<String> {
    why.reasons
        .iter()
        .map(|reason| reason.words(why.at))
        .collect()
}

#[tokio::test]
async fn all_that_holds_up_a_queue_is_told_and_pausing_first() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    pause(&desk);
    desk.pass(Duration::from_secs(720));
    let left = LeftQueue {
        wid: "mail-2".into(),
        ago: Duration::from_secs(720),
    };
    desk.left_queues.lock().insert("q".into(), left);
    *desk.state.lock() = ServerState::Stalled(Duration::from_secs(3));
    let why = of_job(&desk, "jid-000001").await;
    assert_eq!(
        keys(&why.reasons),
        ["stalled", "paused", "no_worker", "position"]
    );
    assert_eq!(
        words(&why),
        [
            "The disk has not answered for 3 s: nothing is handed out.",
            "The queue is paused.",
            "No worker fetches from the queue since 10:00:00 UTC (12 min ago); the last was mail-2.",
            "It is next in its queue.",
        ]
    );
    let why = of_queue(&desk).await;
    assert_eq!(
        keys(&why.reasons),
        ["stalled", "paused", "no_worker", "backlog"]
    );
    assert_eq!(words(&why)[3], "1 job waits in it, the oldest for 12 min.");
}

#[tokio::test]
async fn paused_queue_says_who_paused_it_last() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    let by = |name: &str| Operator {
        name: name.into(),
        address: "192.0.2.7".into(),
        ..Operator::default()
    };
    let run = |command, by: Operator| desk.run(Op::Queue(Arc::new(command), 0).by(&Arc::new(by)));
    let q = || QueueSelection::Named(vec!["p".to_owned(), "q".to_owned()]);
    run(QueueCommand::Pause(q()), by("anna"));
    desk.pass(Duration::from_secs(90));
    let other = QueueSelection::Named(vec!["other".to_owned()]);
    run(QueueCommand::Pause(other), by("bert"));
    for why in [of_queue(&desk).await, of_job(&desk, "jid-000001").await] {
        assert_eq!(keys(&why.reasons)[..2], ["paused", "paused_by"]);
        assert_eq!(
            words(&why)[1],
            "anna paused it at 10:00:00 UTC (1 min 30 s ago)."
        );
    }
    run(QueueCommand::Resume(QueueSelection::All), by("anna"));
    desk.pass(Duration::from_secs(2));
    assert!(!keys(&of_queue(&desk).await.reasons).contains(&"paused_by"));
    run(QueueCommand::Pause(q()), by(""));
    desk.pass(Duration::from_secs(2));
    let words_now = words(&of_queue(&desk).await);
    assert!(
        words_now[1].starts_with("192.0.2.7 paused it"),
        "{words_now:?}"
    );
}

#[tokio::test]
async fn server_that_has_just_started_waits_for_its_workers() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    desk.pass(Duration::from_secs(12));
    let words_now = words(&of_queue(&desk).await);
    assert_eq!(
        words_now[0],
        "The server started 12 s ago, and no worker has come back yet."
    );
    desk.pass(Duration::from_secs(60));
    let words_later = words(&of_queue(&desk).await);
    assert_eq!(
        words_later[0],
        "No worker fetches from the queue since 10:00:00 UTC (1 min 12 s ago) (since the server started)."
    );
    // Another worker is back: it is not that.
    let soon = FakeDesk::new();
    push(&soon, "jid-000001", json!({}));
    soon.workers.lock().push(worker("w"));
    assert_eq!(
        keys(&of_queue(&soon).await.reasons),
        ["no_worker", "backlog"]
    );
}

#[tokio::test]
async fn quiet_and_busy_workers_are_told_apart() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    push(&desk, "jid-000002", json!({}));
    let quiet = WorkerView {
        state: "quiet",
        ..worker("w")
    };
    desk.workers.lock().push(quiet);
    fetches(&desk, "w", "idle", &["q"]);
    let why = of_queue(&desk).await;
    assert_eq!(why.reasons[0], Reason::WorkersQuiet { workers: 1 });
    desk.workers.lock().clear();
    has_worker(&desk, "w", "idle");
    desk.fetch("q");
    let why = of_queue(&desk).await;
    let busy = Reason::WorkersBusy {
        workers: 1,
        working: 1,
    };
    assert_eq!(why.reasons[0], busy);
    assert_eq!(
        words(&why)[0],
        "The one worker of the queue is busy; 1 job of it run."
    );
}

#[tokio::test]
async fn full_throttle_tells_its_slots_and_when_one_is_free() {
    let desk = throttled(Throttle {
        concurrency: Some(2),
        timeout_secs: Some(60),
        ..Throttle::default()
    });
    for n in 1..=3 {
        push(&desk, &format!("jid-00000{n}"), json!({}));
    }
    has_worker(&desk, "w", "fetching");
    desk.fetch("q");
    assert_eq!(
        keys(&of_queue(&desk).await.reasons),
        ["handed_out_next", "backlog"]
    );
    desk.pass(Duration::from_secs(20));
    desk.fetch("q");
    let why = of_job(&desk, "jid-000003").await;
    let full = Reason::SlotsTaken {
        taken: 2,
        limit: 2,
        free_by: Some(desk.now().plus_secs(40)),
    };
    assert_eq!(why.reasons[0], full);
    assert_eq!(
        words(&why)[0],
        "The throttle of the queue is full: 2 of 2 slots are taken; the next is free at 10:01:00 UTC (in 40 s) at the \
         latest."
    );
    // A job that has run for longer has no slot any more.
    desk.pass(Duration::from_secs(41));
    assert_eq!(
        keys(&of_queue(&desk).await.reasons),
        ["handed_out_next", "backlog"]
    );
}

#[tokio::test]
async fn workers_that_have_as_many_as_they_may_and_a_rate_are_told() {
    let desk = throttled(Throttle {
        worker: Some(1),
        ..Throttle::default()
    });
    push(&desk, "jid-000001", json!({}));
    push(&desk, "jid-000002", json!({}));
    has_worker(&desk, "w", "fetching");
    desk.fetch("q");
    let full = Reason::WorkerSlotsTaken {
        workers: 1,
        limit: 1,
        // When the job is taken back.
        free_by: Some(desk.now().plus_secs(1800)),
    };
    assert_eq!(of_queue(&desk).await.reasons[0], full);
    let desk = throttled(Throttle {
        rate: Some(Rate::new(1.0, Duration::from_secs(60), 1)),
        ..Throttle::default()
    });
    push(&desk, "jid-000001", json!({}));
    has_worker(&desk, "w", "fetching");
    assert_eq!(
        words(&of_queue(&desk).await)[0],
        "The throttle of the queue hands out 1 job in 1 min, and its turn has not come; the next follows within 1 min."
    );
}

#[tokio::test]
async fn queue_that_all_workers_look_into_last_is_told_behind_which() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    push(&desk, "jid-000002", json!({"queue": "urgent"}));
    desk.workers.lock().push(worker("w"));
    fetches(&desk, "w", "running", &["urgent", "empty", "q"]);
    let why = of_queue(&desk).await;
    assert_eq!(
        why.reasons[0],
        Reason::BehindQueues {
            queues: vec!["urgent".to_owned()]
        }
    );
}

#[tokio::test]
async fn empty_queue_is_empty_and_an_unknown_one_a_problem() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    has_worker(&desk, "w", "idle");
    let job = desk.fetch("q");
    desk.ack(&job);
    assert_eq!(keys(&of_queue(&desk).await.reasons), ["empty"]);
    let unknown = why_queue(&*desk, &Observer::default(), "other").await;
    assert_eq!(unknown.unwrap_err().kind, ProblemKind::NotFound);
}

#[tokio::test]
async fn job_tells_how_many_are_before_it() {
    let desk = FakeDesk::new();
    for n in 1..=5 {
        push(&desk, &format!("jid-00000{n}"), json!({}));
    }
    desk.fetch("q");
    let why = of_job(&desk, "jid-000005").await;
    assert!(
        why.reasons
            .contains(&Reason::Position { ahead: 3, at: None }),
        "{why:?}"
    );
    let why = of_job(&desk, "jid-000002").await;
    assert!(
        why.reasons
            .contains(&Reason::Position { ahead: 0, at: None }),
        "{why:?}"
    );
}

#[tokio::test]
async fn working_job_tells_of_its_worker_and_whether_that_is_there() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({}));
    desk.fetch("q");
    let gone = of_job(&desk, "jid-000001").await;
    assert_eq!(keys(&gone.reasons), ["working", "worker_gone"]);
    let silent = WorkerView {
        silent_for: Duration::from_secs(50),
        ..worker("w")
    };
    *desk.workers.lock() = vec![silent];
    assert_eq!(
        words(&of_job(&desk, "jid-000001").await),
        [
            "Worker w has it since 10:00:00 UTC (0 s ago) and may keep it until 10:30:00 UTC (in 30 min).",
            "Worker w has sent nothing for 50 s.",
        ]
    );
    *desk.workers.lock() = vec![worker("w")];
    assert_eq!(
        keys(&of_job(&desk, "jid-000001").await.reasons),
        ["working"]
    );
}

#[tokio::test]
async fn scheduled_job_tells_its_time_and_what_it_will_meet_then() {
    let desk = FakeDesk::new();
    push(&desk, "jid-000001", json!({"at": "2026-03-02T00:00:00Z"}));
    desk.pass(Duration::from_secs(600));
    let why = of_job(&desk, "jid-000001").await;
    assert_eq!(
        words(&why),
        ["It is scheduled for 2026-03-02 00:00:00 UTC (in 13 h 50 min)."]
    );
    assert_eq!(keys(&why.then), ["no_worker"]);
    has_worker(&desk, "w", "fetching");
    assert!(of_job(&desk, "jid-000001").await.then.is_empty());
    desk.pass(Duration::from_secs(86_400));
    assert_eq!(keys(&of_job(&desk, "jid-000001").await.reasons), ["due"]);
}

fn fail(desk: &FakeDesk, jid: &str) {
    desk.fetch("q");
    let report = FailReport {
        jid: jid.to_owned(),
        errtype: "TimeoutError".to_owned(),
        message: "no answer".to_owned(),
        backtrace: Vec::new(),
    };
    desk.run(Op::Fail(Arc::new(Fail {
        report,
        wid: "w".into(),
    })));
}

#[tokio::test]
async fn failed_job_tells_which_retry_it_waits_for_and_a_dead_one_that_it_is() {
    let desk = FakeDesk::new();
    push(
        &desk,
        "jid-000001",
        json!({"retry": 3, "custom": {"retry_delays": [60]}}),
    );
    fail(&desk, "jid-000001");
    assert_eq!(
        words(&of_job(&desk, "jid-000001").await),
        ["It failed once and waits for retry 1 of 3 at 10:01:00 UTC (in 1 min)."]
    );
    push(&desk, "jid-000002", json!({"retry": -1}));
    fail(&desk, "jid-000002");
    let why = of_job(&desk, "jid-000002").await;
    assert_eq!(keys(&why.reasons), ["dead"]);
    assert!(why.then.is_empty());
}

#[tokio::test]
async fn expiry_and_lock_of_a_job_are_told() {
    let desk = FakeDesk::new();
    push(
        &desk,
        "jid-000001",
        json!({"custom": {"unique_for": 600, "expires_in": 300}}),
    );
    has_worker(&desk, "w", "fetching");
    let why = of_job(&desk, "jid-000001").await;
    assert_eq!(
        keys(&why.reasons),
        ["handed_out_next", "position", "expires", "has_lock"]
    );
    assert_eq!(
        words(&why)[2],
        "If no worker has it by 10:05:00 UTC (in 5 min), it is dropped as expired."
    );
    desk.fetch("q");
    let why = of_job(&desk, "jid-000001").await;
    assert!(!keys(&why.reasons).contains(&"expires"));
}

#[tokio::test]
async fn job_that_is_not_there_is_a_problem() {
    let desk = FakeDesk::new();
    let unknown = why_job(&*desk, &Observer::default(), "jid-000009", None).await;
    assert_eq!(unknown.unwrap_err().kind, ProblemKind::NotFound);
}

#[test]
fn parameters_are_those_that_are_known() {
    let reason = Reason::Position { ahead: 3, at: None };
    let names: Vec<_> = reason
        .parameters()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["ahead"]);
}
