//! What a person sees and does while a measuring goes on: the progress, and Ctrl-C.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the line of a terminal is written anew.
const TERMINAL_PAUSE: Duration = Duration::from_millis(200);

/// How often a line goes to what is no terminal: a log does not forget them.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// One use of the tool, from its start to its result.
#[derive(Debug)]
pub(crate) struct Session {
    interrupt: CancellationToken,
    progress: Progress,
}

#[derive(Debug)]
struct Progress {
    terminal: bool,
    title: String,
    next: Instant,
}

impl Session {
    /// A session that shows its progress on standard error and ends early when `interrupt` is cancelled.
    pub(crate) fn new(interrupt: CancellationToken) -> Self {
        let terminal = io::stderr().is_terminal();
        Self {
            interrupt,
            progress: Progress {
                terminal,
                title: String::new(),
                next: Instant::now() + pause(terminal),
            },
        }
    }

    /// Done when the user wants to see what was measured so far.
    pub(crate) async fn interrupted(&self) {
        self.interrupt.cancelled().await;
    }

    /// Whether the user wants to see what was measured so far.
    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupt.is_cancelled()
    }

    /// Names what progress is shown of from now on.
    pub(crate) fn begin(&mut self, title: String) {
        self.progress.title = title;
    }

    /// Shows how far it is, if it is time to. Call it often.
    pub(crate) fn show(&mut self, text: impl FnOnce() -> String) {
        let progress = &mut self.progress;
        let now = Instant::now();
        if now < progress.next {
            return;
        }
        progress.next = now + pause(progress.terminal);
        let (title, text) = (&progress.title, text());
        // Whoever has closed standard error does not want to see it.
        let _ = match progress.terminal {
            true => write!(io::stderr(), "\r\x1b[K{title}: {text}"),
            false => writeln!(io::stderr(), "{title}: {text}"),
        };
    }

    /// Leaves nothing of the progress on a terminal.
    pub(crate) fn end(&mut self) {
        if self.progress.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn pause(terminal: bool) -> Duration {
    if terminal { TERMINAL_PAUSE } else { LOG_PAUSE }
}
