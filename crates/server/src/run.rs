//! The server's life: what starts in which order, what signals do, what stops in which order.

use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::time::Instant;
use workmill_store::DiskWork;

use crate::banner;
use crate::bind::bind;
use crate::descriptors::FilesMax;
use crate::disk_watch::{DiskWatch, hold_uptime, stand_in};
use crate::listener::listen;
use crate::role::Role;
use crate::services::{Service, reap_workers, watch_certificates, watch_clocks};
use crate::settings::{Reloader, Settings};
use crate::shared::Shared;
use crate::signals::{Signals, StopSignals};
use crate::statsd::send_metrics;
use crate::storage_dir::StorageDir;
use crate::term::TermEnd;
use crate::threads::Threads;
use crate::tls::TlsReloader;
use crate::web_port::WebPort;

/// How long all that gives work to the committer may take to stop, together.
const CLIENTS_STOP_WITHIN: Duration = Duration::from_secs(15);

/// How long requests to the web port may take to end.
const WEB_STOP_WITHIN: Duration = Duration::from_secs(5);

/// How long the last metrics may take to be sent.
const METRICS_STOP_WITHIN: Duration = Duration::from_secs(2);

/// Runs the server until a signal stops it or it cannot go on.
///
/// Fails if it cannot start, and if it had to stop by itself.
pub async fn run(settings: Settings, reloader: Reloader, threads: Threads) -> anyhow::Result<()> {
    // First, so that a signal that comes early is not lost.
    let mut signals = Signals::listen().context("cannot listen for signals")?;
    let mut to_stop = StopSignals::listen().context("cannot listen for signals")?;
    // Until the end: a stop can be held up by the disk as well.
    let watch = DiskWatch::start(async move { to_stop.next().await })
        .context("cannot watch over the disk")?;
    let mut server = Server::start(settings, reloader.files_max(), threads, &watch).await?;
    let web_addr = server.web.as_ref().map(WebPort::addr);
    for line in banner::lines(
        &server.settings,
        reloader.files_max(),
        server.addr,
        web_addr,
    ) {
        tracing::info!("{line}");
    }
    let fault = server.attend(&mut signals, &reloader).await;
    let fault = server.stop().await.or(fault);
    match fault {
        None => {
            tracing::info!("stopped");
            Ok(())
        }
        Some(reason) => Err(anyhow!(
            "the store failed and commands in flight were not answered; start the server again: {reason}"
        )),
    }
}

/// The running server.
pub(crate) struct Server {
    shared: Arc<Shared>,
    settings: Settings,
    pub(crate) addr: SocketAddr,
    role: Role,
    /// Stopped before the role: whoever is connected may still need it.
    services: Vec<Service>,
    /// Started before the store, and stopped after the services: it tells whether the server is ready.
    web: Option<WebPort>,
    /// Stopped after the role, so that nothing that happened is left untold.
    metrics: Service,
}

impl Server {
    /// Starts everything. When it returns, clients can connect.
    pub(crate) async fn start(
        settings: Settings,
        files_max: FilesMax,
        threads: Threads,
        watch: &DiskWatch,
    ) -> anyhow::Result<Self> {
        let opening = settings
            .keeps_files()
            .then(|| watch.disk().begin(DiskWork::Open));
        let storage_dir = open_storage_dir(&settings)?;
        let tls = open_tls(&settings)?;
        let listener = bind(&settings.binding)
            .with_context(|| format!("cannot listen on {}", settings.binding))?;
        let addr = listener
            .local_addr()
            .context("cannot tell where the server listens")?;
        let shared = Arc::new(Shared::new(&settings, tls));
        let web = match settings.cluster.leader {
            None => WebPort::start(&settings, files_max, addr, &shared, watch.stalled())?,
            Some(_) => None,
        };
        let mut role = Role::start(&settings, storage_dir, &shared, threads, watch).await?;
        drop(opening);
        let mut services = vec![
            reap_workers(&shared),
            watch_certificates(&shared),
            watch_clocks(&shared),
        ];
        services.extend(bear_hangs(&listener, &shared, watch, threads)?);
        let listened = Arc::clone(&shared);
        services.push(Service::start("connections", |life| {
            listen(listener, listened, life)
        }));
        let mut metrics = send_metrics(&shared);
        role.started().await;
        for service in services.iter_mut().chain([&mut metrics]) {
            service.started().await;
        }
        Ok(Self {
            shared,
            settings,
            addr,
            role,
            services,
            web,
            metrics,
        })
    }

