//! One of several servers on one database: it leads if no other does, and hands over what its clients ask to whoever leads, itself
//! included. So a change of leader is a pause to them and no more.
//!
//! Reading order: `contest` (it looks who leads, and takes over), `life` (it leads, and stops to).

mod contest;
mod life;

use std::sync::Arc;

use anyhow::Context as _;
use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use workmill_engine::Rules;
use workmill_store::postgres::check_tables;

use self::contest::Contest;
use self::life::MemberLife;
use crate::cluster::{Following, Leader, LinkListener, Route};
use crate::database::Contender;
use crate::services::Service;
use crate::settings::{Membership, Settings};
use crate::shared::Shared;
use crate::term::{STOP_WITHIN, TermEnd};

/// The server as one of several, from the start to the end of the process.
pub(crate) struct Member {
    following: Following,
    life: Service,
    orders: mpsc::UnboundedSender<Order>,
    /// How its last term ended, if it had not ended before the server was to stop.
    end: Arc<Mutex<TermEnd>>,
}

/// What the server wants of whatever goes on.
enum Order {
    /// New rules, from the next group on.
    SetRules(Rules),
    /// A line of the state of the committer, in the log.
    Log,
}

impl Member {
    /// Starts it, and does not wait until anybody leads.
    ///
    /// # Errors
    /// The address for other servers cannot be had; the database cannot be reached, or its tables are not those of this version.
    pub(crate) fn start(
        settings: &Settings,
        membership: Membership<'_>,
        shared: &Arc<Shared>,
    ) -> anyhow::Result<Self> {
        let Membership {
            target,
            binding,
            address,
            secret,
        } = membership;
        let door = LinkListener::bind(binding, secret)?;
        let address = match address {
            Some(address) => address.to_string(),
            None => door.listener.local_addr()?.to_string(),
        };
        check_tables(target).context("cannot open the database")?;
        tracing::info!("other servers reach this one at {address}");
        let (leader, follows) = watch::channel(Leader::Unknown);
        let (news, heard) = mpsc::unbounded_channel();
        let (orders, ordered) = mpsc::unbounded_channel();
        let route = Route {
            leader: follows,
            news,
        };
        let following = Following::start(shared, route, secret);
        let end = Arc::new(Mutex::new(TermEnd::Over));
        let contender = Contender::new(target, &settings.binding, &address);
        let life = MemberLife {
            shared: Arc::clone(shared),
            target: target.clone(),
            door,
            address,
            warned_of: None,
            rules: settings.engine_rules(),
            leader,
            orders: ordered,
            end: Arc::clone(&end),
        };
        let contest = Contest::new(contender, heard);
        Ok(Self {
            following,
            life: Service::start("member", |until| life.run(contest, until)),
            orders,
            end,
        })
    }

    /// Waits until it has started; not until anybody leads.
    pub(crate) async fn started(&mut self) {
        self.following.started().await;
        self.life.started().await;
    }

    /// Changes the rules for when it leads, from the next group on.
    pub(crate) fn set_rules(&self, rules: Rules) {
        self.order(Order::SetRules(rules));
    }

    /// Writes what is going on into the log.
    pub(crate) fn log(&self) {
        // Who is connected is told by whatever goes on.
        self.following.log();
        self.order(Order::Log);
    }

    /// Waits until it cannot go on, and tells why. May be dropped and called again; once it has told, not.
    pub(crate) async fn fault(&mut self) -> String {
        self.life.ended().await;
        "what finds out who leads has failed".to_owned()
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            tracing::debug!("nothing goes on here any more");
        }
    }

    /// Ends it: what nobody waits for is still said until `deadline`, then another server can lead.
    pub(crate) async fn stop(&mut self, deadline: Instant) -> TermEnd {
        self.following.stop(deadline).await;
        let has_ended = self.life.stop(Instant::now() + STOP_WITHIN).await;
        match has_ended {
            true => self.end.lock().clone(),
            false => TermEnd::Stuck,
        }
    }
}
