//! Recurring jobs as they are written down.

use workmill_proto::Timestamp;

use super::*;

/// An entry that is right, with more keys before its job.
fn entry(schedule: &str, more: &str) -> String {
    format!("[[cron]]\nschedule = \"{schedule}\"\n{more}\n[cron.job]\ntype = \"Report\"\n")
}

fn names(setup: &Setup) -> Vec<String> {
    let cron = setup.load().cron;
    cron.iter().map(|(name, _)| name.to_string()).collect()
}

#[test]
fn entries_of_all_files_come_together() {
    let setup = Setup::with_config(&entry("@daily", "name = \"b\"")).file(
        "20-more.toml",
        &format!(
            "{}{}",
            entry("@hourly", ""),
            entry("@weekly", "name = \"c\"")
        ),
    );
    assert_eq!(names(&setup), ["Report @hourly", "b", "c"]);
    assert_eq!(setup.warnings(), Vec::<String>::new());
}

#[test]
fn cron_can_be_turned_off() {
    let off = "[cron_plugin]\nenabled = false\n";
    let setup = Setup::with_config(&format!(
        "{off}{}{}",
        entry("@daily", ""),
        entry("not at all", "")
    ));
    assert_eq!(names(&setup), [""; 0]);
    assert_eq!(setup.warnings(), Vec::<String>::new());
}

#[test]
fn an_entry_runs_in_its_zone() {
    let next = |text: &str| {
        let cron = Setup::with_config(text).load().cron;
        let (_, entry) = cron.iter().next().unwrap();
        let at = Timestamp::parse_rfc3339("2026-07-01T12:00:00Z").unwrap();
        entry.schedule.next_after(at).unwrap().to_string()
    };
    let kolkata = "2026-07-02T00:30:00Z";
    assert_eq!(
        next(&entry("0 6 * * *", "timezone = \"Asia/Kolkata\"")),
        kolkata
    );
    assert_eq!(next(&entry("CRON_TZ=Asia/Kolkata 0 6 * * *", "")), kolkata);
    assert_eq!(next(&entry("TZ=Asia/Kolkata 0 6 * * *", "")), kolkata);
    assert_eq!(
        next(&entry("0 6 * * *", "timezone = \"UTC\"")),
        "2026-07-02T06:00:00Z"
    );
}

/// Asserts of configurations that the error names the file, and says this.
fn assert_refused(cases: &[(String, &str)]) {
    for (config, expected) in cases {
        let error = Setup::with_config(config).error();
        assert!(
            error.contains("10-test.toml, line ") && error.contains(expected),
            "{config}: {error}"
        );
    }
}

#[test]
fn what_is_wrong_with_an_entry_is_named_with_file_line_and_entry() {
    let job = "[cron.job]\ntype = \"Report\"\n";
    assert_refused(&[
        (
            entry("61 * * * *", ""),
            "line 2: cron entry \"Report 61 * * * *\": schedule: \"61\" is no minute: 0 to 59",
        ),
        (
            entry("* * *", "name = \"x\""),
            "line 2: cron entry \"x\": schedule: a schedule has 5 fields",
        ),
        (
            entry("@daily", "timezone = \"Mars/Base\""),
            "line 3: cron entry \"Report @daily\": there is no time zone \"Mars/Base\"",
        ),
        (
            entry("TZ=UTC @daily", "timezone = \"UTC\""),
            "line 3: cron entry \"Report TZ=UTC @daily\": the time zone is given twice",
        ),
        (
            entry("0 9 * * * Europe/Berlin", ""),
            "the schedule ends with the time zone Europe/Berlin: write timezone = \"Europe/Berlin\"",
        ),
        (
            entry("0 9 * * * CRON_TZ=UTC", ""),
            "the schedule ends with the time zone UTC: write timezone = \"UTC\"",
        ),
        (
            entry("0 9 * * MO", ""),
            "schedule: \"MO\" is no day of week",
        ),
        (
            entry("@daily", "catch_up = 1"),
            "line 3: cron entry \"Report @daily\": catch_up must be true or false, not an integer",
        ),
        (
            entry("@daily", "name = \"\""),
            "line 3: cron entry number 1: a name has 1 to 256 bytes",
        ),
        (
            format!("[[cron]]\n{job}"),
            "line 1: cron entry \"Report\": it has no schedule",
        ),
        (
            format!("[[cron]]\nscedule = \"@daily\"\n{job}"),
            "line 2: cron entry \"Report\": it has scedule and no schedule; did you mean schedule?",
        ),
        (
            format!("[[cron]]\n{job}schedule = \"@daily\""),
            "line 4: cron entry \"Report\": schedule stands in [cron.job]: write it above, below [[cron]]",
        ),
        (
            format!("[[cron]]\nschedule = 5\n{job}"),
            "line 2: cron entry \"Report\": schedule must be a text, not an integer",
        ),
        (
            entry("@daily", "").repeat(2),
            "line 6: cron entry \"Report @daily\": there is one of the same name at",
        ),
        (
            "[cron]\nschedule = \"@daily\"".to_owned(),
            "line 1: cron must be an array of tables, each written [[cron]], not a table",
        ),
        (
            "cron = [1]".to_owned(),
            "line 1: cron must be an array of tables, each written [[cron]], not an integer",
        ),
    ]);
}

