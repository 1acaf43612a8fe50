//! What a person sees and does while a measuring goes on: the progress, and Ctrl-C.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

/// How often the line of a terminal is rewritten.
const TERMINAL_PAUSE: Duration = Duration::from_millis(200);

/// How often a line goes to what is no terminal: a log does not forget them.
const LOG_PAUSE: Duration = Duration::from_secs(10);

/// How long work may still take that has to come to an end after Ctrl-C, such as taking jobs out.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long all of that may take together.
const PATIENCE_IN_ALL: Duration = Duration::from_secs(30);

/// One use of the tool, from its start to its result.
#[derive(Debug)]
pub(crate) struct Session {
    interrupt: CancellationToken,
    progress: Progress,
}

/// How long a user waits.
#[derive(Clone, Debug)]
pub(crate) struct Patience {
    interrupt: CancellationToken,
}

impl Patience {
    /// Done with the work, or without it when the user has enough.
    pub(crate) async fn until_interrupt<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.wait(work, Duration::ZERO).await
    }

    /// Done with the work, or without it when it takes too long after the user has had enough: a server that hangs
    /// must not keep back what was measured.
    pub(crate) async fn after_interrupt<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.wait(work, PATIENCE).await
    }

    /// The same for work that consists of several such works.
    pub(crate) async fn in_all<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        self.wait(work, PATIENCE_IN_ALL).await
    }

    async fn wait<T>(&self, work: impl Future<Output = T>, more: Duration) -> Option<T> {
        let no_longer = async {
            self.interrupt.cancelled().await;
            sleep(more).await;
        };
        tokio::select! {
            done = work => Some(done),
            () = no_longer => None,
        }
    }
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

    /// How long the user waits for what else is to be done.
    pub(crate) fn patience(&self) -> Patience {
        Patience {
            interrupt: self.interrupt.clone(),
        }
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

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_may_take_a_while_after_an_interrupt_and_for_ever_before() {
        let interrupt = CancellationToken::new();
        let patience = Session::new(interrupt.clone()).patience();
        let long = || sleep(Duration::from_secs(100_000));
        assert_eq!(patience.until_interrupt(long()).await, Some(()));
        interrupt.cancel();
        let short = || sleep(PATIENCE / 2);
        assert_eq!(patience.after_interrupt(short()).await, Some(()));
        assert_eq!(patience.until_interrupt(short()).await, None);
        let begin = Instant::now();
        assert_eq!(patience.after_interrupt(pending::<()>()).await, None);
        assert_eq!(begin.elapsed().as_secs(), PATIENCE.as_secs());
        assert_eq!(patience.in_all(pending::<()>()).await, None);
    }
}
