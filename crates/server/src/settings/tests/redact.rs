//! What of jobs is not shown.

use super::*;

#[test]
fn values_are_hidden_by_type_and_path() {
    let config = "[redact]\n\"Pay::*\" = [\"arg.0.card\", \"custom.token\"]\nMail = [\"arg\"]\n";
    let setup = Setup::with_config(config);
    assert_eq!(setup.warnings(), Vec::<String>::new());
    let settings = setup.load();
    assert_eq!(settings.web.redactions.len(), 2);
    assert_eq!(settings.engine_rules().redactions, settings.web.redactions);
}

#[test]
fn what_hides_nothing_is_refused_with_its_place() {
    for (line, wrong) in [
        ("Pay = \"arg\"", "redact.Pay must be a list of paths"),
        ("Pay = [\"arg\", 1]", "redact.Pay must be a list of paths"),
        (
            "Pay = [\"arg\", \"card\"]",
            "redact.Pay: \"card\" is no path",
        ),
        (
            "Pay.Charge = [\"arg\"]",
            "redact.Pay must be a list of paths",
        ),
    ] {
        let error = Setup::with_config(&format!("[redact]\n{line}\n")).error();
        assert!(error.contains("line 2") && error.contains(wrong), "{error}");
    }
    let many = (0..=100).map(|n| format!("T{n} = [\"arg\"]\n"));
    let error = Setup::with_config(&format!("[redact]\n{}", many.collect::<String>())).error();
    assert!(error.contains("more than 100 types"), "{error}");
    let many = vec!["\"arg\""; 101].join(",");
    let error = Setup::with_config(&format!("[redact]\nT = [{many}]\n")).error();
    assert!(error.contains("more than 100 paths"), "{error}");
}
