//! What lies in `contrib/` fits what the server tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use workmill_tests::{Server, web_get};

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../contrib")
        .join(name)
}

fn text(name: &str) -> String {
    fs::read_to_string(path(name)).unwrap()
}

/// The names of metrics in a text.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("workmill_") || word.starts_with("process_"))
        .collect()
}

#[test]
fn alerts_and_dashboard_ask_only_for_metrics_there_are() {
    let server = Server::builder().web().start();
    server
        .client()
        .push(&workmill_tests::job("jid-000001", "q"));
    let told = web_get(&server.web_url(), "/metrics").text();
    let told = metrics_in(&told);
    for name in ["prometheus/workmill.rules.yml", "grafana/workmill.json"] {
        let text = text(name);
        let asked = metrics_in(&text);
        assert!(asked.len() > 5, "{name}: {asked:?}");
        let missing: Vec<_> = asked.difference(&told).collect();
        assert!(missing.is_empty(), "{name}: {missing:?}");
    }
}

#[test]
fn alerts_are_raised_when_they_should_be() {
    for arguments in [
        ["check", "rules", "workmill.rules.yml"],
        ["test", "rules", "workmill.test.yml"],
    ] {
        let output = Command::new("promtool")
            .args(arguments)
            .current_dir(path("prometheus"))
            .output()
            .expect("start promtool, of Debian's package prometheus");
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(output.status.success(), "{said}");
    }
    let tests = text("prometheus/workmill.test.yml");
    for line in text("prometheus/workmill.rules.yml").lines() {
        if let Some((_, alert)) = line.split_once("alert: ") {
            assert!(tests.contains(alert), "{alert} is tried by no test");
        }
    }
}

#[test]
fn dashboard_is_one() {
    let dashboard: Value = serde_json::from_str(&text("grafana/workmill.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{panel}");
        for needed in ["title", "description"] {
            assert!(!panel[needed].as_str().unwrap().is_empty(), "{panel}");
        }
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{panel}");
    }
}

#[test]
fn autoscaler_goes_by_numbers_there_are() {
    let server = Server::builder().web().start();
    let example = text("keda/scaledobject.yaml");
    let urls: Vec<&str> = quoted_after(&example, "url: ").collect();
    let values: Vec<&str> = quoted_after(&example, "valueLocation: ").collect();
    assert!(!urls.is_empty() && urls.len() == values.len());
    for (url, value) in urls.into_iter().zip(values) {
        let path = url.strip_prefix("http://workmill:7420").unwrap();
        let answer = web_get(&server.web_url(), path);
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert!(answer[value].is_number(), "{value}: {answer}");
    }
}

fn quoted_after<'a>(text: &'a str, key: &'a str) -> impl Iterator<Item = &'a str> {
    let lines = text.lines().filter_map(move |line| line.split_once(key));
    lines.map(|(_, value)| value.trim().trim_matches('"'))
}
