//! The commands of the workload, as a client sends them.

use std::ops::Range;

/// Asks for a job.
pub(crate) const FETCH: &[u8] = b"FETCH default\r\n";

/// The arguments of every job: they make its payload about 300 bytes long.
const ARGUMENT: &str = concat!(
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz",
    "0123456789abcdefghijklmnopqrs",
);

/// Digits of a job's number in its id.
const JID_DIGITS: usize = 24;

/// Pushes a job.
pub(crate) fn push(number: usize) -> Vec<u8> {
    let mut line = b"PUSH ".to_vec();
    append_job(&mut line, number);
    line.extend_from_slice(b"\r\n");
    line
}

/// Pushes several jobs at once.
pub(crate) fn push_bulk(numbers: Range<usize>) -> Vec<u8> {
    let mut line = b"PUSHB ".to_vec();
    let mut before = b'[';
    for number in numbers {
        line.push(before);
        append_job(&mut line, number);
        before = b',';
    }
    line.extend_from_slice(b"]\r\n");
    line
}

/// Says that a job is done.
pub(crate) fn ack(number: usize) -> Vec<u8> {
    let (jid, _) = digits(number);
    [b"ACK {\"jid\":\"", jid.as_slice(), b"\"}\r\n"].concat()
}

fn append_job(line: &mut Vec<u8>, number: usize) {
    let (jid, zeros) = digits(number);
    let parts = [
        b"{\"jid\":\"",
        jid.as_slice(),
        b"\",\"queue\":\"default\",\"jobtype\":\"SendEmail\",\"args\":[",
        jid.get(zeros..).unwrap_or_default(),
        b",\"",
        ARGUMENT.as_bytes(),
        b"\"],\"retry\":25}",
    ];
    line.reserve(parts.iter().map(|part| part.len()).sum::<usize>() + 2);
    for part in parts {
        line.extend_from_slice(part);
    }
}

/// A number's digits, and how many zeros they begin with. Made by hand: formatting would take as many instructions
/// as a tenth of all that is to be counted.
fn digits(number: usize) -> ([u8; JID_DIGITS], usize) {
    let (mut digits, mut zeros, mut rest) = ([b'0'; JID_DIGITS], JID_DIGITS, number);
    for digit in digits.iter_mut().rev() {
        if rest == 0 {
            break;
        }
        *digit += u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        zeros -= 1;
    }
    (digits, zeros.min(JID_DIGITS - 1))
}
