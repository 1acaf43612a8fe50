//! The log: lines on standard error, for people or for machines.

use std::fmt;
use std::io::{self, IsTerminal as _};

use jiff::Timestamp;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Registry;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::cli::{Level, LogFormat};

/// Starts the log of this process. Only the first call has an effect.
pub fn start(format: LogFormat, level: Level) {
    let layer = lines(format, io::stderr().is_terminal(), io::stderr);
    let started = Registry::default()
        .with(layer.with_filter(targets(level)))
        .try_init();
    if started.is_err() {
        tracing::debug!("the log has been started before");
    }
}

/// The server's own lines from the level on. What libraries say about their insides is only of interest when it is at
/// least a warning.
fn targets(level: Level) -> Targets {
    let level = LevelFilter::from(level);
    Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("workmill", level)
}

fn lines<S, W>(format: LogFormat, colours: bool, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let layer = tracing_subscriber::fmt::layer()
        .with_timer(UtcMillis)
        .with_target(false)
        .with_writer(writer);
    match format {
        LogFormat::Text => layer.with_ansi(colours).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    }
}

/// The time as in `2026-01-31T23:59:59.123Z`.
struct UtcMillis;

impl FormatTime for UtcMillis {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        write!(writer, "{:.3}", Timestamp::now())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What events become in the log.
    pub(crate) fn logged(format: LogFormat, level: Level, events: impl FnOnce()) -> String {
        let buffer = Buffer::default();
        let writer = buffer.clone();
        let layer = lines(format, false, move || writer.clone());
        let subscriber = Registry::default().with(layer.with_filter(targets(level)));
        tracing::subscriber::with_default(subscriber, events);
        let bytes = buffer.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    fn say_hello() {
        tracing::info!(queue = "default", "hello");
    }

    /// `text` with every digit as `0`.
    fn digits_hidden(text: &str) -> String {
        text.chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect()
    }

    #[test]
    fn text_line_has_utc_milliseconds_level_and_message() {
        let line = logged(LogFormat::Text, Level::Info, say_hello);
        assert_eq!(
            digits_hidden(&line),
            "0000-00-00T00:00:00.000Z  INFO hello queue=\"default\"\n"
        );
    }

    #[test]
    fn json_line_is_one_object_with_the_same_in_it() {
        let line = logged(LogFormat::Json, Level::Info, say_hello);
        let expected = r#"{"timestamp":"0000-00-00T00:00:00.000Z","level":"INFO","message":"hello","queue":"default"}"#;
        assert_eq!(digits_hidden(&line), format!("{expected}\n"));
    }

    #[test]
    fn lines_below_the_level_are_left_out() {
        assert_eq!(logged(LogFormat::Text, Level::Warn, say_hello), "");
        let errors = logged(LogFormat::Text, Level::Error, || {
            tracing::warn!("may fail");
            tracing::error!("failed");
        });
        assert!(
            errors.contains("failed") && !errors.contains("may fail"),
            "{errors}"
        );
    }

    #[test]
    fn libraries_are_heard_only_when_they_warn() {
        let text = logged(LogFormat::Text, Level::Debug, || {
            tracing::debug!(target: "rustls::conn", "inside");
            tracing::warn!(target: "rustls::conn", "alarm");
            tracing::debug!("own");
        });
        assert!(
            !text.contains("inside") && text.contains("alarm") && text.contains("own"),
            "{text}"
        );
        let text = logged(
            LogFormat::Text,
            Level::Error,
            || tracing::warn!(target: "rustls::conn", "alarm"),
        );
        assert_eq!(text, "");
    }
}
