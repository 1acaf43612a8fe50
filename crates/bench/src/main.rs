//! Tools to measure job servers with. They speak the protocol to any server and know nothing of Workmill's inside.

mod null;

use std::io::{Write as _, stdout};
use std::net::SocketAddr;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

/// The same as the server's, so that they differ in what they do and not in what they are built of.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Tools to measure job servers with.
#[derive(Debug, Parser)]
#[command(name = "workmill-bench", version)]
struct Arguments {
    #[command(subcommand)]
    tool: Tool,
}

#[derive(Debug, Subcommand)]
enum Tool {
    /// Answer every command and store nothing: the ceiling that real servers are compared with.
    Null {
        /// Address to listen on.
        #[arg(long, default_value = "127.0.0.1:7419")]
        bind: SocketAddr,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Arguments::parse().tool {
        Tool::Null { bind } => {
            let listener = TcpListener::bind(bind)
                .await
                .with_context(|| format!("cannot listen on {bind}"))?;
            writeln!(stdout(), "listening on tcp://{}", listener.local_addr()?)?;
            null::serve(listener).await
        }
    }
}
