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
