//! Random input against the whole crate.
//!
//! Every property is tried 256 times; set `PROPTEST_CASES` for a long campaign:
//! `PROPTEST_CASES=1000000 cargo test --release -p workmill-proto --test fuzz`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "fuzz/input.rs"]
mod input;
#[path = "fuzz/tree.rs"]
mod tree;

use proptest::collection::vec;
use proptest::prelude::*;
use workmill_proto::limits::{
    BATCH_DESCRIPTION_BYTES_MAX, ERROR_TEXT_BYTES_MAX, JID_BYTES_MAX, JSON_DEPTH_MAX,
    TRACK_DESC_BYTES_MAX,
};
use workmill_proto::{
    BatchCommand, Bid, Command, CustomReading, Expiry, Glob, Hello, Job, LineReader, NewBatch,
    Timestamp, TrackCommand, TrackUpdate, WireError, compact_json, parse_command,
};

/// Reads the bytes as a server would, in pieces of these sizes.
fn read_lines(bytes: &[u8], sizes: &[usize], line_bytes_max: usize) -> (Vec<Vec<u8>>, bool) {
    let mut reader = LineReader::new(line_bytes_max);
    let (mut lines, mut rest) = (Vec::new(), bytes);
    for size in sizes.iter().copied().cycle() {
        let (piece, after) = rest.split_at(size.clamp(1, rest.len().max(1)).min(rest.len()));
        reader.buffer_mut().extend_from_slice(piece);
        rest = after;
        loop {
            match reader.next_line() {
                Ok(Some(line)) => lines.push(line.to_vec()),
                Ok(None) => break,
                Err(_) => return (lines, true),
            }
        }
        if rest.is_empty() {
            break;
        }
    }
    (lines, false)
}

/// Reads a line in every way there is and checks what must hold for any line.
fn check_line(line: &[u8]) {
    let _ = Hello::parse(line);
    let _ = Hello::parse(&[b"HELLO ", line].concat());
    match parse_command(line) {
        Ok(Command::Push(job)) => check_job(&job),
        Ok(Command::PushBulk(jobs)) => {
            for job in jobs {
                match job {
                    Ok(job) => check_job(&job),
                    Err(refused) => check_error(&refused.error),
                }
            }
        }
        Ok(Command::Fetch(queues)) => assert!(!queues.is_empty()),
        Ok(Command::Fail(report)) => assert!(!report.jid.is_empty()),
        Ok(Command::Batch(BatchCommand::New(batch))) => check_batch(&batch),
        Ok(Command::Track(TrackCommand::Set(update))) => check_update(&update),
        Ok(_) => {}
        Err(error) => check_error(&error),
    }
}

fn check_batch(batch: &NewBatch) {
    assert!(batch.description.len() <= BATCH_DESCRIPTION_BYTES_MAX);
    let callbacks = [&batch.success, &batch.complete];
    assert!(callbacks.iter().any(|callback| callback.is_some()));
    for callback in callbacks.into_iter().flatten() {
        let mut job = callback.clone();
        if job.jid.is_empty() {
            job.jid = "12345678".to_owned();
        }
        job.set_callback_members("b-1", "success", Some("b-2"));
        check_job(&job);
        let custom = job.custom().unwrap().get();
        let custom: serde_json::Value = serde_json::from_str(custom).unwrap();
        assert_eq!([&custom["_bid"], &custom["_pbid"]], ["b-1", "b-2"]);
        assert!(custom.get("bid").is_none());
    }
}

fn check_update(update: &TrackUpdate) {
    assert!((1..=JID_BYTES_MAX).contains(&update.jid.len()));
    assert!((0..=100).contains(&update.percent.unwrap_or_default()));
    assert!(update.desc.as_ref().map_or(0, String::len) <= TRACK_DESC_BYTES_MAX);
}

fn check_error(error: &WireError) {
    assert!(!error.text.contains(char::is_control), "{error:?}");
    assert!(error.text.len() <= ERROR_TEXT_BYTES_MAX, "{error:?}");
}

/// A job that was accepted is JSON on one line, and stays as it is from then on.
fn check_job(job: &Job) {
    let rendered = job.render();
    assert!(!rendered.body.contains(&b'\n') && !rendered.body.contains(&b'\r'));
    let again = Job::parse(&rendered.body).unwrap().render();
    assert_eq!(rendered, again);
    let stored = Job::parse_stored(&rendered.body).unwrap();
    assert_eq!((&rendered, job.at), (&stored.render(), stored.at));
    let _ = job.failure();
    // What becomes of half a surrogate pair is alike for all of them; the key is not.
    if !String::from_utf8_lossy(&rendered.body).contains('\u{FFFD}') {
        assert_eq!(job.unique_key(), stored.unique_key());
    }
    check_custom(job);
}

