//! What operators did, and what is under way of it.

use workmill_proto::{SteadyTime, Timestamp};

use super::stored;
use crate::postgres::live::{decode, encode};
use crate::{ActionPart, AuditEntry, AuditState, OpenAction, Operator, WatchedJob};

/// Noted, begun, ended; the state and its reason; who; action and target; changed and skipped; the operation, and what it undoes.
type AuditFields = (
    (i64, i64, Option<i64>),
    (u8, Box<str>),
    (Box<str>, Box<str>, Box<str>),
    (Box<str>, Box<str>),
    (u64, u64),
    (Option<u64>, Option<u64>),
);

stored!(AuditEntry = 20 { LASTS }, ends ends_at,
    |entry, _key| {
        let (noted, began) = (entry.noted_at.as_micros(), entry.began_at.as_micros());
        let by = &entry.by;
        encode(&(
            (noted, began, entry.ended_at.map(Timestamp::as_micros)),
            state_fields(&entry.state),
            (&*by.name, &*by.role, &*by.address),
            (&*entry.action, &*entry.target),
            (entry.changed, entry.skipped),
            (entry.operation, entry.undoes),
        ))
    },
    |_key, bytes| {
        let (times, state, by, what, counts, links): AuditFields = decode(bytes)?;
        let (name, role, address) = by;
        Some(Self {
            by: Operator { name, role, address },
            action: what.0,
            target: what.1,
            began_at: Timestamp::from_micros(times.1),
            noted_at: SteadyTime::from_micros(times.0),
            ended_at: times.2.map(Timestamp::from_micros),
            state: state_of(state)?,
            changed: counts.0,
            skipped: counts.1,
            operation: links.0,
            undoes: links.1,
        })
    }
);

fn state_fields(state: &AuditState) -> (u8, &str) {
    match state {
        AuditState::Running => (0, ""),
        AuditState::Done => (1, ""),
        AuditState::Cancelled => (2, ""),
        AuditState::Failed(reason) => (3, reason),
        AuditState::Interrupted => (4, ""),
    }
}

fn state_of((state, reason): (u8, Box<str>)) -> Option<AuditState> {
    Some(match state {
        0 => AuditState::Running,
        1 => AuditState::Done,
        2 => AuditState::Cancelled,
        3 => AuditState::Failed(reason),
        4 => AuditState::Interrupted,
        _ => return None,
    })
}

stored!(OpenAction = 21 { LASTS }, ends ends_at,
    |open, _key| encode(&open.since.as_micros()),
    |_key, bytes| {
        let since = SteadyTime::from_micros(decode(bytes)?);
        Some(Self { since })
    }
);

stored!(ActionPart = 22 { LASTS },
    |part, _key| part.0.clone(),
    |_key, bytes| Some(Self(bytes.to_vec()))
);

stored!(WatchedJob = 23 { LASTS }, ends ends_at,
    |job, _key| encode(&(job.since.as_micros(), &*job.queue)),
    |_key, bytes| {
        let (since, queue): (i64, Box<str>) = decode(bytes)?;
        let since = SteadyTime::from_micros(since);
        Some(Self { since, queue })
    }
);
