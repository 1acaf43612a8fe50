//! How two servers prove to each other that they know the same secret, before anything else passes between them.
//!
//! The one that was connected to says first which versions it speaks, whether it goes on in TLS, and a random number. The
//! other one answers with a number of its own and a proof (HMAC-SHA-256, RFC 2104) over all that was said; then the first one
//! proves the same. In TLS the proofs cover the session as well (`tls-exporter`, RFC 9266), so no certificate has to be
//! checked: whoever stands in between has two sessions, and knows no proof for either.

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::form::VERSION;

/// The longest message of a handshake, in bytes.
pub const HANDSHAKE_BYTES_MAX: usize = 1_024;

/// What every greeting begins with, also those of other versions.
const MAGIC: [u8; 8] = *b"workmill";

/// A number that is used once.
pub type Nonce = [u8; 32];

/// What only those can make who know the secret.
pub type Proof = [u8; 32];

/// The first message, of the server that was connected to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    magic: [u8; 8],
    /// The oldest and the newest version that it speaks.
    versions: (u16, u16),
    /// Whether it begins a TLS handshake after this.
    pub tls: bool,
    /// The longest frame that it takes, in bytes.
    pub frame_bytes_max: u32,
    nonce: Nonce,
}

/// The answer to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Introduction {
    version: u16,
    nonce: Nonce,
    proof: Proof,
}

/// The last message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admission {
    /// The link is made.
    Admitted(Proof),
    /// It is not; why, for people to read.
    Refused(String),
}

/// Why no link is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// What answers there is no Workmill, or not its cluster port.
    #[error("what answers there is no cluster port of Workmill: check the address")]
    Stranger,
    /// They have no version in common.
    #[error(
        "it speaks versions {oldest} to {newest} of the protocol between servers, and this server version {ours}: run \
         versions of Workmill that are at most one apart"
    )]
    Version {
        /// The oldest that the other one speaks.
        oldest: u16,
        /// The newest.
        newest: u16,
        /// What this one speaks.
        ours: u16,
    },
    /// The other one knows another secret.
    #[error("it knows another secret: [cluster] secret must be the same on all servers")]
    Secret,
}

/// What both ends know of a link besides the secret.
#[derive(Debug)]
struct Transcript<'a> {
    greeting: &'a Greeting,
    version: u16,
    nonce: Nonce,
    /// What names the TLS session; empty without TLS.
    session: &'a [u8],
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Connecting,
    Connected,
}

impl Greeting {
    /// That of a server which was connected to.
    pub fn new(nonce: Nonce, tls: bool, frame_bytes_max: u32) -> Self {
        Self {
            magic: MAGIC,
            versions: (VERSION, VERSION),
            tls,
            frame_bytes_max,
            nonce,
        }
    }

    /// Checks that it is one, and that both speak the same version.
    ///
    /// # Errors
    /// It is none, or they do not.
    pub fn check(&self) -> Result<(), HandshakeError> {
        let (oldest, newest) = self.versions;
        if self.magic != MAGIC {
            return Err(HandshakeError::Stranger);
        }
        match (oldest..=newest).contains(&VERSION) {
            true => Ok(()),
            false => Err(HandshakeError::Version {
                oldest,
                newest,
                ours: VERSION,
            }),
        }
    }

    /// The answer to it, of a server that knows the secret. `session` names the TLS session; empty without TLS.
    pub fn answer(&self, secret: &[u8], nonce: Nonce, session: &[u8]) -> Introduction {
        let transcript = self.transcript(VERSION, nonce, session);
        Introduction {
            version: VERSION,
            nonce,
            proof: transcript.prove(secret, Side::Connecting),
        }
    }

    /// Checks the answer to it; gives what proves that this server knows the secret, too.
    ///
    /// # Errors
    /// The other one does not know it, or speaks another version.
    pub fn admit(
        &self,
        secret: &[u8],
        introduction: &Introduction,
        session: &[u8],
    ) -> Result<Admission, HandshakeError> {
        let Introduction {
            version,
            nonce,
            proof,
        } = introduction;
        let transcript = self.transcript(*version, *nonce, session);
        transcript.check(secret, Side::Connecting, proof)?;
        match *version {
            VERSION => Ok(Admission::Admitted(
                transcript.prove(secret, Side::Connected),
            )),
            version => Err(HandshakeError::Version {
                oldest: version,
                newest: version,
                ours: VERSION,
            }),
        }
    }

    /// Checks the proof of the server that sent this greeting.
    ///
    /// # Errors
    /// It does not know the secret.
    pub fn check_admission(
        &self,
        secret: &[u8],
        introduction: &Introduction,
        proof: &Proof,
        session: &[u8],
    ) -> Result<(), HandshakeError> {
        let transcript = self.transcript(introduction.version, introduction.nonce, session);
        transcript.check(secret, Side::Connected, proof)
    }

    fn transcript<'a>(&'a self, version: u16, nonce: Nonce, session: &'a [u8]) -> Transcript<'a> {
        Transcript {
            greeting: self,
            version,
            nonce,
            session,
        }
    }
}

impl Transcript<'_> {
    fn prove(&self, secret: &[u8], side: Side) -> Proof {
        self.mac(secret, side)
            .map(|mac| mac.finalize().into_bytes().into())
            .unwrap_or_default()
    }

    fn check(&self, secret: &[u8], side: Side, proof: &Proof) -> Result<(), HandshakeError> {
        let mac = self.mac(secret, side).ok_or(HandshakeError::Secret)?;
        // Takes the same time whatever differs.
        mac.verify_slice(proof).map_err(|_| HandshakeError::Secret)
    }

    /// None of a secret that cannot be used, which there is none.
    fn mac(&self, secret: &[u8], side: Side) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        let Greeting {
            magic,
            versions: (oldest, newest),
            tls,
            frame_bytes_max,
            nonce,
        } = self.greeting;
        mac.update(match side {
            Side::Connecting => b"connecting",
            Side::Connected => b"connected ",
        });
        mac.update(magic);
        mac.update(&oldest.to_be_bytes());
        mac.update(&newest.to_be_bytes());
        mac.update(&[u8::from(*tls)]);
        mac.update(&frame_bytes_max.to_be_bytes());
        mac.update(nonce);
        mac.update(&self.version.to_be_bytes());
        mac.update(&self.nonce);
        mac.update(self.session);
        Some(mac)
    }
}

#[cfg(test)]
mod tests;
