//! The binary: loads the settings, starts the log and hands over to [`workmill::run`].

use std::io::{self, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use workmill::cli::{self, Cli, Level, LogFormat, Task};
use workmill::descriptors::FilesMax;
use workmill::settings::{Loaded, Reloader, Settings};
use workmill::threads::Threads;
use workmill::{check_config, check_store, hash_password, logging, migrate, run};

/// Many small allocations in many threads, and memory given back after a flood: what the system's allocator is worst at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    match cli.task {
        None => start(cli),
        Some(Task::CheckConfig) => check(cli, |reloader| {
            let text = check_config::report(reloader)?;
            Ok((text, true))
        }),
        Some(Task::HashPassword) => print_hash(),
        Some(Task::Migrate) => check(cli, |reloader| {
            let text = migrate::migrate(reloader)?;
            Ok((text, true))
        }),
        Some(Task::CheckStore) => check(cli, |reloader| {
            let report = check_store::report(reloader)?;
            Ok((report.text, report.is_sound))
        }),
    }
}

/// Ends with what is wrong with the command line, or with the help that was asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && cli::asks_for_json(std::env::args_os()) {
        logging::start(LogFormat::Json, Level::Error);
        let text = error.to_string();
        tracing::error!("workmill cannot start: {}", text.trim_end());
    } else {
        // If standard error is closed, the exit status has to say it alone.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1))
}

fn start(cli: Cli) -> ExitCode {
    let (format, level) = (cli.log_format, cli.level);
    let (settings, reloader) = match prepare(cli) {
        Ok(prepared) => prepared,
        Err(error) if format == LogFormat::Json => {
            logging::start(format, level);
            tracing::error!("workmill cannot start: {error:#}");
            return ExitCode::FAILURE;
        }
        Err(error) => {
            // There is no log yet. If standard error is closed, the exit status has to say it alone.
            let _ = writeln!(io::stderr(), "workmill cannot start: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    match serve(settings, reloader) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("workmill stops: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Says what a check reports, and whether all is well. Nobody reads what cannot be written: the exit status has to say it
/// alone.
fn check(cli: Cli, report: fn(&Reloader) -> anyhow::Result<(String, bool)>) -> ExitCode {
    match open_reloader(cli).and_then(|reloader| report(&reloader)) {
        Ok((text, is_well)) => {
            let _ = io::stdout().write_all(text.as_bytes());
            match is_well {
                true => ExitCode::SUCCESS,
                false => ExitCode::FAILURE,
            }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints the hash of the password on standard input.
fn print_hash() -> ExitCode {
    let hashed = hash_password::hash_of_input()
        .and_then(|hash| writeln!(io::stdout(), "{hash}").context("cannot print the hash"));
    match hashed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn open_reloader(cli: Cli) -> anyhow::Result<Reloader> {
    let files_max = FilesMax::raise().context("cannot raise the limit of open files")?;
    Ok(Reloader::new(cli, Box::new(read_variable), files_max))
}

fn prepare(cli: Cli) -> anyhow::Result<(Settings, Reloader)> {
    let (format, level) = (cli.log_format, cli.level);
    let reloader = open_reloader(cli)?;
    let Loaded {
        settings,
        warnings,
        metrics_fault,
        ..
    } = reloader.load()?;
    logging::start(format, level);
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if let Some(fault) = metrics_fault {
        tracing::warn!("the server starts without metrics: {fault}");
    }
    Ok((settings, reloader))
}

fn serve(settings: Settings, reloader: Reloader) -> anyhow::Result<()> {
    // What is wrong with the variable is among the warnings of the settings.
    let (threads, _) = Threads::choose(read_variable);
    let runtime = threads.runtime().context("cannot start the runtime")?;
    let result = runtime.block_on(run::run(settings, reloader, threads));
    // What is stuck in a read of the disk must not hold up the end.
    runtime.shutdown_background();
    result
}

/// An environment variable. A home directory is also known where `HOME` is not set.
fn read_variable(name: &str) -> Option<String> {
    match std::env::var(name) {
        Ok(value) => Some(value),
        Err(_) if name == "HOME" => std::env::home_dir()?.into_os_string().into_string().ok(),
        Err(_) => None,
    }
}
