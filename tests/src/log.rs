//! What a server under test wrote to its standard error and output.

use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long a text is waited for.
const LOG_WAIT: Duration = Duration::from_secs(30);

/// The lines written so far; shared with the threads that read them.
#[derive(Clone, Debug)]
pub struct LogText {
    shared: Arc<(Mutex<Lines>, Condvar)>,
}

#[derive(Debug)]
struct Lines {
    text: String,
    streams_open: usize,
}

impl LogText {
    /// Starts reading the streams, each in a thread, until its end.
    pub(crate) fn read(streams: Vec<Box<dyn Read + Send>>) -> Self {
        let lines = Lines {
            text: String::new(),
            streams_open: streams.len(),
        };
        let log = Self {
            shared: Arc::new((Mutex::new(lines), Condvar::new())),
        };
        for stream in streams {
            let log = log.clone();
            thread::spawn(move || log.read_to_end(stream));
        }
        log
    }

    fn read_to_end(&self, stream: Box<dyn Read + Send>) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line);
            let mut lines = self.lines();
            match read {
                Ok(0) | Err(_) => lines.streams_open -= 1,
                Ok(_) => lines.text.push_str(&String::from_utf8_lossy(&line)),
            }
            let ended = matches!(read, Ok(0) | Err(_));
            drop(lines);
            self.shared.1.notify_all();
            if ended {
                return;
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.shared
            .0
            .lock()
            .expect("the log's readers do not panic")
    }

    /// All of it.
    pub fn text(&self) -> String {
        self.lines().text.clone()
    }

    /// How many bytes there are by now: a mark for [`Self::wait_for_after`].
    pub fn mark(&self) -> usize {
        self.lines().text.len()
    }

    /// Waits for a line that contains `wanted` and comes after the mark. Returns the line, or nothing when the server
    /// ended, or the time is over, without it.
    pub fn wait_for_after(&self, mark: usize, wanted: &str) -> Option<String> {
        let deadline = Instant::now() + LOG_WAIT;
        let mut lines = self.lines();
        loop {
            let found = lines.text[mark..]
                .lines()
                .find(|line| line.contains(wanted));
            if let Some(line) = found {
                return Some(line.to_owned());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if lines.streams_open == 0 || left.is_zero() {
                return None;
            }
            lines = self
                .shared
                .1
                .wait_timeout(lines, left)
                .expect("the log's readers do not panic")
                .0;
        }
    }

    /// Waits until the process has closed its streams, so that nothing of the log is missing.
    pub(crate) fn wait_for_end(&self) {
        let deadline = Instant::now() + LOG_WAIT;
        let mut lines = self.lines();
        while lines.streams_open > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            lines = self
                .shared
                .1
                .wait_timeout(lines, left)
                .expect("the log's readers do not panic")
                .0;
        }
    }
}
