//! What the server is doing, into the log: for whoever wonders why nothing moves.
//!
//! What clients have made up is written quoted and escaped, so that it cannot pass for lines of the log.

use std::sync::Arc;

use workmill_store::{StoreError, Totals};

use crate::committer::Inbox;
use crate::connections::Phase;
use crate::meters::DutyKind;
use crate::shared::Shared;

/// How many connections, workers and queues are listed one by one, of each.
const LINES_MAX: usize = 100;

/// Writes the state of the server into the log.
pub(crate) struct Dump {
    inbox: Arc<Inbox>,
}

impl Dump {
    pub(crate) fn new(inbox: Arc<Inbox>) -> Self {
        Self { inbox }
    }

    /// Writes it.
    pub(crate) async fn log(&self, shared: &Shared) {
        log_groups(shared, self.inbox.len());
        log_clients(shared);
        // Without asking the committer, which may be what is stuck.
        log_totals(shared.reads.read(|reading| reading.totals()).await);
    }
}

/// Writes into the log who is there.
pub(crate) fn log_clients(shared: &Shared) {
    log_workers(shared);
    log_connections(shared);
}

fn log_groups(shared: &Shared, waiting: usize) {
    let counts = shared.meters.groups.counts();
    tracing::info!(
        groups = counts.groups,
        requests = counts.requests,
        largest = counts.largest,
        failed = counts.failed,
        waiting,
        commands = shared.meters.commands(),
        "dump: committer"
    );
    for kind in DutyKind::ALL {
        let count = shared.meters.duties.so_far(kind);
        tracing::info!(duty = kind.name(), runs = count.runs, time = ?count.time, "dump: duty");
    }
}

fn log_workers(shared: &Shared) {
    let lines = shared.roster.registry.views(shared.clock.uptime());
    tracing::info!(
        workers = lines.len(),
        reaped = shared.roster.registry.counts().reaped,
        "dump: workers"
    );
    for worker in lines.iter().take(LINES_MAX) {
        tracing::info!(
            wid = ?worker.wid,
            state = worker.state,
            connections = worker.connections,
            silent_for = ?worker.silent_for,
            hostname = ?worker.hostname,
            pid = worker.pid,
            rss_kb = worker.rss_kb,
            labels = ?worker.labels,
            "dump: worker"
        );
    }
}

fn log_connections(shared: &Shared) {
    let connections = shared.roster.connections.list();
    let in_phase = |phase| {
        connections
            .iter()
            .filter(|one| one.phase() == phase)
            .count()
    };
    tracing::info!(
        connections = connections.len(),
        idle = in_phase(Phase::Idle),
        running = in_phase(Phase::Running),
        fetching = in_phase(Phase::Fetching),
        sending = in_phase(Phase::Sending),
        "dump: connections"
    );
    for connection in connections.iter().take(LINES_MAX) {
        tracing::info!(
            connection = connection.id,
            peer = %connection.peer,
            wid = ?connection.wid,
            phase = ?connection.phase(),
            open_for = ?connection.since.elapsed(),
            "dump: connection"
        );
    }
}

fn log_totals(totals: Result<Totals, StoreError>) {
    let totals = match totals {
        Ok(totals) => totals,
        Err(error) => {
            tracing::error!(%error, "the sizes of queues cannot be read");
            return;
        }
    };
    tracing::info!(
        queues = totals.queues.len(),
        scheduled = totals.scheduled,
        retries = totals.retries,
        dead = totals.dead,
        working = totals.working,
        "dump: jobs"
    );
    for (name, queue) in totals.queues.iter().take(LINES_MAX) {
        tracing::info!(
            ?name,
            size = queue.size,
            paused = queue.paused,
            "dump: queue"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio_util::sync::CancellationToken;
    use workmill_proto::Hello;
    use workmill_store::QueueTotals;

    use super::*;
    use crate::cli::{Level, LogFormat};
    use crate::logging::tests::logged;
    use crate::run::tests::settings;

    const FORGED: &str = "x\n2026-01-01 ERROR forged \u{1b}[31m";

    #[test]
    fn client_texts_can_neither_begin_a_line_nor_send_escape_codes() {
        let dir = tempfile::tempdir().unwrap();
        let shared = Shared::new(&settings(dir.path()), None);
        let hello = Hello {
            wid: FORGED.to_owned(),
            hostname: FORGED.to_owned(),
            labels: vec![FORGED.to_owned()],
            ..Hello::default()
        };
        let close = CancellationToken::new();
        let _worker = shared
            .roster
            .registry
            .join(&hello, 0, &close, shared.clock.uptime());
        let peer = ([127, 0, 0, 1], 1).into();
        let _place = shared.roster.connections.enter(peer, FORGED, close, 1);
        let totals = Totals {
            queues: BTreeMap::from([(FORGED.to_owned(), QueueTotals::default())]),
            ..Totals::default()
        };
        let text = logged(LogFormat::Text, Level::Info, || {
            log_workers(&shared);
            log_connections(&shared);
            log_totals(Ok(totals));
        });
        assert_eq!(text.matches("forged").count(), 5, "{text}");
        assert!(
            text.lines().all(|line| !line.starts_with("2026-01-01 ")),
            "{text}"
        );
        assert!(!text.contains('\u{1b}'), "{text}");
    }
}
