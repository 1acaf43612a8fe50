//! The jobs that are pushed.

use anyhow::Context as _;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use workmill_proto::Timestamp;

/// The least bytes a job may be asked to have: what the JSON takes without any padding, rounded up.
pub(crate) const PAYLOAD_BYTES_MIN: u32 = 128;

/// Digits of the random part of a run's name.
const RUN_DIGITS: usize = 11;
/// Digits that name the connection a job was pushed by.
const PRODUCER_DIGITS: usize = 4;
/// Digits that count the jobs of one connection.
const NUMBER_DIGITS: usize = 8;
/// Bytes of a job id: a letter and all digits.
pub(crate) const JID_BYTES: usize = 1 + RUN_DIGITS + PRODUCER_DIGITS + NUMBER_DIGITS;

/// Where a job's id begins in its JSON.
pub(crate) const JID_AT: usize = br#"{"jid":""#.len();

/// One measuring of one target. Its name is part of all its queues and job ids, so that it never meets the jobs of
/// others.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    name: String,
    /// What its job ids begin with. Its queues do not contain it.
    marker: Vec<u8>,
}

/// Which job of a run: the connection that pushed it, and the how-manieth of that connection it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JobNumber {
    pub(crate) producer: u16,
    pub(crate) number: u32,
}

impl JobNumber {
    /// This job and those that follow it, `count` in all.
    pub(crate) fn and_next(self, count: u32) -> impl Iterator<Item = Self> {
        let numbers = self.number..self.number.saturating_add(count);
        numbers.map(move |number| Self { number, ..self })
    }
}

