//! The settings that are a number, a span of time or a switch.
//!
//! A row of the table is all there is to one of them, beside its field and its default (`load`): by it, it is read,
//! bounded, reported, compared at a reload and looked for in the example of the documentation.

use std::ops::RangeInclusive;

use workmill_proto::limits::{LINE_BYTES_BEFORE_HELLO_MAX, LINE_BYTES_MAX_DEFAULT};

use super::reader::Reader;
use super::{Settings, SettingsError};

/// Connections open at a time, when nothing else is said. Ten times Faktory's limit.
pub const CONNECTIONS_MAX_DEFAULT: usize = 20_000;

/// Bytes of unread input of all connections together, when nothing else is said: four of the longest lines.
pub const INPUT_BYTES_MAX_DEFAULT: usize = 4 * LINE_BYTES_MAX_DEFAULT;

const DAY_SECS: i64 = 86_400;
const HOUR_SECS: i64 = 3_600;

/// One of these settings.
pub(super) struct Scalar {
    /// Its table and its key.
    name: &'static str,
    form: Form,
    reload: Reload,
}

enum Form {
    Count {
        range: RangeInclusive<usize>,
        field: Field<usize>,
    },
    /// A span of time in whole seconds.
    Secs {
        range: RangeInclusive<u64>,
        field: Field<i64>,
        shown: fn(i64) -> String,
    },
    Switch {
        field: Field<bool>,
    },
}

/// Where the value is kept.
struct Field<T> {
    get: fn(&Settings) -> T,
    set: fn(&mut Settings, T),
}

impl<T> Field<T> {
    fn fill(&self, settings: &mut Settings, found: Option<T>) {
        if let Some(value) = found {
            (self.set)(settings, value);
        }
    }

    fn keep(&self, current: &Settings, new: &mut Settings) {
        (self.set)(new, (self.get)(current));
    }
}

macro_rules! field {
    ($($path:ident).+) => {
        Field {
            get: |settings| settings.$($path).+,
            set: |settings, value| settings.$($path).+ = value,
        }
    };
}

/// How many jobs: as many as a machine can count, where the rules count further.
macro_rules! jobs {
    ($($path:ident).+) => {
        Field {
            get: |settings| usize::try_from(settings.$($path).+).unwrap_or(usize::MAX),
            set: |settings, jobs| settings.$($path).+ = jobs as u64,
        }
    };
}

/// What a reload does with a new value.
enum Reload {
    /// It holds from now on.
    Take,
    /// It holds after a restart.
    Keep,
    /// It holds after a restart if this is so, else from now on.
    KeepIf(fn(&Settings) -> bool),
}

