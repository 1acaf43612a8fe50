//! How long a failed job wants to wait before it is tried again.

use serde_json::value::RawValue;

use super::Members;
use crate::json;
use crate::limits::{RETRY_DELAY_SECS_MAX, RETRY_DELAYS_MAX};
use crate::{Job, WireError};

/// A job's own back-off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackOff {
    /// `retry_delays`: the delay of each retry in seconds, from 0 to [`RETRY_DELAY_SECS_MAX`]; the last one repeats. There
    /// are 1 to [`RETRY_DELAYS_MAX`].
    Delays(Vec<i64>),
    /// `retry_backoff`: a formula.
    Formula(BackOffFormula),
}

/// `{"kind": "exponential|linear|constant", "base": seconds, "max": seconds}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackOffFormula {
    /// How delays grow.
    pub kind: BackOffKind,
    /// The first delay in seconds, from 0 to [`RETRY_DELAY_SECS_MAX`].
    pub base_secs: i64,
    /// The longest delay in seconds, from 0 to [`RETRY_DELAY_SECS_MAX`]; none if the job does not say.
    pub max_secs: Option<i64>,
}

/// How delays grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackOffKind {
    /// base, 2 × base, 4 × base, …
    Exponential,
    /// base, 2 × base, 3 × base, …
    Linear,
    /// base, base, base, …
    Constant,
}

impl Job {
    /// The back-off that `custom` asks for; none if it asks for none.
    ///
    /// # Errors
    ///
    /// If it asks for one in words that are not understood.
    pub fn back_off(&self) -> Result<Option<BackOff>, WireError> {
        match self.custom() {
            Some(custom) if may_ask(custom.get()) => Members::read(custom.get())
                .map_err(|error| error.to_wire_error())?
                .back_off(),
            _ => Ok(None),
        }
    }
}

/// Whether a key of a back-off may be there.
fn may_ask(custom: &str) -> bool {
    let custom = custom.as_bytes();
    memchr::memmem::find(custom, b"\"retry_").is_some() || memchr::memchr(b'\\', custom).is_some()
}

impl Members<'_> {
    fn back_off(&self) -> Result<Option<BackOff>, WireError> {
        match (self.retry_delays, self.retry_backoff) {
            (None, None) => Ok(None),
            (Some(delays), None) => read_delays(delays).map(BackOff::Delays).map(Some),
            (None, Some(formula)) => read_formula(formula).map(BackOff::Formula).map(Some),
            (Some(_), Some(_)) => Err(WireError::err(
                "custom has both retry_delays and retry_backoff: give one of them",
            )),
        }
    }
}

fn read_delays(value: &RawValue) -> Result<Vec<i64>, WireError> {
    let mut delays = Vec::new();
    let mut wrong = false;
    let read = json::read_elements(value.get(), "retry_delays", |element| match secs(element) {
        Some(secs) if delays.len() < RETRY_DELAYS_MAX => delays.push(secs),
        _ => wrong = true,
    });
    if read.is_ok() && !wrong && !delays.is_empty() {
        return Ok(delays);
    }
    Err(WireError::err(format!(
        "retry_delays must be a list of 1 to {RETRY_DELAYS_MAX} whole numbers of seconds from 0 to {RETRY_DELAY_SECS_MAX}"
    )))
}

/// Keys match in exactly this case, and there are no others: a misspelt one would have no effect.
fn read_formula(value: &RawValue) -> Result<BackOffFormula, WireError> {
    let (mut kind, mut base, mut max) = (None, None, None);
    let mut unknown = false;
    let read = json::read_members(value.get(), &[], |key, value| {
        match json::text(key).unwrap_or_default().as_ref() {
            "kind" => kind = Some(value),
            "base" => base = Some(value),
            "max" => max = Some(value).filter(|value| value.get() != "null"),
            _ => unknown = true,
        }
    });
    let kind = kind.and_then(|kind| match kind.get() {
        "\"exponential\"" => Some(BackOffKind::Exponential),
        "\"linear\"" => Some(BackOffKind::Linear),
        "\"constant\"" => Some(BackOffKind::Constant),
        _ => None,
    });
    let max_secs = max.map(secs);
    match (read, kind, base.and_then(secs), max_secs) {
        (Ok(_), Some(kind), Some(base_secs), None | Some(Some(_))) if !unknown => {
            Ok(BackOffFormula {
                kind,
                base_secs,
                max_secs: max_secs.flatten(),
            })
        }
        _ => Err(WireError::err(format!(
            "retry_backoff must be {{\"kind\":\"exponential\"|\"linear\"|\"constant\",\"base\":seconds,\
             \"max\":seconds}} with whole numbers of seconds from 0 to {RETRY_DELAY_SECS_MAX}"
        ))),
    }
}

