//! The handshake on a new link, from either end.

use std::io;

use rustls_pki_types::{DnsName, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ConnectionCommon;
use workmill_cluster::{Admission, Greeting, HandshakeError, Introduction};

use super::any_certificate::connector;
use super::channel::{Channel, Socket, read_message, write_message};
use crate::password::Password;

/// The name that is asked for in TLS: certificates are not checked for it.
const SERVER_NAME: &str = "workmill";

/// What names a TLS session to both ends, and to nobody else.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
pub(super) enum LinkError {
    /// The socket has failed, or nothing has come in time.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The ends do not believe or understand each other.
    #[error(transparent)]
    Handshake(#[from] HandshakeError),
    /// The other end does not want it.
    #[error("it refuses: {0}")]
    Refused(String),
}

impl LinkError {
    /// Whether nobody listens there.
    pub(super) fn is_refused(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused)
    }
}

/// Makes a link to the server that was connected to; tells how long a frame may be that it takes, in bytes.
pub(super) async fn introduce(
    mut stream: TcpStream,
    secret: &Password,
) -> Result<(Channel, usize), LinkError> {
    stream.set_nodelay(true)?;
    let greeting: Option<Greeting> = read_message(&mut stream).await?;
    let greeting = greeting.ok_or(HandshakeError::Stranger)?;
    greeting.check()?;
    let (mut socket, session) = match greeting.tls {
        true => begin_tls(stream).await?,
        false => (Box::new(stream) as Box<dyn Socket>, Vec::new()),
    };
    let secret = secret.expose().as_bytes();
    let introduction = greeting.answer(secret, rand::random(), &session);
    write_message(&mut socket, &introduction).await?;
    match read_message(&mut socket).await? {
        None => Err(HandshakeError::Stranger.into()),
        Some(Admission::Refused(why)) => Err(LinkError::Refused(shown(&why))),
        Some(Admission::Admitted(proof)) => {
            greeting.check_admission(secret, &introduction, &proof, &session)?;
            let frame_bytes_max = usize::try_from(greeting.frame_bytes_max).unwrap_or(usize::MAX);
            Ok((Channel::over(socket), frame_bytes_max))
        }
    }
}

/// What an unknown end says, for the log.
fn shown(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

async fn begin_tls(stream: TcpStream) -> Result<(Box<dyn Socket>, Vec<u8>), LinkError> {
    let connector = connector().map_err(io::Error::other)?;
    let name = DnsName::try_from(SERVER_NAME).map_err(io::Error::other)?;
    let stream = connector.connect(ServerName::DnsName(name), stream).await?;
    let session = session_of(stream.get_ref().1)?;
    Ok((Box::new(stream), session))
}

fn session_of<D>(connection: &ConnectionCommon<D>) -> io::Result<Vec<u8>> {
    let named = connection.export_keying_material([0; 32], EXPORTER_LABEL, Some(&[]));
    named.map(Vec::from).map_err(io::Error::other)
}

/// Lets a server in that has connected. `frame_bytes_max` is the longest frame that is taken here, in bytes.
pub(super) async fn welcome(
    mut stream: TcpStream,
    secret: &Password,
    tls: Option<TlsAcceptor>,
    frame_bytes_max: u32,
) -> Result<Channel, LinkError> {
    stream.set_nodelay(true)?;
    let greeting = Greeting::new(rand::random(), tls.is_some(), frame_bytes_max);
    write_message(&mut stream, &greeting).await?;
    let (mut socket, session) = match tls {
        None => (Box::new(stream) as Box<dyn Socket>, Vec::new()),
        Some(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            let session = session_of(stream.get_ref().1)?;
            (Box::new(stream) as Box<dyn Socket>, session)
        }
    };
    let introduction: Option<Introduction> = read_message(&mut socket).await?;
    let introduction = introduction.ok_or(HandshakeError::Stranger)?;
    let admitted = greeting.admit(secret.expose().as_bytes(), &introduction, &session);
    let message = match &admitted {
        Ok(admission) => admission.clone(),
        Err(error) => Admission::Refused(error.to_string()),
    };
    write_message(&mut socket, &message).await?;
    admitted?;
    Ok(Channel::over(socket))
}
