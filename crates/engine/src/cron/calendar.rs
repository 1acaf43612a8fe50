//! The fields of a schedule together: which dates and times of a wall clock it names.

use jiff::civil::{Date, DateTime, Time, Weekday};

use super::ScheduleError;
use super::day_rule::DayRule;
use super::field::{DAY_OF_MONTH, DAY_OF_WEEK, Field, HOUR, MINUTE, MONTH, SECOND, YEAR};

mod plain;

pub use plain::{PlainDays, PlainSchedule};

/// The longest a schedule for every year can pause, in years: from one fifth Monday of a February to the next around 2100.
const PAUSE_YEARS_MAX: i16 = 40;

/// Dates and times of a wall clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Calendar {
    seconds: Values,
    minutes: Values,
    hours: Values,
    days: Values,
    months: Values,
    weekdays: Values,
    /// More days of the month.
    day_rules: Vec<DayRule>,
    /// More days of the week.
    weekday_rules: Vec<DayRule>,
    /// In order; none for every year.
    years: Option<Vec<u16>>,
    /// Both day fields restrict: a day that one of them names is enough.
    either_day: bool,
    /// The hour or the minute has a wildcard or a step.
    interval: bool,
    /// The hour is a wildcard.
    hourly: bool,
    /// A part whose step is so large that only its first value is left.
    idle_step: Option<String>,
}

impl Calendar {
    /// Reads five to seven fields, and stars after them.
    pub(super) fn parse(text: &str) -> Result<Self, ScheduleError> {
        let mut fields: Vec<&str> = text.split_whitespace().collect();
        let count = fields.len();
        for (index, field) in fields.iter().enumerate().skip(7) {
            if *field != "*" {
                return Err(ScheduleError::Surplus {
                    number: index + 1,
                    text: (*field).to_owned(),
                });
            }
        }
        if count == 5 {
            fields.insert(0, "0");
        }
        let (&[second, minute, hour, day, month, weekday], years) = fields
            .split_first_chunk()
            .ok_or(ScheduleError::FieldCount(count))?;
        let (minute, hour) = (MINUTE.parse(minute)?, HOUR.parse(hour)?);
        let (day, weekday) = (DAY_OF_MONTH.parse(day)?, DAY_OF_WEEK.parse(weekday)?);
        let year = years.first().map(|year| YEAR.parse(year)).transpose()?;
        let (second, month) = (SECOND.parse(second)?, MONTH.parse(month)?);
        let all = [&second, &minute, &hour, &day, &month, &weekday];
        let idle_step = all
            .into_iter()
            .chain(&year)
            .find_map(|field| field.idle_step.clone());
        Ok(Self {
            idle_step,
            seconds: Values::of(&second),
            minutes: Values::of(&minute),
            hours: Values::of(&hour),
            days: Values::of(&day),
            months: Values::of(&month),
            weekdays: Values::of(&weekday),
            day_rules: day.rules,
            weekday_rules: weekday.rules,
            years: year
                .filter(|year| !year.unrestricted)
                .map(|year| year.values),
            either_day: !day.unrestricted && !weekday.unrestricted,
            interval: minute.recurrent || hour.recurrent,
            hourly: hour.unrestricted,
        })
    }

    /// Whether it is meant as a series with an interval, and not as times of the day.
    pub(super) fn is_interval(&self) -> bool {
        self.interval
    }

    /// A part of a field whose step is so large that only its first value is left, if there is one.
    pub(super) fn idle_step(&self) -> Option<&str> {
        self.idle_step.as_deref()
    }

    /// Whether it is meant for every hour of a day.
    pub(super) fn is_hourly(&self) -> bool {
        self.hourly
    }

    /// The first date and time at or after `from`, which has whole seconds. None if there will never be any.
    pub(super) fn first_from(&self, from: DateTime) -> Option<DateTime> {
        if self.has_date(from.date())
            && let Some(time) = self.first_time(from.time())
        {
            return Some(from.date().to_datetime(time));
        }
        let date = self.first_date(from.date().tomorrow().ok()?)?;
        Some(date.to_datetime(self.first_time(Time::midnight())?))
    }

