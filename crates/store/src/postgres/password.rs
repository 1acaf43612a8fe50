//! A password that a command tells, as those of managed databases last for minutes only.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How long the command may take.
const WAIT: Duration = Duration::from_secs(10);
/// The longest password, in bytes: tokens of managed databases have some thousands.
const BYTES_MAX: usize = 64 << 10;

/// Runs a command of the shell that writes the password to its standard output; a line break at the end is not part of it.
///
/// # Errors
/// What is wrong with it, without what it has said.
pub(super) fn ask(command: &str) -> Result<Vec<u8>, String> {
    let failed = |what: String| format!("the command that tells the password {what}");
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).stdin(Stdio::null());
    shell.stdout(Stdio::piped()).stderr(Stdio::null());
    let spawned = shell.spawn();
    let mut child = spawned.map_err(|error| failed(format!("cannot be run: {error}")))?;
    let told = read(&mut child);
    if told.is_err() {
        child.kill().ok();
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    let mut password = told.map_err(failed)?;
    if !status.success() {
        return Err(failed(format!("has failed: {status}")));
    }
    while matches!(password.last(), Some(b'\n' | b'\r')) {
        password.pop();
    }
    match password.is_empty() {
        true => Err(failed("tells none".into())),
        false => Ok(password),
    }
}

fn read(child: &mut Child) -> Result<Vec<u8>, String> {
    let mut stdout = child.stdout.take().ok_or("has no output")?;
    let until = Instant::now() + WAIT;
    let (mut told, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let rest = until.saturating_duration_since(Instant::now());
        let rest = Timespec {
            tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(rest.subsec_nanos()),
        };
        match poll(&mut [PollFd::new(&stdout, PollFlags::IN)], Some(&rest)) {
            Ok(0) => return Err(format!("takes longer than {} s", WAIT.as_secs())),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.to_string()),
        }
        let count = stdout.read(&mut part).map_err(|error| error.to_string())?;
        if count == 0 {
            return Ok(told);
        }
        told.extend(part.iter().take(count));
        if told.len() > BYTES_MAX {
            return Err(format!("tells more than {BYTES_MAX} bytes"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_is_what_the_command_writes() {
        assert_eq!(ask("printf 'a b\\r\\n'").unwrap(), b"a b");
        assert_eq!(ask("echo x; echo told >&2").unwrap(), b"x");
    }

    #[test]
    fn command_that_fails_says_why_and_not_what_it_told() {
        for (command, told) in [
            ("echo hidden; exit 3", "exit status: 3"),
            ("true", "tells none"),
            ("yes hidden", "more than 65536 bytes"),
        ] {
            let error = ask(command).unwrap_err();
            assert!(error.contains(told) && !error.contains("hidden"), "{error}");
        }
    }
}
