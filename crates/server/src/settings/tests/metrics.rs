//! Where metrics go.

use super::*;

/// What the metrics settings are, as the banner shows them; empty if metrics are off.
fn shown(setup: &Setup) -> String {
    let metrics = setup.load().metrics;
    assert_eq!(setup.load().rules.observed, metrics.is_some());
    metrics
        .map(|metrics| metrics.to_string())
        .unwrap_or_default()
}

const ENABLED: &str = "[metrics]\nenabled = true\n";

#[test]
fn metrics_are_off_until_they_are_enabled_or_have_an_address() {
    let agent = ("DD_AGENT_HOST", "agent");
    for (config, variable, expected) in [
        ("", None, ""),
        ("", Some(agent), ""),
        ("[metrics]\nenabled = false\n", None, ""),
        (ENABLED, None, "udp://localhost:8125 as faktory.*"),
        (ENABLED, Some(agent), "udp://agent:8125 as faktory.*"),
        (
            "[statsd]\nlocation = \"there:1\"\n",
            Some(agent),
            "udp://there:1 as faktory.*",
        ),
        (
            "[statsd]\nlocation = \"there:1\"\n",
            Some(("DD_DOGSTATSD_URL", "unix:///run/dsd.socket")),
            "unix:///run/dsd.socket as faktory.*",
        ),
        (
            "",
            Some(("DD_DOGSTATSD_URL", "udp://10.0.0.1:9")),
            "udp://10.0.0.1:9 as faktory.*",
        ),
    ] {
        let mut setup = Setup::with_config(config);
        if let Some((name, value)) = variable {
            setup = setup.variable(name, value);
        }
        assert_eq!(shown(&setup), expected, "{config} {variable:?}");
        assert_eq!(setup.warnings(), Vec::<String>::new());
    }
}

#[test]
fn port_of_the_agent_has_a_variable_of_its_own() {
    let setup = Setup::with_config(ENABLED).variable("DD_DOGSTATSD_PORT", "8200");
    assert_eq!(shown(&setup), "udp://localhost:8200 as faktory.*");
    let setup = setup.variable("DD_AGENT_HOST", "::1");
    assert_eq!(shown(&setup), "udp://[::1]:8200 as faktory.*");
}

#[test]
fn metrics_that_are_turned_off_stay_off_and_the_contradiction_is_told() {
    let setup = Setup::with_config("[metrics]\nenabled = false\n")
        .variable("DD_DOGSTATSD_URL", "udp://agent:1");
    assert_eq!(shown(&setup), "");
    assert_eq!(
        setup.warnings(),
        [
            "metrics are off: metrics.enabled is false, though udp://agent:1 is given as their address"
        ]
    );
}

#[test]
fn tags_come_from_the_files_and_the_environment_each_once() {
    let config = "[metrics]\nenabled = true\ntags = [\"env:prod\", \"team:ops\"]\n[statsd]\ntags = [\"zone:a\"]\n";
    let setup = Setup::with_config(config)
        .variable("DD_TAGS", "team:ops,x:1 y:2, z")
        .variable("DD_SERVICE", "the jobs")
        .variable("DD_VERSION", "1.0+7");
    assert_eq!(
        setup.load().metrics.unwrap().tags,
        [
            "env:prod",
            "team:ops",
            "zone:a",
            "x:1",
            "y:2",
            "z",
            "service:the_jobs",
            "version:1.0_7"
        ]
    );
    assert!(
        shown(&setup)
            .ends_with(" with env:prod,team:ops,zone:a,x:1,y:2,z,service:the_jobs,version:1.0_7")
    );
}

#[test]
fn namespace_replaces_the_first_word_of_all_names() {
    for (namespace, expected) in [("jobs.prod.", "jobs.prod."), ("jobs", "jobs.")] {
        let setup =
            Setup::with_config(&format!("{ENABLED}[statsd]\nnamespace = \"{namespace}\"\n"));
        assert_eq!(setup.load().metrics.unwrap().namespace, expected);
    }
}

#[test]
fn what_cannot_be_used_turns_metrics_off_and_is_told_with_its_place() {
    for (config, expected) in [
        (
            "[metrics]\ntags = \"a:b\"",
            "line 2: metrics.tags must be a list of texts, not a string",
        ),
        (
            "[metrics]\ntags = [\"a:b\",\n7]",
            "line 3: metrics.tags must be a list of texts, not an integer",
        ),
        (
            "[statsd]\nlocation = \"tcp://x\"\nnamespace = \"a\"\ntags = [\"b\"]\n[metrics]\nenabled = true",
            "line 2: statsd.location must be an address: udp://host:port, unix:///path or host:port, not \"tcp://x\": tcp:// is \
             not known",
        ),
        (
            "[statsd]\nnamespace = 7",
            "line 2: statsd.namespace must be a text, not an integer",
        ),
        (
            "[metrics]\nenabled = 1\n[statsd]\nlocation = \"there\"",
            "line 2: metrics.enabled must be true or false, not an integer",
        ),
        (
            "metrics = 7",
            "line 1: metrics must be a table, written [metrics], not an integer",
        ),
    ] {
        let setup = Setup::with_config(config);
        let fault = setup.metrics_fault();
        assert!(fault.contains(expected), "{config}: {fault}");
        assert_eq!(setup.warnings(), Vec::<String>::new(), "{config}");
    }
    for (name, value, expected) in [
        (
            "DD_DOGSTATSD_URL",
            "http://x",
            "DD_DOGSTATSD_URL: http:// is not known; write udp://",
        ),
        (
            "DD_DOGSTATSD_PORT",
            "x",
            "DD_DOGSTATSD_PORT: a port is a number from 1 to 65535, not \"x\"",
        ),
        ("DD_AGENT_HOST", "a b", "DD_AGENT_HOST: \"a b\" is no host"),
        (
            "DD_DOGSTATSD_URL",
            "udp://::1:8125",
            "DD_DOGSTATSD_URL: an IPv6 address needs brackets here, like [::1]",
        ),
    ] {
        let fault = Setup::with_config(ENABLED)
            .variable(name, value)
            .metrics_fault();
        assert!(fault.contains(expected), "{name}: {fault}");
    }
}

