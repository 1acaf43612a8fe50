//! Connections that are encrypted, against a server that has a certificate.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;
use workmill_store::postgres::{Target, check_tables};

use crate::server::programs;

/// How long the server may take to start.
const STARTS_WITHIN: Duration = Duration::from_secs(60);

/// Who may come in how: `encrypted` with TLS, `certified` with a certificate of its own as well, `plain` without.
const HBA: &str = "local all all trust\n\
    hostssl all certified all cert\n\
    hostssl all encrypted all trust\n\
    hostnossl all plain all trust\n";

/// A server with a certificate for `localhost`, until this is dropped.
struct Encrypted {
    directory: TempDir,
    port: u16,
    process: Child,
}

impl Drop for Encrypted {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// An authority, whose certificate is in a file.
fn authority(file: &Path) -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    fs::write(file, params.self_signed(&key).unwrap().pem()).unwrap();
    Issuer::new(params, key)
}

/// Writes a certificate of an authority and its key to `NAME.crt` and `NAME.key`.
fn certify(issuer: &Issuer<'static, KeyPair>, directory: &Path, name: &str) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    let certificate = params.signed_by(&key, issuer).unwrap();
    let file = |ending: &str| directory.join(format!("{name}.{ending}"));
    fs::write(file("crt"), certificate.pem()).unwrap();
    fs::write(file("key"), key.serialize_pem()).unwrap();
}

/// A command to be run as the database's user, if the tests are run by root, who must not. It ends with this process.
fn as_user(program: PathBuf) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]);
    }
    command
        .arg(program)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// The number of the user that the server runs as, if it is another one.
fn owner(directory: &Path) {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let id = Command::new("id")
        .args(["-u", "postgres"])
        .output()
        .unwrap();
    let uid = String::from_utf8(id.stdout)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    chown(directory, Some(uid), None).unwrap();
    for entry in fs::read_dir(directory).unwrap() {
        chown(entry.unwrap().path(), Some(uid), None).unwrap();
    }
}

