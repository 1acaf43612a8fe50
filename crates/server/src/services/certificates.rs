//! Watches the time of the TLS certificates.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval_at};

use super::service::{Life, Service};
use crate::shared::Shared;

/// How often certificates that will expire are warned about.
const LOOK_EVERY: Duration = Duration::from_secs(86_400);

/// Starts the watch. The first look was at the start.
pub(crate) fn watch_certificates(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start("certificates", |mut life: Life| async move {
        let mut interval = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        life.started();
        while life.lasts_until_next(&mut interval).await {
            for warning in shared.entrance.tls.iter().flat_map(|tls| tls.warnings()) {
                tracing::warn!("{warning}");
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;

    use parking_lot::Mutex;

    use super::*;
    use crate::run::tests::settings;
    use crate::tls::TlsFiles;
    use crate::tls::TlsReloader;

    /// What has been logged.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn certificates_are_warned_of_once_a_day() {
        let dir = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            certificate: dir.path().join("cert"),
            private_key: dir.path().join("key"),
        };
        let certificate = include_str!("../../tests/data/v1.cert.pem");
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(
            &files.private_key,
            include_str!("../../tests/data/v1.key.pem"),
        )
        .unwrap();
        let tls = TlsReloader::open(&files).unwrap();
        let shared = Arc::new(Shared::new(&settings(dir.path()), Some(tls)));
        let log = Log::default();
        let sink = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || sink.clone())
            .finish();
        let _logging = tracing::subscriber::set_default(subscriber);
        let mut service = watch_certificates(&shared);
        service.started().await;
        tokio::time::sleep(LOOK_EVERY * 3 + LOOK_EVERY / 2).await;
        service.stop(Instant::now()).await;
        let log = String::from_utf8(log.0.lock().clone()).unwrap();
        assert_eq!(log.matches("is of X.509 version 1").count(), 3, "{log}");
    }
}
