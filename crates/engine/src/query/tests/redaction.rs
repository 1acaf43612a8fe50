//! What is hidden is neither shown nor found.

use workmill_proto::SetName;
use workmill_store::Place;

use super::*;

const PAYLOAD: &str = r#"{"jid":"Job-000001","queue":"mail","jobtype":"Pay::Charge","args":[{"card":"4111","pin":1,"pin":2,"who":{"name":"Ann"}},"se\u0063ret",[{"card":"5500"}],{"card":{"no":"6011"}}],"custom":{"token":"t0p","tags":["urgent"],"big":12345678901234567890}}"#;

fn redactions(paths: &[&str]) -> Redactions {
    let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
    let others = Redaction::new("Mail*", &["arg".to_owned()]).unwrap();
    let these = Redaction::new("Pay::*", &paths).unwrap();
    [others, these].into_iter().collect()
}

fn sample() -> Sample {
    Sample::of(Place::Set(SetName::Dead), PAYLOAD)
}

/// A member of the payload as it is shown.
fn shown(paths: &[&str], member: &str) -> serde_json::Value {
    let job = redactions(paths).hide(sample().job);
    let payload: serde_json::Value = serde_json::from_slice(&job.unwrap().body).unwrap();
    payload[member].clone()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn value_is_hidden_where_a_query_finds_it() {
    for (path, wanted) in [
        (
            "arg.0.card",
            r#"[{"card":"[redacted]","pin":2,"who":{"name":"Ann"}},"secret",[{"card":"5500"}],{"card":{"no":"6011"}}]"#,
        ),
        (
            "arg.card",
            r#"[{"card":"[redacted]","pin":2,"who":{"name":"Ann"}},"secret",[{"card":"[redacted]"}],{"card":"[redacted]"}]"#,
        ),
        (
            "arg.2.card",
            r#"[{"card":"4111","pin":2,"who":{"name":"Ann"}},"secret",[{"card":"[redacted]"}],{"card":{"no":"6011"}}]"#,
        ),
        (
            "args.0.who.name",
            r#"[{"card":"4111","pin":2,"who":{"name":"[redacted]"}},"secret",[{"card":"5500"}],{"card":{"no":"6011"}}]"#,
        ),
        (
            "arg.9",
            r#"[{"card":"4111","pin":2,"who":{"name":"Ann"}},"secret",[{"card":"5500"}],{"card":{"no":"6011"}}]"#,
        ),
        (
            "arg",
            r#"["[redacted]","[redacted]","[redacted]","[redacted]"]"#,
        ),
    ] {
        assert_eq!(shown(&[path], "args"), json(wanted), "{path}");
    }
    for (path, wanted) in [
        (
            "custom.token",
            r#"{"token":"[redacted]","tags":["urgent"],"big":12345678901234567890}"#,
        ),
        (
            "tag",
            r#"{"token":"t0p","tags":"[redacted]","big":12345678901234567890}"#,
        ),
        (
            "custom",
            r#"{"token":"[redacted]","tags":"[redacted]","big":"[redacted]"}"#,
        ),
    ] {
        assert_eq!(shown(&[path], "custom"), json(wanted), "{path}");
    }
}

#[test]
fn value_in_arrays_of_arrays_is_hidden_and_not_found() {
    let args = r#"[[{"user":[[{"password":"s3cret","name":"Ann"}],{"password":"t0p"}]},[{"user":{"password":"deep"}}]],{"user":[["s3cret"]]}]"#;
    let payload = format!(r#"{{"jid":"Job-000001","jobtype":"Pay::Charge","args":{args}}}"#);
    let sample = Sample::of(Place::Set(SetName::Dead), &payload);
    for path in ["arg.0.user.password", "arg.user.password"] {
        let hidden = redactions(&[path]);
        let job = hidden.hide(sample.job.clone()).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&job.body).unwrap();
        let wanted = r#"[[{"user":[[{"password":"[redacted]","name":"Ann"}],{"password":"[redacted]"}]},[{"user":{"password":"[redacted]"}}]],{"user":[["s3cret"]]}]"#;
        assert_eq!(shown["args"], json(wanted), "{path}");
        for (query, is_found) in [
            ("arg.0.user.password:s3cret", false),
            ("arg.user.password:deep", false),
            ("t0p", false),
            ("arg.user.name:Ann", true),
        ] {
            let wanted = if is_found { Verdict::Yes } else { Verdict::No };
            let query = Query::parse(query).unwrap();
            assert_eq!(sample.verdict_without(&hidden, &query), wanted, "{query:?}");
        }
    }
    let query = Query::parse("arg.user.password:deep").unwrap();
    let nothing = Redactions::default();
    assert_eq!(sample.verdict_without(&nothing, &query), Verdict::Yes);
}

#[test]
fn each_of_several_members_of_one_name_is_hidden() {
    let job = redactions(&["arg.pin"]).hide(sample().job).unwrap();
    let body = String::from_utf8(job.body).unwrap();
    assert!(
        !body.contains("\"pin\":1") && !body.contains("\"pin\":2"),
        "{body}"
    );
}

#[test]
fn jobs_of_other_types_stay_as_they_are() {
    let other = PAYLOAD.replace("Pay::Charge", "Repay::Charge");
    let other = Sample::of(Place::Set(SetName::Dead), &other);
    assert_eq!(
        redactions(&["arg", "custom"]).hide(other.job.clone()),
        other.job
    );
}

#[test]
fn query_does_not_find_what_is_hidden() {
    let hidden = redactions(&["arg.card", "arg.1", "custom.token"]);
    for (query, is_found) in [
        ("arg.0.card:4111", false),
        ("4111", false),
        ("secret", false),
        ("arg.1:se*", false),
        ("arg.card:(6011 OR 4*)", false),
        ("custom.token:t*", false),
        ("arg.pin>0", true),
        ("arg.0.who.name:Ann", true),
        ("tag:urgent", true),
        ("arg.0.card:\"[redacted]\"", true),
    ] {
        let parsed = Query::parse(&query.replace('>', ":>")).unwrap();
        let wanted = if is_found { Verdict::Yes } else { Verdict::No };
        assert_eq!(
            sample().verdict_without(&hidden, &parsed),
            wanted,
            "{query}"
        );
    }
}

#[test]
fn wrong_path_is_told_with_its_place() {
    for path in [
        "",
        "card",
        "queue",
        "state",
        "arg.",
        "arg:1",
        "arg.0 custom.x",
        "*",
    ] {
        let paths = ["arg.0".to_owned(), path.to_owned()];
        let (index, _) = Redaction::new("*", &paths).unwrap_err();
        assert_eq!(index, 1, "{path}");
    }
}
