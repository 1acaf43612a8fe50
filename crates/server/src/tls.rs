//! TLS on the command port: reading the certificate and the key, and again without a restart.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls_pki_types::pem::{self, PemObject as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{self, ServerConfig, version};

use crate::permissions;
use crate::settings::TlsFiles;

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
    #[error("{} has no usable certificate; it must hold the server's certificate in PEM, then the intermediate ones", path.display())]
    Certificate {
        /// Which.
        path: PathBuf,
        /// What the parser says.
        source: pem::Error,
    },
    /// There is no key in the file, or one of a kind that cannot be read.
    #[error("{} has no usable private key; it must hold one in PEM (PKCS#8, PKCS#1 or SEC1), not encrypted", path.display())]
    PrivateKey {
        /// Which.
        path: PathBuf,
        /// What the parser says.
        source: pem::Error,
    },
    /// The two do not work together.
    #[error("the certificate {} and the private key {} cannot be used together", certificate.display(), private_key.display())]
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        private_key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
}

/// The TLS configuration for new connections. Connections that are open keep the one they began with.
#[derive(Debug)]
pub struct TlsReloader {
    current: ArcSwap<ServerConfig>,
}

impl TlsReloader {
    /// Reads the files. What the operator should know about them comes along.
    pub fn open(files: &TlsFiles) -> Result<(Self, Option<String>), TlsError> {
        let (config, warning) = read(files)?;
        Ok((
            Self {
                current: ArcSwap::new(config),
            },
            warning,
        ))
    }

    /// Reads the files again. After an error the ones read before stay in use.
    pub fn reload(&self, files: &TlsFiles) -> Result<Option<String>, TlsError> {
        let (config, warning) = read(files)?;
        self.current.store(config);
        Ok(warning)
    }

    /// What makes a TLS stream of the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }
}

fn read(files: &TlsFiles) -> Result<(Arc<ServerConfig>, Option<String>), TlsError> {
    let TlsFiles {
        certificate,
        private_key,
    } = files;
    let (certificate_pem, _) = read_file(certificate)?;
    let chain = CertificateDer::pem_slice_iter(&certificate_pem)
        .collect::<Result<Vec<_>, _>>()
        .and_then(|chain| {
            if chain.is_empty() {
                Err(pem::Error::NoItemsFound)
            } else {
                Ok(chain)
            }
        })
        .map_err(|source| TlsError::Certificate {
            path: certificate.clone(),
            source,
        })?;
    let (key_pem, key_file) = read_file(private_key)?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem).map_err(|source| TlsError::PrivateKey {
        path: private_key.clone(),
        source,
    })?;
    let warning = permissions::warn_if_others_can_read("the private key", private_key, &key_file);
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|source| TlsError::Pair {
            certificate: certificate.clone(),
            private_key: private_key.clone(),
            source,
        })?;
    Ok((Arc::new(config), warning))
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

#[cfg(test)]
mod tests;
