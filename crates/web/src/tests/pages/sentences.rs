//! What is concluded, as sentences.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts as _;
use axum::http::Request;
use workmill_proto::Timestamp;

use super::HOSTILE;
use crate::app::App;
use crate::desk::fake::FakeDesk;
use crate::desk::{Actor, Role};
use crate::locale::Language;
use crate::pages::{ConcernRow, Frame, told};
use crate::service::attention::{Concern, Item};
use crate::service::why::Reason;

/// What is around a page in a language.
async fn frame(language: Language) -> Frame {
    let path = format!("/?lang={}", language.tag());
    let (mut parts, ()) = Request::get(path).body(()).unwrap().into_parts();
    parts.extensions.insert(Actor {
        name: "anna".into(),
        role: Role::Admin,
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
    });
    let app = Arc::new(App::new(FakeDesk::new()));
    Frame::from_request_parts(&mut parts, &app).await.unwrap()
}

/// A sentence that is whole, and in which what others have written does nothing.
fn check_sentence(sentence: &str, of: &str) {
    let words = sentence.split(['<', '>']).step_by(2);
    assert!(words.map(str::len).sum::<usize>() > 5, "{of}: {sentence}");
    assert!(!sentence.contains('{'), "{of}: {sentence}");
    assert!(!sentence.contains("<b>"), "{of}: {sentence}");
    assert!(!sentence.contains("  "), "{of}: {sentence}");
}

fn fails(usual_percent: Option<u64>) -> Concern {
    Concern::JobtypeFails {
        jobtype: HOSTILE.into(),
        failed: 12,
        of: 20,
        within: Duration::from_secs(90),
        usual_percent,
    }
}

/// The same of recurring jobs.
fn concerns_of_cron() -> Vec<Concern> {
    let (name, at, span) = (HOSTILE, Timestamp::default(), Duration::from_secs(90));
    vec![
        Concern::CronLate {
            entry: name.into(),
            due: at,
        },
        Concern::CronNever { entry: name.into() },
        Concern::CronFailed {
            entry: name.into(),
            at,
            is_refused: false,
        },
        Concern::CronFailed {
            entry: name.into(),
            at,
            is_refused: true,
        },
        Concern::CronLong {
            entry: name.into(),
            jid: name.into(),
            takes: span,
            usually: span,
        },
    ]
}

/// One of each kind of concern, and of each of its forms.
fn concerns() -> Vec<Concern> {
    let (name, at, span) = (HOSTILE, Timestamp::default(), Duration::from_secs(90));
    vec![
        Concern::DiskStalled { stalled_for: span },
        Concern::DiskNearlyFull {
            free_bytes: 1,
            bytes: 2,
            trash_bytes: Some(3),
        },
        Concern::CarefulStopped {
            target: name.into(),
            reason: name.into(),
            operation: 7,
        },
        Concern::QueueUnfetched {
            queue: name.into(),
            size: 2,
            oldest: span,
            last: Some(name.into()),
        },
        Concern::QueueQuiet {
            queue: name.into(),
            size: 1,
            workers: 2,
        },
        Concern::WorkerSilent {
            wid: name.into(),
            jobs: 1,
            silent_for: Some(span),
        },
        Concern::WorkerSilent {
            wid: name.into(),
            jobs: 1,
            silent_for: None,
        },
        Concern::QueueGrows {
            queue: name.into(),
            size: 9,
            by: 2,
            within: span,
        },
        Concern::ThrottleFull {
            queue: name.into(),
            taken: 2,
            limit: 2,
            size: 3,
        },
        Concern::QueueSlow {
            queue: name.into(),
            size: 3,
            oldest: span,
            usually: span,
        },
        Concern::DeadUnseen { jobs: 3, since: at },
        Concern::CertificateEnds { at },
        Concern::QueuePaused {
            queue: name.into(),
            size: 2,
            oldest: span,
        },
        fails(None),
        fails(Some(3)),
        Concern::ClockJumped { at, by_secs: 70 },
        Concern::ClockJumped { at, by_secs: -70 },
        Concern::NotDurable { within: span },
    ]
}

