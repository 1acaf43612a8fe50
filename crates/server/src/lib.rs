//! The server: everything between the sockets and the engine.
//!
//! Holds no rule of jobs. What the operator asks for becomes [`settings::Settings`]; `main.rs` loads them, starts the
//! log and hands over to `run`.

pub mod agent;
mod atomic_enum;
mod auth_queue;
pub mod banner;
mod bind;
pub mod check_config;
pub mod check_store;
pub mod cli;
mod clock;
mod cluster;
mod committer;
mod connections;
mod database;
pub mod descriptors;
mod desk;
mod disk_watch;
mod dump;
pub mod environment;
mod gate;
pub mod hash_password;
mod info;
mod json;
mod listener;
mod log_limit;
pub mod logging;
mod long_lines;
mod member;
mod memory_budget;
mod meters;
pub mod migrate;
mod newcomers;
pub mod password;
mod permissions;

mod reads;
mod registry;
mod rejections;
mod role;
pub mod run;
mod services;
mod session;
pub mod settings;
mod shared;
mod shown;
mod signals;
mod statsd;
pub mod storage_dir;
mod term;
pub mod threads;
pub mod tls;
mod web_port;
