use workmill_proto::SetName;
use workmill_store::Place;

use super::*;

fn places(query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap();
    let queues = ["mail", "fast"].map(|name| Place::Queue(name.into()));
    let sets = SetName::ALL.map(Place::Set);
    let places = [Place::Working].into_iter().chain(queues).chain(sets);
    let can = places.filter(|place| query.can_match_in(place));
    can.map(|place| match place {
        Place::Working => "working".to_owned(),
        Place::Queue(name) => name.into(),
        Place::Set(set) => set.as_str().to_owned(),
    })
    .collect()
}

#[test]
fn a_query_for_a_group_and_nothing_else_is_known_as_such() {
    let group = |text: &str| Query::parse(text).unwrap().only_group().map(str::to_owned);
    let id = "00000000000000ff";
    for rest in [
        "",
        " state:dead",
        " (state:dead OR state:retries)",
        " -state:working",
    ] {
        assert_eq!(
            group(&format!("group:{id}{rest}")).as_deref(),
            Some(id),
            "{rest}"
        );
    }
    for other in [
        "",
        "state:dead",
        "group:f*",
        "group:(a OR b)",
        "group:a group:b",
        "-group:a",
        "group:a x",
        "group:a OR x",
    ] {
        assert_eq!(group(other), None, "{other}");
    }
}

#[test]
fn a_query_can_match_in_some_places_only() {
    let sets = ["scheduled", "retries", "dead", "completed"];
    let all = [&["working", "mail", "fast"][..], &sets].concat();
    for query in ["", "x", "-x", "jid:abc", "state:dead OR x", "-queue:m*"] {
        let wanted = match query {
            "-queue:m*" => [&["working", "fast"][..], &sets].concat(),
            _ => all.clone(),
        };
        assert_eq!(places(query), wanted, "{query}");
    }
    assert_eq!(places("state:(dead OR retries)"), ["retries", "dead"]);
    assert_eq!(places("state:dead x"), ["dead"]);
    assert_eq!(places("state:done x"), ["completed"]);
    assert_eq!(places("state:dead state:retries"), Vec::<String>::new());
    assert_eq!(places("-state:enqueued -state:working"), sets);
    assert_eq!(places("state:enqueued queue:m*"), ["mail"]);
    assert_eq!(places("worker:w"), ["working"]);
    assert_eq!(places("started:<-1h"), ["working"]);
    assert_eq!(places("at:<1h"), sets);
    assert_eq!(places("group:00000000000000ff"), ["retries", "dead"]);
    let matches_all = |query: &str| {
        let query = Query::parse(query).unwrap();
        query.matches_all_in(&Place::Set(SetName::Dead))
    };
    assert!(
        ["", "state:dead", "-state:working"]
            .iter()
            .all(|query| matches_all(query))
    );
    for query in ["*", "queue:*", "state:dead x", "state:retries"] {
        assert!(!matches_all(query), "{query}");
    }
}

#[test]
fn what_a_query_names_exactly_is_told() {
    let jids = |query: &str| {
        let query = Query::parse(query).unwrap();
        query
            .jids()
            .map(|jids| jids.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let some = |jids: &[&str]| Some(jids.iter().map(|jid| (*jid).to_owned()).collect());
    assert_eq!(jids("jid:a"), some(&["a"]));
    assert_eq!(jids("jid:(b OR a) x"), some(&["a", "b"]));
    assert_eq!(jids("jid:(b OR a) (jid:b OR jid:c)"), some(&["b"]));
    assert_eq!(jids("jid:a OR jid:b"), some(&["a", "b"]));
    for query in ["", "jid:a*", "jid:(a OR b*)", "-jid:a", "jid:a OR x", "a"] {
        assert_eq!(jids(query), None, "{query}");
    }
    let query = Query::parse("queue:mail x OR queue:fast").unwrap();
    assert_eq!(query.queues(), Some(["fast", "mail"].into()));
    assert!(Query::parse("x -worker:w").unwrap().asks_for_reservations());
    assert!(!Query::parse("x").unwrap().asks_for_reservations());
    assert!(Query::parse("x OR -group:0*").unwrap().asks_for_groups());
    assert!(!Query::parse("x worker:w").unwrap().asks_for_groups());
}