impl Run {
    /// A run with a name of its own. Fails if the system gives no random numbers.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let random = OsRng.try_next_u64()? >> (64 - 4 * RUN_DIGITS);
        let name = format!("{random:0RUN_DIGITS$x}");
        Ok(Self {
            marker: format!("j{name}").into_bytes(),
            name,
        })
    }

    /// The n-th of its queues.
    pub(crate) fn queue(&self, index: u16) -> String {
        format!("bench-{}-{index:04}", self.name)
    }

    /// All of its queues.
    pub(crate) fn queues(&self, count: u16) -> Vec<String> {
        (0..count).map(|index| self.queue(index)).collect()
    }

    /// The worker that all of its connections belong to.
    pub(crate) fn wid(&self) -> String {
        format!("bench-{}", self.name)
    }

    /// The id of a job.
    pub(crate) fn jid(&self, job: JobNumber) -> [u8; JID_BYTES] {
        let mut jid = [b'0'; JID_BYTES];
        for (place, byte) in jid.iter_mut().zip(&self.marker) {
            *place = *byte;
        }
        let (rest, number) = jid.split_at_mut(JID_BYTES - NUMBER_DIGITS);
        write_hex(number, job.number);
        let (_, producer) = rest.split_at_mut(1 + RUN_DIGITS);
        write_hex(producer, job.producer.into());
        jid
    }

    /// Finds the id of a job of this run in its JSON, however a server may have arranged it. None if the job is not of
    /// this run.
    pub(crate) fn find(&self, json: &[u8]) -> Option<JobNumber> {
        let start = memchr::memmem::find(json, &self.marker)? + self.marker.len();
        let digits = json.get(start..start + PRODUCER_DIGITS + NUMBER_DIGITS)?;
        let (producer, number) = std::str::from_utf8(digits)
            .ok()?
            .split_at_checked(PRODUCER_DIGITS)?;
        Some(JobNumber {
            producer: u16::from_str_radix(producer, 16).ok()?,
            number: u32::from_str_radix(number, 16).ok()?,
        })
    }

    /// A job for one of its queues, of `bytes` bytes in all.
    ///
    /// It vanishes when it fails (`retry` 0): measuring must not leave jobs behind.
    pub(crate) fn template(&self, queue: &str, bytes: u32) -> anyhow::Result<JobTemplate> {
        JobTemplate::new(queue, "", bytes)
    }

    /// The same, as a member of a batch.
    pub(crate) fn member_template(
        &self,
        queue: &str,
        bytes: u32,
        bid: &str,
    ) -> anyhow::Result<JobTemplate> {
        JobTemplate::new(queue, &format!(r#""custom":{{"bid":"{bid}"}},"#), bytes)
    }

    /// The same, to be put into its queue at `at`.
    pub(crate) fn scheduled_template(
        &self,
        queue: &str,
        bytes: u32,
        at: Timestamp,
    ) -> anyhow::Result<JobTemplate> {
        JobTemplate::new(queue, &format!(r#""at":"{at}","#), bytes)
    }

    /// What is found in the JSON of its jobs and of nobody else's: a pattern for MUTATE.
    pub(crate) fn pattern(&self) -> String {
        format!("*bench-{}-*", self.name)
    }
}

/// Fills `digits` with the last digits of a number. By hand, as formatting took as long as all else that is done for a
/// job of a batch.
fn write_hex(digits: &mut [u8], mut number: u32) {
    for digit in digits.iter_mut().rev() {
        let low = number & 0xf;
        *digit = *b"0123456789abcdef".get(low as usize).unwrap_or(&b'0');
        number >>= 4;
    }
}

/// The JSON of a job, ready but for its id.
#[derive(Clone, Debug)]
pub(crate) struct JobTemplate {
    json: Vec<u8>,
}

impl JobTemplate {
    fn new(queue: &str, more: &str, bytes: u32) -> anyhow::Result<Self> {
        let jid = "0".repeat(JID_BYTES);
        let head = format!(
            r#"{{"jid":"{jid}","queue":"{queue}","jobtype":"Bench","retry":0,{more}"args":[""#
        );
        let tail = r#""]}"#;
        let padding = (bytes as usize)
            .checked_sub(head.len() + tail.len())
            .with_context(|| format!("a job needs more than {bytes} bytes"))?;
        let json = [head.as_str(), &"x".repeat(padding), tail].concat();
        Ok(Self {
            json: json.into_bytes(),
        })
    }

    /// The JSON, with some id.
    pub(crate) fn json(&self) -> &[u8] {
        &self.json
    }

    /// The JSON of the job with this id.
    pub(crate) fn with_jid(&mut self, jid: &[u8; JID_BYTES]) -> &[u8] {
        if let Some(place) = self.json.get_mut(JID_AT..JID_AT + JID_BYTES) {
            place.copy_from_slice(jid);
        }
        &self.json
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use workmill_proto::{Command, Glob, parse_command};

    use super::*;

    const JOB: JobNumber = JobNumber {
        producer: 0xab,
        number: 0x1234_5678,
    };

    #[test]
    fn a_job_has_the_bytes_asked_for_and_its_id() {
        let run = Run::new().unwrap();
        let jid = run.jid(JOB);
        for bytes in [PAYLOAD_BYTES_MIN, 300, 10_000] {
            let mut template = run.template(&run.queue(9_999), bytes).unwrap();
            let json = template.with_jid(&jid).to_vec();
            assert_eq!(json.len(), bytes as usize);
            let line = [b"PUSH ", json.as_slice()].concat();
            let Ok(Command::Push(job)) = parse_command(&Bytes::from(line)) else {
                panic!("a PUSH the server takes");
            };
            assert_eq!(job.jid.as_bytes(), jid);
            assert_eq!(job.queue, run.queue(9_999));
        }
    }

    #[test]
    fn a_member_of_a_batch_says_so() {
        let run = Run::new().unwrap();
        let mut template = run
            .member_template(&run.queue(0), 300, "b-0123456789abcd")
            .unwrap();
        let json = template.with_jid(&run.jid(JOB)).to_vec();
        assert_eq!(json.len(), 300);
        let job: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(job["custom"]["bid"], "b-0123456789abcd");
    }

    #[test]
    fn a_scheduled_job_has_its_time_and_is_of_its_run() {
        let run = Run::new().unwrap();
        let at = Timestamp::parse_rfc3339("2031-02-03T04:05:06.789Z").unwrap();
        let mut template = run.scheduled_template(&run.queue(0), 300, at).unwrap();
        let json = template.with_jid(&run.jid(JOB)).to_vec();
        assert_eq!(json.len(), 300);
        let line = [b"PUSH ", json.as_slice()].concat();
        let Ok(Command::Push(job)) = parse_command(&Bytes::from(line)) else {
            panic!("a PUSH the server takes");
        };
        assert_eq!(job.at, Some(at));
        let [own, foreign] =
            [&run, &Run::new().unwrap()].map(|run| Glob::new(&run.pattern()).unwrap());
        assert!(own.matches(&json) && !foreign.matches(&json));
    }

    #[test]
    fn the_id_is_found_wherever_a_server_puts_it() {
        let run = Run::new().unwrap();
        let jid = String::from_utf8(run.jid(JOB).to_vec()).unwrap();
        let queue = run.queue(0);
        for json in [
            format!(r#"{{"retry":0,"jid":"{jid}","queue":"{queue}"}}"#),
            format!(r#"{{"queue": "{queue}", "jid": "{jid}"}}"#),
        ] {
            assert_eq!(run.find(json.as_bytes()), Some(JOB), "{json}");
        }
        let foreign = Run::new().unwrap().jid(JOB);
        assert_eq!(run.find(&foreign), None);
        assert_eq!(run.find(&jid.as_bytes()[..JID_BYTES - 1]), None);
    }
}
