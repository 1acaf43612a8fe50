//! The end of a measuring: nothing stays behind, and the books are balanced.

use crate::job::Run;
use crate::ledger::{Delivery, Ledger};
use crate::report::Measurement;
use crate::server::Server;
use crate::session::Session;

/// Adds the outcome of one of the below to a measurement. After Ctrl-C it may fail or take too long: then what was
/// measured is all there is, and a note says what is left behind.
pub(crate) async fn conclude(
    measurement: &mut Measurement,
    run: &Run,
    session: &Session,
    closing: impl Future<Output = anyhow::Result<Delivery>>,
) -> anyhow::Result<()> {
    match session.patience().after_interrupt(closing).await {
        Some(Ok(delivery)) => measurement.delivery = Some(delivery),
        Some(Err(error)) if !session.is_interrupted() => return Err(error),
        Some(Err(_)) | None => {
            let pattern = run.pattern();
            let note = format!("ended before its jobs were removed: look for {pattern}");
            measurement.notes.insert(note);
        }
    }
    measurement.interrupted |= session.is_interrupted();
    Ok(())
}

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
