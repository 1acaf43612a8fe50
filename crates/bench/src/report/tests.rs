//! A result as people and as machines read it.

use serde_json::json;

use super::*;
use crate::latency::{Percentiles, Step};
use crate::ledger::Delivery;

fn round(speed: f64, delivery: Delivery) -> Measurement {
    let percentiles = Percentiles {
        p50: 80.0,
        p90: 90.0,
        p99: 1_500.0,
        p99_9: 2_000.0,
        max: 3_000.0,
    };
    Measurement {
        figures: Figures::from([(Figure::Jobs, 1_000.0), (Figure::JobsPerSecond, speed)]),
        latencies_us: BTreeMap::from([(Step::Push, percentiles)]),
        delivery: Some(delivery),
        ..Measurement::default()
    }
}

fn report(delivery: Delivery) -> Report {
    let identity = Identity {
        description: "Null".to_owned(),
        faktory_version: "1.10.0".to_owned(),
        ..Identity::default()
    };
    let target = |name: &str, speed, delivery| {
        TargetReport::new(
            name.to_owned(),
            format!("tcp://{name}:7419"),
            identity.clone(),
            "always".to_owned(),
            vec![round(speed, delivery), round(speed + 2.0, delivery)],
        )
    };
    let mut report = Report {
        workload: "cycle",
        version: "1",
        cores: 2,
        rounds: 2,
        interrupted: false,
        load: json!({"connections": 50}),
        description: "50 connections".to_owned(),
        targets: vec![
            target("a", 4_999.0, delivery),
            target("b", 9_999.0, Delivery::default()),
        ],
    };
    report.compare();
    report
}

#[test]
fn people_see_a_column_for_each_target() {
    let text = report(Delivery::default()).to_string();
    let lines: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    for expected in [
        "cycle: 50 connections; 2 cores; medians of 2 rounds",
        "server Null 1.10.0 Null 1.10.0",
        "durability always always",
        "jobs/s 5,000 10,000",
        "ratio to b 0.50 1.00",
        "each round 4,999 5,001 9,999 10,001",
        "delivery exact exact",
        "latency, µs p50 p90 p99 p99.9 max",
        "a PUSH 80 90 1,500 2,000 3,000",
    ] {
        let words: Vec<&str> = expected.split(' ').collect();
        assert!(lines.contains(&words), "{expected:?} is not in\n{text}");
    }
}

#[test]
fn a_wrong_delivery_is_shouted() {
    let wrong = report(Delivery {
        pushed: 10,
        exact: 8,
        lost: 1,
        doubled: 1,
        ..Delivery::default()
    });
    assert!(!wrong.is_exact());
    let text = wrong.to_string();
    assert!(
        text.contains("WRONG: 2 lost, 2 doubled, 0 unacknowledged"),
        "{text}"
    );
    assert!(report(Delivery::default()).is_exact());
}

#[test]
fn jobs_that_still_wait_are_named() {
    let waiting = report(Delivery {
        pushed: 10,
        exact: 7,
        waiting: 3,
        ..Delivery::default()
    });
    assert!(waiting.is_exact());
    let text = waiting.to_string();
    assert!(text.contains("exact, 6 not fetched"), "{text}");
}

#[test]
fn machines_read_the_same() {
    let json = serde_json::to_value(report(Delivery::default())).unwrap();
    assert_eq!(json["load"]["connections"], 50);
    let target = &json["targets"][0];
    assert_eq!(target["median"]["figures"]["jobs_per_second"], 5_000.0);
    assert_eq!(target["ratios"]["jobs_per_second"], 0.5);
    assert_eq!(target["median"]["latencies_us"]["push"]["p99.9"], 2_000.0);
    assert_eq!(target["rounds"][1]["figures"]["jobs_per_second"], 5_001.0);
    assert_eq!(target["server"]["description"], "Null");
}
