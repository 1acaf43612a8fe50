//! The web port: its address, and the thread it has for itself.
//!
//! A page that is put together never makes a job wait, as connections and commands are served by other threads; and it is
//! shown also while those wait for the disk.

use std::net::SocketAddr;
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use workmill_store::sqlite;
use workmill_web::{Durability, ServerFacts, TlsSource};

use crate::bind::bind;
use crate::descriptors::FilesMax;
use crate::desk::ServerDesk;
use crate::info;
use crate::services::Service;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::threads::Threads;

/// The web port, until this is dropped.
#[derive(Debug)]
pub(crate) struct WebPort {
    addr: SocketAddr,
    service: Service,
    _end: DropGuard,
}

impl WebPort {
    /// Starts to serve where the settings say; nothing if they say nowhere. `addr` is that of the command port.
    pub(crate) fn start(
        settings: &Settings,
        files_max: FilesMax,
        addr: SocketAddr,
        shared: &Arc<Shared>,
        stalled: watch::Receiver<Duration>,
    ) -> anyhow::Result<Option<Self>> {
        let Some(binding) = &settings.web.binding else {
            return Ok(None);
        };
        let (runtime, end) = start_thread()?;
        let _in_its_thread = runtime.enter();
        let listener = bind(binding).with_context(|| {
            format!("cannot serve the web pages on {binding}; name another address with -w, or :0 for no web pages")
        })?;
        let web_addr = listener.local_addr();
        let web_addr = web_addr.context("cannot tell where the web pages are")?;
        let desk = ServerDesk::new(shared, facts(settings, addr, shared), stalled);
        let app = workmill_web::build(Arc::new(desk));
        let tls = tls_source(shared);
        let connections_max = files_max.web_connections_max();
        let service = Service::start("web", |mut life| async move {
            life.started();
            workmill_web::serve(listener, app, tls, connections_max, life.stopping()).await;
        });
        Ok(Some(Self {
            addr: web_addr,
            service,
            _end: end,
        }))
    }

    /// Where it is.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Takes no more connections, and lets those that are there end until `deadline`.
    pub(crate) async fn stop(&mut self, deadline: Instant) {
        self.service.stop(deadline).await;
    }
}

/// Starts a thread with a runtime, until the guard is dropped.
fn start_thread() -> anyhow::Result<(Handle, DropGuard)> {
    let runtime = Threads::One
        .runtime()
        .context("cannot start the web port")?;
    let handle = runtime.handle().clone();
    let end = CancellationToken::new();
    let ended = end.clone();
    thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || {
            runtime.block_on(ended.cancelled());
            // A read that is stuck must not hold up the end.
            runtime.shutdown_background();
        })
        .context("cannot start the thread of the web port")?;
    Ok((handle, end.drop_guard()))
}

/// The certificate of the command port, as it is now.
fn tls_source(shared: &Arc<Shared>) -> Option<TlsSource> {
    shared.entrance.tls.as_ref()?;
    let shared = Arc::clone(shared);
    Some(Arc::new(move || {
        shared
            .entrance
            .tls
            .as_ref()
            .map(crate::tls::TlsReloader::acceptor)
    }))
}

fn facts(settings: &Settings, addr: SocketAddr, shared: &Shared) -> ServerFacts {
    let scheme = match settings.tls {
        Some(_) => "tcp+tls",
        None => "tcp",
    };
    ServerFacts {
        description: info::DESCRIPTION,
        faktory_version: info::FAKTORY_VERSION,
        version: env!("CARGO_PKG_VERSION"),
        environment: settings.environment.to_string(),
        started_at: shared.clock.wall(),
        pid: process::id(),
        storage_dir: settings.storage_dir.display().to_string(),
        listens_at: format!("{scheme}://{addr}"),
        durability: match settings.durability {
            sqlite::Durability::Always => Durability::Always,
            sqlite::Durability::Interval(interval) => Durability::Interval(interval),
        },
    }
}
