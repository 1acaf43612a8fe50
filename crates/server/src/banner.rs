//! What the server says about itself when it has started.

use std::net::SocketAddr;
use std::process;

use workmill_store::sqlite::Durability;

use crate::settings::Settings;

/// The lines to log once the server listens on `addr`. The last one is `listening on tcp://ADDR` or
/// `listening on tcp+tls://ADDR`: whoever starts the server can wait for it, and find the port in it.
pub fn lines(settings: &Settings, addr: SocketAddr) -> Vec<String> {
    let Settings {
        connections_max,
        line_bytes_max,
        input_bytes_max,
        ..
    } = settings;
    let scheme = if settings.tls.is_some() {
        "tcp+tls"
    } else {
        "tcp"
    };
    let password = if settings.password.is_some() {
        "yes"
    } else {
        "no"
    };
    vec![
        format!(
            "workmill {}, pid {}, environment {}, password {password}",
            env!("CARGO_PKG_VERSION"),
            process::id(),
            settings.environment
        ),
        format!(
            "storage {}, durability {}",
            settings.storage_dir.display(),
            describe(settings.durability)
        ),
        format!(
            "at most {connections_max} connections, {line_bytes_max} bytes per line, {input_bytes_max} bytes of unread input"
        ),
        format!("listening on {scheme}://{addr}"),
    ]
}

fn describe(durability: Durability) -> String {
    match durability {
        Durability::Always => String::from("always: every +OK is on disk first"),
        Durability::Interval(interval) => format!(
            "interval: up to {} ms of acknowledged work can be lost when the machine loses power, none when only the \
             process dies",
            interval.as_millis()
        ),
    }
}
