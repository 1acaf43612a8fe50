//! How the handing over of what clients ask starts and stops.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use workmill_cluster::Epoch;

use super::forwarding::Forwarding;
use super::route::{Leader, Route};
use super::uplink::Uplink;
use crate::gate::Gateway;
use crate::password::Password;
use crate::services::{Life, Service};
use crate::settings::Binding;
use crate::shared::Shared;

/// How often it is looked whether all is said, at the end.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// How long it waits for a link, at the end, if there is none.
const LINK_WITHIN: Duration = Duration::from_secs(5);

/// What this server's clients ask is handed over to the one that leads, from the start to the end of the process.
pub(crate) struct Following {
    shared: Arc<Shared>,
    forwarding: Arc<Forwarding>,
    uplink: Service,
}

impl Following {
    /// Starts to hand over to the one server that leads, always.
    pub(crate) fn start_to(shared: &Arc<Shared>, leader: &Binding, secret: &Password) -> Self {
        let leader = Leader::There(Epoch::default(), leader.clone());
        let route = Route {
            leader: watch::channel(leader).1,
            // Whether it is there makes no difference to what this server does.
            news: mpsc::unbounded_channel().0,
        };
        Self::start(shared, route, secret)
    }

    /// Starts to hand over to whoever leads.
    pub(crate) fn start(shared: &Arc<Shared>, route: Route, secret: &Password) -> Self {
        let gate = Arc::<Gateway>::clone(&shared.gate);
        let forwarding = Arc::new(Forwarding::new(shared.server, gate));
        shared.reads.ask(Arc::clone(&forwarding));
        let uplink = Uplink {
            shared: Arc::clone(shared),
            forwarding: Arc::clone(&forwarding),
            secret: secret.clone(),
        };
        let uplink = Service::start("uplink", |mut life: Life| async move {
            life.started();
            tokio::select! {
                biased;
                () = life.stopping() => {}
                () = uplink.keep(route) => {}
            }
        });
        Self {
            shared: Arc::clone(shared),
            forwarding,
            uplink,
        }
    }

    /// Waits until it has started; not for the one that leads.
    pub(crate) async fn started(&mut self) {
        self.uplink.started().await;
    }

    /// Writes what is going on into the log.
    pub(crate) fn log(&self) {
        let (unanswered, linked) = self.forwarding.standing();
        tracing::info!(unanswered, linked, "dump: commands handed over");
    }

    /// Ends it, until `deadline`: what nobody waits for, such as jobs that go back, is still said.
    pub(crate) async fn stop(&mut self, deadline: Instant) {
        self.forwarding.close();
        let unlinked_deadline = deadline.min(Instant::now() + LINK_WITHIN);
        while let Some(is_linked) = self.forwarding.unsaid() {
            let until = match is_linked {
                true => deadline,
                false => unlinked_deadline,
            };
            if Instant::now() >= until {
                tracing::warn!("not all could be said to the server that leads");
                break;
            }
            sleep(LOOK_EVERY).await;
        }
        self.uplink.stop(deadline).await;
        self.shared.gate.suspend();
    }
}
