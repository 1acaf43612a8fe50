//! Whether all languages say the same things, and how numbers, times and phrases come out.

use std::collections::BTreeSet;
use std::time::Duration;

use workmill_proto::Timestamp;

use super::{Language, Phrase, Texts};

/// How many forms a text has that depends on a number.
fn forms(language: Language) -> usize {
    let counts = (0..=200).chain([1_000, 1_003, 1_011]);
    let used: BTreeSet<usize> = counts.map(|count| language.plural(count)).collect();
    // No form is left out, so the last one tells how many there are.
    used.last().map_or(0, |last| last + 1)
}

fn placeholders(text: &str) -> BTreeSet<&str> {
    let parts = text.split('{').skip(1);
    parts
        .map(|part| part.split_once('}').expect("a closed placeholder").0)
        .collect()
}

#[test]
fn every_language_has_every_text_with_its_forms_and_placeholders() {
    let english = Language::English.texts().all();
    for language in Language::ALL {
        let texts = language.texts().all();
        for ((name, theirs), (_, ours)) in texts.iter().zip(&english) {
            let is_counted = Texts::counted().contains(name);
            let wanted = if is_counted { forms(language) } else { 1 };
            assert_eq!(theirs.len(), wanted, "{language:?} {name}");
            let needed: BTreeSet<&str> = ours.iter().flat_map(|text| placeholders(text)).collect();
            for text in theirs {
                assert!(!text.trim().is_empty(), "{language:?} {name} says nothing");
                let mut found = placeholders(text);
                if is_counted {
                    // "once" has no number.
                    found.insert("n");
                }
                assert_eq!(found, needed, "{language:?} {name}");
                let is_odd = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
                assert!(!is_odd, "{language:?} {name} has spaces to spare");
            }
        }
    }
}

#[test]
fn every_form_is_for_some_number() {
    for language in Language::ALL {
        let used: BTreeSet<usize> = (0..=200).map(|count| language.plural(count)).collect();
        assert_eq!(used, (0..forms(language)).collect(), "{language:?}");
    }
    let arabic = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103];
    let arabic = arabic.map(|count| Language::Arabic.plural(count));
    assert_eq!(arabic, [0, 1, 2, 3, 3, 4, 4, 5, 5, 3]);
    let french = [0, 1, 2].map(|count| Language::French.plural(count));
    assert_eq!(french, [0, 0, 1]);
}

#[test]
fn browser_gets_the_language_it_asks_for_most() {
    for (accepted, language) in [
        ("de-AT,de;q=0.9,en;q=0.8", Some(Language::German)),
        ("en;q=0.2, fr ; q=0.9", Some(Language::French)),
        ("sv-SE,ar", Some(Language::Arabic)),
        ("ja;q=0,es;q=0.1", Some(Language::Spanish)),
        ("es;q=x", None),
        ("sv", None),
        ("", None),
    ] {
        assert_eq!(Language::negotiate(accepted), language, "{accepted}");
    }
}

#[test]
fn numbers_are_grouped_as_readers_are_used_to() {
    let written = |language: Language| [0, 999, 1_234, 1_234_567].map(|it| language.number(it));
    assert_eq!(
        written(Language::English),
        ["0", "999", "1,234", "1,234,567"]
    );
    assert_eq!(
        written(Language::German),
        ["0", "999", "1.234", "1.234.567"]
    );
    let measured = [0.0, 0.04, 1.25, 9.0, 12.5, 1e30].map(|it| Language::German.measure(it));
    assert_eq!(measured[..5], ["0", "0", "1,2", "9", "12"]);
    let sizes = [0, 1_023, 1_536, 3 << 30].map(|it| Language::English.bytes(it));
    assert_eq!(
        sizes,
        ["0\u{a0}B", "1,023\u{a0}B", "1.5\u{a0}KiB", "3\u{a0}GiB"]
    );
    let spanish = ["0", "999", "1234", "1\u{202f}234\u{202f}567"];
    assert_eq!(written(Language::Spanish), spanish);
}

#[test]
fn spans_have_two_units_at_most_and_moments_tell_both_sides() {
    let english = Language::English;
    for (millis, text) in [
        (0, "0\u{a0}s"),
        (250, "250\u{a0}ms"),
        (59_999, "59\u{a0}s"),
        (720_000, "12\u{a0}min"),
        (3_600_000, "1\u{a0}h"),
        (3_840_000, "1\u{a0}h 4\u{a0}min"),
        (259_200_000, "3\u{a0}d"),
    ] {
        assert_eq!(english.span(Duration::from_millis(millis)), text);
    }
    let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00.5Z").expect("a time");
    let before = now.plus_secs(-240);
    assert_eq!(english.distance(before, now), "4\u{a0}min ago");
    assert_eq!(Language::German.distance(before, now), "vor 4\u{a0}min");
    assert_eq!(
        Language::Japanese.distance(now.plus_secs(9), now),
        "9\u{79d2}\u{5f8c}"
    );
    assert_eq!(english.distance(now, now), "now");
    let html = english.moment(before, now);
    let title = "title=\"2026-03-01 09:56:00 UTC\"";
    assert!(html.as_str().contains(title), "{html}");
}

#[test]
fn what_is_put_into_a_phrase_is_escaped_and_never_looked_into() {
    let text = "{queue} has {n} of {queue}";
    let phrase = Phrase::new(Language::English, text)
        .text("queue", "<b>{n}")
        .number("n", &1_000);
    assert_eq!(
        phrase.to_string(),
        "<bdi>&lt;b&gt;{n}</bdi> has 1,000 of <bdi>&lt;b&gt;{n}</bdi>"
    );
    assert_eq!(
        phrase.plain(),
        "\u{2068}<b>{n}\u{2069} has 1,000 of \u{2068}<b>{n}\u{2069}"
    );
}
