//! Runs the simulator: one seed after the other, until something is found or the time is over.

use std::io::{Write as _, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use workmill_sim::{Flaw, run};

/// Simulates several servers on one store, with all that can happen to them.
#[derive(Debug, Parser)]
struct Args {
    /// The first seed; each following run has the next one.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many events a run has before it becomes quiet.
    #[arg(long, default_value_t = 100_000)]
    steps: u64,
    /// For how many seconds to go on with further seeds.
    #[arg(long, default_value_t = 60)]
    secs: u64,
    /// A fault to plant in the servers, to see that it is found.
    #[arg(long)]
    flaw: Option<Flaw>,
}

fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let mut out = stdout();
    let until = Instant::now() + Duration::from_secs(args.secs);
    let mut seed = args.seed;
    loop {
        let report = run(seed, args.steps, args.flaw)?;
        writeln!(
            out,
            "seed {seed}: {} simulated seconds, {} groups, {} jobs, {} takeovers",
            report.secs, report.groups, report.jobs, report.takeovers
        )?;
        for violation in &report.violations {
            writeln!(out, "  {}", violation.0)?;
        }
        if !report.violations.is_empty() {
            let flaw = args.flaw.map(|flaw| format!(" --flaw {flaw}"));
            let (steps, flaw) = (args.steps, flaw.unwrap_or_default());
            writeln!(
                out,
                "again: workmill-sim --seed {seed} --steps {steps} --secs 0{flaw}"
            )?;
            return Ok(ExitCode::FAILURE);
        }
        if Instant::now() >= until {
            return Ok(ExitCode::SUCCESS);
        }
        seed += 1;
    }
}
