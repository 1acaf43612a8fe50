//! Dead jobs that leave a full set, and what that brings about.

use serde_json::json;
use workmill_engine::Rules;
use workmill_store::QUEUES_MAX;

use crate::world::World;

#[test]
fn evicted_callbacks_that_bring_dead_ones_do_not_nest() {
    // Each in the stack frame of the one before would be more than a stack holds.
    const DEAD: u64 = 2_000;
    let mut world = World::with_rules(Rules {
        dead_jobs_max: DEAD,
        ..Rules::default()
    });
    for _ in 0..DEAD {
        let bid = world.new_batch(&json!({
            "complete": {"jobtype": "C", "queue": "q", "retry": -1},
            "success": {"jobtype": "S", "queue": "nowhere"},
        }));
        world.commit(&bid);
        let jid = world.fetch(&["q"], "w").jid().to_owned();
        world.fail(&jid, "w");
    }
    assert_eq!(world.totals().dead, DEAD);
    let others: Vec<String> = (1..QUEUES_MAX).map(|n| format!("other-{n}")).collect();
    for names in others.chunks(1_000) {
        world.queue(&format!("PAUSE {}", names.join(" ")));
    }
    world.push("job-last", "q", json!({"retry": -1}));
    world.fetch(&["q"], "w");
    world.fail("job-last", "w");
    let size = world.totals().dead;
    assert!((DEAD..DEAD + 10).contains(&size), "{size} dead jobs");
}
