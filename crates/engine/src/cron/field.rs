//! One field of a schedule: which values it allows.

use std::ops::RangeInclusive;

use super::ScheduleError;
use super::day_rule::DayRule;

/// A kind of field.
pub(super) struct FieldKind {
    name: &'static str,
    allowed: &'static str,
    range: RangeInclusive<u16>,
    /// Names for values, the first for the smallest.
    names: &'static [&'static str],
    /// Whether `?` may stand for `*`.
    question_mark: bool,
}

pub(super) const SECOND: FieldKind = plain("second", "0 to 59", 0..=59);
pub(super) const MINUTE: FieldKind = plain("minute", "0 to 59", 0..=59);
pub(super) const HOUR: FieldKind = plain("hour", "0 to 23", 0..=23);
/// The years that Quartz has.
pub(super) const YEAR: FieldKind = plain("year", "1970 to 2099", 1970..=2099);
pub(super) const DAY_OF_MONTH: FieldKind = FieldKind {
    question_mark: true,
    ..plain("day of month", "1 to 31, L, L-3, LW or 15W", 1..=31)
};
pub(super) const MONTH: FieldKind = FieldKind {
    names: &[
        "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
    ],
    ..plain("month", "1 to 12 or JAN to DEC", 1..=12)
};
pub(super) const DAY_OF_WEEK: FieldKind = FieldKind {
    names: &["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
    question_mark: true,
    ..plain(
        "day of week",
        "0 to 7 or SUN to SAT, 0 and 7 being Sunday, 5#2 or 5L",
        0..=6,
    )
};

/// The second Sunday of the days of the week.
const SUNDAY_AGAIN: u16 = 7;

const STEP_MAX: u16 = 9_999;

const fn plain(name: &'static str, allowed: &'static str, range: RangeInclusive<u16>) -> FieldKind {
    FieldKind {
        name,
        allowed,
        range,
        names: &[],
        question_mark: false,
    }
}

/// What a field allows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// The values in order, each once.
    pub(super) values: Vec<u16>,
    /// What else it allows, if it is a field of days.
    pub(super) rules: Vec<DayRule>,
    /// It has a `*` or `?` that no step thins out: it restricts nothing.
    pub(super) unrestricted: bool,
    /// It has a `*`, a `?` or a step.
    pub(super) recurrent: bool,
    /// A part whose step is so large that only its first value is left.
    pub(super) idle_step: Option<String>,
}

impl FieldKind {
    /// Reads a field: parts separated by commas.
    pub(super) fn parse(&self, text: &str) -> Result<Field, ScheduleError> {
        let mut field = Field {
            values: Vec::new(),
            rules: Vec::new(),
            unrestricted: false,
            recurrent: false,
            idle_step: None,
        };
        for item in text.split(',') {
            self.parse_item(item, &mut field)?;
        }
        field.values.sort_unstable();
        field.values.dedup();
        Ok(field)
    }

    /// Reads `*`, a value or a range, each with or without a step, or a rule for days.
    fn parse_item(&self, item: &str, field: &mut Field) -> Result<(), ScheduleError> {
        if let Some(rule) = self.parse_rule(item) {
            field.rules.push(rule);
            return Ok(());
        }
        // On its own, as in Quartz.
        let item = match item {
            "L" | "l" if self.is_weekday() => "SAT",
            item => item,
        };
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(self.parse_step(step)?)),
            None => (item, None),
        };
        let all = base == "*" || (base == "?" && self.question_mark);
        let last = *self.range.end();
        let values = if all {
            self.range.clone()
        } else if let Some((start, end)) = base.split_once('-') {
            self.parse_range(item, start, end)?
        } else {
            let start = self.parse_value(item, base)?;
            // A value with a step goes on to the end of the field.
            start..=if step.is_some() {
                last.max(start)
            } else {
                start
            }
        };
        field.unrestricted |= all && step.is_none_or(|step| step == 1);
        field.recurrent |= all || step.is_some();
        if step.is_some_and(|step| step > 1 && values.clone().nth(usize::from(step)).is_none()) {
            field.idle_step = Some(item.to_owned());
        }
        let step = usize::from(step.unwrap_or(1));
        field
            .values
            .extend(values.step_by(step).map(|value| self.fold(value)));
        Ok(())
    }

    fn parse_rule(&self, item: &str) -> Option<DayRule> {
        if self.is_weekday() {
            DayRule::of_week(item, |text| self.value(text))
        } else if self.name == DAY_OF_MONTH.name {
            DayRule::of_month(item)
        } else {
            None
        }
    }

    /// A range that ends before it begins goes on at the start of the field: from Friday over Sunday to Monday. Its values
    /// are counted on beyond the field's end.
    fn parse_range(
        &self,
        item: &str,
        start: &str,
        end: &str,
    ) -> Result<RangeInclusive<u16>, ScheduleError> {
        let (start, mut end) = (self.parse_value(item, start)?, self.parse_value(item, end)?);
        if start > end {
            // Years do not come again.
            if self.name == YEAR.name {
                return Err(ScheduleError::Backward {
                    field: self.name,
                    item: item.to_owned(),
                });
            }
            end += self.length();
        }
        Ok(start..=end)
    }

    fn parse_value(&self, item: &str, text: &str) -> Result<u16, ScheduleError> {
        self.value(text).ok_or_else(|| ScheduleError::Field {
            field: self.name,
            item: item.to_owned(),
            allowed: self.allowed,
        })
    }

    /// The value that a number or a name stands for.
    fn value(&self, text: &str) -> Option<u16> {
        let named = self
            .names
            .iter()
            .position(|name| name.eq_ignore_ascii_case(text));
        let value = match named {
            Some(index) => u16::try_from(index)
                .ok()
                .map(|index| self.range.start() + index),
            None => parse_digits(text),
        };
        value.filter(|value| {
            self.range.contains(value) || (self.is_weekday() && *value == SUNDAY_AGAIN)
        })
    }

    fn parse_step(&self, text: &str) -> Result<u16, ScheduleError> {
        parse_digits(text)
            .filter(|step| (1..=STEP_MAX).contains(step))
            .ok_or_else(|| ScheduleError::Step {
                field: self.name,
                step: text.to_owned(),
            })
    }

    fn is_weekday(&self) -> bool {
        self.name == DAY_OF_WEEK.name
    }

    fn length(&self) -> u16 {
        self.range.end() - self.range.start() + 1
    }

    /// A value that was counted on beyond the field's end, within it.
    fn fold(&self, value: u16) -> u16 {
        let first = self.range.start();
        first + (value - first) % self.length()
    }
}

