//! How it is opened, damaged and counted.

use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use workmill_proto::Timestamp;
use workmill_store::postgres::{Epoch, PostgresLease, PostgresStore, Target, migrate};
use workmill_store::suite::Fixture;
use workmill_store::{EntryKey, JobKey, Lease as _};

use super::server::Server;

/// The numbers of the kinds that the suite counts.
const COUNTED_KINDS: &str = "1, 2, 3, 6, 9, 10, 11, 14, 30, 31";

/// A new name for a schema, in the database of the tests.
pub(crate) fn new_target() -> Target {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (pid, nth) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let schema = format!("test_{pid}_{nth}_{}", now.as_micros());
    target_of(&schema, "workmill")
}

/// The tables in a schema, as a role sees them.
pub(crate) fn target_of(schema: &str, role: &str) -> Target {
    let directory = Server::get().directory().display();
    let url = format!("host={directory} user={role} dbname=postgres application_name={schema}");
    Target::parse(&url, schema).unwrap()
}

pub(crate) struct PostgresFixture {
    pub(crate) target: Target,
    /// Far enough on at each opening for what a dropped store has left to have run out.
    now: Timestamp,
}

impl PostgresFixture {
    /// Runs a statement past the store, in which `@` stands for the schema. Tells its first value.
    pub(crate) fn run(&self, text: &str) -> String {
        let directory = Server::get().directory();
        let text = text.replace('@', &format!("{}.", self.target.schema()));
        let mut psql = Command::new("psql");
        psql.arg("-h")
            .arg(directory)
            .args(["-U", "workmill", "-d", "postgres"]);
        let output = psql
            .args(["-qAtX", "-v", "ON_ERROR_STOP=1", "-c", &text])
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{text}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        told.trim().to_owned()
    }

    /// Holds what a statement locks, for as long as its session lasts.
    pub(crate) fn hold(&self, text: &str) -> Child {
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(Server::get().directory());
        psql.args(["-U", "workmill", "-d", "postgres", "-qc"]);
        psql.arg(format!("BEGIN; {text}; SELECT pg_sleep(60)"));
        let psql = psql.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let held = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%{}%' AND wait_event = 'PgSleep'",
            self.target.schema()
        );
        while self.run(&held) == "0" {
            thread::sleep(Duration::from_millis(10));
        }
        psql.unwrap()
    }

    /// Ends all sessions of stores of the schema.
    pub(crate) fn end_sessions(&self) {
        self.run(&format!(
            "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity WHERE application_name = '{}'",
            self.target.schema()
        ));
    }

    /// Takes the lease, whoever has it.
    pub(crate) fn acquire(&mut self) -> Epoch {
        let mut lease = PostgresLease::new(&self.target);
        self.now = self.now.plus(lease.lasts());
        lease.acquire("a test", self.now).unwrap();
        lease.epoch().unwrap()
    }
}

impl Fixture for PostgresFixture {
    type S = PostgresStore;

    fn new() -> Self {
        let target = new_target();
        migrate(&target).unwrap();
        Self {
            target,
            now: Timestamp::from_micros(0),
        }
    }

    fn open(&mut self) -> PostgresStore {
        let epoch = self.acquire();
        PostgresStore::open(&self.target, epoch).unwrap()
    }

    fn plant_job(&mut self, key: JobKey, bytes: &[u8]) {
        let changed = self.run(&format!(
            "UPDATE @jobs SET record = '{}' WHERE key = {} RETURNING 1",
            hex(bytes),
            key.0
        ));
        assert_eq!(changed, "1");
    }

    fn plant_entry(&mut self, key: EntryKey, bytes: &[u8]) {
        let changed = self.run(&format!(
            "UPDATE @entries SET record = '{}' WHERE serial = {} RETURNING 1",
            hex(bytes),
            key.serial
        ));
        assert_eq!(changed, "1");
    }

    fn count_rows(&mut self) -> u64 {
        let count = self.run(&format!(
            "SELECT (SELECT count(*) FROM @jobs) + (SELECT count(*) FROM @reservations)
                + (SELECT count(*) FROM @entries) + (SELECT count(*) FROM @kept WHERE kind IN ({COUNTED_KINDS}))
                + (SELECT coalesce(sum((octet_length(bytes) - 1) / 8), 0) FROM @kept WHERE kind = 13)"
        ));
        count.parse().unwrap()
    }
}

impl Drop for PostgresFixture {
    fn drop(&mut self) {
        if !thread::panicking() {
            self.run(&format!("DROP SCHEMA {} CASCADE", self.target.schema()));
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{digits}")
}
