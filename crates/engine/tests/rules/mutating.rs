//! MUTATE.

mod careful;
mod editing;
mod matching;
mod operations;
mod places;
mod resuming;
mod undoing;

use serde_json::{Value, json};
use workmill_engine::Request;

use crate::world::{World, mutate_op};

/// Four scheduled jobs: two of a type `Mail`, and one whose args name another's id.
fn world_of_four() -> World {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for (jid, jobtype, args) in [
        ("jid-00001", "Mail", json!(["fizz"])),
        ("jid-00002", "Mail", json!([{"to": "buzz"}])),
        ("jid-00003", "Report", json!(["jid-00001"])),
        ("jid-00004", "Mailer", json!(["fizz", 1])),
    ] {
        world.push(
            jid,
            "q",
            json!({"jobtype": jobtype, "args": args, "at": at}),
        );
    }
    world
}

/// The ids a requeue with this filter puts into the queue.
fn requeued(filter: Value) -> Vec<String> {
    let mut world = world_of_four();
    world.mutate(json!({"cmd": "requeue", "target": "scheduled", "filter": filter}));
    let count = world.size("q");
    assert_eq!(world.totals().scheduled, 4 - count);
    (0..count)
        .map(|_| world.fetch(&["q"], "w").jid().to_owned())
        .collect()
}

#[test]
fn job_ids_and_types_are_compared_exactly() {
    assert_eq!(
        requeued(json!({"jids": ["jid-00001", "unknown"]})),
        ["jid-00001"]
    );
    assert_eq!(
        requeued(json!({"jobtype": "Mail"})),
        ["jid-00001", "jid-00002"]
    );
    assert_eq!(
        requeued(json!({"jobtype": "Mail", "jids": ["jid-00003"]})),
        ["jid-00003"]
    );
}

#[test]
fn an_explicitly_empty_filter_touches_nothing() {
    for verb in ["kill", "discard", "requeue", "clear"] {
        for filter in [json!({"jids": []}), json!({"jobtype": ""})] {
            let mut world = world_of_four();
            let before = world.totals();
            world.mutate(json!({"cmd": verb, "target": "scheduled", "filter": filter}));
            assert_eq!(world.totals(), before, "{verb} {filter}");
        }
    }
}

#[test]
fn the_glob_is_held_against_compact_json() {
    assert_eq!(
        requeued(json!({"regexp": r#"*"args":\["fizz"\]*"#})),
        ["jid-00001"]
    );
    assert_eq!(
        requeued(json!({"regexp": "*fizz*"})),
        ["jid-00001", "jid-00004"]
    );
    let both = json!({"regexp": "*fizz*", "jobtype": "Mailer"});
    assert_eq!(requeued(both), ["jid-00004"]);
}

#[test]
fn no_filter_means_all() {
    assert_eq!(requeued(json!({})).len(), 4);
    assert_eq!(requeued(json!(null)).len(), 4);
}

#[test]
fn clear_ignores_its_filter() {
    let mut world = world_of_four();
    world.mutate(json!({"cmd": "clear", "target": "scheduled", "filter": {"jobtype": "Mail"}}));
    assert_eq!(world.totals().scheduled, 0);
    let at = world.now.plus_secs(10).to_string();
    world.push("jid-00005", "q", json!({ "at": at }));
    assert_eq!(
        world.totals().scheduled,
        1,
        "the set can be used again at once"
    );
}

#[test]
fn discard_forgets_and_kill_buries() {
    let mut world = world_of_four();
    world.mutate(json!({"cmd": "discard", "target": "scheduled", "filter": {"jobtype": "Mail"}}));
    assert_eq!(world.totals().scheduled, 2);
    world.mutate(json!({"cmd": "kill", "target": "scheduled", "filter": {"jobtype": "Report"}}));
    let totals = world.totals();
    assert_eq!((totals.scheduled, totals.dead), (1, 1));
    world.mutate(json!({"cmd": "discard", "target": "dead"}));
    assert_eq!(world.totals().dead, 0);
}

#[test]
fn killing_the_dead_renews_them_once() {
    let mut world = world_of_four();
    world.mutate(json!({"cmd": "kill", "target": "scheduled"}));
    world.pass(100 * 86_400);
    world.mutate(json!({"cmd": "kill", "target": "dead"}));
    world.pass(100 * 86_400);
    assert_eq!(world.totals().dead, 4);
    world.pass(81 * 86_400);
    assert_eq!(world.totals().dead, 0);
}

#[test]
fn a_requeued_job_is_enqueued_now() {
    let mut world = world_of_four();
    world.now = world.now.plus_secs(7);
    world.mutate(json!({"cmd": "requeue", "target": "scheduled"}));
    assert_eq!(
        world.fetch(&["q"], "w").payload["enqueued_at"],
        world.now.to_string()
    );
}

#[test]
fn a_long_mutation_acts_only_on_what_was_there_when_it_started() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_000).to_string();
    for index in 0..1_500 {
        world.push(&format!("job-{index:06}"), "q", json!({ "at": at }));
    }
    let op = mutate_op(&json!({"cmd": "requeue", "target": "scheduled"}));
    let ticket = world.next_ticket();
    let mut rest = world.slice(&[Request { ticket, op }]);
    assert!(world.size("q") < 1_500, "it runs in slices");
    world.push("job-new-one", "q", json!({ "at": at }));
    while !rest.is_empty() {
        rest = world.slice(&rest);
    }
    assert!(world.answer(ticket).is_some());
    assert_eq!((world.size("q"), world.totals().scheduled), (1_500, 1));
}
