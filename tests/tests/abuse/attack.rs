//! A server that is attacked while clients who behave use it.

use std::sync::Arc;

use workmill_tests::{Fleet, FleetPlan, Ledger, Memory, Server, ServerBuilder, seed};

/// Runs the attack while a small fleet works. Afterwards every job is accounted for, the fleet has been served during
/// the attack, and the server never used more memory than this. The attack says how many jobs it has seen through itself.
pub fn attack_while_others_work(
    builder: ServerBuilder,
    memory_bytes_max: u64,
    attack: impl FnOnce(&Server) -> u64,
) {
    let mut server = builder.start();
    let ledger = Arc::new(Ledger::default());
    let plan = FleetPlan {
        producers: 2,
        workers: 3,
        errors_expected: false,
    };
    let fleet = Fleet::start(server.addr(), &ledger, plan, "fleet", seed());
    wait_for_acks(&ledger, 0);
    let before = ledger.checked().acks_kept;
    let others = attack(&server);
    ledger.others_acknowledged(others);
    let during = ledger.checked().acks_kept;
    // Without this the fleet might have been served only while the attack was being prepared.
    wait_for_acks(&ledger, during);
    fleet.stop();
    assert!(server.is_running());
    let memory = Memory::of(server.pid());
    println!("{} jobs during the attack; {memory:?}", during - before);
    ledger.audit(&mut server.client());
    ledger.assert_kept("after the attack");
    assert!(during > before, "nobody was served during the attack");
    let peak_bytes = memory.peak_bytes;
    assert!(
        peak_bytes <= memory_bytes_max,
        "{peak_bytes} bytes of memory, more than {memory_bytes_max}"
    );
}

/// Waits until more ACKs than these were acknowledged.
fn wait_for_acks(ledger: &Ledger, acks: u64) {
    let deadline = std::time::Instant::now() + workmill_tests::REPLY_WAIT;
    while ledger.checked().acks_kept <= acks {
        assert!(
            std::time::Instant::now() < deadline,
            "the fleet is not served any more"
        );
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