fn check_custom(job: &Job) {
    let reading = CustomReading {
        unique: true,
        batch: true,
    };
    match job.custom_rules(reading) {
        Ok(rules) if rules.expiry.is_some() => {
            let mut job = job.clone();
            job.set_expires_at(Timestamp::MAX);
            let again = job.custom_rules(reading).unwrap();
            assert_eq!(again.expiry, Some(Expiry::At(Timestamp::MAX)));
            assert_eq!((again.unique, again.bid), (rules.unique, rules.bid));
        }
        Ok(_) => {}
        Err(error) => check_error(&error),
    }
}

/// The JSON with U+FFFD for every escape of half a surrogate pair, read from left to right.
fn without_halves(json: &str) -> String {
    let unit = |text: &str| {
        let digits = text.strip_prefix("\\u")?.get(..4)?;
        u16::from_str_radix(digits, 16).ok()
    };
    let (mut out, mut rest) = (String::new(), json);
    while let Some(first) = rest.chars().next() {
        let bytes = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xD800..=0xDBFF), Some(0xDC00..=0xDFFF)) => 12,
            (Some(0xD800..=0xDFFF), _) => {
                out.push('\u{FFFD}');
                rest = &rest[6..];
                continue;
            }
            _ if first == '\\' => 2,
            _ => first.len_utf8(),
        };
        out.push_str(&rest[..bytes]);
        rest = &rest[bytes..];
    }
    out
}