impl Encrypted {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let issuer = authority(&path.join("authority.crt"));
        authority(&path.join("stranger.crt"));
        for name in ["localhost", "certified"] {
            certify(&issuer, path, name);
        }
        fs::write(path.join("hba.conf"), HBA).unwrap();
        owner(path);
        for name in ["localhost", "certified"] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            fs::set_permissions(path.join(format!("{name}.key")), mode).unwrap();
        }
        let data = path.join("data");
        let mut initdb = as_user(programs().join("initdb"));
        initdb.arg("-D").arg(&data);
        initdb.args([
            "-U",
            "workmill",
            "-A",
            "trust",
            "--no-sync",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        assert!(initdb.status().unwrap().success());
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let mut server = as_user(programs().join("postgres"));
        server.arg("-D").arg(&data).stderr(Stdio::null());
        let named = |name: &str| path.join(name).display().to_string();
        for setting in [
            "listen_addresses=localhost,127.0.0.1".to_owned(),
            format!("port={port}"),
            format!("unix_socket_directories={}", path.display()),
            format!("hba_file={}", named("hba.conf")),
            "fsync=off".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", named("localhost.crt")),
            format!("ssl_key_file={}", named("localhost.key")),
            format!("ssl_ca_file={}", named("authority.crt")),
        ] {
            server.arg("-c").arg(setting);
        }
        let process = server.spawn().unwrap();
        let started = Self {
            directory,
            port,
            process,
        };
        started.wait();
        for user in ["encrypted", "certified", "plain"] {
            started.make_user(user);
        }
        started
    }

    fn wait(&self) {
        let until = Instant::now() + STARTS_WITHIN;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < until, "PostgreSQL does not start");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn make_user(&self, user: &str) {
        let mut psql = Command::new(programs().join("psql"));
        psql.arg("-h").arg(self.directory.path());
        psql.args([
            "-p",
            &self.port.to_string(),
            "-U",
            "workmill",
            "-d",
            "postgres",
            "-qc",
        ]);
        let until = Instant::now() + STARTS_WITHIN;
        psql.arg(format!("CREATE USER {user}"))
            .stderr(Stdio::null());
        // It listens before it takes anybody in.
        while !psql.status().unwrap().success() {
            assert!(Instant::now() < until, "PostgreSQL takes nobody in");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What becomes of a connection; empty if there is one. `@` stands for the directory of certificates.
    fn connect(&self, host: &str, user: &str, parameters: &str) -> String {
        let directory = self.directory.path().display().to_string();
        let url = format!(
            "postgres://{user}@{host}:{}/postgres?{}",
            self.port,
            parameters.replace('@', &directory)
        );
        let checked = Target::parse(&url, "nothing").and_then(|target| check_tables(&target));
        let told = checked.unwrap_err().to_string();
        match told.contains("there are no tables") {
            true => String::new(),
            false => told,
        }
    }
}

/// Host, user, parameters, and what is told if they are not let in.
const CASES: [(&str, &str, &str, &str); 21] = [
    ("localhost", "encrypted", "sslmode=disable", "no encryption"),
    ("localhost", "encrypted", "sslmode=allow", ""),
    ("localhost", "encrypted", "sslmode=prefer", ""),
    ("localhost", "encrypted", "", ""),
    ("localhost", "encrypted", "sslmode=require", ""),
    ("localhost", "encrypted", "sslmode=require&OWN", ""),
    ("localhost", "plain", "sslmode=disable", ""),
    (
        "localhost",
        "plain",
        "sslmode=disable&sslrootcert=/nowhere.crt",
        "",
    ),
    ("localhost", "plain", "sslmode=allow", ""),
    ("localhost", "plain", "sslmode=prefer", ""),
    ("localhost", "plain", "target_session_attrs=read-write", ""),
    (
        "localhost",
        "plain",
        "sslmode=require",
        "no pg_hba.conf entry",
    ),
    ("127.0.0.1", "encrypted", "sslmode=verify-ca&KNOWN", ""),
    (
        "127.0.0.1",
        "encrypted",
        "sslmode=verify-ca&STRANGER",
        "invalid peer certificate",
    ),
    (
        "127.0.0.1",
        "encrypted",
        "sslmode=require&STRANGER",
        "invalid peer certificate",
    ),
    ("localhost", "encrypted", "sslmode=verify-full&KNOWN", ""),
    (
        "127.0.0.1",
        "encrypted",
        "sslmode=verify-full&KNOWN",
        "not valid for name",
    ),
    (
        "localhost",
        "encrypted",
        "sslmode=verify-full&STRANGER",
        "invalid peer certificate",
    ),
    (
        "localhost",
        "encrypted",
        "sslmode=verify-full&sslrootcert=system",
        "invalid peer certificate",
    ),
    (
        "localhost",
        "certified",
        "sslmode=verify-full&KNOWN",
        "requires a valid client certificate",
    ),
    (
        "localhost",
        "certified",
        "sslmode=verify-full&KNOWN&OWN",
        "",
    ),
];

#[test]
fn each_sslmode_lets_in_whom_it_should() {
    let server = Encrypted::start();
    for (host, user, parameters, told) in CASES {
        let parameters = parameters
            .replace("KNOWN", "sslrootcert=@/authority.crt")
            .replace("STRANGER", "sslrootcert=@/stranger.crt")
            .replace("OWN", "sslcert=@/certified.crt&sslkey=@/certified.key");
        let got = server.connect(host, user, &parameters);
        let is_right = if told.is_empty() {
            got.is_empty()
        } else {
            got.contains(told)
        };
        assert!(is_right, "{user}@{host} {parameters}: {got:?}");
    }
}

#[test]
fn parameters_that_cannot_work_are_refused_with_what_to_do() {
    for (parameters, told) in [
        ("sslmode=always", "none of disable"),
        ("sslmode=verify-full", "sslrootcert=system"),
        ("sslmode=require&sslrootcert=system", "verify-full"),
        (
            "sslmode=verify-ca&sslrootcert=/nowhere.crt",
            "cannot read /nowhere.crt, named by sslrootcert",
        ),
        (
            "sslmode=verify-ca&sslrootcert=/dev/null",
            "no certificate in it",
        ),
        ("sslcert=/x.crt", "name both"),
        ("target_session_attrs=standby", "as jobs are written"),
        ("nonsense=1", "unknown option"),
    ] {
        let url = format!("postgres://workmill:hidden@localhost/db?{parameters}");
        let error = Target::parse(&url, "workmill").unwrap_err().to_string();
        assert!(error.contains(told), "{parameters}: {error}");
        assert!(!error.contains("hidden"), "{error}");
    }
}
