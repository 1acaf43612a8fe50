//! Answers as documents write them, with what is different each time left open.

use std::collections::BTreeMap;

use workmill_tests::instant_in;

/// What the names in angle brackets stand for: the first answer that has one says it.
pub type Names = BTreeMap<String, String>;

/// A command with what its names stand for in their places; `<in 60 s>` is the instant that many seconds from now.
pub fn filled_in(command: &str, names: &Names) -> String {
    let mut filled = String::new();
    let mut rest = command;
    while let Some((before, name, after)) = split_at_name(rest) {
        filled.push_str(before);
        let secs = name
            .strip_prefix("in ")
            .and_then(|words| words.strip_suffix(" s"));
        match secs.map(|secs| secs.parse().expect("a number of seconds")) {
            Some(secs) => filled.push_str(&instant_in(secs)),
            None => {
                filled.push_str(names.get(name).unwrap_or_else(|| {
                    panic!("no answer before {command:?} says what <{name}> is")
                }))
            }
        }
        rest = after;
    }
    filled + rest
}

/// Whether an answer is as it was written: `…` stands for anything, a name for what it stood for before, or, if it is
/// new, for letters, digits, `-` and `_`, and for those from then on.
pub fn fits(written: &str, answer: &str, names: &mut Names) -> bool {
    let (name, open) = (split_at_name(written), written.find('…'));
    match (name, open) {
        (Some((before, name, after)), open) if open.is_none_or(|at| before.len() < at) => {
            let Some(answer) = answer.strip_prefix(before) else {
                return false;
            };
            let known = names.get(name).cloned();
            let meant = known.unwrap_or_else(|| answer.chars().take_while(is_of_a_name).collect());
            let Some(answer) = answer.strip_prefix(meant.as_str()) else {
                return false;
            };
            names.insert(name.to_owned(), meant);
            fits(after, answer, names)
        }
        (_, Some(at)) => {
            let (before, after) = (&written[..at], &written[at + '…'.len_utf8()..]);
            answer.strip_prefix(before).is_some_and(|answer| {
                let starts = answer.char_indices().map(|(start, _)| start);
                let mut rests = starts.chain([answer.len()]).map(|start| &answer[start..]);
                rests.any(|rest| fits(after, rest, names))
            })
        }
        _ => written == answer,
    }
}

fn is_of_a_name(character: &char) -> bool {
    character.is_ascii_alphanumeric() || "-_".contains(*character)
}

/// What is before the first name in angle brackets, the name, and what is after it.
fn split_at_name(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('<')?;
    let (name, after) = rest.split_once('>')?;
    Some((before, name, after))
}

#[test]
fn what_is_written_fits_only_what_it_says() {
    let names = &mut Names::new();
    for (written, answer) in [
        ("+OK", "+OK"),
        ("<bid>", "b-1_x"),
        (
            r#"{"bid":"<bid>",…,"total":1}"#,
            r#"{"bid":"b-1_x","a":"…","total":1}"#,
        ),
        ("{…\"a\":1…}", "{\"a\":1}"),
        ("…<bid>", "is b-1_x"),
    ] {
        assert!(fits(written, answer, names), "{written} {answer}");
    }
    for (written, answer) in [
        ("+OK", "+OK "),
        ("<bid>", "b-2"),
        ("<bid>", "b-1_xy"),
        ("{…\"a\":1}", "{\"a\":1,\"b\":2}"),
        ("a…", "b"),
    ] {
        assert!(!fits(written, answer, names), "{written} {answer}");
    }
    assert_eq!(filled_in("COMMIT <bid>!", names), "COMMIT b-1_x!");
    assert!(filled_in("<in 60 s>", names).starts_with("20"));
}
