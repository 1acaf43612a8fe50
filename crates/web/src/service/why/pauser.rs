//! Who has paused a queue, as the audit log has it.

use std::time::Duration;

use workmill_engine::is_about_queue;
use workmill_store::AuditEntry;
use workmill_store::reading::Bounds;

use super::reason::Reason;
use crate::desk::Desk;
use crate::service::Problem;

/// How long the log is searched: the page of a paused queue is asked for every few seconds. What is further back is in the log
/// itself.
const SEARCH_TIME_MAX: Duration = Duration::from_millis(50);

/// Tells it behind the reason that a queue is paused, if that is one of these and it is known.
pub(super) async fn tell_pauser(
    desk: &dyn Desk,
    queue: &str,
    reasons: &mut Vec<Reason>,
) -> Result<(), Problem> {
    let Some(place) = reasons.iter().position(|reason| *reason == Reason::Paused) else {
        return Ok(());
    };
    let queue = queue.to_owned();
    let wanted = move |entry: &AuditEntry| {
        matches!(&*entry.action, "queue.pause" | "queue.resume")
            && is_about_queue(&entry.target, &queue)
    };
    let bounds = Bounds {
        time: SEARCH_TIME_MAX,
        ..Bounds::of_rows(1)
    };
    let found = desk
        .read(move |reading| reading.audit(None, &wanted, bounds))
        .await?;
    let entry = found.items.into_iter().find_map(|(_, entry)| entry.ok());
    // One that was resumed last was paused in another way, such as before the log began.
    if let Some(entry) = entry.filter(|entry| &*entry.action == "queue.pause") {
        let by = match &*entry.by.name {
            "" => entry.by.address,
            _ => entry.by.name,
        };
        let at = entry.began_at;
        reasons.insert(place + 1, Reason::PausedBy { by, at });
    }
    Ok(())
}
