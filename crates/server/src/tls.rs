//! TLS on the command port: reading the certificate and the key, and again without a restart; what is wrong with them, or
//! with the handshakes of clients.

mod certificate;
mod contents;
mod failure;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{ServerConfig, version};

use certificate::Certificate;

use crate::log_limit::LogLimit;
use crate::permissions;

/// Bytes of a PEM file: a chain of certificates has some kilobytes.
const PEM_BYTES_MAX: u64 = 1 << 20;

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read the TLS file {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no certificate in the file, or a broken one.
    #[error("{} has no usable certificate: {why}; it must hold the server's certificate in PEM, then the intermediate ones", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// What it holds instead, or what the parser says.
        why: String,
    },
    /// There is no key in the file, or one of a kind that cannot be read.
    #[error("{} has no usable private key: {why}; it must hold one in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted", path.display())]
    PrivateKey {
        /// Which.
        path: PathBuf,
        /// What it holds instead, or what the parser says.
        why: String,
    },
    /// The key is of a kind that cannot be served.
    #[error(
        "the private key {} cannot be used: the certificate {} is for {kind}, and keys may be RSA of 2048 to 8192 bits, \
         ECDSA on the curve P-256 or P-384, or Ed25519", private_key.display(), certificate.display()
    )]
    KeyKind {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        private_key: PathBuf,
        /// The kind of key that the certificate is for.
        kind: String,
    },
    /// The two do not work together.
    #[error("the certificate {} and the private key {} cannot be used together: {why}", certificate.display(), private_key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        private_key: PathBuf,
        /// What is wrong with them.
        why: String,
    },
}

impl TlsError {
    fn pair(files: &TlsFiles, why: String) -> Self {
        Self::Pair {
            certificate: files.certificate.clone(),
            private_key: files.private_key.clone(),
            why,
        }
    }
}

/// The files TLS needs, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate, followed by the intermediate ones.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub private_key: PathBuf,
}

/// The TLS configuration for new connections. Connections that are open keep the one they began with.
#[derive(Debug)]
pub struct TlsReloader {
    current: ArcSwap<Current>,
    failures: Mutex<LogLimit>,
}

/// What was read last.
#[derive(Debug)]
struct Current {
    config: Arc<ServerConfig>,
    chain: Vec<Certificate>,
    /// That others can read the key.
    open_key: Option<String>,
}

impl TlsReloader {
    /// Reads the files.
    pub fn open(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            current: ArcSwap::from_pointee(read(files)?),
            failures: Mutex::default(),
        })
    }

    /// Reads the files again. After an error the ones read before stay in use.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), TlsError> {
        self.current.store(Arc::new(read(files)?));
        Ok(())
    }

    /// When the first certificate of the chain ends, in seconds since 1970.
    pub fn valid_until(&self) -> Option<i64> {
        let current = self.current.load();
        let ends = current
            .chain
            .iter()
            .map(|certificate| certificate.valid_until);
        ends.min()
    }

    /// What the operator should know about the files, as time stands now.
    pub fn warnings(&self) -> Vec<String> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = since_1970.map_or(0, |time| time.as_secs().cast_signed());
        let current = self.current.load();
        let of_chain = current.chain.iter().flat_map(|one| one.warnings(now));
        current.open_key.iter().cloned().chain(of_chain).collect()
    }

    /// What makes a TLS stream of the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.load().config))
    }

    /// Logs that the handshake with a client has failed, and what to do about it.
    pub(crate) fn note_failure(&self, peer: SocketAddr, error: &io::Error) {
        let Some(reason) = failure::explain(error) else {
            tracing::debug!(%peer, %error, "a TLS handshake has failed");
            return;
        };
        if let Some(suppressed) = self.failures.lock().pass(Instant::now()) {
            tracing::warn!(%peer, suppressed, "a TLS handshake has failed: {reason}");
        }
    }
}

fn read(files: &TlsFiles) -> Result<Current, TlsError> {
    let TlsFiles {
        certificate,
        private_key,
    } = files;
    let (certificate_pem, _) = read_file(certificate)?;
    let ders = CertificateDer::pem_slice_iter(&certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|ders| {
            if ders.is_empty() {
                Err(pem::Error::NoItemsFound)
            } else {
                Ok(ders)
            }
        })
        .map_err(|error| TlsError::Certificate {
            path: certificate.clone(),
            why: contents::explain_certificate(&certificate_pem, &error),
        })?;
    let (key_pem, key_file) = read_file(private_key)?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|error| TlsError::PrivateKey {
        path: private_key.clone(),
        why: contents::explain_key(&key_pem, &error),
    })?;
    let chain = ders.iter().enumerate();
    let chain: Vec<_> = chain
        .filter_map(|(index, der)| Certificate::read(certificate, index, der))
        .collect();
    let key = pair(files, ders, key, &chain)?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| TlsError::pair(files, error.to_string()))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    Ok(Current {
        config: Arc::new(config),
        chain,
        open_key: permissions::warn_if_others_can_read("the private key", private_key, &key_file),
    })
}

/// Puts certificates and key together, if the key is that of the first. rustls would read the certificate for that with its
/// parser for clients, which takes no other version than 3; those who connect may have other parsers.
fn pair(
    files: &TlsFiles,
    ders: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    chain: &[Certificate],
) -> Result<CertifiedKey, TlsError> {
    let first = chain.first();
    let key = ring::sign::any_supported_type(&key).map_err(|_| TlsError::KeyKind {
        certificate: files.certificate.clone(),
        private_key: files.private_key.clone(),
        kind: first.map_or_else(|| String::from("unknown kind"), |one| one.key_kind.clone()),
    })?;
    let key = CertifiedKey::new(ders, key);
    match (first, key.key.public_key()) {
        (Some(_), Some(public_key)) => {
            let is_of = |one: &Certificate| *one.public_key == *public_key;
            match chain.iter().position(is_of) {
                Some(0) => Ok(()),
                Some(index) => Err(format!(
                    "the key is that of certificate {}: the server's must be the first in the file",
                    index + 1
                )),
                None => Err(String::from("the key is that of another certificate")),
            }
        }
        _ => key.keys_match().map_err(|error| error.to_string()),
    }
    .map_err(|why| TlsError::pair(files, why))?;
    Ok(key)
}

fn read_file(path: &Path) -> Result<(Vec<u8>, File), TlsError> {
    let unreadable = |source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    (&file)
        .take(PEM_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    Ok((bytes, file))
}
