//! Servers on a schema of their own.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use workmill_tests::{Server, ServerBuilder, ServerFiles, binary_path};

use super::postgres;

/// What the servers on a schema know.
const SECRET: &str = "a secret of all servers on a schema";

/// How long nobody may lead.
const LEADS_WITHIN: Duration = Duration::from_secs(30);

/// A server to be started on a schema of its own.
pub(crate) fn on_schema(schema: &str) -> ServerBuilder {
    on_schema_with(schema, ServerFiles::default())
}

/// The same with these files.
pub(crate) fn on_schema_with(schema: &str, files: ServerFiles) -> ServerBuilder {
    Server::builder().files(files).config(&storage(schema))
}

fn storage(schema: &str) -> String {
    let directory = postgres::Server::get().directory().display();
    let pid = std::process::id();
    format!(
        "[storage]\nurl = \"host={directory} user=workmill dbname=postgres application_name={schema}_{pid}\"\n\
         schema = \"{schema}_{pid}\"\n"
    )
}

pub(crate) fn migrate(files: &ServerFiles) -> String {
    let mut command = Command::new(binary_path());
    command.args(["migrate", "-e", "development", "-c"]);
    let command = command.arg(files.config_dir()).stdin(Stdio::null());
    let output = command.output().expect("run workmill");
    let text = String::from_utf8([output.stdout, output.stderr].concat()).expect("it says text");
    assert!(output.status.success(), "{text}");
    text
}

/// Several servers on one schema.
pub(crate) struct Members {
    schema: &'static str,
    pub(crate) servers: Vec<Server>,
    /// Where they reach each other.
    addresses: Vec<String>,
}

impl Members {
    /// Starts so many; one of them leads when this is done, and all others are linked to it.
    pub(crate) fn start(schema: &'static str, count: usize) -> Self {
        migrate(on_schema(schema).files_ref());
        let mut members = Self::unmade(schema);
        for _ in 0..count {
            members.join(members.builder());
        }
        members
    }

    /// None so far, and no tables either.
    pub(crate) fn unmade(schema: &'static str) -> Self {
        Self {
            schema,
            servers: Vec::new(),
            addresses: Vec::new(),
        }
    }

    /// One more, to be started.
    pub(crate) fn builder(&self) -> ServerBuilder {
        self.builder_with(ServerFiles::default())
    }

    /// One more with these files, to be started.
    pub(crate) fn builder_with(&self, files: ServerFiles) -> ServerBuilder {
        let cluster = format!("[cluster]\nbinding = \"127.0.0.1:0\"\nsecret = \"{SECRET}\"\n");
        on_schema_with(self.schema, files).config_file("60-cluster.toml", &cluster)
    }

    /// Starts one more, and waits until what its clients ask is run.
    pub(crate) fn join(&mut self, builder: ServerBuilder) {
        let server = builder.start();
        server.client().info();
        self.addresses.push(address_of(&server));
        self.servers.push(server);
    }

    /// Kills a server, and waits until another one leads if it has led.
    pub(crate) fn kill(&mut self, index: usize) {
        let (epoch, leads) = (self.epoch(), self.leader() == index);
        self.servers[index].kill9();
        if leads {
            self.wait_for_epoch_after(epoch);
        }
    }

    /// Starts a server again that was killed.
    pub(crate) fn start_again(&mut self, index: usize) {
        self.servers[index].start_again();
        self.addresses[index] = address_of(&self.servers[index]);
    }

    /// The epoch now.
    pub(crate) fn epoch(&self) -> u64 {
        let epoch = self.ask("SELECT epoch FROM @renewals");
        epoch.parse().expect("the epoch is a number")
    }

    /// Which server leads, or has led last.
    pub(crate) fn leader(&self) -> usize {
        let address = self.ask("SELECT address FROM @renewals");
        let mut addresses = self.addresses.iter();
        let leader = addresses.position(|of| *of == address);
        leader.unwrap_or_else(|| panic!("none of the servers is at {address}"))
    }

    /// Which server has not led last.
    pub(crate) fn follower(&self) -> usize {
        (self.leader() + 1) % self.servers.len()
    }

    /// Waits until an epoch has begun after this one.
    pub(crate) fn wait_for_epoch_after(&self, epoch: u64) {
        let until = Instant::now() + LEADS_WITHIN;
        while self.epoch() <= epoch {
            assert!(Instant::now() < until, "nobody leads after epoch {epoch}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends all connections to the database, as its administrator may.
    pub(crate) fn end_sessions(&self) {
        let ended = self.ask(&format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = '{}_{}'",
            self.schema,
            std::process::id()
        ));
        assert_ne!(ended, "0", "there were no connections");
    }

    /// Asks the database; `@` stands for the schema.
    fn ask(&self, text: &str) -> String {
        let schema = format!("{}_{}.", self.schema, std::process::id());
        let mut psql = Command::new("psql");
        psql.arg("-h").arg(postgres::Server::get().directory());
        psql.args(["-U", "workmill", "-d", "postgres", "-Atqc"]);
        psql.arg(text.replace('@', &schema));
        let output = psql.output().expect("run psql");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }
}

fn address_of(server: &Server) -> String {
    let line = server.wait_for_log("other servers reach this one at ");
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}
