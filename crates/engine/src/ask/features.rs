//! What a job asks for in its `custom`, made into the features that the server keeps of it.

use workmill_proto::{Bid, CustomRules, Expiry, Job, Timestamp, UniqueRule, WireError};
use workmill_store::{Features, Membership};

use crate::new_job::WantedLock;

/// What a job asks for that is pushed at `now`: its features, none if it asks for none, and the lock it wants, which has no
/// end yet. Writes into the payload when it expires.
pub(super) fn of(
    job: &mut Job,
    custom: CustomRules,
    now: Timestamp,
) -> Result<(Option<Box<Features>>, Option<WantedLock>), WireError> {
    // A job for later is as if it were pushed then.
    let start = job.at.map_or(now, |at| at.max(now));
    let expires_at = match custom.expiry {
        None => None,
        Some(Expiry::At(at)) => Some(at),
        Some(Expiry::In(duration)) => {
            let at = start.plus(duration);
            job.set_expires_at(at);
            Some(at)
        }
    };
    let batch = match custom.bid {
        None => None,
        Some(text) => Some(Membership {
            bid: Bid::parse(&text).ok_or_else(|| WireError::no_such_batch(&text))?,
            failed: false,
        }),
    };
    let lock = custom.unique.map(|rule| wanted_lock(job, &rule));
    let lock = lock.transpose()?;
    let features = Features {
        expires_at,
        lock: None,
        batch,
        callback: None,
        tracked: custom.track,
        cron: None,
    };
    Ok((
        (features != Features::default()).then(|| Box::new(features)),
        lock,
    ))
}

fn wanted_lock(job: &Job, rule: &UniqueRule) -> Result<WantedLock, WireError> {
    Ok(WantedLock {
        key: job.unique_key()?,
        lasts: rule.unique_for,
        until_start: rule.until_start,
    })
}
