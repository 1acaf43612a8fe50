//! What can be wrong with a schedule.

use workmill_proto::DurationError;

/// Why a text is no schedule: what is wrong and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    /// Longer than anybody writes one.
    #[error("a schedule may have at most {bytes_max} bytes")]
    TooLong {
        /// The limit.
        bytes_max: usize,
    },
    /// Too few fields.
    #[error(
        "a schedule has 5 fields (minute, hour, day of month, month, day of week), 6 with a second before them, or 7 with a year at the end, not {0}"
    )]
    FieldCount(usize),
    /// A field behind the last that means anything.
    #[error("field {number} is \"{text}\": only * may follow the year")]
    Surplus {
        /// Counted from 1.
        number: usize,
        /// What it is.
        text: String,
    },
    /// A field has a part that is not understood.
    #[error(
        "\"{item}\" is no {field}: {allowed}, with lists (1,2), ranges (1-5), steps (*/5) and *"
    )]
    Field {
        /// The field.
        field: &'static str,
        /// The part of it.
        item: String,
        /// Which values it may have.
        allowed: &'static str,
    },
    /// A range that ends before it begins.
    #[error("the range \"{item}\" of the {field} ends before it begins: write it as two")]
    Backward {
        /// The field.
        field: &'static str,
        /// The range.
        item: String,
    },
    /// A step that is no number above zero.
    #[error("the step \"{step}\" of the {field} must be a number from 1 to 9999")]
    Step {
        /// The field.
        field: &'static str,
        /// The step.
        step: String,
    },
    /// A name with an at sign that means nothing.
    #[error(
        "\"{0}\" is not known: there are @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly and @every with a duration"
    )]
    Macro(String),
    /// What follows `@every` is no duration.
    #[error("@every: {0}")]
    Duration(#[from] DurationError),
    /// What follows `@every` is not a number of whole seconds.
    #[error("@every \"{0}\": it must be whole seconds, at least one")]
    Interval(String),
}