#[test]
fn what_is_wrong_with_the_job_of_an_entry_is_named_too() {
    assert_refused(&[
        (
            "[[cron]]\nschedule = \"@daily\"\n".to_owned(),
            "line 1: cron entry \"@daily\": [cron.job] must have a type",
        ),
        (
            "[[cron]]\nschedule = \"@daily\"\ntype = \"Report\"\n[cron.job]\nqueue = \"q\"\n"
                .to_owned(),
            "line 3: cron entry \"@daily\": type stands beside [cron.job]: write it below",
        ),
        (
            "[[cron]]\nschedule = \"@daily\"\n[cron.job]\ntyp = \"Report\"\n".to_owned(),
            "line 4: cron entry \"@daily\": [cron.job] has typ and no type; did you mean type?",
        ),
        (
            "[[cron]]\nschedule = \"@daily\"\n[cron.job]\ntype = 5\n".to_owned(),
            "line 4: cron entry \"@daily\": type must be a text, not an integer",
        ),
        (
            "[[cron]]\nschedule = \"@daily\"\n[cron.job]\ntype = \"\"\n".to_owned(),
            "line 4: cron entry \"@daily\": type must be the name of a job, not empty",
        ),
        (
            format!("{}retry = \"3\"", entry("@daily", "")),
            "cron entry \"Report @daily\": retry must be a whole number",
        ),
        (
            "[[cron]]\nschedule = \"@daily\"\njob = 1".to_owned(),
            "line 3: cron entry \"@daily\": job must be a table",
        ),
        (
            format!("{}queue = \"a b\"", entry("@daily", "")),
            "cron entry \"Report @daily\": cannot get",
        ),
        (
            format!("{}jid = \"12345678\"", entry("@daily", "")),
            "must not have jid: every run gets an id of its own",
        ),
        (
            format!("{}jobtype = \"x\"", entry("@daily", "")),
            "must not have jobtype: write it as type",
        ),
        (
            format!("{}args = 5", entry("@daily", "")),
            "args must be an array, not an integer",
        ),
        (
            format!("{}args = [nan]", entry("@daily", "")),
            "JSON has no number NaN",
        ),
        (
            format!("{}[cron.jobs]\ntype = \"x\"", entry("@daily", "")),
            "jobs is no key of [[cron]]: write [cron.job]",
        ),
    ]);
}

#[test]
fn an_unknown_key_of_an_entry_is_warned_of() {
    let setup = Setup::with_config(&entry("@daily", "time_zone = \"UTC\""));
    let warnings = setup.warnings();
    assert!(
        warnings.len() == 1
            && warnings[0].contains(
                "line 3: unknown key cron.time_zone is ignored; did you mean cron.timezone?"
            ),
        "{warnings:?}"
    );
}

