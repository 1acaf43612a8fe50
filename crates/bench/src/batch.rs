//! The jobs of one PUSHB.

use crate::job::{JID_AT, JID_BYTES, JobTemplate};

/// The JSON of several jobs, ready but for their ids.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    json: Vec<u8>,
    /// Bytes of a job and of what separates it from the next.
    stride: usize,
}

impl Batch {
    /// Room for `count` jobs, each template in turn. All templates have the same number of bytes.
    pub(crate) fn new(templates: &[JobTemplate], count: usize) -> Self {
        let mut json = vec![b'['];
        for template in templates.iter().cycle().take(count) {
            json.extend_from_slice(template.json());
            json.push(b',');
        }
        let job_bytes = templates.first().map_or(0, |job| job.json().len());
        Self {
            json,
            stride: job_bytes + 1,
        }
    }

    /// The JSON of jobs with these ids, of which there are as many as there is room for at most.
    pub(crate) fn with_jids(&mut self, jids: impl Iterator<Item = [u8; JID_BYTES]>) -> &[u8] {
        let mut end = 1;
        if let Some(jobs) = self.json.get_mut(1..) {
            for (job, jid) in jobs.chunks_exact_mut(self.stride).zip(jids) {
                if let Some(place) = job.get_mut(JID_AT..JID_AT + JID_BYTES) {
                    place.copy_from_slice(&jid);
                }
                if let Some(separator) = job.last_mut() {
                    *separator = b',';
                }
                end += self.stride;
            }
        }
        if let Some(last) = self.json.get_mut(1..end).and_then(<[u8]>::last_mut) {
            *last = b']';
        }
        self.json.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use workmill_proto::{Command, parse_command};

    use super::*;
    use crate::job::{JobNumber, Run};

    #[test]
    fn a_batch_is_a_pushb_of_any_number_of_its_jobs() {
        let run = Run::new().unwrap();
        let templates = [0, 1].map(|queue| run.template(&run.queue(queue), 300).unwrap());
        let mut batch = Batch::new(&templates, 3);
        let first = JobNumber {
            producer: 7,
            number: 5,
        };
        // Short ones leave nothing behind in those that come after them.
        for count in [3, 1, 2, 3] {
            let json = batch.with_jids(first.and_next(count).map(|job| run.jid(job)));
            let line = [b"PUSHB ", json].concat();
            let Ok(Command::PushBulk(entries)) = parse_command(&line) else {
                panic!("a PUSHB the server takes");
            };
            let jobs: Vec<_> = entries.into_iter().map(Result::unwrap).collect();
            assert_eq!(jobs.len(), count as usize);
            for (index, job) in (0..).zip(jobs) {
                let number = JobNumber {
                    number: 5 + index,
                    ..first
                };
                assert_eq!(job.jid.as_bytes(), run.jid(number));
                assert_eq!(job.queue, run.queue((index % 2) as u16));
            }
        }
    }
}
