//! Jobs come when they are due, once, whatever happens to the server.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use workmill_tests::{Client, Server, moment_in, schedule_once};

/// An entry whose jobs go into the queue of its name.
fn entry(name: &str, schedule: &str, catch_up: bool) -> String {
    format!(
        "[[cron]]\nname = \"{name}\"\nschedule = \"{schedule}\"\ncatch_up = {catch_up}\n\
         [cron.job]\ntype = \"Thing\"\nqueue = \"{name}\"\n"
    )
}

/// A schedule with one tick, so many seconds from now.
fn once_in(secs: i64) -> String {
    schedule_once(moment_in(secs))
}

fn size(client: &mut Client, queue: &str) -> u64 {
    client.queue_size(queue).unwrap_or(0)
}

/// Waits until the queue has so many jobs more.
fn wait_for_more(client: &mut Client, queue: &str, more: u64) {
    let wanted = size(client, queue) + more;
    client.wait_for_info(|info| {
        let size = info["faktory"]["queues"][queue].as_u64();
        size.is_some_and(|size| size >= wanted)
    });
}

#[test]
fn a_tick_fires_once_also_if_the_server_is_killed_right_after_it() {
    let config = entry("pulse", "* * * * * *", false) + &entry("once", &once_in(2), true);
    let mut server = Server::builder().config(&config).start();
    wait_for_more(&mut server.client(), "once", 1);
    for _ in 0..3 {
        server.kill9();
        server.start_again();
        // The second that comes after the start has been looked at by then.
        wait_for_more(&mut server.client(), "pulse", 2);
    }
    let mut client = server.client();
    assert_eq!(size(&mut client, "once"), 1);

    let pulses = size(&mut client, "pulse");
    let seconds: BTreeSet<String> = (0..pulses)
        .map(|_| client.fetch_now("pulse")["created_at"].to_string())
        .map(|created_at| {
            created_at
                .chars()
                .take("\"2026-01-01T00:00:00".len())
                .collect()
        })
        .collect();
    assert_eq!(
        seconds.len() as u64,
        pulses,
        "two jobs in one second: {seconds:?}"
    );
}

#[test]
fn a_tick_while_no_server_runs_is_skipped_unless_it_is_to_be_caught_up() {
    let schedule = once_in(6);
    let config = entry("pulse", "* * * * * *", false)
        + &entry("skips", &schedule, false)
        + &entry("catches-up", &schedule, true)
        + "[cron_plugin]\nmissed_within = \"0s\"\n";
    let mut server = Server::builder().config(&config).start();
    let mut client = server.client();
    wait_for_more(&mut client, "pulse", 1);
    let early = size(&mut client, "catches-up");
    assert_eq!(early, 0, "the machine is too slow for this test");
    server.kill9();
    thread::sleep(Duration::from_secs(7));
    server.start_again();
    wait_for_more(&mut server.client(), "pulse", 2);
    let mut client = server.client();
    assert_eq!(size(&mut client, "catches-up"), 1);
    assert_eq!(size(&mut client, "skips"), 0);
}

#[test]
fn hup_puts_changed_entries_into_force_and_tells_of_each() {
    let server = Server::builder()
        .config(&entry("old", "* * * * * *", false))
        .start();
    let mut client = server.client();
    wait_for_more(&mut client, "old", 1);
    server
        .files()
        .write_config("50-test.toml", &entry("new", "* * * * * *", false));
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    server.wait_for_log_after(mark, "cron entry \"new\" is new");
    server.wait_for_log_after(mark, "cron entry \"old\" is gone");
    wait_for_more(&mut client, "new", 1);
    let old = size(&mut client, "old");
    wait_for_more(&mut client, "new", 2);
    assert_eq!(size(&mut client, "old"), old);

    server
        .files()
        .write_config("50-test.toml", &entry("bad", "* * * 13 *", false));
    let mark = server.log().mark();
    server.signal(Signal::SIGHUP);
    let line = server.wait_for_log_after(mark, "the settings stay as they are");
    for part in [
        "50-test.toml, line 3",
        "cron entry \"bad\"",
        "1 to 12 or JAN to DEC",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    wait_for_more(&mut client, "new", 1);
}

#[test]
fn a_bad_entry_stops_the_start() {
    let ended = Server::builder()
        .config(&entry("bad", "every day", false))
        .try_start()
        .expect_err("the server starts");
    assert!(!ended.status.success());
    for part in ["50-test.toml, line 3", "cron entry \"bad\"", "5 fields"] {
        assert!(ended.log.contains(part), "{part}: {}", ended.log);
    }
}