/// What a glob means, said as simply as it can be: takes forever on bad patterns.
fn glob_matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], _) => text.is_empty(),
        ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| glob_matches(rest, &text[skip..])),
        ([b'?', rest @ ..], [_, text @ ..]) => glob_matches(rest, text),
        ([b'[', b'^', a, b']', rest @ ..], [byte, text @ ..]) => {
            a != byte && glob_matches(rest, text)
        }
        ([b'[', a, b'-', b, b']', rest @ ..], [byte, text @ ..]) => {
            (a.min(b)..=a.max(b)).contains(&byte) && glob_matches(rest, text)
        }
        ([b'\\', wanted, rest @ ..] | [wanted, rest @ ..], [byte, text @ ..]) => {
            wanted == byte && glob_matches(rest, text)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(line in vec(any::<u8>(), 0..400)) {
        check_line(&line);
    }

    #[test]
    fn random_arguments_do_no_harm(verb in input::verb(), argument in vec(any::<u8>(), 0..200)) {
        check_line(&[verb.as_bytes(), b" ", &argument].concat());
    }

    #[test]
    fn damaged_commands_do_no_harm(line in input::damaged_command()) {
        check_line(&line);
    }

    #[test]
    fn random_json_does_no_harm(verb in input::verb(), json in input::json()) {
        check_line(format!("{verb} {json}").as_bytes());
    }

    #[test]
    fn lines_do_not_depend_on_how_they_are_split(
        bytes in vec(prop_oneof![4 => Just(b'x'), 1 => Just(b'\r'), 1 => Just(b'\n')], 0..300),
        sizes in vec(1_usize..40, 1..20),
        line_bytes_max in 0_usize..40,
    ) {
        let (lines, too_long) = read_lines(&bytes, &sizes, line_bytes_max);
        let mut expected = Vec::new();
        let mut expected_too_long = false;
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let line = piece.strip_suffix(b"\r").unwrap_or(piece);
            expected_too_long = line.len() > line_bytes_max;
            if expected_too_long || pieces.peek().is_none() {
                break;
            }
            expected.push(line.to_vec());
        }
        prop_assert_eq!((lines, too_long), (expected, expected_too_long));
    }

    #[test]
    fn pipelined_commands_come_out_whole(
        commands in vec(input::damaged_command(), 0..20),
        sizes in vec(1_usize..200, 1..20),
    ) {
        let lines: Vec<Vec<u8>> = commands
            .into_iter()
            .map(|line| line.into_iter().filter(|byte| !b"\r\n".contains(byte)).collect())
            .collect();
        let bytes: Vec<u8> = lines.iter().flat_map(|line| [line, &b"\r\n"[..]].concat()).collect();
        prop_assert_eq!(read_lines(&bytes, &sizes, usize::MAX), (lines, false));
    }

    #[test]
    fn nested_json_is_read_or_refused_by_its_depth(
        depth in 1..2 * JSON_DEPTH_MAX,
        objects in any::<bool>(),
    ) {
        let (open, close) = if objects { ("{\"a\":", "}") } else { ("[", "]") };
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[],"x":{nested}}}"#);
        prop_assert_eq!(Job::parse(json.as_bytes()).is_ok(), depth < JSON_DEPTH_MAX);
        check_line(format!("PUSHB [{json}]").as_bytes());
        check_line(format!("MUTATE {nested}").as_bytes());
        // Never closed.
        check_line(format!("PUSH {}", open.repeat(depth)).as_bytes());
    }

    #[test]
    fn values_survive_byte_by_byte_but_for_halves_of_characters(
        args in input::array(),
        custom in input::object(),
        unknown in input::json(),
        key in "[xyz]{1,8}",
    ) {
        let json = format!(
            r#"{{"{key}":{unknown},"custom":{{"c":{custom}}},"jid":"12345678","args":{args},"jobtype":"t"}}"#
        );
        let job = Job::parse(json.as_bytes()).unwrap();
        check_job(&job);
        let wanted = format!(
            r#"{{"retry":25,"custom":{{"c":{custom}}},"jid":"12345678","queue":"default","jobtype":"t","args":{args},"{key}":{unknown}}}"#
        );
        prop_assert_eq!(String::from_utf8(job.render().body).unwrap(), without_halves(&wanted));
        let one_by_one = parse_command(format!("PUSHB [{json}]").as_bytes());
        prop_assert!(matches!(one_by_one, Ok(Command::PushBulk(jobs)) if jobs[0].is_ok()));
    }

    #[test]
    fn texts_survive(jid in "\\PC{8,40}", jobtype in ".{1,40}", created_at in any::<String>()) {
        let mut json = serde_json::json!({ "jid": jid, "jobtype": jobtype, "args": [] });
        json["created_at"] = created_at.clone().into();
        let job = Job::parse(json.to_string().as_bytes()).unwrap();
        check_job(&job);
        prop_assert_eq!(job.created_at.clone().unwrap_or_default(), created_at);
        prop_assert_eq!((job.jid, job.jobtype), (jid, jobtype));
    }

    #[test]
    fn compact_json_means_the_same(json in input::json(), space in "[ \t\r\n]{0,3}") {
        let spaced = format!("{space}{json}{space}");
        let compact = compact_json(spaced.as_bytes());
        let parse = |json: &[u8]| serde_json::from_slice::<serde_json::Value>(json).ok();
        prop_assert_eq!(parse(&compact), parse(spaced.as_bytes()));
        prop_assert_eq!(compact_json(&compact), compact.clone());
    }

    #[test]
    fn a_glob_matches_what_it_means(
        pattern in vec(input::glob_piece(), 0..8),
        text in prop_oneof!["[abc]{0,12}", "(a|ab|aab){0,8}"],
    ) {
        let pattern = pattern.concat();
        let wanted = glob_matches(pattern.as_bytes(), text.as_bytes());
        prop_assert_eq!(Glob::new(&pattern).unwrap().matches(text.as_bytes()), wanted);
    }

    #[test]
    fn random_globs_do_no_harm(pattern in any::<String>(), text in vec(any::<u8>(), 0..100)) {
        let _ = Glob::new(&pattern).unwrap().matches(&text);
    }

    #[test]
    fn jobs_have_one_key_if_their_args_mean_the_same(
        [a, b] in [tree::tree(), tree::tree()],
        space in "[ \t\r\n]{0,2}",
    ) {
        let key = |args: String| {
            let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[{args}]}}"#);
            Job::parse(json.as_bytes()).unwrap().unique_key().unwrap()
        };
        prop_assert_eq!(key(a.render_plain()), key(a.render_oddly(&space)));
        prop_assert_eq!(a == b, key(a.render_plain()) == key(b.render_oddly(&space)));
    }

    #[test]
    fn custom_keys_are_found_wherever_they_are(before in input::object(), after in input::object()) {
        let custom = format!(r#"{{"x":{before},"bid":7,"y":{after}}}"#);
        let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[],"custom":{custom}}}"#);
        let job = Job::parse(json.as_bytes()).unwrap();
        let read = |batch| job.custom_rules(CustomReading { unique: true, batch });
        prop_assert!(read(true).unwrap_err().text.starts_with("custom.bid must"));
        prop_assert!(read(false).is_ok());
    }

    #[test]
    fn batch_ids_read_as_they_were_written(id in 0..1_u64 << 40, check in 0..1_u64 << 40, text in "b-[A-Za-z0-9_-]{14}") {
        let bid = Bid { id, check };
        prop_assert_eq!(Bid::parse(&bid.to_string()), Some(bid));
        if let Some(bid) = Bid::parse(&text) {
            prop_assert_eq!(bid.to_string(), text);
        }
    }

    #[test]
    fn written_times_read_the_same(micros in any::<i64>()) {
        let time = Timestamp::from_micros(micros);
        prop_assert_eq!(Timestamp::parse_rfc3339(&time.to_string()), Some(time));
    }

    #[test]
    fn random_times_do_no_harm(text in "[0-9:.TZ+-]{0,40}", any in any::<String>()) {
        let _ = Timestamp::parse_rfc3339(&text);
        let _ = Timestamp::parse_rfc3339(&any);
    }
}
