//! Jobs of one server that are kept in a PostgreSQL database instead of a file.

use workmill_tests::job;

use super::fixture::{migrate, on_schema};

#[test]
fn jobs_in_a_database_outlive_a_killed_server() {
    let builder = on_schema("outlive");
    assert!(migrate(builder.files_ref()).starts_with("Made the tables"));
    assert!(migrate(builder.files_ref()).contains("are of this version"));
    let mut server = builder.start();
    let mut client = server.worker("w");
    for jid in ["jid-000001", "jid-000002", "jid-000003"] {
        client.push(&job(jid, "q"));
    }
    assert_eq!(client.fetch_jid("q"), "jid-000001");
    assert_eq!(client.fetch_jid("q"), "jid-000002");
    client.ack("jid-000001");
    server.kill9();
    server.start_again();
    let mut client = server.worker("w");
    client.ack("jid-000002");
    assert_eq!(client.fetch_jid("q"), "jid-000003");
    client.fail("jid-000003");
    assert_eq!(client.queue_size("q"), Some(0));
    server.stop();
    server.start_again();
    let info = server.client().info();
    assert_eq!(info["faktory"]["tasks"]["Retries"]["size"], 1, "{info}");
    assert_eq!(info["faktory"]["total_processed"], 3, "{info}");
    assert!(!server.files().storage_dir().join("workmill.db").exists());
}

#[test]
fn a_second_server_on_a_schema_does_not_start() {
    let builder = on_schema("second");
    migrate(builder.files_ref());
    let first = builder.start();
    let second = on_schema("second").try_start();
    let ended = second.expect_err("two servers work on one schema");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(
        ended.log.contains("is in use by another server (pid"),
        "{}",
        ended.log
    );
    // The first one has noticed nothing.
    first.client().push(&job("jid-000001", "q"));
}

#[test]
fn a_database_without_tables_is_told_with_what_to_do() {
    let ended = on_schema("empty")
        .try_start()
        .expect_err("there are no tables");
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(
        ended.log.contains("run `workmill migrate`"),
        "{}",
        ended.log
    );
}
