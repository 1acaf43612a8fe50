//! In which order a group runs what different clients have asked for.
//!
//! What several clients have asked for at a time has no order as long as none of it is answered, so a group may choose
//! one: alike commands cost less if they follow each other. What one client has asked for keeps its order: the ops of
//! a submission stay together, and all that it may hand over before the answers are there is a FETCH, whose rank is after
//! that of all it may hand over before, or something that has no rank.

use workmill_engine::rank_of_all;

use super::submission::Submission;

/// Puts submissions together whose ops are alike.
pub(super) fn put_alike_together(submissions: &mut [Submission]) {
    workmill_engine::put_alike_together(submissions, |submission| rank_of_all(&submission.ops));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smallvec::SmallVec;
    use workmill_engine::{Ack, BulkPush, Fail, Fetch, Op, Requeue, ServerId, Ticket};
    use workmill_proto::{CustomReading, FailReport, Job, Timestamp};

    use super::*;

    fn op(letter: char) -> Op {
        match letter {
            'P' => {
                let job = Job::parse(br#"{"jid":"job-0001","jobtype":"T","args":[]}"#).unwrap();
                Op::push(job, Timestamp::from_micros(0), CustomReading::ALL).unwrap()
            }
            'F' => Op::Fetch(Fetch {
                queues: vec!["q".to_owned()].into(),
                wid: "w".into(),
                server: ServerId::LOCAL,
                connection: 0,
            }),
            'A' => Op::Ack(Ack {
                jid: "job-0001".to_owned(),
                wid: "w".into(),
            }),
            'L' => Op::Fail(Arc::new(Fail {
                report: FailReport {
                    jid: "job-0001".to_owned(),
                    errtype: String::new(),
                    message: String::new(),
                    backtrace: Vec::new(),
                },
                wid: "w".into(),
            })),
            'B' => Op::PushBulk(BulkPush::new(
                Vec::new(),
                Timestamp::from_micros(0),
                CustomReading::ALL,
            )),
            'R' => Op::Requeue(Requeue {
                jid: "job-0001".to_owned(),
                wid: "w".into(),
            }),
            'I' => Op::Info,
            'X' => Op::Forget(Ticket(0)),
            _ => panic!("no op has the letter {letter}"),
        }
    }

    /// Submissions, each word one; their words with their serials after they were put in order.
    fn ordered(words: &str) -> String {
        let mut submissions: Vec<Submission> = words
            .split_whitespace()
            .zip(0..)
            .map(|(word, serial)| Submission {
                serial,
                ops: word.chars().map(op).collect::<SmallVec<_>>(),
                bytes: 0,
                sink: None,
            })
            .collect();
        put_alike_together(&mut submissions);
        let words: Vec<&str> = words.split_whitespace().collect();
        let in_order = submissions.iter().map(|submission| {
            let serial = submission.serial;
            format!("{}{serial}", words[usize::try_from(serial).unwrap()])
        });
        in_order.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn alike_submissions_come_together_and_keep_their_order() {
        assert_eq!(ordered("F P A F P A P"), "A2 A5 P1 P4 P6 F0 F3");
        assert_eq!(ordered("F PP P AAA"), "AAA3 PP1 P2 F0");
        assert_eq!(ordered("F L P A L"), "A3 P2 L1 L4 F0");
        assert_eq!(ordered("I F P I A I"), "A4 P2 F1 I0 I3 I5");
    }

    #[test]
    fn nothing_passes_what_has_no_rank() {
        // The FETCH is to be forgotten, which must not happen before it has come.
        assert_eq!(ordered("F X P A"), "F0 X1 A3 P2");
        // A client may hand over its PUSHB, and ask something else before, without waiting for that answer.
        assert_eq!(ordered("F B A"), "F0 B1 A2");
        assert_eq!(ordered("F P R F P"), "P1 F0 R2 P4 F3");
        assert_eq!(ordered("F R A"), "F0 R1 A2");
    }

    #[test]
    fn what_one_client_has_pipelined_stays_together() {
        assert_eq!(ordered("F PA P A"), "F0 PA1 A3 P2");
    }

    #[test]
    fn nothing_at_all_is_in_order() {
        assert_eq!(ordered(""), "");
    }
}
