//! `workmill hash-password`: the hash of a password or a token for `[[web_user]]`.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use anyhow::Context as _;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use workmill_web::PASSWORD_BYTES_MAX;
use zeroize::Zeroizing;

/// The hash of the first line of standard input, without its end. A terminal is asked for it, and does not show it.
///
/// # Errors
/// If there is none, it is too long, or it cannot be read.
pub fn hash_of_input() -> anyhow::Result<String> {
    let password = read_password().context("cannot read the password from standard input")?;
    workmill_web::hash_password(&password, rand::random()).context("the password")
}

fn read_password() -> io::Result<Zeroizing<Vec<u8>>> {
    let input = io::stdin().lock();
    let hidden = match input.is_terminal() {
        true => {
            // If nobody sees the question, whoever types knows what for.
            write!(io::stderr(), "password: ").ok();
            Some(Hidden::hide()?)
        }
        false => None,
    };
    let mut password = Zeroizing::new(Vec::with_capacity(PASSWORD_BYTES_MAX + 3));
    // With a line end, and one byte more than there may be.
    let read = input
        .take(PASSWORD_BYTES_MAX as u64 + 3)
        .read_until(b'\n', &mut password);
    if let Some(hidden) = hidden {
        drop(hidden);
        writeln!(io::stderr()).ok();
    }
    read?;
    if password.ends_with(b"\n") {
        password.pop();
        if password.ends_with(b"\r") {
            password.pop();
        }
    }
    Ok(password)
}

/// Keeps the terminal from showing what is typed, until this is dropped.
struct Hidden(Termios);

impl Hidden {
    fn hide() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Now, &hidden)?;
        Ok(Self(before))
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        // If that fails, the terminal is gone.
        tcsetattr(io::stdin(), OptionalActions::Now, &self.0).ok();
    }
}
