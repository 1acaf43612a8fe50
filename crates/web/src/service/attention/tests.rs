//! What needs somebody on a fake server.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::json;
use workmill_engine::query::Query;
use workmill_engine::{
    Change, ChangeVerb, ClientId, CronEntry, CronTable, Duty, Op, OperationId, Rules, Schedule,
    Throttle,
};
use workmill_proto::{QueueCommand, QueueSelection, Timestamp};
use workmill_store::Operator;

use super::concern::Concern;
use super::mute::{MuteRequest, WhichConcern, mute, unmute};
use super::watch::{Attention, Watch};
use crate::desk::fake::{FakeDesk, connection, worker};
use crate::desk::{Actor, Desk, DiskSpace, Fetches, LeftQueue, Role, ServerState, WorkerView};
use crate::observe::Observer;

struct Place {
    desk: Arc<FakeDesk>,
    watch: Watch,
    observer: Observer,
}

impl Place {
    fn new(desk: Arc<FakeDesk>) -> Self {
        Self {
            desk,
            watch: Watch::default(),
            observer: Observer::default(),
        }
    }

    fn push(&self, count: usize) {
        for n in 0..count {
            self.desk.push(&json!({
                "jid": format!("jid-0{n:05}"), "jobtype": "T", "queue": "q", "args": []
            }));
        }
    }

    fn has_worker(&self, state: &'static str) {
        let there = WorkerView {
            state,
            ..worker("w")
        };
        *self.desk.workers.lock() = vec![there];
        let queues = Fetches::Queues(Arc::new(["q".to_owned()]));
        *self.desk.connections.lock() = vec![connection("w", "idle", queues)];
    }

    /// Runs jobs of a type, so many with and so many without success, and lets that be counted.
    fn run_jobs(&self, succeed: usize, fail: usize) {
        for n in 0..succeed + fail {
            self.push(1);
            let job = self.desk.fetch("q");
            if n < succeed {
                self.desk.ack(&job);
            } else {
                self.desk.fail("jid-000000", "no luck");
            }
        }
        self.desk.run(Op::Tick(Duty::KeepClocks));
    }

    async fn pass(&self, secs: u64) {
        self.desk.pass(Duration::from_secs(secs));
        tokio::time::advance(Duration::from_secs(secs)).await;
    }

    async fn attention(&self) -> Arc<Attention> {
        let attention = self.watch.attention(&*self.desk, &self.observer).await;
        attention.unwrap()
    }

