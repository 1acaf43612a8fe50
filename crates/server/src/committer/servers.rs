//! The part of the committer that runs what other servers hand over: nothing, if there are none.

use std::time::Duration;

use workmill_cluster::{FromLeader, Gone, Host, LinkId, Outbox};
use workmill_engine::{GroupResult, Request, Ticket};
use workmill_proto::{SteadyTime, WireError};
use workmill_store::{StoreError, Tx};

use crate::cluster::Heard;

/// The servers that hand over what their clients ask.
#[derive(Debug, Default)]
pub(super) struct Servers(Option<Host>);

impl Servers {
    pub(super) fn new(host: Option<Host>) -> Self {
        Self(host)
    }

    /// Takes in what links have brought, at `now`, a moment of the uptime.
    pub(super) fn hear(&mut self, heard: Vec<Heard>, now: Duration) {
        let Some(host) = &mut self.0 else { return };
        for heard in heard {
            match heard {
                Heard::Frame(link, frame) => host.hear(link, frame),
                Heard::Broken(link) => host.link_broken(link, now),
                Heard::Second => {
                    for Gone { server, jobs } in host.look_after_servers(now) {
                        tracing::warn!(
                            server = format_args!("{:016x}", server.0),
                            jobs,
                            "a server is gone: jobs that were on their way to its clients go back to their queues"
                        );
                    }
                }
            }
        }
    }

    /// Has the last group write what servers have settled, which the next leader is not to take for undelivered; tells whether
    /// there is anything.
    pub(super) fn finish(&mut self) -> bool {
        self.0.as_mut().is_some_and(Host::finish)
    }

    /// Whether a group has something to do or to say for them.
    pub(super) fn have_work(&self) -> bool {
        self.0.as_ref().is_some_and(Host::has_work)
    }

    /// Requests for the next group: so much work, in jobs, and so many bytes at most.
    pub(super) fn take(&mut self, weight_max: usize, bytes_max: usize) -> Vec<Request> {
        let host = self.0.as_mut();
        host.map(|host| host.take(weight_max, bytes_max))
            .unwrap_or_default()
    }

    /// Writes down what came of a group, in its transaction, and tells what to send once it is durable. Takes the answers for
    /// other servers out of the result.
    pub(super) fn note<T: Tx>(
        &mut self,
        tx: &mut T,
        result: &mut GroupResult,
    ) -> Result<Outbox, StoreError> {
        let Some(host) = &mut self.0 else {
            return Ok(Outbox::new());
        };
        let clocks = tx.clocks()?;
        host.note(
            tx,
            result,
            clocks.map_or(SteadyTime::MIN, |clocks| clocks.steady),
        )
    }

    /// The group is committed.
    pub(super) fn committed(&mut self) {
        if let Some(host) = &mut self.0 {
            host.committed();
        }
    }

    /// The group is rolled back.
    pub(super) fn rolled_back(&mut self) {
        if let Some(host) = &mut self.0 {
            host.rolled_back();
        }
    }

    /// Whether a request is another server's.
    pub(super) fn own(&self, ticket: Ticket) -> bool {
        self.0.is_some() && Host::owns(ticket)
    }

    /// A request of another server could not be done: tells what to send.
    pub(super) fn refuse(
        &mut self,
        ticket: Ticket,
        why: WireError,
    ) -> Option<(LinkId, FromLeader)> {
        self.0.as_mut()?.refuse(ticket, why)
    }
}
