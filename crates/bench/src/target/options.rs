//! Which servers to measure, from the command line.

use std::env;

use anyhow::{Context as _, bail};
use clap::Args;

use super::Target;

/// Where clients look for a server when they are told nothing.
const URL_DEFAULT: &str = "tcp://localhost:7419";

/// How often each of several targets is measured unless the command line says it.
const ROUNDS_DEFAULT: u32 = 3;

/// Which servers to measure, and how to show what was measured.
///
/// `--start`, `--pid`, `--companion` and `--durability` may be given once for each target, in the order of the
/// targets; `-` stands for none.
#[derive(Debug, Args)]
#[command(next_help_heading = "Targets")]
pub(crate) struct TargetOptions {
    /// The server to measure [default: FAKTORY_URL, else tcp://localhost:7419]
    #[arg(long, value_name = "[NAME=]URL")]
    url: Option<String>,

    /// A further server to measure in the same run, in turn with the first; may be repeated, and the figures of all
    /// are compared with the last
    #[arg(long, value_name = "[NAME=]URL")]
    vs: Vec<String>,

    /// How often each target is measured; medians are shown [default: 3 with --vs, else 1]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,

    /// Start the n-th target with this command, and stop it when it has been measured (`-`: it runs already)
    #[arg(long, value_name = "COMMAND")]
    start: Vec<String>,

    /// Process id of the n-th target [default: found by its port, if it is on this machine]
    #[arg(long, value_name = "PID", value_delimiter = ',')]
    pid: Vec<String>,

    /// Process that belongs to the n-th target, such as a database it uses: its CPU and memory count too
    #[arg(long, value_name = "NAME|PID")]
    companion: Vec<String>,

    /// How durable the n-th target is configured, to be stated in the result
    #[arg(long, value_name = "TEXT")]
    durability: Vec<String>,

    /// Print one JSON document instead of a table
    #[arg(long)]
    pub(crate) json: bool,
}

impl TargetOptions {
    /// How often each target is to be measured.
    pub(crate) fn rounds(&self) -> u32 {
        let default = if self.vs.is_empty() {
            1
        } else {
            ROUNDS_DEFAULT
        };
        self.rounds.unwrap_or(default)
    }

    /// The targets, in the order in which they were named.
    pub(crate) fn targets(&self) -> anyhow::Result<Vec<Target>> {
        let first = match &self.url {
            Some(url) => url.clone(),
            None => env::var("FAKTORY_URL").unwrap_or_else(|_| URL_DEFAULT.to_owned()),
        };
        let urls: Vec<&str> = [first.as_str()]
            .into_iter()
            .chain(self.vs.iter().map(String::as_str))
            .collect();
        for (option, values) in [
            ("--start", &self.start),
            ("--pid", &self.pid),
            ("--companion", &self.companion),
            ("--durability", &self.durability),
        ] {
            if values.len() > urls.len() {
                let (given, targets) = (values.len(), urls.len());
                bail!(
                    "{option} is given {given} times for {targets} target(s): once for each is enough"
                );
            }
        }
        let targets: Vec<Target> = urls
            .iter()
            .enumerate()
            .map(|(index, url)| self.target(index, url))
            .collect::<anyhow::Result<_>>()?;
        check_names(&targets)?;
        Ok(targets)
    }

    fn target(&self, index: usize, text: &str) -> anyhow::Result<Target> {
        let (name, url) = match text.split_once('=') {
            Some((name, url)) if !name.contains([':', '/']) => (Some(name), url),
            _ => (None, text),
        };
        let address = url.parse().context("cannot read the address of a target")?;
        let start = nth(&self.start, index)
            .map(shell_words::split)
            .transpose()
            .context("cannot read --start")?;
        if start.as_ref().is_some_and(Vec::is_empty) {
            bail!("--start is empty: give a command, or - for a server that runs already");
        }
        let pid = nth(&self.pid, index)
            .map(|pid| {
                pid.parse()
                    .with_context(|| format!("{pid:?} is no process id"))
            })
            .transpose()?;
        Ok(Target {
            name: name.map_or_else(|| place(&address), str::to_owned),
            address,
            start,
            pid,
            companion: nth(&self.companion, index).map(str::to_owned),
            durability: nth(&self.durability, index).map(str::to_owned),
        })
    }
}

fn place(address: &super::Address) -> String {
    format!("{}:{}", address.host, address.port)
}

fn nth(values: &[String], index: usize) -> Option<&str> {
    values
        .get(index)
        .map(String::as_str)
        .filter(|value| *value != "-")
}

/// Results are told apart by name.
fn check_names(targets: &[Target]) -> anyhow::Result<()> {
    for (index, target) in targets.iter().enumerate() {
        let name = &target.name;
        if targets
            .iter()
            .skip(index + 1)
            .any(|other| other.name == *name)
        {
            bail!("two targets are named {name:?}: give one another name, as in --vs NAME=URL");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: TargetOptions,
    }

    fn targets(line: &str) -> anyhow::Result<Vec<Target>> {
        let words = shell_words::split(line).unwrap();
        let line = Line::parse_from(["bench".to_owned()].into_iter().chain(words));
        line.options.targets()
    }

    #[test]
    fn what_is_said_of_targets_goes_by_their_order() {
        let targets = targets(
            "--url a=tcp://h:1 --vs tcp://h:2 --start - --start 'run -d \"x y\"' --pid 7,- \
             --durability always --companion - --companion redis",
        )
        .unwrap();
        let [first, second] = targets.as_slice() else {
            panic!("two targets");
        };
        assert_eq!((first.name.as_str(), second.name.as_str()), ("a", "h:2"));
        assert_eq!(first.start, None);
        let command = ["run", "-d", "x y"].map(str::to_owned);
        assert_eq!(second.start.as_deref(), Some(command.as_slice()));
        assert_eq!((first.pid, second.pid), (Some(7), None));
        assert_eq!(first.durability.as_deref(), Some("always"));
        assert_eq!(second.durability, None);
        assert_eq!(second.companion.as_deref(), Some("redis"));
    }

    #[test]
    fn contradictions_are_refused() {
        for (line, hint) in [
            ("--url tcp://h:1 --pid 1,2", "--pid is given 2 times for 1"),
            (
                "--url tcp://h:1 --vs tcp://h:1",
                "two targets are named \"h:1\"",
            ),
            ("--url tcp://h:1 --start ''", "--start is empty"),
            ("--url tcp://h:1 --start \"'\"", "cannot read --start"),
            ("--url tcp://h:1 --pid x", "\"x\" is no process id"),
        ] {
            let error = format!("{:#}", targets(line).unwrap_err());
            assert!(error.contains(hint), "{line}: {error}");
        }
    }

    #[test]
    fn several_targets_take_three_rounds() {
        let rounds = |line: &[&str]| {
            Line::parse_from([&["bench"], line].concat())
                .options
                .rounds()
        };
        assert_eq!(rounds(&[]), 1);
        assert_eq!(rounds(&["--vs", "tcp://h:1"]), 3);
        assert_eq!(rounds(&["--vs", "tcp://h:1", "--rounds", "5"]), 5);
    }
}
