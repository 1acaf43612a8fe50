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
pub(crate) async fn discard(
    ledger: &Ledger,
    queues: u16,
    server: &mut Server,
) -> anyhow::Result<Delivery> {
    let names = ledger.run().queues(queues);
    let waiting = server.info().await?.faktory.waiting(&names);
    let delivery = ledger.delivery().with_waiting(waiting);
    if delivery.waiting == waiting && delivery.is_exact() && server.remove_queues(&names).await {
        return Ok(delivery);
    }
    finish(ledger, queues, server).await
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
