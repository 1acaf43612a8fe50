//! The command line: Faktory's flags, with long names too.

use std::path::PathBuf;

use clap::{ArgAction, Parser, ValueEnum};
use tracing::level_filters::LevelFilter;

/// Where the command port listens when nothing else is said.
pub const BINDING_DEFAULT: &str = "localhost:7419";
/// Where the data lives outside development.
pub const STORAGE_DIR_DEFAULT: &str = "/var/lib/faktory/db";
/// Where the configuration lives outside development.
pub const CONFIG_DIR_DEFAULT: &str = "/etc/faktory";

/// Workmill, a durable background-job server that speaks the Faktory Work Protocol
#[derive(Clone, Debug, Parser)]
#[command(
    name = "workmill",
    version,
    disable_version_flag = true,
    disable_help_flag = true
)]
#[command(after_help = "Configuration files: <config dir>/conf.d/*.toml
Environment: FAKTORY_ENV, FAKTORY_PASSWORD (or /path/of/a/file), FAKTORY_SKIP_PASSWORD
Signals: TERM and INT stop, HUP reads the configuration again")]
pub struct Cli {
    /// Address of the command port [default: localhost:7419]
    #[arg(short = 'b', long, value_name = "HOST:PORT")]
    pub binding: Option<String>,

    /// Address of the web pages; this version has none yet
    #[arg(short = 'w', long, value_name = "HOST:PORT")]
    pub web_binding: Option<String>,

    /// development, staging or production [env: FAKTORY_ENV] [default: development]
    #[arg(short = 'e', long, value_name = "NAME")]
    pub environment: Option<String>,

    /// What to log: error, warn, info or debug [default: info]
    #[arg(
        short = 'l',
        long = "level",
        value_name = "LEVEL",
        value_enum,
        default_value = "info",
        ignore_case = true
    )]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub level: Level,

    /// How to log: text or json [default: text]
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub log_format: LogFormat,

    /// Where the data lives [default: /var/lib/faktory/db; in development ~/.faktory/db]
    #[arg(short = 'd', long, value_name = "DIR")]
    pub storage_dir: Option<PathBuf>,

    /// Where the configuration lives [default: /etc/faktory; in development ~/.faktory]
    #[arg(short = 'c', long, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,

    /// always: on disk before every answer; interval: every 100 ms [default: always]
    #[arg(long, value_name = "WHEN", value_enum, hide_possible_values = true)]
    pub durability: Option<DurabilityKind>,

    /// Print the version
    #[arg(short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,

    /// Print this help
    #[arg(short = 'h', long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// The least important lines that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Level {
    /// What failed.
    Error,
    /// What may fail or needs attention.
    Warn,
    /// What happened.
    Info,
    /// How it happened.
    Debug,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => Self::ERROR,
            Level::Warn => Self::WARN,
            Level::Info => Self::INFO,
            Level::Debug => Self::DEBUG,
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people: time, level, message.
    Text,
    /// For machines: one JSON object per line.
    Json,
}

/// When an acknowledged change must be on disk, without the length of the interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DurabilityKind {
    /// Before the answer.
    Always,
    /// Some time after it.
    Interval,
}
