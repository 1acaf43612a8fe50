//! A server has as many threads as it is told to: which of its two ways the other tests go is theirs to say.

use std::fs;

use workmill_tests::{Server, Threads, job};

/// Which threads the server has: with several, one of its own runs the commands.
fn threads(server: &Server) -> Threads {
    // The thread that has answered a command has taken its name.
    server.client().info();
    let tasks = fs::read_dir(format!("/proc/{}/task", server.pid())).expect("list the threads");
    // A thread may end meanwhile.
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let names: Vec<String> = names.map(|name| name.trim_end().to_owned()).collect();
    assert!(names.iter().any(|name| name == "workmill"), "{names:?}");
    match names.iter().any(|name| name == "committer") {
        true => Threads::Several,
        false => Threads::One,
    }
}

#[test]
fn server_has_the_threads_it_is_told_to_have() {
    for told in [Threads::One, Threads::Several] {
        let server = Server::builder().threads(told).start();
        assert_eq!(threads(&server), told);
    }
}

#[test]
fn threads_change_from_start_to_start_and_the_jobs_stay() {
    let mut server = Server::builder().threads_in_turn(7).start();
    server.client().push(&job("jid-00007", "q"));
    for number in 7..11 {
        assert_eq!(threads(&server), Threads::in_turn(number));
        server.restart();
        assert_eq!(server.client().queue_size("q"), Some(1));
    }
}

#[test]
fn server_has_the_threads_that_this_run_of_the_tests_wants() {
    let wanted = match std::env::var("WORKMILL_TEST_THREADS").as_deref() {
        Err(_) => return,
        Ok("1") => Threads::One,
        Ok(_) => Threads::Several,
    };
    assert_eq!(threads(&Server::start()), wanted);
}

#[test]
fn number_of_threads_that_is_none_is_told_of_and_does_not_count() {
    let server = Server::builder()
        .env("TOKIO_WORKER_THREADS", "many")
        .start();
    let line = server.wait_for_log("TOKIO_WORKER_THREADS");
    assert!(line.contains("WARN") && line.contains("\"many\""), "{line}");
}
