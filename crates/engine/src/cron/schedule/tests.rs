use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

use super::*;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn schedule(text: &str, zone: &str) -> Schedule {
    Schedule::parse(text, TimeZone::get(zone).unwrap()).unwrap()
}

/// The first ticks after a moment.
fn ticks(text: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
    let schedule = schedule(text, zone);
    let mut moment = at(after);
    let mut ticks = Vec::new();
    while ticks.len() < count
        && let Some(tick) = schedule.next_after(moment)
    {
        assert!(tick > moment, "{text}: {tick} is not after {moment}");
        ticks.push(tick.to_string());
        moment = tick;
    }
    ticks
}

#[test]
fn a_tick_is_after_the_moment_and_not_at_it() {
    assert_eq!(
        ticks("*/10 * * * *", "UTC", "2026-03-01T10:00:00Z", 2),
        ["2026-03-01T10:10:00Z", "2026-03-01T10:20:00Z"]
    );
    assert_eq!(
        ticks("0 10 * * *", "UTC", "2026-03-01T09:59:59.999999Z", 1),
        ["2026-03-01T10:00:00Z"]
    );
    assert_eq!(
        ticks("* * * * * *", "UTC", "2026-03-01T09:59:58.5Z", 2),
        ["2026-03-01T09:59:59Z", "2026-03-01T10:00:00Z"]
    );
}

#[test]
fn names_stand_for_fields() {
    for (name, next) in [
        ("@yearly", "2027-01-01T00:00:00Z"),
        ("@annually", "2027-01-01T00:00:00Z"),
        ("@monthly", "2026-04-01T00:00:00Z"),
        ("@weekly", "2026-03-08T00:00:00Z"),
        ("@daily", "2026-03-05T00:00:00Z"),
        ("@midnight", "2026-03-05T00:00:00Z"),
        ("@hourly", "2026-03-04T11:00:00Z"),
        ("  @hourly ", "2026-03-04T11:00:00Z"),
    ] {
        assert_eq!(ticks(name, "UTC", "2026-03-04T10:30:00Z", 1), [next]);
    }
}

#[test]
fn an_interval_counts_from_the_moment() {
    assert_eq!(
        ticks("@every 1h30m", "UTC", "2026-03-04T10:30:00.5Z", 2),
        ["2026-03-04T12:00:00.5Z", "2026-03-04T13:30:00.5Z"]
    );
}

#[test]
fn days_are_those_of_the_zone() {
    assert_eq!(
        ticks("30 9 * * MON", "Asia/Kolkata", "2026-03-01T00:00:00Z", 1),
        ["2026-03-02T04:00:00Z"]
    );
    assert_eq!(
        ticks("0 0 1 * *", "Pacific/Apia", "2026-03-02T00:00:00Z", 1),
        ["2026-03-31T11:00:00Z"]
    );
}

