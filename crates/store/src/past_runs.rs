//! The last runs of a cron entry, and how they become bytes.
//!
//! `version (1 byte) | CRC-32 of the entry's name and all that follows (4 bytes, little endian) | runs`. Numbers are
//! [varints](crate::record), moments 8 bytes.

use crc32fast::Hasher;
use workmill_proto::Timestamp;

use crate::TrackState;
use crate::record::{
    put_micros, put_text, put_varint, take_bytes, take_micros, take_text, take_varint,
};

const VERSION: u8 = 1;

/// Bytes before the runs: the version and the checksum.
const PREFIX_BYTES: usize = 5;

/// The last runs of a cron entry, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PastRuns(pub Vec<PastRun>);

/// A run of a cron entry: what was due, or asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// When its job was pushed.
    pub at: Timestamp,
    /// The id of its job; none if the job was refused.
    pub jid: Option<Box<str>>,
    /// Where the job is, or what became of it; unknown if it was deleted, has expired, or was refused.
    pub state: TrackState,
    /// When it was last handed out; none if it never was.
    pub started_at: Option<Timestamp>,
    /// When its state last changed.
    pub changed_at: Timestamp,
}

/// The states by the numbers that stand for them.
const STATES: [TrackState; 6] = [
    TrackState::Unknown,
    TrackState::Enqueued,
    TrackState::Working,
    TrackState::Success,
    TrackState::Failed,
    TrackState::Dead,
];

impl PastRuns {
    /// The form they are stored in under the name of their entry.
    pub(crate) fn encode(&self, name: &str) -> Vec<u8> {
        let mut runs = Vec::new();
        for run in &self.0 {
            put_run(&mut runs, run);
        }
        let mut out = Vec::with_capacity(PREFIX_BYTES + runs.len());
        out.push(VERSION);
        out.extend_from_slice(&checksum(name, &runs).to_le_bytes());
        out.append(&mut runs);
        out
    }

    /// Reads what is stored under this name; none if it is not that.
    pub(crate) fn decode(name: &str, bytes: &[u8]) -> Option<Self> {
        let (&[version, a, b, c, d], mut input) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
        if version != VERSION || checksum(name, input) != u32::from_le_bytes([a, b, c, d]) {
            return None;
        }
        let mut runs = Vec::new();
        while !input.is_empty() {
            runs.push(take_run(&mut input)?);
        }
        Some(Self(runs))
    }
}

fn put_run(out: &mut Vec<u8>, run: &PastRun) {
    put_micros(out, run.at.as_micros());
    put_text(out, run.jid.as_deref().unwrap_or_default());
    let state = STATES.iter().position(|state| *state == run.state);
    put_varint(out, state.unwrap_or_default() as u64);
    put_micros(out, run.changed_at.as_micros());
    out.push(u8::from(run.started_at.is_some()));
    if let Some(at) = run.started_at {
        put_micros(out, at.as_micros());
    }
}

fn take_run(input: &mut &[u8]) -> Option<PastRun> {
    let at = Timestamp::from_micros(take_micros(input)?);
    let jid = take_text(input)?;
    let state = usize::try_from(take_varint(input)?).ok()?;
    let changed_at = Timestamp::from_micros(take_micros(input)?);
    let started_at = match take_bytes(input, 1)? {
        [0] => None,
        _ => Some(Timestamp::from_micros(take_micros(input)?)),
    };
    Some(PastRun {
        at,
        jid: (!jid.is_empty()).then_some(jid),
        state: *STATES.get(state)?,
        started_at,
        changed_at,
    })
}

fn checksum(name: &str, runs: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(name.as_bytes());
    hasher.update(runs);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs() -> PastRuns {
        let at = Timestamp::from_micros(1_700_000_000_000_000);
        let runs = STATES.iter().enumerate().map(|(n, state)| PastRun {
            at,
            jid: (n > 0).then(|| format!("jid-{n}").into()),
            state: *state,
            started_at: (n > 1).then_some(at),
            changed_at: at,
        });
        PastRuns(runs.collect())
    }

    #[test]
    fn runs_come_back_as_they_were() {
        for runs in [PastRuns::default(), runs()] {
            let bytes = runs.encode("nightly");
            assert_eq!(PastRuns::decode("nightly", &bytes), Some(runs));
        }
    }

    #[test]
    fn damaged_runs_and_those_of_another_entry_are_not_read() {
        let bytes = runs().encode("nightly");
        assert_eq!(PastRuns::decode("other", &bytes), None);
        for at in 0..bytes.len() {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1;
            assert_eq!(PastRuns::decode("nightly", &flipped), None, "byte {at}");
        }
    }
}
