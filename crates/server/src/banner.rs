//! What the server says about itself when it has started.

use std::net::SocketAddr;
use std::process;

use workmill_store::sqlite::Durability;

use crate::descriptors::FilesMax;
use crate::settings::Settings;

/// The lines to log once the server listens on `addr`. The last one is `listening on tcp://ADDR` or
/// `listening on tcp+tls://ADDR`: whoever starts the server can wait for it, and find the port in it.
pub fn lines(
    settings: &Settings,
    files_max: FilesMax,
    addr: SocketAddr,
    web_addr: Option<SocketAddr>,
) -> Vec<String> {
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
    let entrance = if settings.password.is_some() {
        "password needed"
    } else {
        "open to everybody who can connect"
    };
    let limit = match files_max.limit(*connections_max, settings.web.binding.is_some()) {
        Some(limit) => format!(", as {limit}"),
        None => String::new(),
    };
    let cron = match settings.cron.len() {
        0 => None,
        1 => Some("1 cron entry".to_owned()),
        entries => Some(format!("{entries} cron entries")),
    };
    let mut lines = vec![
        format!(
            "workmill {}, pid {}, environment {}, {entrance}",
            env!("CARGO_PKG_VERSION"),
            process::id(),
            settings.environment
        ),
        storage_line(settings),
        format!(
            "at most {connections_max} connections{limit}, {line_bytes_max} bytes per line, {input_bytes_max} bytes of unread input"
        ),
    ];
    lines.extend(cron);
    if let Some(metrics) = &settings.metrics {
        lines.push(format!("metrics go to {metrics}"));
    }
    lines.extend(web_addr.map(|addr| format!("web pages at {}", web_url(settings, addr))));
    lines.push(format!("listening on {scheme}://{addr}"));
    lines
}

/// Where jobs are, and what an answer is worth.
fn storage_line(settings: &Settings) -> String {
    match (&settings.cluster.leader, &settings.database) {
        (Some(leader), _) => format!(
            "hands over what clients ask to the server that leads, at {leader}; it has the jobs, and the web pages"
        ),
        (None, Some(target)) => format!(
            "storage {target}, schema {}: every +OK is committed there first",
            target.schema()
        ),
        (None, None) => format!(
            "storage {}, durability {}",
            settings.storage_dir.display(),
            describe(settings.durability)
        ),
    }
}

/// What to open in a browser on this machine.
fn web_url(settings: &Settings, addr: SocketAddr) -> String {
    let scheme = match settings.tls {
        Some(_) => "https",
        None => "http",
    };
    match addr.ip().is_unspecified() {
        true => format!("{scheme}://localhost:{}/", addr.port()),
        false => format!("{scheme}://{addr}/"),
    }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::cli::Cli;
    use crate::password::Password;
    use crate::tls::TlsFiles;

    fn settings() -> Settings {
        let cli =
            Cli::try_parse_from(["workmill", "-w", ":0", "-d", "/srv/jobs", "-c", "/nowhere"])
                .unwrap();
        Settings::load(&cli, &|_| None).unwrap().settings
    }

    fn text(settings: &Settings) -> String {
        let addr = "127.0.0.1:4321".parse().unwrap();
        lines(settings, FilesMax(1_064), addr, None).join("\n")
    }

    #[test]
    fn last_line_has_the_scheme_and_the_real_address() {
        let mut settings = settings();
        assert!(text(&settings).ends_with("\nlistening on tcp://127.0.0.1:4321"));
        settings.tls = Some(TlsFiles {
            certificate: "c".into(),
            private_key: "k".into(),
        });
        assert!(text(&settings).ends_with("\nlistening on tcp+tls://127.0.0.1:4321"));
    }

    #[test]
    fn pages_are_named_by_what_a_browser_opens() {
        let mut settings = settings();
        let url = |settings: &Settings, web: &str| {
            let addr = "127.0.0.1:1".parse().unwrap();
            let lines = lines(settings, FilesMax(1), addr, Some(web.parse().unwrap()));
            lines.into_iter().nth_back(1).unwrap()
        };
        assert_eq!(
            url(&settings, "127.0.0.1:7420"),
            "web pages at http://127.0.0.1:7420/"
        );
        assert_eq!(
            url(&settings, "[::]:80"),
            "web pages at http://localhost:80/"
        );
        settings.tls = Some(TlsFiles {
            certificate: "c".into(),
            private_key: "k".into(),
        });
        assert_eq!(
            url(&settings, "[::1]:7420"),
            "web pages at https://[::1]:7420/"
        );
    }

    #[test]
    fn banner_says_what_an_operator_asks_first_and_no_secret() {
        let mut settings = settings();
        let open = text(&settings);
        for part in [
            "environment development",
            "open to everybody",
            "/srv/jobs",
            "every +OK is on disk first",
        ] {
            assert!(open.contains(part), "{part}: {open}");
        }
        settings.password = Some(Password::new("hunter2"));
        settings.durability = Durability::Interval(Duration::from_millis(250));
        let closed = text(&settings);
        assert!(
            closed.contains("password needed") && closed.contains("up to 250 ms"),
            "{closed}"
        );
        assert!(!closed.contains("hunter2"));
    }

    #[test]
    fn limit_of_open_files_is_told_where_it_limits_connections() {
        let mut settings = settings();
        settings.connections_max = 1_000;
        let limited = text(&settings);
        let expected = "at most 1000 connections, as the system allows this process 1064 open files (ulimit -n,";
        assert!(limited.contains(expected), "{limited}");
        settings.connections_max = 999;
        let roomy = text(&settings);
        assert!(
            roomy.contains("at most 999 connections, 67108864 bytes"),
            "{roomy}"
        );
    }
}
