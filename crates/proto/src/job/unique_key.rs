//! What makes a job like another.

use sha2::{Digest, Sha256};

use super::Job;
use crate::WireError;
use crate::json::write_canonical;
use crate::limits::UNIQUE_MEMBERS_MAX;

impl Job {
    /// A key that two jobs have in common if they are of one queue and type and have args that mean the same, and
    /// else do not.
    ///
    /// The order of keys, white space and escapes mean nothing in args, but numbers are taken as they are written. The
    /// args are those that were sent: what [`Job::render`] makes of half a surrogate pair is alike for all of them.
    /// Keys are stored: another way to make them would let through jobs like those that are there.
    ///
    /// # Errors
    ///
    /// If the objects in the args have more than [`UNIQUE_MEMBERS_MAX`] members together.
    pub fn unique_key(&self) -> Result<[u8; 32], WireError> {
        let mut hash = Sha256::new();
        for name in [&self.queue, &self.jobtype] {
            // With its length before it, no name can be read as another one and the start of what follows.
            hash.update(u64::try_from(name.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(name);
        }
        write_canonical(&self.args, UNIQUE_MEMBERS_MAX, |piece| hash.update(piece)).ok_or_else(|| {
            WireError::err(format!(
                "the objects in the args of a unique job may have at most {UNIQUE_MEMBERS_MAX} members together: \
                 send fewer, or leave out custom.unique_for"
            ))
        })?;
        Ok(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(queue: &str, jobtype: &str, args: &str) -> [u8; 32] {
        let json = format!(
            r#"{{"jid":"12345678","queue":"{queue}","jobtype":"{jobtype}","args":{args}}}"#
        );
        let job = Job::parse(json.as_bytes()).unwrap();
        job.unique_key().unwrap()
    }

    #[test]
    fn jobs_that_mean_the_same_have_one_key() {
        let wanted = key("q", "t", r#"[{"a":[1,2],"b":"A"},3]"#);
        for args in [
            r#"[ {"b" : "A", "a":[1, 2]}, 3 ]"#,
            r#"[{"b":"\u0041","\u0061":[1,2]},3]"#,
            r#"[{"a":0,"b":"A","a":[1,2]},3]"#,
        ] {
            assert_eq!(key("q", "t", args), wanted, "{args}");
        }
        let other = r#"{"jid":"87654321","queue":"q","jobtype":"\u0074","retry":1,"custom":{"a":1},
            "args":[{"a":[1,2],"b":"A"},3],"x":1}"#;
        assert_eq!(
            Job::parse(other.as_bytes()).unwrap().unique_key(),
            Ok(wanted)
        );
    }

    #[test]
    fn jobs_that_differ_have_two_keys() {
        let jobs = [
            ("q", "t", "[]"),
            ("qt", "t", "[]"),
            ("q", "tt", "[]"),
            ("qt", "u", "[]"),
            ("q", "tu", "[]"),
            ("q", "t[]", "[]"),
            ("q", "t", "[[]]"),
            ("q", "t", "[1]"),
            ("q", "t", "[1.0]"),
            ("q", "t", r#"["1"]"#),
            ("q", "t", "[1,2]"),
            ("q", "t", "[2,1]"),
            ("q", "t", "[12]"),
            ("q", "t", r#"[{"a":1}]"#),
            ("q", "t", r#"[{"A":1}]"#),
            ("q", "t", r#"[{"a":1},{"b":2}]"#),
            ("q", "t", r#"[{"a":1,"b":2}]"#),
            ("q", "t", r#"[{"a":{"b":2}}]"#),
            ("q", "t", r#"["\ud83d"]"#),
            ("q", "t", r#"["\ud83e"]"#),
            ("q", "t", r#"["\ufffd"]"#),
        ];
        let keys: std::collections::HashSet<_> = jobs
            .iter()
            .map(|(queue, jobtype, args)| key(queue, jobtype, args))
            .collect();
        assert_eq!(keys.len(), jobs.len());
    }

    #[test]
    fn the_key_of_a_job_never_changes() {
        let mut hash = Sha256::new();
        hash.update(b"\0\0\0\0\0\0\0\x01q\0\0\0\0\0\0\0\x02ty[{\"a\":1,\"b\":2}]");
        let wanted: [u8; 32] = hash.finalize().into();
        assert_eq!(key("q", "ty", r#"[{"b":2,"a":1}]"#), wanted);
    }
}
