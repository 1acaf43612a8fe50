//! Why TLS handshakes fail, in the words of those who can do something about it.

use std::io;

use tokio_rustls::rustls::{AlertDescription, Error, InvalidMessage, PeerMisbehaved};

/// What to do about a handshake that failed. None if the client has merely gone, as what looks whether a port is open does.
pub(super) fn explain(error: &io::Error) -> Option<String> {
    let Some(fault) = error.get_ref().and_then(|e| e.downcast_ref::<Error>()) else {
        return match error.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::BrokenPipe => None,
            io::ErrorKind::TimedOut => Some(String::from(
                "the client did not begin one in time; if it does not speak TLS, let its FAKTORY_URL begin with tcp+tls://",
            )),
            _ => Some(error.to_string()),
        };
    };
    Some(match fault {
        Error::PeerMisbehaved(PeerMisbehaved::ServerNameMustContainOneHostName) => String::from(
            "the client's server name (SNI) is no host name; it must be one alone, without a port, or be left out: for \
             faktory-rs use its feature rustls, or a native_tls connector with use_sni(false)",
        ),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            String::from("the client does not speak TLS: let its FAKTORY_URL begin with tcp+tls://")
        }
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA),
        ) => format!("the client refuses the server's certificate: {alert:?}"),
        fault => fault.to_string(),
    })
}