#[test]
fn a_field_of_the_job_that_stands_beside_it_is_warned_of() {
    for (line, key) in [
        ("queue = \"q\"", "queue"),
        ("retry = 5", "retry"),
        ("args = [1]", "args"),
        ("custom = {a = 1}", "custom"),
    ] {
        let warnings = Setup::with_config(&entry("@daily", line)).warnings();
        let wanted = format!("line 3: cron.{key} is ignored: write {key} below [cron.job]");
        assert!(
            warnings.len() == 1 && warnings[0].ends_with(&wanted),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_misspelt_field_of_the_job_is_warned_of_and_another_one_is_not() {
    for (line, wanted) in [
        (
            "queu = \"q\"",
            "line 6: [cron.job] has queu, which only workers see; did you mean queue?",
        ),
        ("reserved_for = 60", "did you mean reserve_for?"),
    ] {
        let setup = Setup::with_config(&format!("{}{line}\n", entry("@daily", "")));
        let warnings = setup.warnings();
        assert!(
            warnings.len() == 1 && warnings[0].ends_with(wanted),
            "{warnings:?}"
        );
    }
    let known = "Queue = \"q\"\nretry = 1\nat = \"2020-01-01T00:00:00Z\"\ntenant = 5\n[cron.job.custom]\nqueu = 1\n";
    let setup = Setup::with_config(&format!("{}{known}", entry("@daily", "")));
    assert_eq!(setup.warnings(), Vec::<String>::new());
}

#[test]
fn a_reload_names_twenty_of_thousands_of_entries_and_counts_the_others() {
    let many = |schedule: &str| -> String {
        (0..1_000)
            .map(|n| entry(schedule, &format!("name = \"entry-{n:04}\"")))
            .collect()
    };
    let setup = Setup::with_config(&many("@daily"));
    let reloader = reloading::reloader(&setup);
    let before = reloader.load().unwrap().settings;
    let _setup = setup.file("10-test.toml", &many("@hourly"));
    let reload = reloader.reload(&before, None).unwrap();
    assert_eq!(reload.changes.len(), 21);
    assert_eq!(reload.changes[19], "cron entry \"entry-0019\" has changed");
    assert_eq!(
        reload.changes[20],
        "980 more cron entries are new, have changed or are gone"
    );
    assert_eq!(reload.changes_count, 1_000);
}

#[test]
fn a_reload_tells_what_became_of_each_entry() {
    let both = |first: &str, second: &str| {
        format!(
            "{}{}",
            entry(first, "name = \"a\""),
            entry("@daily", second)
        )
    };
    let setup = Setup::with_config(&both("@daily", "name = \"b\""));
    let reloader = reloading::reloader(&setup);
    let before = reloader.load().unwrap().settings;
    let same = reloader.reload(&before, None).unwrap();
    assert_eq!(same.changes, Vec::<String>::new());
    assert!(std::sync::Arc::ptr_eq(&same.settings.cron, &before.cron));
    let setup = setup.file("10-test.toml", &both("@hourly", "name = \"c\""));
    let changed = reloader.reload(&before, None).unwrap();
    assert_eq!(
        changed.changes,
        [
            "cron entry \"a\" has changed",
            "cron entry \"c\" is new",
            "cron entry \"b\" is gone"
        ]
    );
    let setup = setup.file("10-test.toml", &entry("@dayly", ""));
    assert!(matches!(
        reloader.reload(&before, None),
        Err(SettingsError::Cron { .. })
    ));
    drop(setup);
}

/// To recount lines for every value would take this test many minutes.
#[test]
fn thousands_of_entries_are_read_and_a_fault_in_the_last_is_found() {
    let entries: String = (0..20_000)
        .map(|number| entry("@daily", &format!("name = \"{number}\"")))
        .collect();
    let lines = entries.lines().count();
    let error = Setup::with_config(&format!("{entries}{}", entry("61 * * * *", ""))).error();
    assert!(error.contains(&format!("line {}: ", lines + 2)), "{error}");
}

/// An entry with this queue and these arguments.
fn entry_of(queue: &str, args: &str) -> String {
    format!(
        "{}queue = \"{queue}\"\nargs = {args}\n",
        entry("@daily", "")
    )
}

#[test]
fn entries_of_one_type_and_schedule_are_told_apart_by_the_rest_of_them() {
    let config = [
        entry("@daily", ""),
        entry("@daily", "timezone = \"Asia/Tokyo\""),
        entry("@daily", "timezone = \"Europe/Berlin\""),
        format!("{}custom = {{ tenant = 1 }}\n", entry_of("low", "[7]")),
        format!("{}custom = {{ tenant = 2 }}\n", entry_of("low", "[7]")),
        entry_of("default", "[\"eu\", 1]"),
        entry_of("default", "[\"us\", 1]"),
        entry_of("low", "[]"),
        entry_of("low", "[\"eu\", 1]"),
        entry_of("default", &format!("[\"{}a\"]", "x".repeat(300))),
        entry_of("default", &format!("[\"{}b\"]", "x".repeat(300))),
    ];
    let setup = Setup::with_config(&config.concat());
    let names = names(&setup);
    let (long, short): (Vec<_>, Vec<_>) = names.into_iter().partition(|name| {
        let digest = name.strip_prefix("Report @daily ").unwrap_or_default();
        digest.len() == 16 && digest.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    assert_eq!(long.len(), 2, "{long:?}");
    assert_eq!(
        short,
        [
            "Report @daily",
            "Report @daily Asia/Tokyo",
            "Report @daily Europe/Berlin",
            "Report @daily [\"eu\",1]",
            "Report @daily [\"us\",1]",
            "Report @daily in low",
            "Report @daily in low [\"eu\",1]",
            "Report @daily in low [7] {\"tenant\":1}",
            "Report @daily in low [7] {\"tenant\":2}",
        ]
    );
    for (name, entry) in setup.load().cron.iter() {
        let former = (&**name != "Report @daily").then_some("Report @daily");
        assert_eq!(entry.former_name.as_deref(), former, "{name}");
    }
    let error = Setup::with_config(&entry_of("low", "[1]").repeat(2)).error();
    assert!(
        error.contains("there is one of the same name at"),
        "{error}"
    );
    let named = Setup::with_config(&format!("{}args = [1]\n", entry("@daily", "name = \"n\"")));
    assert_eq!(named.load().cron.get("n").unwrap().former_name, None);
}

#[test]
fn what_the_server_obeys_elsewhere_is_warned_of_in_the_job() {
    let above = |key| format!("[cron.job] has {key}, which only workers see: write {key} above it");
    for (key, value) in [
        ("timezone", "\"Europe/Berlin\""),
        ("catch_up", "true"),
        ("name", "\"n\""),
    ] {
        let config = format!("{}{key} = {value}\n", entry("@daily", ""));
        let warnings = Setup::with_config(&config).warnings();
        assert!(
            warnings.len() == 1 && warnings[0].contains(&above(key)),
            "{warnings:?}"
        );
    }
    for (line, said) in [
        (
            "unique_for = 60",
            "[cron.job] has unique_for, which only workers see: write unique_for below [cron.job.custom]",
        ),
        (
            "custom = { uniqe_for = 60 }",
            "[cron.job.custom] has uniqe_for, which only workers see; did you mean unique_for?",
        ),
        (
            "custom = { expire_in = \"1h\" }",
            "[cron.job.custom] has expire_in, which only workers see; did you mean expires_in?",
        ),
    ] {
        let config = format!("{}{line}\n", entry("@daily", ""));
        let warnings = Setup::with_config(&config).warnings();
        assert!(
            warnings.len() == 1 && warnings[0].contains("line 6: ") && warnings[0].contains(said),
            "{warnings:?}"
        );
    }
    let own = "custom = { unique_id = 1, expires_in = 5, expires = 1, tracking = 1, delay = 1 }";
    let config = format!("{}tenant = 1\n{own}\n", entry("@daily", ""));
    assert_eq!(Setup::with_config(&config).warnings(), Vec::<String>::new());
}

#[test]
fn an_entry_that_never_fires_is_warned_of() {
    for schedule in ["0 0 31 2 *", "0 0 0 1 1 * 1999"] {
        let warnings = Setup::with_config(&entry(schedule, "")).warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0].contains("10-test.toml, line 2: ") && warnings[0].contains("never fires"),
            "{warnings:?}"
        );
    }
}

#[test]
fn a_step_beyond_its_field_is_warned_of() {
    for (schedule, part) in [("*/90 * * * *", "*/90"), ("0 1-5,9/24 * * *", "9/24")] {
        let warnings = Setup::with_config(&entry(schedule, "")).warnings();
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        let begin = format!("line 2: the step of \"{part}\" in the schedule \"{schedule}\"");
        assert!(warnings[0].contains(&begin), "{warnings:?}");
    }
    assert_eq!(
        Setup::with_config(&entry("*/45 * * * *", "")).warnings(),
        Vec::<String>::new()
    );
}
