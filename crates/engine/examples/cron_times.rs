//! Says when schedules are due, for a test that compares it with what others say.
//!
//! Each line of standard input asks: a time zone, a moment in seconds since 1970, how many ticks to tell, and the
//! schedule, separated by tabs. A line of seconds answers it.
#![expect(clippy::print_stdout, reason = "this is what the program is for")]

use std::io::stdin;

use jiff::tz::TimeZone;
use workmill_engine::Schedule;
use workmill_proto::Timestamp;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in stdin().lines() {
        let line = line?;
        let mut words = line.splitn(4, '\t');
        let mut word = || words.next().ok_or("a line has four parts");
        let zone = TimeZone::get(word()?)?;
        let mut moment = Timestamp::default().plus_secs(word()?.parse()?);
        let count: usize = word()?.parse()?;
        let schedule = Schedule::parse(word()?, zone)?;
        let mut ticks = Vec::with_capacity(count);
        while ticks.len() < count
            && let Some(tick) = schedule.next_after(moment)
        {
            ticks.push((tick.as_micros() / 1_000_000).to_string());
            moment = tick;
        }
        println!("{}", ticks.join(" "));
    }
    Ok(())
}
