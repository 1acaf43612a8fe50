use super::Glob;
use crate::limits::{GLOB_BYTES_MAX, GLOB_PART_BYTES_MAX, GLOB_WILDCARDS_MAX};

fn matches(pattern: &str, text: &str) -> bool {
    Glob::new(pattern).unwrap().matches(text.as_bytes())
}

#[test]
fn a_pattern_matches_the_whole_text() {
    assert!(matches("abc", "abc"));
    assert!(!matches("abc", "abcd"));
    assert!(!matches("bcd", "abcd"));
    assert!(!matches("abc", "ab"));
    assert!(matches("", ""));
    assert!(!matches("", "a"));
}

#[test]
fn a_star_stands_for_any_bytes() {
    for text in ["ab", "a-b", "abab", "a**b", "a\nb", "aéb"] {
        assert!(matches("a*b", text), "{text}");
    }
    assert!(!matches("a*b", "abc"));
    for text in ["", "a", "*"] {
        assert!(matches("*", text));
        assert!(matches("***", text));
    }
    assert!(matches("*ab*cd*", "xxabyabzcd"));
    assert!(!matches("*ab*cd*", "cdab"));
    assert!(matches("*aab", "aaaab"));
    assert!(matches("a*?", "ab"));
    assert!(!matches("a*?", "a"));
    assert!(!matches("*a", ""));
}

#[test]
fn literals_have_stars_between_them() {
    let glob = |texts: &[&str], text: &str| {
        Glob::of_literals(texts.iter().copied()).matches(text.as_bytes())
    };
    assert!(glob(&["a*?["], "a*?["));
    assert!(!glob(&["a"], "ab"));
    assert!(glob(&["a", ""], "ab"));
    assert!(glob(&["", "b", "", "d"], "abcd"));
    assert!(!glob(&["a", "b"], "abc"));
    assert!(glob(&[], "") && !glob(&[], "a"));
}

#[test]
fn a_question_mark_stands_for_one_byte() {
    assert!(matches("a?c", "abc"));
    assert!(!matches("a?c", "ac"));
    assert!(matches("??", "é"));
}

#[test]
fn a_class_stands_for_one_of_its_bytes() {
    assert!(matches("[abc]", "b"));
    assert!(!matches("[abc]", "d"));
    assert!(matches("x[a-c0-9]y", "x7y"));
    assert!(matches("[c-a]", "b"));
    assert!(matches("[^a-c]", "d"));
    assert!(!matches("[^a-c]", "b"));
    assert!(matches(r"[\]\-\^]", "]"));
    assert!(matches(r"[\]\-\^]", "-"));
    assert!(matches("[*]", "*"));
    assert!(!matches("[*]", "x"));
    assert!(matches("*[0-9][0-9]", "job 42"));
}

#[test]
fn odd_classes_are_read_as_redis_reads_them() {
    assert!(matches("[ab", "b"));
    assert!(!matches("[]", "]"));
    assert!(matches("[^]", "x"));
    assert!(!matches("[", "["));
}

#[test]
fn a_backslash_takes_the_next_byte_literally() {
    assert!(matches(r"\*\?\[\\", r"*?[\"));
    assert!(!matches(r"\*", "x"));
    assert!(matches(r"\a", "a"));
    assert!(matches("\\", "\\"));
}

#[test]
fn patterns_of_clients_find_their_jobs() {
    let job = r#"{"retry":25,"jid":"12345678","jobtype":"order","args":["fizz"]}"#;
    assert!(matches(r#"*\"args\":\[\"fizz\"]*"#, job));
    assert!(matches(r#"*\"args\":\[\"fizz\"\]*"#, job));
    assert!(!matches(r#"*\"args\":\[\"buzz\"]*"#, job));
    // The bracket opens a class: as in Redis, it does not stand for itself.
    assert!(!matches(r#"*"args":["fizz"]*"#, job));
}

#[test]
fn the_ends_of_a_pattern_do_not_overlap() {
    assert!(matches("ab*ba", "abba"));
    assert!(!matches("ab*ba", "aba"));
    assert!(!matches("a?*?a", "aba"));
    assert!(matches("a?*b*?a", "axbya"));
    assert!(!matches("a?*b*?a", "abya"));
    assert!(!matches("*ab*ab", "xab"));
}

#[test]
fn the_longest_part_with_a_class_is_found() {
    let part = format!(
        "{}?c",
        "[ab]".repeat(62) + &"b".repeat(GLOB_PART_BYTES_MAX - 64)
    );
    let text = "b".repeat(GLOB_PART_BYTES_MAX - 1) + "c";
    for (pattern, around) in [("*P*", "x"), ("P", ""), ("*P", ""), ("P*", "")] {
        let pattern = pattern.replace('P', &part);
        assert!(matches(&pattern, &format!("{around}{text}{around}")));
        assert!(!matches(&pattern, &format!("{around}b{around}")));
        assert!(!matches(&pattern, &text.replace('c', "d")));
    }
}

/// These would take minutes if the time were the product of both lengths.
#[test]
fn a_malicious_pattern_takes_no_longer_than_another() {
    let text = "a".repeat(8 * 1024 * 1024);
    let literal = "a".repeat(GLOB_BYTES_MAX - 3);
    let classes = "a".repeat(GLOB_PART_BYTES_MAX - 2);
    let one_by_one = "*a".repeat(GLOB_BYTES_MAX / 2 - 1);
    let wildcards = "*?".repeat(GLOB_WILDCARDS_MAX);
    for pattern in [
        format!("*{literal}b*"),
        format!("*b{literal}*"),
        format!("*{classes}?b*"),
        format!("*?b{classes}*"),
        format!("{one_by_one}*b"),
        format!("{wildcards}*b*"),
    ] {
        assert!(!matches(&pattern, &text), "{pattern}");
    }
}

#[test]
fn a_pattern_has_a_limit() {
    assert!(Glob::new(&"a".repeat(GLOB_BYTES_MAX)).is_ok());
    let text = Glob::new(&"a".repeat(GLOB_BYTES_MAX + 1)).unwrap_err().text;
    assert_eq!(
        text,
        "a regexp may have at most 1024 bytes: use a shorter one with *"
    );
}

#[test]
fn wildcards_other_than_stars_have_a_limit() {
    for wildcard in ["?", "[a-z]", "?*"] {
        assert!(Glob::new(&wildcard.repeat(GLOB_WILDCARDS_MAX)).is_ok());
        let text = Glob::new(&wildcard.repeat(GLOB_WILDCARDS_MAX + 1))
            .unwrap_err()
            .text;
        assert_eq!(
            text,
            "a regexp may have at most 64 of ? and [...]: use * for some"
        );
    }
    assert!(Glob::new(&r"\?".repeat(GLOB_WILDCARDS_MAX + 1)).is_ok());
}

#[test]
fn a_part_with_wildcards_has_a_limit() {
    let part = "a".repeat(GLOB_PART_BYTES_MAX);
    for pattern in [
        format!("{part}?"),
        format!("*[b]{part}*"),
        format!("*{part}?"),
    ] {
        let text = Glob::new(&pattern).unwrap_err().text;
        assert_eq!(
            text,
            "a part of a regexp with ? or [...] may match at most 128 bytes: divide it by *"
        );
    }
    assert!(Glob::new(&format!("{part}{part}*?*{part}{part}")).is_ok());
}