#[test]
fn a_time_that_is_skipped_in_spring_runs_at_the_first_moment_after() {
    // In Berlin 02:00 to 03:00 is missing on 29 March 2026: 03:00 is 01:00 UTC.
    for text in [
        "30 2 * * *",
        "0,30 2 * * *",
        "*/30 2 * * *",
        "59 59 2 * * *",
        "0 */2 29 3 *",
    ] {
        let found = ticks(text, "Europe/Berlin", "2026-03-29T00:00:00Z", 1);
        assert_eq!(found, ["2026-03-29T01:00:00Z"], "{text}");
    }
    let next = ticks("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2);
    assert_eq!(next, ["2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]);
    // Half an hour is missing on Lord Howe Island on 4 October 2026, from 02:00.
    let next = ticks(
        "15 2 * * *",
        "Australia/Lord_Howe",
        "2026-10-03T12:00:00Z",
        2,
    );
    assert_eq!(next, ["2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z"]);
    // Midnight was missing in São Paulo on 4 November 2018.
    let next = ticks("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 1);
    assert_eq!(next, ["2018-11-04T03:00:00Z"]);
    // The whole of 30 December 2011 was missing in Apia.
    let next = ticks("0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", 2);
    assert_eq!(next, ["2011-12-30T10:00:00Z", "2012-12-29T22:00:00Z"]);
}

#[test]
fn an_hourly_interval_keeps_its_interval_in_spring() {
    assert_eq!(
        ticks("30 * * * *", "Europe/Berlin", "2026-03-29T00:00:00Z", 3),
        [
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-29T02:30:00Z"
        ]
    );
    assert_eq!(
        ticks("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3),
        [
            "2026-03-29T00:30:00Z",
            "2026-03-29T01:00:00Z",
            "2026-03-29T01:30:00Z"
        ]
    );
}

#[test]
fn a_fixed_time_that_comes_twice_in_autumn_runs_once() {
    // In Berlin 02:00 to 03:00 comes twice on 25 October 2026, from 00:00 UTC.
    assert_eq!(
        ticks("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
        ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    assert_eq!(
        ticks("0,30 1-3 * * *", "Europe/Berlin", "2026-10-24T23:45:00Z", 4),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:00:00Z",
            "2026-10-25T02:30:00Z"
        ]
    );
    // Whoever starts within the repetition does not run it again.
    assert_eq!(
        ticks("30 2 * * *", "Europe/Berlin", "2026-10-25T01:10:00Z", 1),
        ["2026-10-26T01:30:00Z"]
    );
}

#[test]
fn an_interval_goes_on_in_autumn() {
    assert_eq!(
        ticks("30 * * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4),
        [
            "2026-10-24T23:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T02:30:00Z"
        ]
    );
    assert_eq!(
        ticks("*/30 2 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 4),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T01:30:00Z"
        ]
    );
    assert_eq!(
        ticks("0 2-4/2 * * *", "Europe/Berlin", "2026-10-24T23:00:00Z", 3),
        [
            "2026-10-25T00:00:00Z",
            "2026-10-25T01:00:00Z",
            "2026-10-25T03:00:00Z"
        ]
    );
}

#[test]
fn what_never_comes_ends_in_nothing() {
    for zone in ["UTC", "Europe/Berlin"] {
        assert_eq!(
            ticks("0 0 30 2 *", zone, "2026-01-01T00:00:00Z", 1),
            [""; 0]
        );
        assert_eq!(
            ticks("0 0 0 1 1 ? 2025", zone, "2026-01-01T00:00:00Z", 1),
            [""; 0]
        );
        let end = Timestamp::MAX.to_string();
        assert_eq!(ticks("* * * * *", zone, &end, 1), [""; 0]);
    }
}

#[test]
fn late_ticks_are_settled_by_one_run() {
    let settled = |text: &str, tick: &str, now: &str| {
        let settled = schedule(text, "UTC").settle(at(tick), at(now));
        (settled.done.to_string(), settled.next.unwrap().to_string())
    };
    let pair = |done: &str, next: &str| (done.to_owned(), next.to_owned());
    assert_eq!(
        settled(
            "*/10 * * * *",
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:00:00.3Z"
        ),
        pair("2026-03-01T10:00:00Z", "2026-03-01T10:10:00Z")
    );
    assert_eq!(
        settled(
            "*/10 * * * *",
            "2026-03-01T10:00:00Z",
            "2026-03-01T10:35:00Z"
        ),
        pair("2026-03-01T10:35:00Z", "2026-03-01T10:40:00Z")
    );
    assert_eq!(
        settled(
            "@every 10m",
            "2026-03-01T10:01:00.5Z",
            "2026-03-01T10:01:01Z"
        ),
        pair("2026-03-01T10:01:00.5Z", "2026-03-01T10:11:00.5Z")
    );
    assert_eq!(
        settled(
            "@every 10m",
            "2026-03-01T10:01:00.5Z",
            "2026-03-01T10:35:00Z"
        ),
        pair("2026-03-01T10:31:00.5Z", "2026-03-01T10:41:00.5Z")
    );
}

#[test]
fn a_zone_before_the_schedule_is_split_off() {
    assert_eq!(split_zone(" 0 5 * * * "), (None, "0 5 * * *"));
    assert_eq!(split_zone("TZ=UTC 0 5 * * *"), (Some("UTC"), "0 5 * * *"));
    assert_eq!(
        split_zone("CRON_TZ=Europe/Berlin\t @daily"),
        (Some("Europe/Berlin"), "@daily")
    );
    assert_eq!(split_zone("TZ=UTC"), (Some("UTC"), ""));
    assert_eq!(split_zone("TZ= 0 5 * * *"), (Some(""), "0 5 * * *"));
}

#[test]
fn what_is_no_schedule_says_why() {
    let error = |text: &str| {
        Schedule::parse(text, TimeZone::UTC)
            .unwrap_err()
            .to_string()
    };
    assert!(error("").contains("not 0"), "{}", error(""));
    assert!(error("@reboot").contains("there are @yearly"));
    assert!(error("@every").contains("@every with a duration"));
    assert!(error("@everyday").contains("\"@everyday\" is not known"));
    assert!(error("@every 1x").contains("unknown unit \"x\""));
    for text in ["0", "-5s", "500ms", "1.5s"] {
        let text = error(&format!("@every {text}"));
        assert!(text.contains("whole seconds, at least one"), "{text}");
    }
    assert!(error(&"*".repeat(1_001)).contains("at most 1000 bytes"));
}

/// Five to eight fields of what schedules are made of, mostly nonsense.
fn random_text(rng: &mut SmallRng) -> String {
    const PARTS: [&str; 16] = [
        "*", "?", "/", "-", ",", "0", "1", "2", "7", "31", "59", "FEB", "sun", "2099", "99999",
        "\u{e4}",
    ];
    let fields = (0..rng.random_range(5..=8)).map(|_| {
        if rng.random_bool(0.5) {
            return ["*", "1", "2-7", "*/2"][rng.random_range(0..4)].to_owned();
        }
        let parts = if rng.random_bool(0.7) { 1 } else { 3 };
        (0..parts)
            .map(|_| PARTS[rng.random_range(0..PARTS.len())])
            .collect()
    });
    fields.collect::<Vec<_>>().join(" ")
}

#[test]
fn whatever_is_read_as_a_schedule_ends_its_search() {
    let mut rng = SmallRng::seed_from_u64(1);
    let mut read = 0;
    for _ in 0..100_000 {
        let text = random_text(&mut rng);
        let Ok(schedule) = Schedule::parse(&text, TimeZone::get("Australia/Lord_Howe").unwrap())
        else {
            continue;
        };
        read += 1;
        for moment in [Timestamp::MIN, at("2026-04-04T15:00:00Z"), Timestamp::MAX] {
            let tick = schedule.next_after(moment);
            assert!(tick.is_none_or(|tick| tick > moment), "{text}: {tick:?}");
        }
    }
    assert!(read > 500, "only {read} texts were schedules");
}
