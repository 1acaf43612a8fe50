//! What is read of `custom`, and what is refused.

use super::*;
use crate::limits::BID_BYTES_MAX;

const ALL_ON: CustomReading = CustomReading {
    unique: true,
    batch: true,
};

fn read(custom: &str, reading: CustomReading) -> Result<CustomRules, String> {
    let json = format!(r#"{{"jid":"12345678","jobtype":"t","args":[],"custom":{custom}}}"#);
    let job = Job::parse(json.as_bytes()).unwrap();
    job.custom_rules(reading).map_err(|error| error.text)
}

fn rules(custom: &str) -> CustomRules {
    read(custom, ALL_ON).unwrap_or_else(|error| panic!("{custom}: {error}"))
}

fn error(custom: &str) -> String {
    read(custom, ALL_ON).expect_err(custom)
}

fn unique(millis: u64, until_start: bool) -> Option<UniqueRule> {
    Some(UniqueRule {
        unique_for: Duration::from_millis(millis),
        until_start,
    })
}

#[test]
fn a_job_that_asks_for_nothing_has_no_rules() {
    for custom in [
        "null",
        "{}",
        r#"{"a":1}"#,
        r#"{"a":{"bid":"b-1","unique_for":0,"track":1,"expires_in":-1}}"#,
        r#"{"a":"\"bid\"","b\\id":1}"#,
        r#"{"Bid":1,"TRACK":1,"Unique_For":0,"expires_In":-1,"_bid":1}"#,
        r#"{"bid":null,"track":null,"unique_for":null,"expires_at":null,"expires_in":null}"#,
        r#"{"unique_for":false}"#,
        r#"{"unique_until":"whenever"}"#,
        r#"{"unique_for":false,"unique_until":"whenever"}"#,
    ] {
        assert_eq!(rules(custom), CustomRules::default(), "{custom}");
    }
}

#[test]
fn everything_a_job_asks_for_is_read() {
    let custom = r#"{"unique_for" : 60, "unique_until": "start", "bid":"b-1", "track":1, "expires_in":"1h30m", "x":[]}"#;
    let wanted = CustomRules {
        unique: unique(60_000, true),
        bid: Some("b-1".to_owned()),
        track: true,
        expiry: Some(Expiry::In(Duration::from_secs(5400))),
    };
    assert_eq!(rules(custom), wanted);
}

#[test]
fn a_key_in_another_spelling_is_the_same_key() {
    let custom = r#"{"\u0062id":"b-1","uniqu\u0065_for":5,"\u0074rack":1,"expires\u005fin":1}"#;
    let wanted = CustomRules {
        unique: unique(5_000, false),
        bid: Some("b-1".to_owned()),
        track: true,
        expiry: Some(Expiry::In(Duration::from_secs(1))),
    };
    assert_eq!(rules(custom), wanted);
}

#[test]
fn the_last_of_equal_keys_wins() {
    let last = rules(r#"{"bid":1,"bi\u0064":"b-1","track":1,"track":0}"#);
    assert_eq!((last.bid.as_deref(), last.track), (Some("b-1"), false));
    assert_eq!(rules(r#"{"unique_for":0,"unique_for":null}"#).unique, None);
}

#[test]
fn what_belongs_to_a_feature_that_is_off_is_not_read() {
    let custom = r#"{"unique_for":0,"bid":7,"\u0061":1}"#;
    let off = CustomReading {
        unique: false,
        batch: false,
    };
    assert_eq!(read(custom, off), Ok(CustomRules::default()));
    let text = read(custom, CustomReading { batch: true, ..off }).unwrap_err();
    assert!(text.starts_with("custom.bid"), "{text}");
    let text = read(
        custom,
        CustomReading {
            unique: true,
            ..off
        },
    )
    .unwrap_err();
    assert!(text.starts_with("custom.unique_for"), "{text}");
    assert!(read(r#"{"track":true}"#, off).unwrap().track);
    assert!(read(r#"{"expires_in":-1}"#, off).is_err());
}

#[test]
fn unique_for_is_a_number_of_seconds() {
    for (value, millis) in [
        ("0.5", 500),
        ("1e-3", 1),
        ("1", 1_000),
        ("1.0", 1_000),
        ("1.25", 1_250),
        ("1e3", 1_000_000),
    ] {
        let custom = format!(r#"{{"unique_for":{value}}}"#);
        assert_eq!(rules(&custom).unique, unique(millis, false), "{value}");
    }
    for value in ["0.000001", "1e-9", "1e-300"] {
        let rule = rules(&format!(r#"{{"unique_for":{value}}}"#))
            .unique
            .unwrap();
        assert_eq!(rule.unique_for, Duration::from_micros(1), "{value}");
    }
    for value in [
        "0", "0.0", "-0.5", "-5", "\"60\"", "true", "[]", "{}", "\"\"",
    ] {
        assert_eq!(
            error(&format!(r#"{{"unique_for":{value}}}"#)),
            format!("custom.unique_for must be a number of seconds above 0, not {value}")
        );
    }
}

#[test]
fn unique_until_is_success_or_start() {
    let custom = |until| format!(r#"{{"unique_for":1,"unique_until":{until}}}"#);
    for (until, until_start) in [
        ("null", false),
        ("\"success\"", false),
        ("\"st\\u0061rt\"", true),
    ] {
        assert_eq!(rules(&custom(until)).unique, unique(1_000, until_start));
    }
    for until in ["\"Start\"", "\"\"", "1", "\"finish\""] {
        assert_eq!(
            error(&custom(until)),
            format!("custom.unique_until must be \"success\" or \"start\", not {until}")
        );
    }
}

#[test]
fn a_batch_is_named_by_a_text() {
    for bid in ["7", "\"\"", "[]", "false"] {
        assert_eq!(
            error(&format!(r#"{{"bid":{bid}}}"#)),
            format!("custom.bid must be the id of a batch, not {bid}")
        );
    }
    let long = "b".repeat(BID_BYTES_MAX + 1);
    assert_eq!(
        error(&format!(r#"{{"bid":"{long}"}}"#)),
        format!("No such batch {long}")
    );
}

#[test]
fn only_one_and_true_ask_for_tracking() {
    for (value, track) in [
        ("1", true),
        ("true", true),
        ("0", false),
        ("false", false),
        ("2", false),
        ("\"1\"", false),
        ("[1]", false),
    ] {
        assert_eq!(
            rules(&format!(r#"{{"track":{value}}}"#)).track,
            track,
            "{value}"
        );
    }
}

#[test]
fn an_expiry_is_a_moment_or_a_duration() {
    let moment = Timestamp::parse_rfc3339("2026-01-31T08:00:00Z").unwrap();
    for text in [
        "2026-01-31T08:00:00Z",
        "2026-01-31 08:00:00",
        "2026-01-31T08:00:00+0000",
    ] {
        let expiry = rules(&format!(r#"{{"expires_at":"{text}"}}"#)).expiry;
        assert_eq!(expiry, Some(Expiry::At(moment)), "{text}");
    }
    for (value, millis) in [
        ("0", 0),
        ("90", 90_000),
        ("1.5", 1_500),
        ("\"1h\"", 3_600_000),
        ("\"1.5s\"", 1_500),
        ("\"0\"", 0),
    ] {
        let expiry = rules(&format!(r#"{{"expires_in":{value}}}"#)).expiry;
        assert_eq!(
            expiry,
            Some(Expiry::In(Duration::from_millis(millis))),
            "{value}"
        );
    }
    let one = rules(r#"{"expires_at":null,"expires_in":1}"#).expiry;
    assert_eq!(one, Some(Expiry::In(Duration::from_secs(1))));
}

#[test]
fn an_expiry_that_is_not_understood_is_refused() {
    for value in [
        "1769846400",
        "\"\"",
        "\"soon\"",
        "\"2026-01-31\"",
        "{}",
        "false",
    ] {
        assert_eq!(
            error(&format!(r#"{{"expires_at":{value}}}"#)),
            format!(
                "custom.expires_at must be a time in ISO 8601, like \"2026-01-31T08:00:00Z\", not {value}"
            )
        );
    }
    for value in ["-1", "-0.5", "\"-1h\"", "true", "[]"] {
        assert_eq!(
            error(&format!(r#"{{"expires_in":{value}}}"#)),
            format!(
                "custom.expires_in must be seconds or a duration like \"1h30m\", and not negative, not {value}"
            )
        );
    }
    for value in ["\"\"", "\"60\"", "\"1y\""] {
        let text = error(&format!(r#"{{"expires_in":{value}}}"#));
        assert!(
            text.starts_with(&format!("custom.expires_in: {value} is not a duration")),
            "{text}"
        );
    }
    assert_eq!(
        error(r#"{"expires_at":"2026-01-31T08:00:00Z","expires_in":1}"#),
        "a job has custom.expires_at or custom.expires_in: send one of them, not both"
    );
}

#[test]
fn no_time_is_longer_than_a_hundred_years() {
    for name in ["unique_for", "expires_in"] {
        let most = Duration::from_secs(CUSTOM_SECS_MAX);
        let rules = rules(&format!(r#"{{"{name}":{CUSTOM_SECS_MAX}}}"#));
        let read = match rules.expiry {
            Some(Expiry::In(time)) => time,
            _ => rules.unique.unwrap().unique_for,
        };
        assert_eq!(read, most);
        for value in [
            "3153600001",
            "1e15",
            "1e400",
            "99999999999999999999999999999999",
        ] {
            assert_eq!(
                error(&format!(r#"{{"{name}":{value}}}"#)),
                format!(
                    "custom.{name} may be at most 3153600000 seconds, which is a hundred years"
                )
            );
        }
    }
    assert!(error(r#"{"expires_in":"900000h"}"#).contains("a hundred years"));
}
