//! Ticks of cron that a restart or a wrong clock has touched.

use workmill_tests::{Client, Server, ServerFiles, WallClock, moment_in, schedule_once};

const HOUR: i64 = 3_600;

/// An entry whose jobs go into the queue of its name.
fn entry(name: &str, schedule: &str) -> String {
    format!(
        "[[cron]]\nname = \"{name}\"\nschedule = \"{schedule}\"\n[cron.job]\ntype = \"Thing\"\nqueue = \"{name}\"\n"
    )
}

fn wait_for(client: &mut Client, queue: &str) {
    client.wait_for_info(|info| info["faktory"]["queues"][queue].as_u64() >= Some(1));
}

#[test]
fn a_tick_in_a_restart_is_fired_and_an_older_one_is_told_of() {
    for (down_secs, fires) in [(120, true), (200, false)] {
        let files = ServerFiles::default();
        let clock = WallClock::of(&files, 0);
        let config =
            entry("missed", &schedule_once(moment_in(100))) + &entry("pulse", "* * * * * *");
        let builder = clock.carry(Server::builder().files(files).config(&config));
        let mut server = builder.start();
        wait_for(&mut server.client(), "pulse");
        server.stop();
        clock.set(down_secs);
        server.start_again();
        let mut client = server.client();
        if fires {
            wait_for(&mut client, "missed");
            server.restart();
            let mut client = server.client();
            client.fetch_now("pulse");
            assert_eq!(client.queue_size("missed"), Some(1), "once");
        } else {
            let line = server.wait_for_log("ticks of cron entries passed while no server ran");
            assert!(line.contains("missed, pulse"), "{line}");
            assert_eq!(client.queue_size("missed").unwrap_or(0), 0);
        }
    }
}

#[test]
fn entries_follow_a_clock_that_was_hours_ahead_and_is_put_right() {
    for restarts in [false, true] {
        let files = ServerFiles::default();
        let clock = WallClock::of(&files, 8 * HOUR);
        let builder = clock.carry(
            Server::builder()
                .files(files)
                .config(&entry("pulse", "* * * * * *")),
        );
        let mut server = builder.start();
        wait_for(&mut server.client(), "pulse");
        if restarts {
            server.stop();
        }
        clock.set(0);
        if restarts {
            server.start_again();
        }
        let line = server.wait_for_log("cron entries fired under a clock that was ahead");
        assert!(line.contains("pulse"), "{line}");
        let mut client = server.client();
        client.ok(r#"QUEUE REMOVE pulse"#);
        wait_for(&mut client, "pulse");
    }
}

#[test]
fn a_clock_put_back_by_an_hour_fires_no_tick_again_and_those_that_had_not_fired() {
    let files = ServerFiles::default();
    let clock = WallClock::of(&files, HOUR);
    // Past when the server starts, and to come when its clock is put back.
    let config = entry("to-come", &schedule_once(moment_in(15))) + &entry("pulse", "* * * * * *");
    let server = clock
        .carry(Server::builder().files(files).config(&config))
        .start();
    let mut client = server.client();
    wait_for(&mut client, "pulse");
    clock.set(0);
    server.wait_for_log("the clock is before the last ticks of cron entries");
    let pulses = client.queue_size("pulse");
    wait_for(&mut client, "to-come");
    assert_eq!(client.queue_size("pulse"), pulses);
}