    fn first_time(&self, from: Time) -> Option<Time> {
        let (first_minute, first_second) =
            (self.minutes.first_from(0)?, self.seconds.first_from(0)?);
        if self.hours.contains(from.hour()) {
            if self.minutes.contains(from.minute())
                && let Some(second) = self.seconds.first_from(from.second())
            {
                return Time::new(from.hour(), from.minute(), second, 0).ok();
            }
            if let Some(minute) = self.minutes.first_from(from.minute() + 1) {
                return Time::new(from.hour(), minute, first_second, 0).ok();
            }
        }
        let hour = self.hours.first_from(from.hour() + 1)?;
        Time::new(hour, first_minute, first_second, 0).ok()
    }

    fn first_date(&self, from: Date) -> Option<Date> {
        let last_year = from.year().saturating_add(PAUSE_YEARS_MAX);
        let years: Vec<i16> = match &self.years {
            None => (from.year()..=last_year).collect(),
            Some(years) => years
                .iter()
                .filter_map(|year| i16::try_from(*year).ok())
                .filter(|year| *year >= from.year())
                .collect(),
        };
        let months = years.iter().flat_map(|year| {
            (1..=12)
                .filter(|month| self.months.contains(*month))
                .filter_map(|month| Date::new(*year, month, 1).ok())
        });
        months
            .filter(|first| first.last_of_month() >= from)
            .flat_map(|first| (1..=first.days_in_month()).map(move |day| (first, day)))
            .filter_map(|(first, day)| Date::new(first.year(), first.month(), day).ok())
            .find(|date| *date >= from && self.has_date(*date))
    }

    fn has_date(&self, date: Date) -> bool {
        let year = u16::try_from(date.year()).ok();
        let has_year = match &self.years {
            None => true,
            Some(years) => year.is_some_and(|year| years.binary_search(&year).is_ok()),
        };
        let ruled = |rules: &[DayRule]| rules.iter().any(|rule| rule.has(date));
        let day = self.days.contains(date.day()) || ruled(&self.day_rules);
        let weekday = self
            .weekdays
            .contains(Weekday::to_sunday_zero_offset(date.weekday()))
            || ruled(&self.weekday_rules);
        let has_day = match self.either_day {
            true => day || weekday,
            false => day && weekday,
        };
        has_year && has_day && self.months.contains(date.month())
    }
}

/// Values of one field, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Values(u64);

impl Values {
    fn of(field: &Field) -> Self {
        Self(field.values.iter().fold(0, |bits, value| bits | 1 << value))
    }

    fn contains(self, value: i8) -> bool {
        self.first_from(value) == Some(value)
    }

