//! From a job to JSON.

use super::Job;
use crate::json::{replace_lone_surrogates, write_integer, write_string};

/// A job as it is stored and, but for one field, sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// Compact JSON without `enqueued_at`, on one line.
    pub body: Vec<u8>,
    /// Where in `body` the text `,"enqueued_at":"…"` belongs, in bytes.
    pub enqueued_at_index: u32,
}

/// Room for the names of the fields and for the numbers, in bytes.
const NAMES_BYTES: usize = 192;

impl Job {
    /// Writes the job with its fields in Faktory's order, the unknown ones last. `retry` is always there;
    /// else nothing is that is null or empty. Halves of surrogate pairs become U+FFFD.
    pub fn render(&self) -> Rendered {
        let mut out = Vec::with_capacity(self.rendered_bytes_estimate());
        out.extend_from_slice(b"{\"retry\":");
        write_integer(&mut out, self.retry);
        write_raw(&mut out, ",\"failure\":", self.failure.as_deref());
        write_raw(
            &mut out,
            ",\"custom\":",
            self.custom.as_deref().map(|custom| custom.get()),
        );
        write_text(&mut out, ",\"jid\":", Some(&self.jid));
        write_text(&mut out, ",\"queue\":", Some(&self.queue));
        write_text(&mut out, ",\"jobtype\":", Some(&self.jobtype));
        write_text(&mut out, ",\"created_at\":", self.created_at.as_deref());
        // A line is never so long that this does not fit.
        let enqueued_at_index = u32::try_from(out.len()).unwrap_or(u32::MAX);
        write_text(&mut out, ",\"at\":", self.at_text.as_deref());
        write_raw(&mut out, ",\"args\":", Some(&self.args));
        write_number(&mut out, ",\"reserve_for\":", self.reserve_for_secs);
        write_number(&mut out, ",\"backtrace\":", self.backtrace);
        write_raw(&mut out, "", Some(&self.unknown));
        out.push(b'}');
        Rendered {
            body: out,
            enqueued_at_index,
        }
    }

    fn rendered_bytes_estimate(&self) -> usize {
        let raw = [
            Some(self.args.len()),
            self.custom.as_deref().map(|custom| custom.get().len()),
            self.failure.as_deref().map(str::len),
        ];
        let texts = [self.created_at.as_deref(), self.at_text.as_deref()];
        let strings = [&self.jid, &self.queue, &self.jobtype, &self.unknown];
        NAMES_BYTES
            + raw.into_iter().flatten().sum::<usize>()
            + texts.into_iter().flatten().map(str::len).sum::<usize>()
            + strings.into_iter().map(String::len).sum::<usize>()
    }
}

fn write_raw(out: &mut Vec<u8>, name: &str, json: Option<&str>) {
    if let Some(json) = json {
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&replace_lone_surrogates(json.as_bytes()));
    }
}

fn write_text(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        out.extend_from_slice(name.as_bytes());
        write_string(out, text);
    }
}

fn write_number(out: &mut Vec<u8>, name: &str, number: Option<i64>) {
    if let Some(number) = number {
        out.extend_from_slice(name.as_bytes());
        write_integer(out, number);
    }
}
