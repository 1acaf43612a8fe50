//! When a recurring job is due, in words.

use workmill_engine::{PlainDays, PlainSchedule};

use super::Frame;
use crate::locale::Phrase;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What a schedule says.
pub(super) fn words(frame: &Frame, schedule: &PlainSchedule) -> String {
    let t = frame.t;
    let said = match schedule {
        PlainSchedule::Every(MINUTE) => return t.cron_every_minute.to_owned(),
        PlainSchedule::Every(secs) => {
            let time = exact_span(frame, *secs);
            frame.say(t.cron_every).plain_part("time", time)
        }
        PlainSchedule::Hourly(minute) => {
            let said = frame.say(t.cron_hourly);
            said.number("minute", &u64::from(*minute))
        }
        PlainSchedule::At(days, times) => {
            let times = times.iter();
            let times = times.map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
            on_days(frame, days).plain_part("times", all_of(frame, times))
        }
    };
    said.plain()
}

fn on_days(frame: &Frame, days: &PlainDays) -> Phrase<'static> {
    let t = frame.t;
    match days {
        PlainDays::All => frame.say(t.cron_daily),
        PlainDays::Workdays => frame.say(t.cron_workdays),
        PlainDays::OfWeek(days) => {
            let name = |day: &u16| t.weekdays.split('|').nth(usize::from(*day));
            let names = days.iter().filter_map(name).map(str::to_owned);
            let said = frame.say(t.cron_weekly);
            said.plain_part("days", all_of(frame, names))
        }
        PlainDays::OfMonth(days) => {
            let days = days.iter().map(ToString::to_string);
            let said = frame.say(t.cron_monthly);
            said.plain_part("days", all_of(frame, days))
        }
        PlainDays::LastOfMonth => frame.say(t.cron_month_end),
    }
}

/// A span by the one unit that says it exactly.
fn exact_span(frame: &Frame, secs: u64) -> String {
    let t = frame.t;
    let units = [
        (DAY, t.unit_day),
        (HOUR, t.unit_hour),
        (MINUTE, t.unit_minute),
    ];
    let whole = units
        .into_iter()
        .find(|(unit, _)| secs.is_multiple_of(*unit));
    let (unit, name) = whole.unwrap_or((1, t.unit_second));
    format!("{}{name}", frame.number(&(secs / unit)))
}

/// Things one after another.
fn all_of(frame: &Frame, things: impl Iterator<Item = String>) -> String {
    let pair = |one: String, other: String| {
        let said = frame.say(frame.t.one_and_other);
        said.plain_part("one", one)
            .plain_part("other", other)
            .plain()
    };
    things.reduce(pair).unwrap_or_default()
}
