//! A server that shares its database with no other.

use std::time::Duration;

use anyhow::bail;
use tokio::time::sleep;
use workmill_cluster::Step;
use workmill_store::postgres::Target;

use super::contender::{Contender, Reign};
use crate::settings::Binding;

/// How often it is looked whether somebody has the lease.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Takes the lease and opens the store. Waits until that of a server has run out that was killed, whatever the clocks say: one that
/// lives renews it meanwhile, and is left alone.
pub(crate) async fn open(target: &Target, binding: &Binding) -> anyhow::Result<Reign> {
    let mut contender = Contender::new(target, binding, "");
    let mut first = None;
    loop {
        let step = contender.look()?;
        let claim = contender.claim().cloned();
        if matches!(step, Step::TakeOver(_))
            && let Some(reign) = contender.take_over()?
        {
            if let Some(holder) = &reign.vanished {
                tracing::info!("the last server on {target} ({holder}) did not resign");
            }
            return Ok(reign);
        }
        if let Some(claim) = &claim
            && first.get_or_insert_with(|| claim.clone()) != claim
        {
            bail!(
                "{target} is in use by another server ({}); stop that one first, or name another schema with \
                 storage.schema; several servers share a database if each has a cluster.binding",
                claim.holder
            );
        }
        sleep(LOOK_EVERY).await;
    }
}