/// A whole number of seconds that a delay may have.
fn secs(value: &RawValue) -> Option<i64> {
    let secs = value.get().parse().ok()?;
    (0..=RETRY_DELAY_SECS_MAX).contains(&secs).then_some(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back_off(custom: &str) -> Result<Option<BackOff>, String> {
        let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[],"custom":{custom}}}"#);
        let job = Job::parse(json.as_bytes()).unwrap();
        job.back_off().map_err(|error| error.text)
    }

    fn delays(delays: &[i64]) -> Option<BackOff> {
        Some(BackOff::Delays(delays.to_vec()))
    }

    #[test]
    fn a_back_off_is_read_however_its_key_is_spelled() {
        for custom in [
            "{\"a\":1}",
            "{\"retry_delays\":null}",
            "{\"x\":\"retry_delays\"}",
        ] {
            assert_eq!(back_off(custom).unwrap(), None, "{custom}");
        }
        assert_eq!(
            back_off(r#"{"retry_delays":[0, 7]}"#).unwrap(),
            delays(&[0, 7])
        );
        assert_eq!(
            back_off(r#"{"retry\u005fdelays":[1]}"#).unwrap(),
            delays(&[1])
        );
        let formula = BackOffFormula {
            kind: BackOffKind::Linear,
            base_secs: 2,
            max_secs: None,
        };
        for max in ["", r#","max":null"#] {
            let custom = format!(r#"{{"retry_backoff":{{"kind":"linear","base":2{max}}}}}"#);
            assert_eq!(back_off(&custom).unwrap(), Some(BackOff::Formula(formula)));
        }
    }

    #[test]
    fn other_members_may_be_anything() {
        let custom = r#"{"\ud83d":"\udc00","deep":[[{"a":[]}]],"retry_delays":[5]}"#;
        assert_eq!(back_off(custom).unwrap(), delays(&[5]));
    }

    #[test]
    fn no_more_delays_are_taken_than_are_allowed() {
        let list = |count: usize| format!("{{\"retry_delays\":[{}]}}", vec!["1"; count].join(","));
        assert_eq!(
            back_off(&list(RETRY_DELAYS_MAX)).unwrap(),
            delays(&[1; RETRY_DELAYS_MAX])
        );
        let error = back_off(&list(RETRY_DELAYS_MAX + 1)).unwrap_err();
        assert!(
            error.starts_with("retry_delays must be a list of 1 to 100"),
            "{error}"
        );
    }

    #[test]
    fn a_back_off_that_is_not_understood_is_refused() {
        for delays in [
            "[]",
            "[-1]",
            "[1.5]",
            "[\"1\"]",
            "[null]",
            "[31536001]",
            "1",
            "{}",
        ] {
            let error = back_off(&format!("{{\"retry_delays\":{delays}}}")).unwrap_err();
            assert!(error.starts_with("retry_delays must"), "{delays}: {error}");
        }
        for formula in [
            "5",
            "{}",
            r#"{"kind":"linear"}"#,
            r#"{"base":1}"#,
            r#"{"kind":"cubic","base":1}"#,
            r#"{"kind":"linear","base":-1}"#,
            r#"{"kind":"linear","base":null}"#,
            r#"{"kind":"linear","base":1,"max":"2"}"#,
            r#"{"kind":"linear","base":1,"mx":2}"#,
        ] {
            let error = back_off(&format!("{{\"retry_backoff\":{formula}}}")).unwrap_err();
            assert!(
                error.starts_with("retry_backoff must"),
                "{formula}: {error}"
            );
        }
    }
}
