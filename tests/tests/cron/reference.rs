//! The times of schedules are those that an independent implementation finds.

use std::path::Path;
use std::process::Command;

use workmill_tests::binary_path;

/// How many random schedules are compared, if the environment does not say.
const CASES: &str = "2000";

#[test]
fn random_schedules_are_due_when_cronsim_says_in_eight_zones() {
    let tests_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interpreter = tests_dir.join("../.cache/python/bin/python");
    assert!(
        interpreter.exists(),
        "there is no {}: test.sh makes it",
        interpreter.display()
    );
    let program = binary_path().with_file_name("examples/cron_times");
    assert!(
        program.exists(),
        "there is no {}: run `cargo build -p workmill-engine --example cron_times`",
        program.display()
    );
    let cases = std::env::var("PROPTEST_CASES").unwrap_or_else(|_| CASES.to_owned());
    let output = Command::new(interpreter)
        .arg(tests_dir.join("clients/python/cron_reference.py"))
        .arg(program)
        .args([&cases, "1"])
        .output()
        .expect("start Python");
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