#[test]
fn an_address_is_nobodys_business_while_metrics_are_turned_off() {
    let config = "[metrics]\nenabled = false\n[statsd]\nlocation = \"tcp://x\"\ntags = [\"17\"]\n";
    let setup = Setup::with_config(config);
    assert_eq!(setup.try_load().unwrap().metrics_fault, None);
    assert_eq!(setup.warnings(), Vec::<String>::new());
}

#[test]
fn namespace_is_cleaned_as_the_agent_does_with_a_warning() {
    let long = "x".repeat(100);
    let cut = format!("{}.", "x".repeat(63));
    for (namespace, expected) in [
        ("my-app", "my_app."),
        ("7shifts.jobs", "shifts.jobs."),
        ("a b.", "a_b."),
        ("-", "faktory."),
        ("", "faktory."),
        (&long, &cut),
    ] {
        let setup =
            Setup::with_config(&format!("{ENABLED}[statsd]\nnamespace = \"{namespace}\"\n"));
        assert_eq!(setup.load().metrics.unwrap().namespace, expected);
        let warnings = setup.warnings();
        let told = format!("line 4: statsd.namespace is sent as {expected} instead of");
        let is_told = warnings.iter().any(|warning| warning.contains(&told));
        assert!(is_told, "{warnings:?}");
    }
}

#[test]
fn tags_of_the_files_are_cleaned_or_left_out_with_a_warning() {
    let config = format!(
        "{ENABLED}tags = [\"team name:x\",\n\"17\"]\n[statsd]\ntags = [\"1:b\", \"team_name:x\"]"
    );
    let setup = Setup::with_config(&config);
    assert_eq!(setup.load().metrics.unwrap().tags, ["team_name:x", "b"]);
    let warnings = setup.warnings();
    let expected = [
        "line 3: metrics.tags: \"team name:x\" is sent as team_name:x: a tag begins with a letter, has only",
        "line 4: metrics.tags: \"17\" is left out: a tag begins with a letter",
        "line 6: statsd.tags: \"1:b\" is sent as b: ",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.contains(expected), "{warning}");
    }
    let long = "x".repeat(190);
    let config =
        format!("{ENABLED}tags = [\"a{long}\", \"b{long}\", \"c{long}\", \"d{long}\", \"e\"]\n");
    let setup = Setup::with_config(&config);
    assert_eq!(setup.load().metrics.unwrap().tags.len(), 4);
    let told =
        format!("\"d{long}\" is left out: all tags together may have 600 bytes, commas included");
    let warnings = setup.warnings().join("\n");
    assert!(warnings.contains(&told), "{warnings}");
}

#[test]
fn tags_of_the_environment_are_cleaned_or_left_out_with_a_warning() {
    let setup = Setup::with_config(ENABLED)
        .variable("DD_TAGS", "env:prod version:1.0+7,owner:a@b\tok:1 17")
        .variable("DD_VERSION", "2+3");
    assert_eq!(
        setup.load().metrics.unwrap().tags,
        [
            "env:prod",
            "version:1.0_7",
            "owner:a_b",
            "ok:1",
            "version:2_3"
        ]
    );
    let warnings = setup.warnings().join("\n");
    for told in [
        "DD_TAGS: \"version:1.0+7\" is sent as version:1.0_7: ",
        "DD_TAGS: \"owner:a@b\" is sent as owner:a_b: ",
        "DD_TAGS: \"17\" is left out: ",
        "DD_VERSION: \"version:2+3\" is sent as version:2_3: ",
    ] {
        assert!(warnings.contains(told), "{warnings}");
    }
    let many: Vec<String> = (0..10)
        .map(|n| format!("t{n}:{}", "x".repeat(90)))
        .collect();
    let setup = Setup::with_config(ENABLED).variable("DD_TAGS", &many.join(","));
    assert_eq!(setup.load().metrics.unwrap().tags, many[..6]);
    assert_eq!(setup.warnings().len(), 4);
}

#[test]
fn tags_of_the_environment_are_nobodys_business_while_metrics_are_off() {
    let setup = Setup::new().variable("DD_TAGS", "no|no");
    assert_eq!(shown(&setup), "");
}

#[test]
fn keys_without_effect_say_so() {
    let config =
        "[metrics]\nnamespace = \"jobs\"\n[statsd]\nbufferSize = 15\nqueueLatency = [\"q\"]\n";
    let warnings = Setup::with_config(config).warnings();
    let expected = [
        "line 2: metrics.namespace has no effect: ",
        "line 4: statsd.bufferSize has no effect: ",
        "line 5: statsd.queueLatency has no effect: ",
    ];
    assert_eq!(warnings.len(), expected.len(), "{warnings:?}");
    for (warning, expected) in warnings.iter().zip(expected) {
        assert!(warning.contains(expected), "{warning}");
    }
}
