//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::target::TargetOptions;
use crate::workload::Workload;
use crate::workload::backlog::Backlog;
use crate::workload::bulk::Bulk;
use crate::workload::cycle::Cycle;
use crate::workload::due::Due;
use crate::workload::open::Open;
use crate::workload::parked::Parked;

/// Measures job servers that speak the Faktory Work Protocol.
#[derive(Debug, Parser)]
#[command(name = "workmill-bench", version)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) tool: Tool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tool {
    /// PUSH, FETCH and ACK over and over on many connections: how many jobs a server can do
    Cycle(Load<Cycle>),
    /// Push jobs at a fixed rate: how long a job takes from its push to its worker
    Open(Load<Open>),
    /// Push jobs in batches: how many jobs a server takes in
    Bulk(Load<Bulk>),
    /// Fill a server with jobs: what memory they take, and what they cost those that come and go, and its next start
    Backlog(Load<Backlog>),
    /// Let many workers wait in FETCH for a few jobs: what waiting costs
    Parked(Load<Parked>),
    /// Let many jobs be due at one moment: how soon they are in their queues, and who waits meanwhile
    Due(Load<Due>),
    /// Answer every command and store nothing: the ceiling that real servers are compared with
    Null {
        /// Address to listen on
        #[arg(long, default_value = "127.0.0.1:7419")]
        bind: SocketAddr,

        /// Write and sync a file in this directory before each answer, once for all that are given together: a yardstick
        /// for servers that do
        #[arg(long, value_name = "DIRECTORY")]
        sync: Option<PathBuf>,
    },
}

/// A workload and the servers to put it on.
#[derive(Debug, Args)]
pub(crate) struct Load<W: Workload + Args> {
    #[command(flatten)]
    pub(crate) workload: W,

    #[command(flatten)]
    pub(crate) targets: TargetOptions,
}
