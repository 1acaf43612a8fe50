//! Batches below batches.

use serde_json::{Value, json};
use workmill_engine::{Op, Outcome};
use workmill_proto::{Command, parse_command};

use super::Visitor;
use super::visitor::get;
use crate::desk::Desk as _;

/// Makes a batch below another one; none if the parent is empty.
fn batch(visitor: &Visitor, description: &str, parent: &str) -> String {
    let done = json!({"jobtype": "Done", "args": []});
    let asked = json!({"description": description, "parent_bid": parent, "success": done});
    let line = format!("BATCH NEW {asked}");
    let Command::Batch(command) = parse_command(line.as_bytes()).unwrap() else {
        panic!("no batch command");
    };
    let op = Op::batch(command, visitor.desk.now()).unwrap();
    match visitor.desk.run(op) {
        Outcome::Bid(bid) => bid.to_string(),
        other => panic!("no batch: {other:?}"),
    }
}

#[tokio::test]
async fn page_of_a_batch_shows_the_tree_below_it() {
    let visitor = Visitor::new();
    let root = batch(&visitor, "root", "");
    let first = batch(&visitor, "first", &root);
    batch(&visitor, "second", &root);
    let mut below = batch(&visitor, "first of first", &first);
    for depth in 3..8 {
        below = batch(&visitor, &format!("level {depth}"), &below);
    }
    let family = get(&visitor, &format!("/api/v1/batches/{root}")).await;
    let children = family["children"].as_array().unwrap().iter();
    let told: Vec<(u64, &str)> = children
        .map(|child: &Value| {
            let depth = child["depth"].as_u64().unwrap();
            (depth, child["description"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        told,
        [
            (1, "first"),
            (2, "first of first"),
            (3, "level 3"),
            (4, "level 4"),
            (5, "level 5"),
            (1, "second")
        ]
    );
    let page = visitor.get(&format!("/batches/{root}")).await.text();
    assert!(
        page.contains("<th scope=\"row\" class=\"depth-2\">"),
        "{page}"
    );
    let list = visitor.get("/batches").await.text();
    assert!(!list.contains("depth-2"), "{list}");
}
