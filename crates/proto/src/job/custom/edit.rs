//! What the server writes into a job's `custom`.

use serde_json::value::RawValue;

use crate::json::{replace_members, write_string};
use crate::time::Rfc3339;
use crate::{Job, Timestamp};

impl Job {
    /// Says in `custom` when the job expires, in place of `expires_at` and `expires_in`. Other members keep their
    /// text and order.
    pub fn set_expires_at(&mut self, moment: Timestamp) {
        let moment = quoted(Rfc3339::of(moment).as_str());
        self.replace_custom(&[("expires_in", None), ("expires_at", Some(&moment))]);
    }

    /// Says in `custom` that the job is the callback of a batch (`_bid`), which one (`_cb`, as `success` or
    /// `complete`) and of which batch that is part (`_pbid`), as workers of Faktory expect it. Whatever the client
    /// said of that is replaced, and the job itself is in no batch: `bid` is removed. Other members keep their text
    /// and order.
    pub fn set_callback_members(&mut self, bid: &str, kind: &str, parent_bid: Option<&str>) {
        let [bid, kind] = [bid, kind].map(quoted);
        let parent_bid = parent_bid.map(quoted);
        self.replace_custom(&[
            ("bid", None),
            ("_bid", Some(&bid)),
            ("_cb", Some(&kind)),
            ("_pbid", parent_bid.as_deref()),
        ]);
    }

    fn replace_custom(&mut self, changes: &[(&str, Option<&str>)]) {
        let custom = self.custom.as_deref().map_or("{}", RawValue::get);
        self.custom = RawValue::from_string(replace_members(custom, changes)).ok();
    }
}

fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(custom: &str) -> Job {
        let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[],"custom":{custom}}}"#);
        Job::parse(json.as_bytes()).unwrap()
    }

    fn custom(job: &Job) -> &str {
        job.custom().unwrap().get()
    }

    #[test]
    fn an_expiry_replaces_what_was_said_of_it() {
        let moment = Timestamp::from_micros(1_500_000);
        let wanted = r#""expires_at":"1970-01-01T00:00:01.5Z"}"#;
        for (before, others) in [
            ("null", "{"),
            (r#"{"expires_in":1}"#, "{"),
            (
                r#"{"z":1.0,"expires_in":"1h", "a" : [ 1 ]}"#,
                r#"{"z":1.0,"a":[ 1 ],"#,
            ),
            (
                r#"{"\u0065xpires_in":1,"expires_at":"x","Expires_In":9}"#,
                r#"{"Expires_In":9,"#,
            ),
        ] {
            let mut job = job(before);
            job.set_expires_at(moment);
            assert_eq!(custom(&job), format!("{others}{wanted}"));
        }
    }

    #[test]
    fn a_callback_says_whose_it_is_whatever_the_client_said() {
        let mut job = job(
            r#"{"bid":"b-1","_bid":"b-2","b":{"bid":1},"_cb":"x","_pb\u0069d":"b-3","track":1}"#,
        );
        job.set_callback_members("b-\"", "success", None);
        assert_eq!(
            custom(&job),
            r#"{"b":{"bid":1},"track":1,"_bid":"b-\"","_cb":"success"}"#
        );
        job.set_callback_members("b-5", "complete", Some("b-6"));
        assert_eq!(
            custom(&job),
            r#"{"b":{"bid":1},"track":1,"_bid":"b-5","_cb":"complete","_pbid":"b-6"}"#
        );
    }
}
