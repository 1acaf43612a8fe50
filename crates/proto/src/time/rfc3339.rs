//! Moments as text, without the machinery of formatting: every job is sent with one.

use super::{MICROS_PER_DAY, MICROS_PER_SEC, Timestamp};

/// Days from 0000-03-01 to 1970-01-01. Years are counted from March on, so that a leap day is the last of its year.
const DAYS_BEFORE_1970: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats itself.
const DAYS_PER_ERA: i64 = 146_097;

/// A moment in RFC 3339, in UTC, with as many digits of a second as it needs.
pub(crate) struct Rfc3339 {
    text: [u8; "0000-00-00T00:00:00.000000Z".len()],
    length: usize,
}

impl Rfc3339 {
    /// The text of a moment.
    pub(crate) fn of(moment: Timestamp) -> Self {
        let micros_of_day = moment.0.rem_euclid(MICROS_PER_DAY);
        let (year, month, day) = civil_date(moment.utc_day());
        let secs = micros_of_day / MICROS_PER_SEC;
        let micros = micros_of_day % MICROS_PER_SEC;
        let [century, year] = [year / 100, year % 100].map(two_digits);
        let [month, day] = [month, day].map(two_digits);
        let [hour, minute, second] = [secs / 3600, secs / 60 % 60, secs % 60].map(two_digits);
        let [a, b, c] = [micros / 10_000, micros / 100 % 100, micros % 100].map(two_digits);
        let mut text = [
            century[0], century[1], year[0], year[1], b'-', month[0], month[1], b'-', day[0],
            day[1], b'T', hour[0], hour[1], b':', minute[0], minute[1], b':', second[0], second[1],
            b'.', a[0], a[1], b[0], b[1], c[0], c[1], b'Z',
        ];
        let unneeded = text.iter().rev().skip(1);
        let zeros = unneeded.take_while(|&&digit| digit == b'0').count();
        let point = usize::from(micros == 0);
        let length = text.len() - zeros.min(6) - point;
        if let Some(last) = text.get_mut(length - 1) {
            *last = b'Z';
        }
        Self { text, length }
    }

    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        let text = self.text.get(..self.length).unwrap_or_default();
        str::from_utf8(text).unwrap_or_default()
    }
}

/// The year, month and day that begin this many days after 1970-01-01.
fn civil_date(days_since_1970: i64) -> (i64, i64, i64) {
    let days = days_since_1970 + DAYS_BEFORE_1970;
    let (era, day_of_era) = (days.div_euclid(DAYS_PER_ERA), days.rem_euclid(DAYS_PER_ERA));
    // Every fourth year has a day more, every hundredth has not, the 400th has.
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / (DAYS_PER_ERA - 1);
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months have 153 days, again and again.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let (month, next_year) = match month_from_march {
        0..=9 => (month_from_march + 3, 0),
        _ => (month_from_march - 9, 1),
    };
    (era * 400 + year_of_era + next_year, month, day)
}

/// The digits of a number below 100.
fn two_digits(number: i64) -> [u8; 2] {
    let digit = |number: i64| b'0' + u8::try_from(number % 10).unwrap_or_default();
    [digit(number / 10), digit(number)]
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::EPOCH;
    use super::*;

    /// What a library makes of it.
    fn expected(moment: Timestamp) -> String {
        let civil = EPOCH.saturating_add(SignedDuration::from_micros(moment.0));
        format!("{civil}Z")
    }

    fn check_days(first: Timestamp, end: Timestamp, step_days: i64) {
        let mut day = first;
        while day < end {
            assert_eq!(Rfc3339::of(day).as_str(), expected(day));
            day = Timestamp(day.0 + step_days * MICROS_PER_DAY);
        }
    }

    #[test]
    fn days_are_written_as_the_calendar_has_them() {
        let year = |year| Timestamp::parse_rfc3339(&format!("{year}-01-01T00:00:00Z")).unwrap();
        // All around the turns of three centuries, of which one has a leap day, and some of every year there is.
        check_days(year(1895), year(2105), 1);
        check_days(Timestamp::MIN, Timestamp::MAX, 29);
    }

    #[test]
    fn every_second_and_fraction_is_written_as_the_clock_has_it() {
        for secs in (-90_000..90_000).step_by(7) {
            for micros in [0, 1, 10, 200, 3_000, 40_000, 500_000, 999_999, 100_001] {
                let moment = Timestamp(secs * MICROS_PER_SEC + micros);
                assert_eq!(Rfc3339::of(moment).as_str(), expected(moment));
            }
        }
    }
}