    async fn keys(&self) -> Vec<&'static str> {
        let attention = self.attention().await;
        let items = attention.items.iter();
        items.map(|item| item.concern.key()).collect()
    }

    async fn words(&self) -> Vec<String> {
        let attention = self.attention().await;
        let items = attention.items.iter();
        items.map(|item| item.concern.words(attention.at)).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_calm_server_needs_nobody() {
    let place = Place::new(FakeDesk::new());
    place.has_worker("running");
    place.push(1);
    for _ in 0..10 {
        assert!(place.keys().await.is_empty());
        place.pass(30).await;
    }
    let counts = &place.attention().await.counts;
    assert_eq!(counts.len(), Concern::KEYS.len());
    assert!(counts.values().all(|count| *count == 0));
}

#[tokio::test(start_paused = true)]
async fn queue_that_nobody_fetches_from_is_told_when_that_lasts_and_says_who_was_the_last() {
    let place = Place::new(FakeDesk::new());
    place.pass(100).await;
    place.push(3);
    assert!(place.keys().await.is_empty());
    place.pass(60).await;
    let began = place.desk.now();
    let left = LeftQueue {
        wid: "mail-2".into(),
        ago: Duration::from_secs(60),
    };
    place.desk.left_queues.lock().insert("q".into(), left);
    assert_eq!(
        place.words().await,
        [
            "No worker fetches from q. 3 jobs wait, the oldest for 1 min. It was last fetched from by mail-2."
        ]
    );
    place.pass(10).await;
    let attention = place.attention().await;
    assert_eq!(attention.items[0].since, began);
    let query = attention.items[0].concern.query().unwrap();
    assert_eq!(query, "state:enqueued queue:\"q\"");
    place.has_worker("quiet");
    place.pass(1).await;
    assert_eq!(place.keys().await, ["queue_quiet"]);
    place.has_worker("running");
    place.pass(1).await;
    assert!(place.keys().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_is_missed_just_after_the_start() {
    let place = Place::new(FakeDesk::new());
    place.push(1);
    place.desk.fetch("q");
    place.push(1);
    place.pass(40).await;
    assert!(place.keys().await.is_empty());
    place.pass(21).await;
    assert_eq!(place.keys().await, ["queue_unfetched", "worker_silent"]);
}

#[tokio::test(start_paused = true)]
async fn worker_that_holds_jobs_and_is_silent_is_told() {
    let place = Place::new(FakeDesk::new());
    place.push(1);
    place.desk.fetch("q");
    place.has_worker("running");
    assert!(place.keys().await.is_empty());
    place.desk.workers.lock()[0].silent_for = Duration::from_secs(50);
    place.pass(2).await;
    let words = place.words().await;
    assert_eq!(words, ["Worker w has 1 job and has sent nothing for 50 s."]);
}

#[tokio::test(start_paused = true)]
async fn queue_into_which_more_comes_than_goes_is_told() {
    let place = Place::new(FakeDesk::new());
    place.has_worker("running");
    place.push(100);
    assert!(place.keys().await.is_empty());
    place.pass(61).await;
    assert!(place.keys().await.is_empty(), "it does not grow");
    place.push(20);
    place.pass(2).await;
    assert_eq!(
        place.words().await,
        ["q will not be empty in sight: 120 jobs wait, 20 more than 1 min 3 s ago."]
    );
}

#[tokio::test(start_paused = true)]
async fn throttle_that_is_always_full_is_told_and_one_that_is_full_now_and_then_is_not() {
    let throttle = Throttle {
        concurrency: Some(1),
        ..Throttle::default()
    };
    let rules = Rules {
        throttles: Arc::new([("q".to_owned(), throttle)].into()),
        ..Rules::default()
    };
    for always in [true, false] {
        let place = Place::new(FakeDesk::with_rules(rules.clone()));
        place.has_worker("running");
        place.push(3);
        let job = place.desk.fetch("q");
        place.attention().await;
        place.pass(30).await;
        if !always {
            place.desk.ack(&job);
            place.attention().await;
            place.pass(2).await;
            place.desk.fetch("q");
        }
        place.attention().await;
        place.pass(31).await;
        let keys = place.keys().await;
        let expected: &[&str] = if always { &["throttle_full"] } else { &[] };
        assert_eq!(keys, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn hanging_disk_comes_first() {
    let place = Place::new(FakeDesk::new());
    place.pass(100).await;
    place.push(1);
    place.pass(60).await;
    *place.desk.state.lock() = ServerState::Stalled(Duration::from_secs(7));
    let attention = place.attention().await;
    let stalled = Concern::DiskStalled {
        stalled_for: Duration::from_secs(7),
    };
    assert_eq!(attention.items[0].concern, stalled);
}

#[test]
fn names_are_quoted_in_queries() {
    let concern = Concern::WorkerSilent {
        wid: r#"a" OR "b\"#.into(),
        jobs: 1,
        silent_for: None,
    };
    let query = concern.query().unwrap();
    assert_eq!(query, r#"state:working worker:"a\" OR \"b\\""#);
    Query::parse(&query).unwrap();
}

#[test]
fn every_key_is_listed_and_parameters_are_those_that_are_known() {
    let late = Concern::CronLate {
        entry: "nightly".into(),
        due: Timestamp::default(),
    };
    assert!(Concern::KEYS.contains(&late.key()));
    let names: Vec<_> = late
        .parameters()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, ["due", "subject"]);
}

#[tokio::test(start_paused = true)]
async fn cron_entry_whose_tick_does_not_fire_is_told() {
    let place = Place::new(FakeDesk::new());
    let schedule = Schedule::parse("0 * * * *", TimeZone::UTC).unwrap();
    let payload = json!({"jobtype": "T", "args": []})
        .as_object()
        .unwrap()
        .clone();
    let mut table = CronTable::default();
    table.insert("hourly", CronEntry::new(schedule, false, payload).unwrap());
    *place.desk.cron.lock() = Arc::new(table);
    let fire = || Op::Tick(Duty::FireCron(place.desk.cron()));
    place.desk.run(fire());
    assert!(place.keys().await.is_empty());
    place.pass(3_600 + 89).await;
    assert!(place.keys().await.is_empty());
    place.pass(1).await;
    assert_eq!(
        place.words().await,
        ["The cron entry hourly has not fired that was due at 11:00:00 UTC (1 min 30 s ago)."]
    );
    place.desk.run(fire());
    place.pass(2).await;
    assert!(place.keys().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn cron_entry_that_has_no_time_ahead_is_told() {
    let place = Place::new(FakeDesk::new());
    for (year, expected) in [("2027", &[] as &[_]), ("2020", &["cron_never"])] {
        let schedule = Schedule::parse(&format!("0 0 0 1 1 * {year}"), TimeZone::UTC).unwrap();
        let payload = json!({"jobtype": "T", "args": []});
        let payload = payload.as_object().unwrap().clone();
        let mut table = CronTable::default();
        table.insert("once", CronEntry::new(schedule, false, payload).unwrap());
        *place.desk.cron.lock() = Arc::new(table);
        place.pass(2).await;
        assert_eq!(place.keys().await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn paused_queue_is_told_when_jobs_have_waited_in_it_for_a_while() {
    let place = Place::new(FakeDesk::new());
    place.pass(100).await;
    let pause = QueueCommand::Pause(QueueSelection::Named(vec!["q".to_owned()]));
    place.desk.run(Op::Queue(pause.into(), ClientId::default()));
    place.pass(100).await;
    assert!(place.keys().await.is_empty());
    place.push(2);
    place.pass(59).await;
    assert!(place.keys().await.is_empty());
    place.pass(1).await;
    assert_eq!(
        place.words().await,
        ["q is paused. 2 jobs wait, the oldest for 1 min."]
    );
}

#[tokio::test(start_paused = true)]
async fn type_that_fails_more_than_it_did_is_told() {
    let place = Place::new(FakeDesk::new());
    place.has_worker("running");
    place.desk.pass(Duration::from_secs(60));
    place.run_jobs(38, 0);
    place.run_jobs(0, 2);
    place.pass(3_600).await;
    place.run_jobs(0, 9);
    assert!(place.keys().await.is_empty());
    place.pass(10).await;
    place.run_jobs(0, 1);
    assert_eq!(
        place.words().await,
        ["10 of 10 executions of T failed in the last 10 min. Before, 5 % of them did."]
    );
    // Four of five do well again, and one fails as before.
    place.run_jobs(41, 0);
    place.pass(10).await;
    assert!(place.keys().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn type_that_always_fails_so_often_is_no_news() {
    let place = Place::new(FakeDesk::new());
    place.has_worker("running");
    place.run_jobs(20, 20);
    place.pass(3_600).await;
    place.run_jobs(5, 12);
    assert!(place.keys().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn full_disk_is_told_with_the_trash_if_that_holds_much() {
    let place = Place::new(FakeDesk::new());
    *place.desk.disk.lock() = DiskSpace {
        free_bytes: 1 << 30,
        bytes: 100 << 30,
    };
    let full = "The disk of the data is nearly full: 1.0 of 100.0 GiB are free.";
    assert_eq!(place.words().await, [full]);
    for n in 0..65 {
        place.desk.push(&json!({
            "jid": format!("jid-0{n:05}"), "jobtype": "T", "queue": "q", "args": ["x".repeat(1 << 20)]
        }));
    }
    let by = Arc::new(Operator::default());
    let all = Change::of_matching(ChangeVerb::Discard, Query::all());
    place.desk.run(Op::operate(OperationId(1), all).by(&by));
    place.pass(10).await;
    let with_trash = format!("{full} The trash holds 0.1 GiB: it can be emptied.");
    assert_eq!(place.words().await, [with_trash]);
    assert_eq!(
        place.attention().await.items[0].concern.action(),
        "empty_trash"
    );
}

#[tokio::test(start_paused = true)]
async fn queue_whose_jobs_wait_far_longer_than_usual_is_told() {
    let place = Place::new(FakeDesk::new());
    place.has_worker("running");
    // They wait a second each.
    for _ in 0..100 {
        place.push(1);
        place.desk.pass(Duration::from_secs(1));
        let job = place.desk.fetch("q");
        place.desk.ack(&job);
    }
    place.desk.run(Op::Tick(Duty::KeepClocks));
    place.pass(3_600).await;
    place.push(5);
    place.pass(59).await;
    assert!(place.keys().await.is_empty());
    place.pass(2).await;
    assert_eq!(place.keys().await, ["queue_slow"]);
    let words = place.words().await.remove(0);
    assert!(
        words.starts_with(
            "Jobs of q wait far longer than usual: 5 jobs wait, the oldest for 1 min 1 s."
        ),
        "{words}"
    );
}

#[tokio::test(start_paused = true)]
async fn jobs_that_died_are_told_until_somebody_looks_at_them() {
    let place = Place::new(FakeDesk::new());
    let die = |jid: &str| {
        place
            .desk
            .push(&json!({"jid": jid, "jobtype": "T", "queue": "q", "args": [], "retry": -1}));
        place.desk.fetch("q");
        place.desk.fail(jid, "no luck");
    };
    die("jid-00001");
    assert!(place.keys().await.is_empty(), "it was dead before");
    die("jid-00002");
    place.pass(2).await;
    assert_eq!(
        place.words().await,
        ["1 job died since somebody last looked at the dead jobs at 10:00:00 UTC (2 s ago)."]
    );
    place.watch.look_at_dead(2, place.desk.now()).await;
    place.pass(2).await;
    assert!(place.keys().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn certificate_that_ends_within_two_weeks_is_told() {
    let place = Place::new(FakeDesk::new());
    let ends_at = place.desk.now().plus_secs(14 * 86_400 + 2);
    *place.desk.certificate_ends_at.lock() = Some(ends_at);
    assert!(place.keys().await.is_empty());
    place.pass(2).await;
    assert_eq!(place.keys().await, ["certificate_ends"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_muted_is_told_apart_and_counted_nowhere_until_its_time_is_over() {
    let place = Place::new(FakeDesk::new());
    place.pass(100).await;
    place.push(1);
    place.pass(60).await;
    let actor = Actor {
        name: "anna".into(),
        role: Role::Operator,
        address: std::net::Ipv4Addr::LOCALHOST.into(),
    };
    let mute_for = async |subject: &str, hours| {
        let asked = MuteRequest {
            key: "queue_unfetched".into(),
            subject: subject.into(),
            hours,
        };
        mute(&*place.desk, &place.watch, &actor, &asked).await
    };
    assert!(mute_for("q", 0).await.is_err() && mute_for("q", 169).await.is_err());
    assert!(mute_for(&"q".repeat(1_025), 1).await.is_err());
    mute_for("other", 1).await.unwrap();
    assert_eq!(place.keys().await, ["queue_unfetched"]);
    let until = mute_for("q", 2).await.unwrap().until;
    let attention = place.attention().await;
    assert_eq!(
        (attention.items.len(), attention.counts["queue_unfetched"]),
        (0, 0)
    );
    assert_eq!(attention.muted[0].muted_until, Some(until));
    // Another watch reads it in the audit log, as after a restart.
    let again = Watch::default();
    let seen = again
        .attention(&*place.desk, &place.observer)
        .await
        .unwrap();
    assert_eq!((seen.items.len(), seen.muted.len()), (0, 1));
    place.pass(7_199).await;
    assert!(place.keys().await.is_empty());
    place.pass(2).await;
    assert_eq!(place.keys().await, ["queue_unfetched"]);
    mute_for("q", 1).await.unwrap();
    let which = WhichConcern {
        key: "queue_unfetched".into(),
        subject: "q".into(),
    };
    unmute(&*place.desk, &place.watch, &actor, &which)
        .await
        .unwrap();
    assert_eq!(place.keys().await, ["queue_unfetched"]);
}
