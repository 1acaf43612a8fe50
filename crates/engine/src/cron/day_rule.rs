//! Days that each month has at another place: the last one, the second Friday, the weekday nearest to the 15th.

use jiff::civil::{Date, Weekday};

/// A day that each month has at another place, as Quartz and others write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DayRule {
    /// `L` and `L-3`: so many days before the last of the month.
    BeforeLast(i8),
    /// `LW`: the last of the month from Monday to Friday.
    LastWeekday,
    /// `15W`: the day of the month from Monday to Friday that is nearest to this one.
    NearestWeekday(i8),
    /// `5#2`: the second such day of the week in the month.
    Nth(Weekday, i8),
    /// `5L`: the last such day of the week in the month.
    Last(Weekday),
}

/// The most days from the first of a month to its last.
const DAYS_BEFORE_LAST_MAX: i8 = 30;

/// How often a day of the week can come in a month.
const NTH_MAX: i8 = 5;

impl DayRule {
    /// Reads one of a day of the month. None if the text is none.
    pub(super) fn of_month(text: &str) -> Option<Self> {
        let text = text.to_ascii_uppercase();
        match text.as_str() {
            "L" => return Some(Self::BeforeLast(0)),
            "LW" => return Some(Self::LastWeekday),
            _ => {}
        }
        if let Some(days) = text.strip_prefix("L-") {
            return number(days, 0..=DAYS_BEFORE_LAST_MAX).map(Self::BeforeLast);
        }
        let day = text.strip_suffix('W')?;
        number(day, 1..=31).map(Self::NearestWeekday)
    }

    /// Reads one of a day of the week. `weekday` reads those, 0 being Sunday. None if the text is none.
    pub(super) fn of_week(text: &str, weekday: impl Fn(&str) -> Option<u16>) -> Option<Self> {
        let weekday = |text: &str| {
            let day = i8::try_from(weekday(text)?).ok()?;
            Weekday::from_sunday_zero_offset(day % 7).ok()
        };
        if let Some((day, nth)) = text.split_once('#') {
            return Some(Self::Nth(weekday(day)?, number(nth, 1..=NTH_MAX)?));
        }
        let last = |letter: char| text.strip_suffix(letter).or(text.strip_prefix(letter));
        weekday(last('L').or_else(|| last('l'))?).map(Self::Last)
    }

    /// Whether this date is the day of its month.
    pub(super) fn has(self, date: Date) -> bool {
        let left = date.days_in_month() - date.day();
        match self {
            Self::BeforeLast(days) => left == days,
            Self::LastWeekday => nearest_weekday(date.last_of_month()) == Some(date),
            Self::NearestWeekday(day) => {
                let meant = Date::new(date.year(), date.month(), day).ok();
                meant.and_then(nearest_weekday) == Some(date)
            }
            Self::Nth(weekday, nth) => date.weekday() == weekday && (date.day() - 1) / 7 + 1 == nth,
            Self::Last(weekday) => date.weekday() == weekday && left < 7,
        }
    }
}

/// The day from Monday to Friday that is nearest to a date, in the same month.
fn nearest_weekday(date: Date) -> Option<Date> {
    let days = match date.weekday() {
        Weekday::Saturday if date.day() == 1 => 2,
        Weekday::Saturday => -1,
        Weekday::Sunday if date.day() == date.days_in_month() => -2,
        Weekday::Sunday => 1,
        _ => 0,
    };
    Date::new(date.year(), date.month(), date.day() + days).ok()
}

/// A number without a sign, within bounds.
fn number(text: &str, range: std::ops::RangeInclusive<i8>) -> Option<i8> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| text.parse().ok()).flatten()?;
    range.contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of a month that a rule names.
    fn days(rule: DayRule, year: i16, month: i8) -> Vec<i8> {
        let first = Date::new(year, month, 1).unwrap();
        (1..=first.days_in_month())
            .filter(|day| rule.has(Date::new(year, month, *day).unwrap()))
            .collect()
    }

    #[test]
    fn last_days_follow_the_length_of_the_month() {
        for (year, month, last) in [(2026, 1, 31), (2026, 2, 28), (2028, 2, 29), (2026, 4, 30)] {
            assert_eq!(days(DayRule::BeforeLast(0), year, month), [last]);
            assert_eq!(days(DayRule::BeforeLast(3), year, month), [last - 3]);
        }
        assert_eq!(days(DayRule::BeforeLast(30), 2026, 1), [1]);
        assert_eq!(days(DayRule::BeforeLast(30), 2026, 4), [0; 0]);
    }

    #[test]
    fn the_nearest_weekday_stays_in_its_month() {
        for (day, year, month, wanted) in [
            (14, 2026, 7, 14),
            // A Saturday goes back, a Sunday on.
            (15, 2026, 8, 14),
            (15, 2026, 11, 16),
            // Saturday 1 August and Sunday 31 May have no day before or after them in their months.
            (1, 2026, 8, 3),
            (31, 2026, 5, 29),
        ] {
            assert_eq!(days(DayRule::NearestWeekday(day), year, month), [wanted]);
        }
        assert_eq!(days(DayRule::NearestWeekday(31), 2026, 4), [0; 0]);
    }

    #[test]
    fn the_last_weekday_is_the_last_from_monday_to_friday() {
        for (month, wanted) in [(5, 29), (1, 30), (6, 30), (2, 27)] {
            assert_eq!(days(DayRule::LastWeekday, 2026, month), [wanted]);
        }
    }

    #[test]
    fn days_of_the_week_are_counted_from_both_ends_of_the_month() {
        let friday = Weekday::Friday;
        assert_eq!(days(DayRule::Nth(friday, 1), 2026, 5), [1]);
        assert_eq!(days(DayRule::Nth(friday, 2), 2026, 5), [8]);
        assert_eq!(days(DayRule::Nth(friday, 5), 2026, 5), [29]);
        assert_eq!(days(DayRule::Nth(Weekday::Thursday, 1), 2026, 5), [7]);
        assert_eq!(days(DayRule::Nth(Weekday::Thursday, 2), 2026, 5), [14]);
        assert_eq!(days(DayRule::Nth(friday, 5), 2026, 6), [0; 0]);
        assert_eq!(days(DayRule::Last(friday), 2026, 5), [29]);
        assert_eq!(days(DayRule::Last(friday), 2026, 6), [26]);
    }
}
