//! A stand-in for the agent that metrics are sent to.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::dogstatsd::{Metric, parse_datagram};

/// How long metrics are waited for.
const METRICS_WAIT: Duration = Duration::from_secs(30);

/// How often the listening thread looks whether it is to end.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Listens, reads strictly and keeps what it has read. Stops listening when dropped.
#[derive(Debug)]
pub struct Agent {
    url: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    heard: Mutex<Heard>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Heard {
    metrics: Vec<Metric>,
    datagrams: Vec<Vec<u8>>,
    /// What could not be read.
    errors: Vec<String>,
    ended: bool,
}

impl Agent {
    /// Listens on a free UDP port of 127.0.0.1.
    pub fn udp() -> Self {
        Self::udp_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Listens on this UDP address.
    pub fn udp_at(address: SocketAddr) -> Self {
        let socket = UdpSocket::bind(address).expect("listen on UDP");
        socket
            .set_read_timeout(Some(LOOK_EVERY))
            .expect("limit the time of a read");
        let address = socket.local_addr().expect("know the own address");
        Self::listen(format!("udp://{address}"), move |buffer| {
            socket.recv(buffer)
        })
    }

    /// Listens on a unix socket, which it makes.
    pub fn unix(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).expect("listen on a unix socket");
        socket
            .set_read_timeout(Some(LOOK_EVERY))
            .expect("limit the time of a read");
        Self::listen(format!("unix://{}", path.display()), move |buffer| {
            socket.recv(buffer)
        })
    }

    fn listen(
        url: String,
        receive: impl Fn(&mut [u8]) -> io::Result<usize> + Send + 'static,
    ) -> Self {
        let shared: Arc<Shared> = Arc::default();
        let hearing = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while !hearing.heard().ended {
                if let Ok(length) = receive(&mut buffer) {
                    hearing.heard().take_in(&buffer[..length]);
                    hearing.changed.notify_all();
                }
            }
        });
        Self {
            url,
            shared,
            thread: Some(thread),
        }
    }

    /// Where it listens, as for `DD_DOGSTATSD_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its UDP address.
    pub fn udp_address(&self) -> SocketAddr {
        let address = self.url.strip_prefix("udp://");
        let address = address.and_then(|address| address.parse().ok());
        address.expect("this agent listens on UDP")
    }

    /// Whether what has come so far is as wanted.
    pub fn has_heard(&self, wanted: impl Fn(&[Metric]) -> bool) -> bool {
        wanted(&self.shared.heard().metrics)
    }

    /// The datagrams that have come.
    pub fn datagrams(&self) -> Vec<Vec<u8>> {
        self.shared.heard().datagrams.clone()
    }

    /// Waits until what has come is as wanted, and returns it. Panics if that takes too long, or if a datagram was not as
    /// it should be.
    pub fn wait_for(&self, what: &str, wanted: impl Fn(&[Metric]) -> bool) -> Vec<Metric> {
        let deadline = Instant::now() + METRICS_WAIT;
        let mut heard = self.shared.heard();
        loop {
            assert!(
                heard.errors.is_empty(),
                "bad datagrams: {:#?}",
                heard.errors
            );
            if wanted(&heard.metrics) {
                return heard.metrics.clone();
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "no {what} among {:#?}", heard.metrics);
            heard = self
                .shared
                .changed
                .wait_timeout(heard, left)
                .expect("the listening thread does not panic")
                .0;
        }
    }

    /// Waits for a metric of this name with exactly these tags, and returns it.
    pub fn wait_for_metric(&self, name: &str, tags: &[&str]) -> Metric {
        let what = format!("{name} with {tags:?}");
        let found = |metrics: &[Metric]| metrics.iter().find(|m| m.is(name, tags)).cloned();
        let metrics = self.wait_for(&what, |metrics| found(metrics).is_some());
        found(&metrics).expect("it was there a moment ago")
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.shared.heard().ended = true;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the test fails by what is missing.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn heard(&self) -> std::sync::MutexGuard<'_, Heard> {
        self.heard
            .lock()
            .expect("the listening thread does not panic")
    }
}

impl Heard {
    fn take_in(&mut self, datagram: &[u8]) {
        self.datagrams.push(datagram.to_vec());
        match parse_datagram(datagram) {
            Ok(metrics) => self.metrics.extend(metrics),
            Err(error) => self.errors.push(error),
        }
    }
}