#[tokio::test]
async fn every_concern_is_a_sentence_in_every_language() {
    let (mut concerns, at) = (concerns(), Timestamp::default());
    concerns.extend(concerns_of_cron());
    for key in Concern::KEYS {
        assert!(concerns.iter().any(|concern| concern.key() == key), "{key}");
    }
    for language in Language::ALL {
        let frame = frame(language).await;
        for concern in concerns.clone() {
            let of = format!("{language:?} {concern:?}");
            let item = Item {
                concern,
                since: at,
                muted_until: None,
            };
            let row = ConcernRow::new(&frame, &item);
            check_sentence(row.sentence.as_str(), &of);
            assert!(row.href.starts_with('/') && !row.href.contains('<'), "{of}");
        }
    }
}

/// One of each kind that is said of a job, and of each of its forms.
fn reasons_of_jobs() -> Vec<Reason> {
    let (at, span) = (Timestamp::default(), Duration::from_secs(90));
    let (wid, text): (Box<str>, _) = (HOSTILE.into(), HOSTILE.to_owned());
    let working = |wid: &str| Reason::Working {
        wid: wid.into(),
        since: at,
        until: at,
    };
    let dead = |failures| Reason::Dead {
        failures,
        forgotten_at: at,
    };
    let progress = |percent, text| Reason::Progress { percent, text };
    vec![
        working(HOSTILE),
        working(""),
        Reason::WorkerSilent {
            wid: wid.clone(),
            silent_for: span,
        },
        Reason::WorkerGone {
            wid: wid.clone(),
            until: at,
        },
        progress(Some(40), Some(text.clone())),
        progress(None, Some(text.clone())),
        Reason::Scheduled { at },
        Reason::Retry {
            failures: 2,
            of: 25,
            at,
        },
        Reason::Due { at },
        dead(0),
        dead(3),
        Reason::Unreadable { error: text },
        Reason::Expires { at },
        Reason::HasLock { until: at },
        Reason::LockOfAnother {
            jid: wid,
            until: at,
        },
    ]
}

/// One of each kind that is said of a queue or of a place in it, and of each of its forms.
fn reasons_of_queues() -> Vec<Reason> {
    let (at, span) = (Timestamp::default(), Duration::from_secs(90));
    let text = HOSTILE.to_owned();
    let no_worker = |last: Option<&str>| Reason::NoWorker {
        since: at,
        last: last.map(Arc::from),
    };
    let position = |ahead, at| Reason::Position { ahead, at };
    vec![
        Reason::Stalled { stalled_for: span },
        Reason::NotReady,
        Reason::Paused,
        Reason::PausedBy {
            by: HOSTILE.into(),
            at,
        },
        Reason::WorkersReturning { uptime: span },
        no_worker(None),
        no_worker(Some("")),
        no_worker(Some(HOSTILE)),
        Reason::WorkersQuiet { workers: 2 },
        Reason::SlotsTaken {
            taken: 2,
            limit: 2,
            free_by: Some(at),
        },
        Reason::WorkerSlotsTaken {
            workers: 1,
            limit: 2,
            free_by: None,
        },
        Reason::RateLimited {
            jobs: 5,
            per: span,
            next_within: span,
        },
        Reason::BehindQueues {
            queues: vec![text.clone(), text],
        },
        Reason::WorkersBusy {
            workers: 3,
            working: 9,
        },
        Reason::HandedOutNext,
        Reason::Empty,
        position(0, None),
        position(7, Some(at)),
        Reason::Backlog {
            size: 4,
            oldest: span,
            empty_at: Some(at),
        },
    ]
}

#[tokio::test]
async fn every_reason_is_a_sentence_in_every_language() {
    let mut reasons = reasons_of_jobs();
    reasons.extend(reasons_of_queues());
    for language in Language::ALL {
        let frame = frame(language).await;
        let sentences = told(&frame, HOSTILE, &reasons);
        for (reason, sentence) in reasons.iter().zip(sentences) {
            check_sentence(sentence.as_str(), &format!("{language:?} {reason:?}"));
        }
    }
}