/// A number without a sign.
fn parse_digits(text: &str) -> Option<u16> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(kind: &FieldKind, text: &str) -> Vec<u16> {
        kind.parse(text).unwrap().values
    }

    #[test]
    fn lists_ranges_and_steps_are_read() {
        assert_eq!(values(&HOUR, "5"), [5]);
        assert_eq!(values(&HOUR, "7,3,3"), [3, 7]);
        assert_eq!(values(&HOUR, "1-3,20-21"), [1, 2, 3, 20, 21]);
        assert_eq!(values(&HOUR, "*/6"), [0, 6, 12, 18]);
        assert_eq!(values(&HOUR, "8-18/4"), [8, 12, 16]);
        assert_eq!(values(&HOUR, "20/2"), [20, 22], "from a value on");
        assert_eq!(values(&HOUR, "*/99"), [0]);
        assert_eq!(values(&HOUR, "*").len(), 24);
        assert_eq!(values(&DAY_OF_MONTH, "?").len(), 31);
        assert_eq!(values(&YEAR, "2099"), [2099]);
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(values(&MONTH, "JAN-MAR,dec"), [1, 2, 3, 12]);
        assert_eq!(values(&DAY_OF_WEEK, "Mon-FRI"), [1, 2, 3, 4, 5]);
        assert_eq!(values(&DAY_OF_WEEK, "sun,SAT"), [0, 6]);
    }

    #[test]
    fn zero_and_seven_are_sunday() {
        assert_eq!(values(&DAY_OF_WEEK, "0"), [0]);
        assert_eq!(values(&DAY_OF_WEEK, "7"), [0]);
        assert_eq!(values(&DAY_OF_WEEK, "5-7"), [0, 5, 6]);
        assert_eq!(values(&DAY_OF_WEEK, "SAT-SUN"), [0, 6]);
        assert_eq!(values(&DAY_OF_WEEK, "0-7").len(), 7);
        assert_eq!(values(&DAY_OF_WEEK, "*/2"), [0, 2, 4, 6]);
        assert_eq!(values(&DAY_OF_WEEK, "1/2"), [1, 3, 5]);
        assert_eq!(values(&DAY_OF_WEEK, "7/2"), [0]);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_goes_on_at_the_start() {
        assert_eq!(values(&HOUR, "22-4"), [0, 1, 2, 3, 4, 22, 23]);
        assert_eq!(values(&HOUR, "22-4/2"), [0, 2, 4, 22]);
        assert_eq!(values(&HOUR, "23-4/3"), [2, 23]);
        assert_eq!(values(&MINUTE, "58-1"), [0, 1, 58, 59]);
        assert_eq!(values(&DAY_OF_MONTH, "30-2"), [1, 2, 30, 31]);
        assert_eq!(values(&MONTH, "NOV-feb"), [1, 2, 11, 12]);
        assert_eq!(values(&DAY_OF_WEEK, "FRI-MON"), [0, 1, 5, 6]);
        assert_eq!(values(&DAY_OF_WEEK, "5-1"), [0, 1, 5, 6]);
        assert_eq!(values(&DAY_OF_WEEK, "FRI-MON/2"), [0, 5]);
        assert_eq!(values(&DAY_OF_WEEK, "7-2"), [0, 1, 2]);
        assert_eq!(values(&DAY_OF_WEEK, "MON-SUN").len(), 7);
    }

    #[test]
    fn days_that_each_month_has_elsewhere_are_read_in_any_case() {
        use jiff::civil::Weekday::{Friday, Saturday, Sunday};
        let rules = |kind: &FieldKind, text: &str| kind.parse(text).unwrap().rules;
        assert_eq!(
            rules(&DAY_OF_MONTH, "L,l-3,15w,lw"),
            [
                DayRule::BeforeLast(0),
                DayRule::BeforeLast(3),
                DayRule::NearestWeekday(15),
                DayRule::LastWeekday
            ]
        );
        assert_eq!(
            rules(&DAY_OF_WEEK, "5#2,fri#5,SATL,7l,L5"),
            [
                DayRule::Nth(Friday, 2),
                DayRule::Nth(Friday, 5),
                DayRule::Last(Saturday),
                DayRule::Last(Sunday),
                DayRule::Last(Friday)
            ]
        );
        assert_eq!(values(&DAY_OF_WEEK, "L"), [6]);
        let mixed = DAY_OF_MONTH.parse("1,L").unwrap();
        assert_eq!((mixed.values.as_slice(), mixed.rules.len()), (&[1][..], 1));
        assert!(!mixed.unrestricted && !mixed.recurrent);
    }

    #[test]
    fn a_star_with_a_step_restricts_and_recurs() {
        let flags = |text| {
            let field = DAY_OF_MONTH.parse(text).unwrap();
            (field.unrestricted, field.recurrent)
        };
        assert_eq!(flags("*"), (true, true));
        assert_eq!(flags("?"), (true, true));
        assert_eq!(flags("*/1"), (true, true));
        assert_eq!(flags("*/2"), (false, true));
        assert_eq!(flags("5/2"), (false, true));
        assert_eq!(flags("1-31"), (false, false));
        assert_eq!(flags("1,2"), (false, false));
    }

    #[test]
    fn a_step_that_leaves_only_the_first_value_is_noted() {
        let idle = |kind: &FieldKind, text| kind.parse(text).unwrap().idle_step;
        for (kind, text) in [
            (&MINUTE, "*/90"),
            (&MINUTE, "*/60"),
            (&MINUTE, "50/20"),
            (&HOUR, "1,*/24"),
            (&HOUR, "8-18/11"),
        ] {
            let item = text.rsplit(',').next().map(str::to_owned);
            assert_eq!(idle(kind, text), item, "{text}");
        }
        for (kind, text) in [
            (&MINUTE, "*/59"),
            (&MINUTE, "*/45"),
            (&HOUR, "8-18/10"),
            (&HOUR, "5/1"),
            (&HOUR, "23/1"),
            (&DAY_OF_WEEK, "*/2"),
        ] {
            assert_eq!(idle(kind, text), None, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_is_allowed() {
        let error = |kind: &FieldKind, text: &str| kind.parse(text).unwrap_err().to_string();
        assert_eq!(
            error(&MINUTE, "5,60"),
            "\"60\" is no minute: 0 to 59, with lists (1,2), ranges (1-5), steps (*/5) and *"
        );
        for text in [
            "", "1,", "-1", "+1", "1-", "a", "?", "1.5", "*-5", "**", "1-2-3", "5L", "L", "5W",
            "5#2", " 1",
        ] {
            let field = ScheduleError::Field {
                field: "hour",
                item: text.rsplit(',').next().unwrap().to_owned(),
                allowed: HOUR.allowed,
            };
            assert_eq!(HOUR.parse(text), Err(field), "{text}");
        }
        assert!(error(&MONTH, "0").contains("1 to 12 or JAN to DEC"));
        assert!(error(&MONTH, "JANUARY").contains("\"JANUARY\" is no month"));
        assert!(error(&DAY_OF_WEEK, "8").contains("0 and 7 being Sunday"));
        for text in [
            "MON#0", "MON#6", "#2", "MON#", "8#1", "LW", "15W", "L-3", "5L/2", "1-5L", "FRI#2-3",
        ] {
            assert!(
                error(&DAY_OF_WEEK, text).contains("is no day of week"),
                "{text}"
            );
        }
        for text in [
            "0W", "32W", "W", "L-31", "L-", "5L", "5#2", "LL", "L/2", "15W/2", "1-15W", "L-3W",
        ] {
            assert!(
                error(&DAY_OF_MONTH, text).contains("is no day of month"),
                "{text}"
            );
        }
        assert!(error(&YEAR, "2030-2026").contains("ends before it begins"));
        for step in ["0", "", "x", "-1", "10000", "1/2"] {
            let text = format!("*/{step}");
            assert!(error(&HOUR, &text).starts_with("the step"), "{text}");
        }
    }
}
