//! What a job costs in instructions: a fixed workload through the protocol, the engine and the SQLite store, without
//! sockets, threads, clocks or chance, for callgrind to count.
//!
//! usage: job_cost (protocol | alone | together | bulk) JOBS
//!
//! It stands beside the engine because nothing of the server takes part: without TLS and tokio a release build of it
//! takes a minute. `tests/tests/cost/instructions.rs` runs it with two numbers of jobs and takes the difference, so
//! that neither the start nor the end of the program counts.

mod driver;
mod lines;

use std::error::Error;

use crate::driver::Driver;

/// What the server allocates with, so that its work counts, and counts the same with every C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many jobs a group takes in, hands out and ends where connections share groups: about as many as with 50 of them.
const JOBS_TOGETHER: usize = 16;

/// The jobs of one PUSHB.
const JOBS_PER_BULK: usize = 1_000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [workload, jobs] = arguments.as_slice() else {
        return Err("name a workload and a number of jobs".into());
    };
    let jobs = jobs.parse()?;
    match workload.as_str() {
        "protocol" => protocol(jobs),
        "alone" => cycle(jobs, 1, 1),
        "together" => cycle(jobs, JOBS_TOGETHER, 3 * JOBS_TOGETHER),
        "bulk" => bulk(jobs),
        other => Err(format!("there is no workload {other}").into()),
    }
}

/// Reads the PUSH, FETCH and ACK of each job and writes the replies, with nothing between.
fn protocol(jobs: usize) -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::new()?;
    for number in 0..jobs {
        driver.read(&lines::push(number))?;
        driver.read(lines::FETCH)?;
        driver.read(&lines::ack(number))?;
        driver.reply_unasked()?;
    }
    Ok(())
}

/// Sees jobs through, one PUSH, FETCH and ACK after the other, in groups of that many commands. Each job is fetched
/// `lag` jobs after it was pushed, and ended as long after that: what one group begins, a later one goes on with.
fn cycle(jobs: usize, lag: usize, group_commands: usize) -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::new()?;
    for number in 0..jobs {
        driver.read(&lines::push(number))?;
        driver.run_full_groups(group_commands)?;
        if number >= lag {
            driver.read(lines::FETCH)?;
            driver.run_full_groups(group_commands)?;
        }
        if let Some(fetched) = number.checked_sub(2 * lag) {
            driver.read(&lines::ack(fetched))?;
            driver.run_full_groups(group_commands)?;
        }
    }
    Ok(())
}

/// Takes in jobs by PUSHB.
fn bulk(jobs: usize) -> Result<(), Box<dyn Error>> {
    let mut driver = Driver::new()?;
    for first in (0..jobs).step_by(JOBS_PER_BULK) {
        driver.read(&lines::push_bulk(first..first + JOBS_PER_BULK))?;
        driver.run_full_groups(1)?;
    }
    Ok(())
}
