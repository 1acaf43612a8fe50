//! The tool as its users run it, against its own null server.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const TOOL: &str = env!("CARGO_BIN_EXE_workmill-bench");

/// A running null server; it ends with the test.
struct Null {
    child: Child,
    url: String,
}

impl Null {
    fn start() -> Self {
        let mut child = Command::new(TOOL)
            .args(["null", "--bind", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("start the null server");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .expect("read where the null server listens");
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Self { child, url }
    }

    /// What it says of itself.
    fn info(&self) -> Value {
        let place = self.url.strip_prefix("tcp://").unwrap();
        let mut stream = BufReader::new(TcpStream::connect(place).unwrap());
        let commands = b"HELLO {\"v\":2}\r\nINFO\r\nEND\r\n";
        stream.get_mut().write_all(commands).unwrap();
        let json = stream
            .lines()
            .map(Result::unwrap)
            .find(|line| line.starts_with('{'));
        serde_json::from_str(&json.unwrap()).unwrap()
    }

    /// Asks for it until it shows what is waited for.
    fn wait_until(&self, shows: impl Fn(&Value) -> bool) {
        while !shows(&self.info()) {}
    }
}

impl Drop for Null {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of a null server that is to be started, and the command that starts it.
fn place() -> (String, String) {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = free.local_addr().unwrap().to_string();
    (
        format!("tcp://{place}"),
        format!("'{TOOL}' null --bind {place}"),
    )
}

fn run(arguments: &[&str]) -> Output {
    Command::new(TOOL)
        .args(arguments)
        .env_remove("FAKTORY_URL")
        .output()
        .expect("run workmill-bench")
}

/// The result of a workload on a null server, which must be a success.
fn result(arguments: &[&str]) -> Value {
    let output = run(&[arguments, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

/// What every result states, of its first target.
fn check(result: &Value, workload: &str, steps: &[&str]) {
    assert_eq!(result["workload"], workload);
    assert_eq!(result["interrupted"], false);
    assert!(result["cores"].as_u64().unwrap() > 0);
    let target = &result["targets"][0];
    assert_eq!(target["server"]["description"], "Null");
    assert_eq!(target["durability"], "none at all");
    let figures = &target["median"]["figures"];
    for figure in ["jobs_per_second", "seconds", "server_resident_mb"] {
        assert!(figures[figure].as_f64().unwrap() > 0.0, "{figure}");
    }
    for figure in ["server_cpu_us_per_job", "generator_cpu_us_per_job"] {
        assert!(figures[figure].is_f64(), "{figure}");
    }
    for step in steps {
        let percentiles = &target["median"]["latencies_us"][step];
        let [p50, max] = ["p50", "max"].map(|name| percentiles[name].as_f64().unwrap());
        assert!(p50 > 0.0 && max >= p50, "{step}: {percentiles}");
    }
}

#[test]
fn a_cycle_states_all_that_a_figure_needs() {
    let null = Null::start();
    let options = "--jobs 200 -n 4 --queues 3 --payload 500 --fail 25 --durability";
    let mut arguments = vec!["cycle", "--url", &null.url];
    arguments.extend(options.split(' '));
    arguments.push("none at all");
    let result = result(&arguments);
    check(&result, "cycle", &["push", "fetch", "acknowledge", "cycle"]);
    let load = serde_json::json!({
        "connections": 4, "queues": 3, "payload_bytes": 500, "fail_percent": 25, "batches": 0, "jobs": 200
    });
    assert_eq!(result["load"], load);
    let median = &result["targets"][0]["median"];
    assert_eq!(median["figures"]["jobs"], 200.0);
    assert_eq!(median["delivery"]["exact"], 200);
}

#[test]
fn an_open_loop_states_how_long_jobs_waited() {
    let null = Null::start();
    let arguments = ["open", "--url", &null.url, "--durability", "none at all"];
    let options = ["--rate", "5000", "--jobs", "200", "--queues", "2"];
    let result = result(&[arguments.as_slice(), &options].concat());
    check(&result, "open", &["push", "start", "acknowledge"]);
    assert_eq!(result["load"]["rate"], 5_000);
    let median = &result["targets"][0]["median"];
    assert_eq!(median["figures"]["jobs"], 200.0);
    // Each of ten consumers is sent home by a job of its own.
    assert_eq!(median["delivery"]["exact"], 210);
    assert!(median["figures"]["late_percent"].is_f64());
}

#[test]
fn a_bulk_load_counts_what_waits_and_removes_it() {
    let null = Null::start();
    let arguments = ["bulk", "--url", &null.url, "--durability", "none at all"];
    let options = "--jobs 1050 --batch 100 -n 3 --queues 2 --payload 200";
    let options: Vec<&str> = options.split(' ').collect();
    for _ in 0..2 {
        let result = result(&[arguments.as_slice(), &options].concat());
        check(&result, "bulk", &["push_bulk"]);
        let load = serde_json::json!({
            "connections": 3, "batch": 100, "queues": 2, "payload_bytes": 200, "jobs": 1_050, "keep": false
        });
        assert_eq!(result["load"], load);
        let median = &result["targets"][0]["median"];
        assert_eq!(median["figures"]["jobs"], 1_050.0);
        // What the first run had left would be waiting here too.
        assert_eq!(median["delivery"]["waiting"], 1_050);
    }
    let kept = result(&[arguments.as_slice(), &options, &["--keep"]].concat());
    assert!(kept["targets"][0]["median"]["delivery"].is_null());
    // What was kept waits before the jobs of the next run, which has to take it out with its own.
    let output = run(&[arguments.as_slice(), &options].concat());
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("exact, 1050 foreign"), "{table}");
}

#[test]
fn a_backlog_is_compared_with_the_empty_server_and_removed() {
    let null = Null::start();
    let arguments = ["backlog", "--url", &null.url, "--durability", "none at all"];
    let options = "--queued 2500 --scheduled 1500 --reserved 20 -n 3 --jobs 200";
    let options: Vec<&str> = options.split(' ').collect();
    for _ in 0..2 {
        let result = result(&[arguments.as_slice(), &options].concat());
        check(&result, "backlog", &["push", "fetch", "cycle"]);
        let median = &result["targets"][0]["median"];
        for figure in [
            "empty_jobs_per_second",
            "percent_of_empty",
            "filled_per_second",
            "server_before_mb",
            "server_filled_mb",
        ] {
            assert!(
                median["figures"][figure].as_f64().unwrap() > 0.0,
                "{figure}"
            );
        }
        // 200 on the empty server and 200 on the full one; what was reserved is acknowledged in the end.
        assert_eq!(median["delivery"]["pushed"], 4_400);
        assert_eq!(median["delivery"]["exact"], 420);
        assert_eq!(median["delivery"]["waiting"], 3_980);
        // What the first run had left would be in the way of the second.
        assert_eq!(median["delivery"]["foreign"], 0);
        let note = median["notes"][0].as_str().unwrap();
        assert!(note.contains("--start"), "{note}");
    }
    assert_eq!(null.info()["faktory"]["tasks"]["Scheduled"]["size"], 0);
    assert_eq!(null.info()["faktory"]["total_enqueued"], 0);
}

#[test]
fn a_server_that_forgets_its_backlog_in_a_crash_is_caught() {
    let (url, start) = place();
    let arguments = [
        "backlog", "--url", &url, "--start", &start, "--queued", "100", "--jobs", "10", "--json",
    ];
    let output = run(&arguments);
    assert!(!output.status.success());
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let median = &result["targets"][0]["median"];
    assert!(median["figures"]["restart_seconds"].as_f64().unwrap() > 0.0);
    assert!(median["figures"]["first_fetch_seconds"].is_null());
    assert_eq!(median["delivery"]["lost"], 100);
    let note = median["notes"][0].as_str().unwrap();
    assert!(note.contains("no job to hand out"), "{note}");
}

#[test]
fn workers_that_wait_are_woken_for_the_few_jobs_there_are() {
    let null = Null::start();
    let arguments = ["parked", "--url", &null.url, "--durability", "none at all"];
    let options = "-n 250 --rate 20 --warmup 100ms --duration 2s --queues 2";
    let options: Vec<&str> = options.split(' ').collect();
    let result = result(&[arguments.as_slice(), &options].concat());
    assert_eq!(result["load"]["connections"], 250);
    let median = &result["targets"][0]["median"];
    for figure in ["empty_fetches_per_second", "server_connection_kb"] {
        assert!(
            median["figures"][figure].as_f64().unwrap() > 0.0,
            "{figure}"
        );
    }
    assert!(median["figures"]["server_cpu_us_per_job"].is_null());
    assert!(median["figures"]["server_cpu_percent"].is_f64());
    assert!(median["latencies_us"]["start"]["p99.9"].as_f64().unwrap() > 0.0);
    let delivery = &median["delivery"];
    assert_eq!(delivery["exact"], delivery["pushed"]);
    // Each worker is sent home by a job of its own, beside those that were measured.
    assert!(delivery["exact"].as_u64().unwrap() > 250);
}

#[test]
fn more_connections_than_the_system_allows_are_refused_at_once() {
    let null = Null::start();
    let script = format!(
        "ulimit -n 200 && exec '{TOOL}' parked -n 137 --url {}",
        null.url
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        errors.contains("137 connections are more than the 200 open files"),
        "{errors}"
    );
}

#[test]
fn a_null_server_that_cannot_sync_says_so() {
    let arguments = ["null", "--bind", "127.0.0.1:0", "--sync", "/nowhere"];
    let output = Command::new(TOOL).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(
        errors.contains("cannot write to a file in /nowhere"),
        "{errors}"
    );
}

#[test]
fn jobs_that_are_due_at_once_are_watched_until_they_are_in_their_queues() {
    let null = Null::start();
    let arguments = ["due", "--url", &null.url, "--durability", "none at all"];
    let options = "--jobs 3000 --lead 2s --rate 500 -n 3 --queues 2";
    let options: Vec<&str> = options.split(' ').collect();
    let mut watched = 0;
    // They may be moved in less time than from one PUSH of the load to the next: such rounds do not count.
    for _ in 0..10 {
        let result = result(&[arguments.as_slice(), &options].concat());
        check(&result, "due", &["info"]);
        let median = &result["targets"][0]["median"];
        assert_eq!(median["figures"]["jobs"], 3_000.0);
        assert!(median["figures"]["first_moved_seconds"].as_f64().unwrap() > 0.0);
        let delivery = |name: &str| median["delivery"][name].as_u64().unwrap();
        // The load meanwhile takes as many jobs out as it puts in.
        assert_eq!(delivery("waiting"), 3_000);
        assert!(delivery("exact") > 0);
        assert_eq!(delivery("foreign"), 0);
        if median["latencies_us"]["push"].is_object() {
            check(&result, "due", &["push"]);
            watched += 1;
        }
        // The second finds nothing left of the first.
        if watched == 2 {
            return;
        }
    }
    panic!("{watched} of 10 rounds had a PUSH while jobs were moved");
}

#[test]
fn jobs_that_are_due_before_they_are_pushed_are_no_result() {
    let null = Null::start();
    let output = run(&["due", "--url", &null.url, "--jobs", "2000", "--lead", "1ms"]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(errors.contains("say --lead"), "{errors}");
}

/// A load that is under way, started with these arguments.
fn start(arguments: &[&str]) -> Child {
    Command::new(TOOL)
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("start workmill-bench")
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

#[test]
fn ctrl_c_ends_a_load_and_shows_what_was_measured_so_far() {
    let null = Null::start();
    let cycle = [
        "cycle",
        "--url",
        &null.url,
        "--vs",
        "tcp://localhost:1",
        "--json",
    ];
    let load = start(&[cycle.as_slice(), &["--duration", "10m", "--warmup", "0s"]].concat());
    // So many that some of them are surely measured: on a busy machine the measuring begins later than the load.
    null.wait_until(|info| info["server"]["command_count"].as_u64() > Some(50_000));
    signal(&load, Signal::INT);
    let output = load.wait_with_output().unwrap();
    assert!(output.status.success());
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["interrupted"], true);
    // The other target is not measured any more.
    assert_eq!(result["targets"].as_array().unwrap().len(), 1);
    let median = &result["targets"][0]["median"];
    assert_eq!(median["interrupted"], true);
    assert!(median["figures"]["jobs"].as_f64().unwrap() > 0.0);
    assert_eq!(median["delivery"]["exact"], median["delivery"]["pushed"]);
}

#[test]
fn ctrl_c_while_a_server_is_filled_removes_the_jobs() {
    let null = Null::start();
    let due = ["due", "--url", &null.url, "--json"];
    let load = start(&[due.as_slice(), &["--jobs", "100000000"]].concat());
    // More than the four PUSHBs that may be under way.
    null.wait_until(|info| info["faktory"]["tasks"]["Scheduled"]["size"].as_u64() > Some(4_000));
    signal(&load, Signal::INT);
    let output = load.wait_with_output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    let median = &result["targets"][0]["median"];
    assert_eq!(median["interrupted"], true);
    assert!(median["figures"]["filled_per_second"].as_f64().unwrap() > 0.0);
    assert!(median["delivery"]["waiting"].as_u64().unwrap() > 4_000);
    assert_eq!(median["delivery"]["waiting"], median["delivery"]["pushed"]);
    assert_eq!(null.info()["faktory"]["tasks"]["Scheduled"]["size"], 0);
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_a_server_that_hangs() {
    let null = Null::start();
    let cycle = ["cycle", "--url", &null.url, "--duration", "10m"];
    let mut load = start(&cycle);
    null.wait_until(|info| info["server"]["command_count"].as_u64() > Some(1_000));
    signal(&null.child, Signal::STOP);
    signal(&load, Signal::INT);
    let mut errors = BufReader::new(load.stderr.take().unwrap()).lines();
    assert!(errors.any(|line| line.unwrap().contains("press Ctrl-C again")));
    signal(&load, Signal::INT);
    let output = load.wait_with_output().unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(errors.any(|line| line.unwrap().contains("interrupted twice")));
}

#[test]
fn targets_are_compared_with_the_last() {
    let (first, second) = (Null::start(), Null::start());
    let vs = format!("last={}", second.url);
    let arguments = [
        "cycle", "--url", &first.url, "--vs", &vs, "--jobs", "50", "--rounds", "2",
    ];
    let result = result(&arguments);
    let targets = result["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    assert_eq!(targets[1]["name"], "last");
    assert_eq!(targets[1]["ratios"]["jobs_per_second"], 1.0);
    assert!(targets[0]["ratios"]["jobs_per_second"].is_f64());
    for target in targets {
        assert_eq!(target["rounds"].as_array().unwrap().len(), 2);
    }
    let output = run(&arguments);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.contains("ratio to last"), "{table}");
}

#[test]
fn a_server_that_the_tool_has_started_is_gone_afterwards() {
    let (url, start) = place();
    let arguments = ["cycle", "--url", &url, "--start", &start, "--jobs", "20"];
    let result = result(&arguments);
    assert_eq!(result["targets"][0]["median"]["delivery"]["exact"], 20);
    assert!(TcpStream::connect(url.strip_prefix("tcp://").unwrap()).is_err());
}

#[test]
fn what_cannot_be_measured_is_said_on_standard_error() {
    for (arguments, hint) in [
        (
            ["cycle", "--url", "tcp+tls://localhost:1"],
            "TLS is not measured",
        ),
        (
            ["cycle", "--start", "/nonexistent/server"],
            "cannot start \"/nonexistent/server\"",
        ),
        (
            ["cycle", "--start", "false"],
            "\"false\" has ended: exit status: 1",
        ),
    ] {
        let output = run(&arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && output.stdout.is_empty());
        assert!(errors.contains(hint), "{errors}");
    }
}
