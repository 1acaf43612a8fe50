//! FLUSH: nothing of before is left, and nothing of it comes back.

use std::sync::Arc;

use serde_json::json;
use workmill_engine::{Duty, Op, Outcome, TrackOp};
use workmill_proto::TrackCommand;

use crate::world::World;

#[test]
fn what_was_cleared_before_a_flush_leaves_no_track_after_it() {
    let mut world = World::new();
    let at = world.now.plus_secs(3_600).to_string();
    world.push("job-0001", "q", json!({"at": at, "custom": {"track": 1}}));
    world.mutate(json!({"cmd": "clear", "target": "scheduled"}));
    world.ok(Op::Flush);
    world.tick(Duty::Sweep);
    let get = TrackOp {
        command: TrackCommand::Get("job-0001".to_owned()),
        wid: "".into(),
    };
    match world.run(Op::Track(Arc::new(get))) {
        Outcome::Track(report) => assert_eq!(report.track, None),
        other => panic!("{other:?}"),
    }
}