static SCALARS: [Scalar; 16] = [
    Scalar {
        name: "history.attempts",
        form: Form::Count {
            // What they take is bounded in bytes, too.
            range: 0..=1_000,
            field: field!(rules.attempts_max),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "history.completed",
        form: Form::Secs {
            // Not at all to a week: it is for looking at what has just happened, and each job is written once more.
            range: 0..=7 * 86_400,
            field: field!(rules.completed_secs),
            shown: in_secs,
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "history.completed_jobs",
        form: Form::Count {
            // Each takes up to 64 KiB of disk and a little more.
            range: 1..=1_000_000,
            field: jobs!(rules.completed_jobs_max),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "web.undo_hours",
        form: Form::Count {
            // Not at all to thirty days.
            range: 0..=720,
            field: Field {
                get: |settings| usize::try_from(settings.rules.trash_secs / HOUR_SECS).unwrap_or(0),
                set: |settings, hours| {
                    let hours = i64::try_from(hours).unwrap_or(i64::MAX);
                    settings.rules.trash_secs = hours.saturating_mul(HOUR_SECS);
                },
            },
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "web.audit_days",
        form: Form::Count {
            // One day to ten years.
            range: 1..=3_660,
            field: Field {
                get: |settings| usize::try_from(settings.rules.audit_secs / DAY_SECS).unwrap_or(1),
                set: |settings, days| {
                    let days = i64::try_from(days).unwrap_or(i64::MAX);
                    settings.rules.audit_secs = days.saturating_mul(DAY_SECS);
                },
            },
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "limits.connections_max",
        form: Form::Count {
            // No machine has more sockets than this for one process.
            range: 1..=1_000_000,
            field: field!(connections_max),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "limits.line_bytes_max",
        form: Form::Count {
            // From what an unknown client may send anyway to what the store can hold in one record with room to spare.
            range: LINE_BYTES_BEFORE_HELLO_MAX..=512 << 20,
            field: field!(line_bytes_max),
        },
        reload: Reload::KeepIf(|new| new.line_bytes_max > new.input_bytes_max),
    },
    Scalar {
        name: "limits.input_bytes_max",
        form: Form::Count {
            // One terabyte is more than any machine this runs on has.
            range: LINE_BYTES_BEFORE_HELLO_MAX..=1 << 40,
            field: field!(input_bytes_max),
        },
        reload: Reload::Keep,
    },
    Scalar {
        name: "dead.max_jobs",
        form: Form::Count {
            // A dead set that holds nothing would be a silent loss of jobs, so at least one.
            range: 1..=1_000_000_000,
            field: jobs!(rules.dead_jobs_max),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "dead.ttl",
        form: Form::Secs {
            // One second to a hundred years.
            range: 1..=100 * 31_557_600,
            field: field!(rules.dead_ttl_secs),
            shown: in_days_or_secs,
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "cron_plugin.missed_within",
        form: Form::Secs {
            // Nothing to a day: `catch_up` is for what is longer ago.
            range: 0..=86_400,
            field: field!(rules.cron_missed_within_secs),
            shown: in_secs,
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "workers.recover_lost",
        form: Form::Switch {
            field: field!(recover_lost),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "uniq.enabled",
        form: Form::Switch {
            field: field!(uniq),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "batch.enabled",
        form: Form::Switch {
            field: field!(batch.enabled),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "batch.uncommitted_timeout_minutes",
        form: Form::Count {
            // A batch waits a year at most.
            range: 1..=366 * 24 * 60,
            field: field!(batch.uncommitted_timeout_minutes),
        },
        reload: Reload::Take,
    },
    Scalar {
        name: "batch.committed_timeout_days",
        form: Form::Count {
            // One day to ten years: jobs of a batch may be tried again for weeks.
            range: 1..=3_660,
            field: field!(batch.committed_timeout_days),
        },
        reload: Reload::Take,
    },
];

/// Reads all of them. Those that nobody has set stay as they are.
pub(super) fn read(reader: &mut Reader, settings: &mut Settings) -> Result<(), SettingsError> {
    SCALARS
        .iter()
        .try_for_each(|scalar| scalar.read(reader, settings))
}

/// Each with its value, for people to read.
pub(super) fn lines(settings: &Settings) -> impl Iterator<Item = (&'static str, String)> {
    SCALARS
        .iter()
        .map(|scalar| (scalar.name, scalar.shown(settings)))
}

/// Keeps the present values of those that only a restart can change; tells of each that was to change.
pub(super) fn keep(current: &Settings, new: &mut Settings) -> Vec<String> {
    let mut told = Vec::new();
    let always = SCALARS
        .iter()
        .filter(|scalar| matches!(scalar.reload, Reload::Keep));
    told.extend(always.filter_map(|scalar| scalar.keep(current, new)));
    for scalar in &SCALARS {
        if let Reload::KeepIf(must_keep) = scalar.reload
            && must_keep(new)
        {
            told.extend(scalar.keep(current, new));
        }
    }
    told
}

/// Tells of each that has changed.
pub(super) fn changes(current: &Settings, new: &Settings) -> impl Iterator<Item = String> {
    SCALARS
        .iter()
        .filter_map(|scalar| scalar.change(current, new))
}

impl Scalar {
    fn read(&self, reader: &mut Reader, settings: &mut Settings) -> Result<(), SettingsError> {
        let Some((table, key)) = self.name.split_once('.') else {
            return Ok(());
        };
        match &self.form {
            Form::Count { range, field } => {
                let found = reader.integer(table, key, range.clone())?;
                field.fill(settings, found.map(|found| found.value));
            }
            Form::Secs { range, field, .. } => {
                let found = reader.duration_secs(table, key, range.clone())?;
                field.fill(settings, found.map(|found| found.value.cast_signed()));
            }
            Form::Switch { field } => {
                let found = reader.boolean(table, key)?;
                field.fill(settings, found.map(|found| found.value));
            }
        }
        Ok(())
    }

    fn shown(&self, settings: &Settings) -> String {
        match &self.form {
            Form::Count { field, .. } => (field.get)(settings).to_string(),
            Form::Secs { field, shown, .. } => shown((field.get)(settings)),
            Form::Switch { field } => (field.get)(settings).to_string(),
        }
    }

    /// What it is called in what is told of a change, and its value there.
    fn told(&self, settings: &Settings) -> (String, String) {
        match &self.form {
            Form::Secs { field, .. } => (
                format!("{} (seconds)", self.name),
                (field.get)(settings).to_string(),
            ),
            _ => (self.name.to_owned(), self.shown(settings)),
        }
    }

    fn keep(&self, current: &Settings, new: &mut Settings) -> Option<String> {
        let ((name, kept), (_, wanted)) = (self.told(current), self.told(new));
        match &self.form {
            Form::Count { field, .. } => field.keep(current, new),
            Form::Secs { field, .. } => field.keep(current, new),
            Form::Switch { field } => field.keep(current, new),
        }
        (kept != wanted).then(|| format!("{name} is {kept} until a restart, then {wanted}"))
    }

    fn change(&self, current: &Settings, new: &Settings) -> Option<String> {
        let ((name, was), (_, is)) = (self.told(current), self.told(new));
        (was != is).then(|| format!("{name} is {is}, was {was}"))
    }
}

fn in_secs(secs: i64) -> String {
    format!("{secs}s")
}

fn in_days_or_secs(secs: i64) -> String {
    match secs % DAY_SECS {
        0 => format!("{}d", secs / DAY_SECS),
        _ => in_secs(secs),
    }
}
