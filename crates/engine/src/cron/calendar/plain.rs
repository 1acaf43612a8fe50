//! Schedules that a few words say exactly.

use super::{Calendar, DayRule, Values};

/// The most times of a day, or days, that are told one by one.
const TOLD_MAX: usize = 4;

const SECS_PER_MINUTE: u64 = 60;
const SECS_PER_HOUR: u64 = 3_600;

/// A schedule that a few words say exactly. Its times are those of a clock on the wall in its zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainSchedule {
    /// Again and again after so many seconds. Those of minutes and hours begin with the hour and the day.
    Every(u64),
    /// In every hour, so many minutes after it has begun.
    Hourly(u16),
    /// On these days, at these hours and minutes.
    At(PlainDays, Vec<(u16, u16)>),
}

/// The days of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlainDays {
    /// All of them.
    All,
    /// Those from Monday to Friday.
    Workdays,
    /// These of each week, 0 being Sunday, which comes last.
    OfWeek(Vec<u16>),
    /// These of each month.
    OfMonth(Vec<u16>),
    /// The last of each month.
    LastOfMonth,
}

impl PlainSchedule {
    /// What a calendar says; none if it takes more than a few words.
    pub(in crate::cron) fn of(calendar: &Calendar) -> Option<Self> {
        let leaves_out_months = calendar.years.is_some() || calendar.months.all().len() < 12;
        if calendar.seconds.all() != [0] || leaves_out_months {
            return None;
        }
        let (minutes, hours) = (calendar.minutes.all(), calendar.hours.all());
        let days = PlainDays::of(calendar)?;
        let is_whole_day = hours.len() == 24;
        match (minutes.as_slice(), is_whole_day && days == PlainDays::All) {
            ([minute], true) => return Some(Self::Hourly(*minute)),
            (minutes, true) => {
                let step = step_through(minutes, 60)?;
                return Some(Self::Every(u64::from(step) * SECS_PER_MINUTE));
            }
            ([0], false) if days == PlainDays::All => {
                if let Some(step) = step_through(&hours, 24) {
                    return Some(Self::Every(u64::from(step) * SECS_PER_HOUR));
                }
            }
            _ => {}
        }
        let times = hours
            .iter()
            .flat_map(|hour| minutes.iter().map(move |minute| (*hour, *minute)));
        let times: Vec<(u16, u16)> = times.take(TOLD_MAX + 1).collect();
        (times.len() <= TOLD_MAX).then_some(Self::At(days, times))
    }
}

impl PlainDays {
    fn of(calendar: &Calendar) -> Option<Self> {
        let (days, weekdays) = (calendar.days.all(), calendar.weekdays.all());
        let rules = (&*calendar.day_rules, &*calendar.weekday_rules);
        match (rules, days.len(), weekdays.len()) {
            (([DayRule::BeforeLast(0)], []), 0, 7) => Some(Self::LastOfMonth),
            (([], []), 31, 7) => Some(Self::All),
            (([], []), 31, _) if weekdays == [1, 2, 3, 4, 5] => Some(Self::Workdays),
            (([], []), 31, 1..=TOLD_MAX) => {
                let (sunday, others): (Vec<u16>, Vec<u16>) =
                    weekdays.into_iter().partition(|day| *day == 0);
                Some(Self::OfWeek([others, sunday].concat()))
            }
            (([], []), 1..=TOLD_MAX, 7) => Some(Self::OfMonth(days)),
            _ => None,
        }
    }
}

impl Values {
    /// All of them, in order.
    fn all(self) -> Vec<u16> {
        let bits = 0_u16..64;
        bits.filter(|bit| self.0 >> bit & 1 == 1).collect()
    }
}

/// The step by which values go on from 0 through all of a field, if it divides it and is no more than half of it.
fn step_through(values: &[u16], length: u16) -> Option<u16> {
    let step = match values {
        [0, second, ..] => *second,
        _ => return None,
    };
    let all = (0..length).step_by(usize::from(step));
    (length.is_multiple_of(step) && all.eq(values.iter().copied())).then_some(step)
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::cron::Schedule;

    fn plain(text: &str) -> Option<PlainSchedule> {
        Schedule::parse(text, TimeZone::UTC).unwrap().plain()
    }

    #[test]
    fn what_a_few_words_say_is_said() {
        use PlainSchedule::{At, Every, Hourly};
        for (text, wanted) in [
            ("@every 90s", Every(90)),
            ("* * * * *", Every(60)),
            ("*/15 * * * *", Every(900)),
            ("0 */6 * * *", Every(6 * 3_600)),
            ("@hourly", Hourly(0)),
            ("15 * * * *", Hourly(15)),
            ("@daily", At(PlainDays::All, vec![(0, 0)])),
            ("30 3,15 * * *", At(PlainDays::All, vec![(3, 30), (15, 30)])),
            ("0 8 * * MON-FRI", At(PlainDays::Workdays, vec![(8, 0)])),
            (
                "0 8 * * 0,6",
                At(PlainDays::OfWeek(vec![6, 0]), vec![(8, 0)]),
            ),
            (
                "0 0 1,15 * *",
                At(PlainDays::OfMonth(vec![1, 15]), vec![(0, 0)]),
            ),
            ("0 6 L * *", At(PlainDays::LastOfMonth, vec![(6, 0)])),
        ] {
            assert_eq!(plain(text), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_takes_more_than_a_few_words_is_not() {
        for text in [
            "*/7 * * * *",
            "5 0 * 8 *",
            "0 0 13 * 5",
            "0 0 * * 5#2",
            "0 0 15W * *",
            "0 0 L,15 * *",
            "10 * * * 1",
            "*/10 8-18 * * *",
            "0 1-20 * * *",
            "30 0 0 * * *",
            "0 0 0 1 1 * 2030",
            "0 0 1-20 * *",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
