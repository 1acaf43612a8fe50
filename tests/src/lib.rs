//! Black-box tests: they start the built `workmill` binary and speak to it over sockets.
//!
//! Nothing here links the server's code. The binary is the one next to the test executable
//! (`cargo build -p workmill` makes it), or the one that `WORKMILL_BIN` names.
//!
//! Times appear only as bounds after which a test is given up; no test passes or fails by speed.

mod agent;
mod client;
mod cluster;
mod course;
mod crew;
mod cycles;
mod disk;
mod documents;
mod dogstatsd;
mod features;
mod files;
mod filled;
mod fleet;
mod fleet_operator;
mod fleet_producer;
mod fleet_worker;
mod instant;
mod ledger;
mod ledger_audit;
mod ledger_job;
mod ledger_sizes;
mod log;
mod memory;
mod open_files;
mod password;
mod power;
mod process;
mod relay;
mod reply;
mod server;
mod threads;
mod trace;
mod undo;
mod violations;
mod wall_clock;
mod web;

pub use agent::Agent;
pub use client::{Client, REPLY_WAIT, job, reset_when_closed};
pub use cluster::{Cluster, follower_of, links_addr};
pub use course::Held;
pub use cycles::{cycles, seed};
pub use disk::Disk;
pub use documents::{CodeBlock, code_blocks, documents};
pub use dogstatsd::{DATAGRAM_BYTES_MAX, Metric, parse_datagram};
pub use features::{FeatureFleet, FeatureLedger, FeaturesChecked, features_config};
pub use files::ServerFiles;
pub use filled::Filled;
pub use fleet::{Fleet, FleetPlan};
pub use instant::{instant_in, moment_in, parse_instant, schedule_once};
pub use ledger::{Checked, JobPlan, Ledger};
pub use log::LogText;
pub use memory::Memory;
pub use open_files::raise_open_files;
pub use password::{log_in, password_proof, read_challenge};
pub use power::{Loss, Lost};
pub use process::{Ended, binary_path};
pub use relay::Relay;
pub use reply::Reply;
pub use server::{Server, ServerBuilder};
pub use threads::Threads;
pub use trace::{Event, read_trace, wait_for_trace};
pub use wall_clock::WallClock;
pub use web::{WebAnswer, read_answer, send_request, web_addr, web_get, web_request};
