//! `BATCH NEW {"description":"…","parent_bid":"…","success":{job},"complete":{job}}`

use serde_json::value::RawValue;

use super::bounded_bid;
use crate::error::too_long;
use crate::json::{self, JsonError};
use crate::limits::BATCH_DESCRIPTION_BYTES_MAX;
use crate::{Job, WireError};

/// A batch to make. It has at least one callback.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// What it is about, at most [`BATCH_DESCRIPTION_BYTES_MAX`] bytes; empty if the client does not say.
    pub description: String,
    /// The batch it is part of, in the client's words; none if it is part of none.
    pub parent_bid: Option<String>,
    /// The job to run after all of its jobs have succeeded. It has no id unless the client gave it one.
    pub success: Option<Job>,
    /// The job to run after all of its jobs have run once. It has no id unless the client gave it one.
    pub complete: Option<Job>,
}

impl NewBatch {
    /// What else a client sends is ignored, such as an empty `bid`.
    pub(super) fn parse(json: &str) -> Result<Self, WireError> {
        let invalid = |error: JsonError| WireError::err(format!("invalid BATCH NEW: {error}"));
        let names = ["description", "parent_bid", "success", "complete"];
        let [description, parent_bid, success, complete] =
            json::read_members(json, &names, |_, _| {}).map_err(invalid)?;
        let description = json::string("description", description).map_err(invalid)?;
        let description = description.unwrap_or_default().into_owned();
        if description.len() > BATCH_DESCRIPTION_BYTES_MAX {
            return Err(too_long("description", BATCH_DESCRIPTION_BYTES_MAX));
        }
        let parent_bid = json::string("parent_bid", parent_bid).map_err(invalid)?;
        let parent_bid = parent_bid.filter(|bid| !bid.is_empty());
        if let (None, None) = (success, complete) {
            return Err(WireError::err(
                r#"a batch needs a callback: send a job as "success", "complete" or both"#,
            ));
        }
        Ok(Self {
            description,
            parent_bid: parent_bid.map(|bid| bounded_bid(&bid)).transpose()?,
            success: parse_callback("success", success)?,
            complete: parse_callback("complete", complete)?,
        })
    }
}

fn parse_callback(name: &str, value: Option<&RawValue>) -> Result<Option<Job>, WireError> {
    let job = value
        .map(|value| Job::parse_callback(value.get()))
        .transpose();
    job.map_err(|error| WireError::err(format!("{name} callback: {}", error.text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{BatchCommand, Command};
    use crate::limits::BID_BYTES_MAX;
    use crate::parse_command;

    fn new(json: &str) -> Result<NewBatch, String> {
        match parse_command(format!("BATCH NEW {json}").as_bytes()) {
            Ok(Command::Batch(BatchCommand::New(batch))) => Ok(*batch),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.text),
        }
    }

    #[test]
    fn a_batch_is_read_as_clients_send_it() {
        let json = r#"{"bid":"", "parent_bid": "b-1", "description" : "d", "success": {"jid":"12345678",
            "jobtype":"s","queue":"q","args":[ 1 ],"retry":0,"custom":{"a":1}}, "Complete": { "jobtype": "c" }, "x": {}}"#;
        let batch = new(json).unwrap();
        assert_eq!(batch.description, "d");
        assert_eq!(batch.parent_bid.as_deref(), Some("b-1"));
        let body = |job: Option<Job>| String::from_utf8(job.unwrap().render().body).unwrap();
        assert_eq!(
            body(batch.success),
            r#"{"retry":0,"custom":{"a":1},"jid":"12345678","queue":"q","jobtype":"s","args":[ 1 ]}"#
        );
        let complete = batch.complete.unwrap();
        assert_eq!(
            (
                complete.jid.as_str(),
                complete.queue.as_str(),
                complete.retry
            ),
            ("", "default", 25)
        );
        assert_eq!(
            body(Some(complete)),
            r#"{"retry":25,"jid":"","queue":"default","jobtype":"c","args":[]}"#
        );
    }

    #[test]
    fn what_is_null_or_empty_is_absent() {
        let json = r#"{"bid":null,"description":null,"parent_bid":"","success":{"jobtype":"s","jid":null,"args":null},"complete":null}"#;
        let batch = new(json).unwrap();
        assert_eq!((batch.description.as_str(), batch.parent_bid), ("", None));
        assert!(batch.success.is_some() && batch.complete.is_none());
    }

    #[test]
    fn a_batch_without_a_callback_is_refused() {
        for json in ["{}", r#"{"description":"d","success":null}"#] {
            assert_eq!(
                new(json).unwrap_err(),
                r#"a batch needs a callback: send a job as "success", "complete" or both"#
            );
        }
    }

    #[test]
    fn an_error_says_which_callback() {
        for (callback, wanted) in [
            ("{}", "jobs must have a jobtype parameter"),
            (
                r#"{"jobtype":"t","jid":"short"}"#,
                "jobs must have a reasonable jid parameter",
            ),
            (
                r#"{"jobtype":"t","queue":"a b"}"#,
                "cannot get \"a b\" queue: queue names must match \\A[a-zA-Z0-9._-]+\\z",
            ),
            (
                r#"{"jobtype":"t","reserve_for":86401}"#,
                "jobs cannot be reserved for more than one day",
            ),
            (
                r#"{"jobtype":"t","custom":[]}"#,
                "invalid JSON: custom must be an object",
            ),
            ("7", "invalid JSON: it must be an object"),
        ] {
            for name in ["success", "complete"] {
                let text = new(&format!(r#"{{"{name}":{callback}}}"#)).unwrap_err();
                assert_eq!(text, format!("{name} callback: {wanted}"));
            }
        }
    }

    #[test]
    fn what_is_no_batch_is_invalid() {
        for json in [
            "",
            "x",
            "[]",
            "{} x",
            r#"{"description":1,"success":{}}"#,
            r#"{"parent_bid":{},"success":{}}"#,
        ] {
            let text = new(json).unwrap_err();
            assert!(text.starts_with("invalid BATCH NEW: "), "{json}: {text}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let json = |description: usize, bid: usize| {
            let (description, bid) = ("d".repeat(description), "b".repeat(bid));
            format!(
                r#"{{"description":"{description}","parent_bid":"{bid}","success":{{"jobtype":"t"}}}}"#
            )
        };
        assert!(new(&json(BATCH_DESCRIPTION_BYTES_MAX, BID_BYTES_MAX)).is_ok());
        assert_eq!(
            new(&json(BATCH_DESCRIPTION_BYTES_MAX + 1, 0)).unwrap_err(),
            "a description may have at most 65536 bytes: send a shorter one"
        );
        assert!(
            new(&json(0, BID_BYTES_MAX + 1))
                .unwrap_err()
                .starts_with("No such batch bbb")
        );
    }
}
