//! The command line: Faktory's flags, with long names too.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use tracing::level_filters::LevelFilter;

/// Where the command port listens when nothing else is said.
pub const BINDING_DEFAULT: &str = "localhost:7419";
/// Where the web pages are when nothing else is said.
pub const WEB_BINDING_DEFAULT: &str = "localhost:7420";
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
    disable_help_flag = true,
    disable_help_subcommand = true,
    propagate_version = true
)]
#[command(after_help = "Configuration files: <config dir>/conf.d/*.toml
Environment: FAKTORY_ENV, FAKTORY_PASSWORD (or /path/of/a/file), FAKTORY_SKIP_PASSWORD
Signals: TERM and INT stop, HUP reads the configuration again")]
pub struct Cli {
    /// What to do; without a word the server runs.
    #[command(subcommand)]
    pub task: Option<Task>,

    /// Address of the command port [default: localhost:7419]
    #[arg(global = true, short = 'b', long, value_name = "HOST:PORT")]
    pub binding: Option<String>,

    /// Address of the web pages, :0 for none [default: localhost:7420]
    #[arg(global = true, short = 'w', long, value_name = "HOST:PORT")]
    pub web_binding: Option<String>,

    /// development, staging or production [env: FAKTORY_ENV] [default: development]
    #[arg(global = true, short = 'e', long, value_name = "NAME")]
    pub environment: Option<String>,

    /// What to log: error, warn, info or debug [default: info]
    #[arg(
        global = true,
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
    #[arg(
        global = true,
        long,
        value_name = "FORMAT",
        value_enum,
        default_value = "text"
    )]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub log_format: LogFormat,

    /// Where the data lives [default: /var/lib/faktory/db; in development ~/.faktory/db]
    #[arg(global = true, short = 'd', long, value_name = "DIR")]
    pub storage_dir: Option<PathBuf>,

    /// Where the configuration lives [default: /etc/faktory; in development ~/.faktory]
    #[arg(global = true, short = 'c', long, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,

    /// always: on disk before every answer; interval: every 100 ms [default: always]
    #[arg(
        global = true,
        long,
        value_name = "WHEN",
        value_enum,
        hide_possible_values = true
    )]
    pub durability: Option<DurabilityKind>,

    /// Print the version
    #[arg(global = true, short = 'v', long, action = ArgAction::Version)]
    version: Option<bool>,

    /// Print this help
    #[arg(global = true, short = 'h', long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// Whether a command line asks for a log of JSON, whatever else is wrong with it.
pub fn asks_for_json(arguments: impl IntoIterator<Item = OsString>) -> bool {
    let mut after_flag = false;
    arguments.into_iter().any(|argument| {
        let json = argument == "--log-format=json" || (after_flag && argument == "json");
        after_flag = argument == "--log-format";
        json
    })
}

/// What to do instead of running the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Read the configuration as the server would, show what it says, and end
    CheckConfig,
    /// Look whether all that a stopped server has kept agrees, change nothing, and end
    CheckStore,
    /// Make the tables in the database of storage.url, or bring them to this version, and end
    Migrate,
    /// Read a password from standard input, print its hash for web_user, and end
    HashPassword,
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

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from([&["workmill"], arguments].concat())
    }

    #[test]
    fn flags_of_faktory_are_taken_and_have_long_names() {
        let short = parse(&[
            "-b", ":1", "-w", ":2", "-e", "staging", "-l", "debug", "-d", "/d", "-c", "/c",
        ])
        .unwrap();
        let long = parse(&[
            "--binding=:1",
            "--web-binding=:2",
            "--environment=staging",
            "--level=DEBUG",
            "--storage-dir=/d",
            "--config-dir=/c",
        ])
        .unwrap();
        assert_eq!(format!("{short:?}"), format!("{long:?}"));
        assert_eq!(short.binding.as_deref(), Some(":1"));
        assert_eq!(short.web_binding.as_deref(), Some(":2"));
        assert_eq!(short.environment.as_deref(), Some("staging"));
        assert_eq!(short.level, Level::Debug);
        assert_eq!(short.storage_dir, Some(PathBuf::from("/d")));
        assert_eq!(short.config_dir, Some(PathBuf::from("/c")));
    }

    #[test]
    fn flags_stand_before_or_after_a_task() {
        for arguments in [
            ["check-config", "-c", "/c", "-e", "staging"],
            ["-c", "/c", "-e", "staging", "check-config"],
            ["-c", "/c", "check-config", "-e", "staging"],
        ] {
            let cli = parse(&arguments).unwrap();
            assert_eq!(cli.task, Some(Task::CheckConfig));
            assert_eq!(cli.config_dir, Some(PathBuf::from("/c")));
            assert_eq!(cli.environment.as_deref(), Some("staging"));
        }
        assert_eq!(parse(&["-c", "/c"]).unwrap().task, None);
        assert!(parse(&["help"]).is_err() && parse(&["check"]).is_err());
    }

    #[test]
    fn json_is_asked_for_in_two_ways() {
        let asks = |arguments: &[&str]| asks_for_json(arguments.iter().map(OsString::from));
        assert!(asks(&["-x", "--log-format", "json"]));
        assert!(asks(&["--log-format=json", "-x"]));
        assert!(!asks(&["--log-format", "text", "json"]));
        assert!(!asks(&["json"]));
    }

    #[test]
    fn nothing_said_means_info_as_text() {
        let cli = parse(&[]).unwrap();
        assert_eq!(
            (cli.level, cli.log_format, cli.durability),
            (Level::Info, LogFormat::Text, None)
        );
    }

    #[test]
    fn version_and_help_are_printed() {
        assert_eq!(
            parse(&["-v"]).unwrap_err().kind(),
            ErrorKind::DisplayVersion
        );
        let help = parse(&["-h"]).unwrap_err();
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        let text = help.to_string();
        assert!(text.lines().count() <= 29, "{text}");
        for flag in [
            "-b,",
            "-w,",
            "-e,",
            "-l,",
            "-d,",
            "-c,",
            "-v,",
            "-h,",
            "--log-format",
            "--durability",
        ] {
            assert!(text.contains(flag), "{flag}: {text}");
        }
    }

    #[test]
    fn bad_value_names_the_allowed_ones() {
        for (arguments, allowed) in [
            (["-l", "loud"], "error, warn, info, debug"),
            (["--log-format", "xml"], "text, json"),
            (["--durability", "never"], "always, interval"),
        ] {
            let text = parse(&arguments).unwrap_err().to_string();
            assert!(text.contains(allowed), "{text}");
        }
    }

    #[test]
    fn unknown_flag_is_refused() {
        assert_eq!(
            parse(&["-z"]).unwrap_err().kind(),
            ErrorKind::UnknownArgument
        );
    }
}
