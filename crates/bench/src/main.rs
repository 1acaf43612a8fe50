//! Tools to measure job servers with. They speak the protocol to any server and know nothing of Workmill's inside.
//!
//! # Layout
//!
//! The way of a measuring, from the command line to its result:
//!
//! - [`cli`] and [`target`]: what to measure, and how.
//! - [`runner`]: rounds, every target in turn.
//! - [`server`] and [`process`]: one target while it is measured, and what it uses.
//! - [`workload`]: a file for each load; [`window`] is the time in which it counts, [`stage`] what its connections
//!   have in common.
//! - [`client`], [`job`] and [`batch`]: what a connection says; [`clock`]: what time it is.
//! - [`ledger`] and [`drain`]: whether every job was delivered once. [`latency`]: how long it took.
//! - [`report`]: the result, for people and for machines.
//! - [`null`]: the null server.

mod batch;
mod cli;
mod client;
mod clock;
mod drain;
mod job;
mod latency;
mod ledger;
mod null;
mod process;
mod report;
mod runner;
mod server;
mod session;
mod stage;
mod target;
mod window;
mod workload;

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::{Args, Parser as _};
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio_util::sync::CancellationToken;

use cli::{Arguments, Load, Tool};
use session::Session;
use workload::Workload;

/// The same as the server's, so that they differ in what they do and not in what they are built of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The runtime has a thread for each core, for loads too, even where they share two cores with the server: against the
/// null server, one thread did 48,000 cycles/s on 50 connections and two did 55,000 (on 10, 42,000 and 53,000), for the
/// same CPU time in each. What limits the load must be the server.
#[tokio::main]
async fn main() -> ExitCode {
    // Servers that are started inherit it.
    process::raise_open_files();
    let done = match Arguments::parse().tool {
        Tool::Cycle(load) => measure(&load).await,
        Tool::Open(load) => measure(&load).await,
        Tool::Bulk(load) => measure(&load).await,
        Tool::Backlog(load) => measure(&load).await,
        Tool::Parked(load) => measure(&load).await,
        Tool::Due(load) => measure(&load).await,
        Tool::Null { bind, sync } => serve_nothing(bind, sync.as_deref()).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "workmill-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn serve_nothing(bind: SocketAddr, sync: Option<&Path>) -> anyhow::Result<()> {
    let open_log = |dir: &Path| {
        null::Log::within(dir)
            .with_context(|| format!("cannot write to a file in {}", dir.display()))
    };
    let log = sync.map(open_log).transpose()?;
    let listener = TcpListener::bind(bind)
        .await
        .with_context(|| format!("cannot listen on {bind}"))?;
    writeln!(
        io::stdout(),
        "listening on tcp://{}",
        listener.local_addr()?
    )?;
    let ended = null::serve(listener, log).await;
    match ended.context("cannot sync before answering")? {}
}

/// Measures, and prints the result. The first Ctrl-C ends the measuring, the second the tool.
async fn measure<W: Workload + Args>(load: &Load<W>) -> anyhow::Result<()> {
    let interrupt = CancellationToken::new();
    let mut session = Session::new(interrupt.clone());
    let measuring = runner::run(&load.targets, &load.workload, &mut session);
    let report = tokio::select! {
        report = measuring => report?,
        error = quit(interrupt) => return error,
    };
    let mut stdout = io::stdout().lock();
    if load.targets.json {
        serde_json::to_writer_pretty(&mut stdout, &report)?;
        writeln!(stdout)?;
    } else {
        write!(stdout, "{report}")?;
    }
    if !report.is_exact() {
        bail!("a server lost or doubled jobs, or they could not be acknowledged");
    }
    Ok(())
}

/// Done when the user is not even willing to wait for what was measured so far.
async fn quit(interrupt: CancellationToken) -> anyhow::Result<()> {
    ctrl_c().await?;
    interrupt.cancel();
    let text = "\nends early; press Ctrl-C again to quit without a result";
    let _ = writeln!(io::stderr(), "{text}");
    ctrl_c().await?;
    bail!("interrupted twice")
}