    /// Does what signals ask for until one asks for the end, or the committer cannot go on: then tells why.
    async fn attend(&mut self, signals: &mut Signals, reloader: &Reloader) -> Option<String> {
        loop {
            tokio::select! {
                biased;
                reason = self.role.fault() => return Some(reason),
                signal = signals.stop.next() => {
                    self.begin_stop(signal);
                    return None;
                }
                _ = signals.reload.recv() => self.reload(reloader),
                _ = signals.dump.recv() => self.role.log(&self.shared).await,
            }
        }
    }

    /// From now on nothing new is begun: whoever reads the line in the log can rely on it.
    fn begin_stop(&self, signal: &str) {
        self.shared.set_stopping();
        tracing::info!("stopping on {signal}");
    }

    /// Stops everything: connections first, then the term and with it the store. Tells why the term could not go on, if
    /// so.
    pub(crate) async fn stop(mut self) -> Option<String> {
        self.shared.set_stopping();
        // All at once: each of them may wait for the same slow disk.
        let deadline = Instant::now() + CLIENTS_STOP_WITHIN;
        self.role.ask_to_stop();
        for service in &self.services {
            service.ask_to_stop();
        }
        for service in self.services.iter_mut().rev() {
            service.stop(deadline).await;
        }
        if let Some(web) = &mut self.web {
            web.stop(Instant::now() + WEB_STOP_WITHIN).await;
        }
        let end = self.role.stop(deadline).await;
        self.shared.gate.close();
        self.shared.engine.close();
        if end == TermEnd::Stuck {
            return Some("the storage does not answer".to_owned());
        }
        self.metrics
            .stop(Instant::now() + METRICS_STOP_WITHIN)
            .await;
        match end {
            TermEnd::Faulted(reason) => Some(reason),
            TermEnd::Over | TermEnd::Stuck => None,
        }
    }

    /// Puts changed settings into force. After an error everything is as before.
    fn reload(&mut self, reloader: &Reloader) {
        match reloader.reload(&self.settings, self.shared.entrance.tls.as_ref()) {
            Ok(reload) => {
                // Before it is told: whoever reads the line in the log can rely on it.
                self.shared.settings.replace(&reload.settings);
                self.role.set_rules(reload.settings.engine_rules());
                self.settings = reload.settings;
                for warning in reload.warnings {
                    tracing::warn!("{warning}");
                }
                for change in &reload.changes {
                    tracing::info!("{change}");
                }
                tracing::info!("settings read again, {} changes", reload.changes_count);
            }
            Err(error) => {
                let error = anyhow::Error::new(error);
                tracing::error!("the settings stay as they are: {error:#}");
            }
        }
    }
}

/// Opens the directory that holds the jobs; nothing, if a database or another server does.
fn open_storage_dir(settings: &Settings) -> anyhow::Result<Option<StorageDir>> {
    if !settings.keeps_files() {
        return Ok(None);
    }
    let storage_dir = StorageDir::open(&settings.storage_dir, &settings.binding)?;
    if let Some(warning) = storage_dir.warning() {
        tracing::warn!("{warning}");
    }
    if let Some(missing) = storage_dir.missing() {
        tracing::error!("{missing}");
    }
    Ok(Some(storage_dir))
}

fn open_tls(settings: &Settings) -> anyhow::Result<Option<TlsReloader>> {
    let Some(files) = &settings.tls else {
        return Ok(None);
    };
    let tls = TlsReloader::open(files)?;
    for warning in tls.warnings() {
        tracing::warn!("{warning}");
    }
    Ok(Some(tls))
}

/// Starts what makes a disk that hangs bearable, in the thread that watches over it.
fn bear_hangs(
    listener: &TcpListener,
    shared: &Arc<Shared>,
    watch: &DiskWatch,
    threads: Threads,
) -> anyhow::Result<Vec<Service>> {
    let _in_its_thread = watch.enter();
    let held = Arc::clone(shared);
    let mut services = vec![Service::start("uptime", |life| {
        hold_uptime(held, watch.stalled(), life)
    })];
    // With several threads those that take connections in do not wait for the disk.
    if threads == Threads::One {
        let duplicate = listener.as_fd().try_clone_to_owned();
        let duplicate = duplicate
            .context("cannot listen while the disk hangs")?
            .into();
        let listened = Arc::clone(shared);
        services.push(Service::start("stand-in", |life| {
            stand_in(duplicate, listened, watch.stalled(), life)
        }));
    }
    Ok(services)
}

#[cfg(test)]
pub(crate) mod tests;