    /// The smallest value that is not smaller than `from`.
    fn first_from(self, from: i8) -> Option<i8> {
        let from = u32::try_from(from).ok()?;
        let skipped = self.0.checked_shr(from)?;
        let value = from + skipped.trailing_zeros();
        if skipped == 0 {
            None
        } else {
            i8::try_from(value).ok()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(text: &str, from: &str, count: usize) -> Vec<String> {
        let calendar = Calendar::parse(text).unwrap();
        let mut from: DateTime = from.parse().unwrap();
        let mut found = Vec::new();
        for _ in 0..count {
            let Some(time) = calendar.first_from(from) else {
                break;
            };
            found.push(time.to_string());
            from = time.checked_add(jiff::Span::new().seconds(1)).unwrap();
        }
        found
    }

    #[test]
    fn five_fields_are_minutes() {
        assert_eq!(
            times("*/20 9,17 * * *", "2026-03-01T09:25:01", 4),
            [
                "2026-03-01T09:40:00",
                "2026-03-01T17:00:00",
                "2026-03-01T17:20:00",
                "2026-03-01T17:40:00"
            ]
        );
        assert_eq!(
            times("0 0 * * *", "2026-03-01T00:00:00", 1),
            ["2026-03-01T00:00:00"]
        );
        assert_eq!(
            times("0 0 * * *", "2026-03-01T00:00:01", 1),
            ["2026-03-02T00:00:00"]
        );
    }

    #[test]
    fn six_fields_begin_with_seconds() {
        assert_eq!(
            times("*/30 59 23 * * *", "2026-12-31T23:58:40", 3),
            [
                "2026-12-31T23:59:00",
                "2026-12-31T23:59:30",
                "2027-01-01T23:59:00"
            ]
        );
        assert_eq!(
            times("10 5 * * * *", "2026-01-01T00:05:11", 1),
            ["2026-01-01T01:05:10"]
        );
    }

    #[test]
    fn a_seventh_field_is_the_year_and_stars_may_follow() {
        assert_eq!(
            times("0 0 0 1 1 ? 2030,2028", "2026-01-01T00:00:00", 9),
            ["2028-01-01T00:00:00", "2030-01-01T00:00:00"]
        );
        assert_eq!(
            times("5 * * * * * * *", "2026-01-01T00:00:00", 2),
            ["2026-01-01T00:00:05", "2026-01-01T00:01:05"]
        );
        assert_eq!(times("0 0 0 1 1 * 2020", "2026-01-01T00:00:00", 1), [""; 0]);
    }

    #[test]
    fn either_day_field_is_enough_if_both_restrict() {
        assert_eq!(
            times("0 0 13 * FRI", "2026-02-01T00:00:00", 3),
            [
                "2026-02-06T00:00:00",
                "2026-02-13T00:00:00",
                "2026-02-20T00:00:00"
            ]
        );
        assert_eq!(
            times("0 0 ? * 7", "2026-02-02T00:00:00", 1),
            ["2026-02-08T00:00:00"]
        );
        assert_eq!(
            times("0 0 14 * ?", "2026-02-02T00:00:00", 1),
            ["2026-02-14T00:00:00"]
        );
    }

    #[test]
    fn days_that_each_month_has_elsewhere_are_found() {
        for (text, wanted) in [
            ("0 0 L * *", ["2026-05-31", "2026-06-30", "2026-07-31"]),
            ("0 0 L-3 * ?", ["2026-05-28", "2026-06-27", "2026-07-28"]),
            ("0 0 LW * ?", ["2026-05-29", "2026-06-30", "2026-07-31"]),
            ("0 0 15W * ?", ["2026-05-15", "2026-06-15", "2026-07-15"]),
            ("0 0 1W * ?", ["2026-05-01", "2026-06-01", "2026-07-01"]),
            ("0 0 ? * 5#2", ["2026-05-08", "2026-06-12", "2026-07-10"]),
            ("0 0 ? * FRIL", ["2026-05-29", "2026-06-26", "2026-07-31"]),
            ("0 0 1,L * *", ["2026-05-01", "2026-05-31", "2026-06-01"]),
            // Either day is enough, as with any other days.
            ("0 0 L * FRI#1", ["2026-05-01", "2026-05-31", "2026-06-05"]),
            (
                "0 0 ? * FRI-SAT,7#2",
                ["2026-05-01", "2026-05-02", "2026-05-08"],
            ),
        ] {
            let found = times(text, "2026-05-01T00:00:00", 3);
            assert_eq!(
                found,
                wanted.map(|date| format!("{date}T00:00:00")),
                "{text}"
            );
        }
    }

    #[test]
    fn rare_days_are_found_and_impossible_ones_are_not() {
        assert_eq!(
            times("0 0 29 2 *", "2096-03-01T00:00:00", 1),
            ["2104-02-29T00:00:00"]
        );
        assert_eq!(
            times("0 0 ? FEB MON#5", "2072-03-01T00:00:00", 1),
            ["2112-02-29T00:00:00"]
        );
        assert_eq!(times("0 0 31W 4 ?", "2026-01-01T00:00:00", 1), [""; 0]);
        assert_eq!(times("0 0 30 2 *", "2026-01-01T00:00:00", 1), [""; 0]);
        assert_eq!(
            times("0 0 31 4,6,9,11 *", "2026-01-01T00:00:00", 1),
            [""; 0]
        );
        assert_eq!(
            times("0 0 31 * *", "2026-04-01T00:00:00", 1),
            ["2026-05-31T00:00:00"]
        );
    }

    #[test]
    fn a_wrong_number_of_fields_is_refused() {
        for text in ["", "*", "* * * *"] {
            let count = text.split_whitespace().count();
            assert_eq!(Calendar::parse(text), Err(ScheduleError::FieldCount(count)));
        }
        assert_eq!(
            Calendar::parse("* * * * * * * * 5")
                .unwrap_err()
                .to_string(),
            "field 9 is \"5\": only * may follow the year"
        );
    }
}
