//! The end of a measuring: nothing stays behind, and the books are balanced.

use crate::ledger::{Delivery, Ledger};
use crate::server::Server;

/// Takes out what is still in the queues of the ledger's run, and tells whether every job was delivered once.
///
/// Queues are removed if so: a wrong delivery is left for its user to look at.
pub(crate) async fn finish(
    ledger: &Ledger,
    queues: u16,
    server: &mut Server,
) -> anyhow::Result<Delivery> {
    let names = ledger.run().queues(queues);
    let waiting = server.info().await?.faktory.queues;
    for queue in &names {
        let is_known_empty = waiting.get(queue).is_none_or(|jobs| *jobs == 0);
        // Not every server tells the sizes of queues.
        if !is_known_empty || ledger.delivery().lost > 0 {
            drain(ledger, queue, server).await?;
        }
    }
    let delivery = ledger.delivery();
    if delivery.is_exact() {
        server.remove_queues(&names).await;
    }
    Ok(delivery)
}

/// The same for more jobs than can be fetched in a reasonable time: those that wait by the server's own count are
/// counted as waiting, and removed with their queues. A server that cannot count or remove them has them fetched.
///
/// `scheduled_before` is the number of scheduled jobs before the run; none if the run schedules no jobs.
pub(crate) async fn discard(
    ledger: &Ledger,
    queues: u16,
    scheduled_before: Option<u64>,
    server: &mut Server,
) -> anyhow::Result<Delivery> {
    let names = ledger.run().queues(queues);
    let contents = server.info().await?.faktory;
    let scheduled =
        scheduled_before.map_or(0, |before| contents.scheduled().saturating_sub(before));
    let waiting = contents.waiting(&names) + scheduled;
    if scheduled > 0 {
        server.remove_scheduled(&ledger.run().pattern()).await?;
    }
    let delivery = ledger.delivery().with_waiting(waiting);
    if delivery.waiting == waiting && delivery.is_exact() && server.remove_queues(&names).await {
        return Ok(delivery);
    }
    let delivery = finish(ledger, queues, server).await?;
    Ok(delivery.with_waiting(scheduled))
}

/// Fetches until there is nothing.
async fn drain(ledger: &Ledger, queue: &str, server: &Server) -> anyhow::Result<()> {
    let mut client = server.connect(Some(&ledger.run().wid())).await?;
    while let Some(json) = client.fetch(queue).await? {
        if let Some(job) = ledger.fetched(json) {
            client.acknowledge(&ledger.run().jid(job)).await?;
            ledger.acknowledged(job);
        }
    }
    Ok(())
}
