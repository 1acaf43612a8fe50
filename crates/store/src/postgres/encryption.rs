//! Whether a connection to the database is encrypted, and who is believed to be the database.
//!
//! Source: chapter "SSL Support" of the manual of libpq.

mod stream;
mod verifier;

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_postgres::config::SslMode;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub(super) use self::stream::{Connector, Encrypted};
use self::verifier::Verifier;
use super::parameters::Parameters;
use crate::StoreError;

/// The value of `sslrootcert` for the authorities that the system trusts.
const SYSTEM: &str = "system";

/// How a connection is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// How connections to a database are encrypted. Files are read for each connection, as certificates are renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encryption {
    mode: Mode,
    /// A file, or [`SYSTEM`].
    authorities: Option<String>,
    /// The files of a certificate and its key.
    own: Option<(String, String)>,
}

impl Encryption {
    /// Reads the parameters of an address, and the files that they name.
    ///
    /// # Errors
    /// [`StoreError::Open`] with what is wrong.
    pub(super) fn of(parameters: &Parameters) -> Result<Self, StoreError> {
        let wrong = |what: String| Err(StoreError::Open(what));
        let mode = match parameters.sslmode.as_deref() {
            None | Some("prefer") => Mode::Prefer,
            Some("disable") => Mode::Disable,
            Some("allow") => Mode::Allow,
            Some("require") => Mode::Require,
            Some("verify-ca") => Mode::VerifyCa,
            Some("verify-full") => Mode::VerifyFull,
            Some(other) => {
                return wrong(format!(
                    "sslmode={other} is none of disable, allow, prefer, require, verify-ca and verify-full"
                ));
            }
        };
        let authorities = parameters.sslrootcert.clone();
        let is_system = authorities.as_deref() == Some(SYSTEM);
        if is_system && mode != Mode::VerifyFull {
            return wrong(
                "sslrootcert=system needs sslmode=verify-full: anybody can have a certificate for some name".into(),
            );
        }
        let mode = match mode {
            // As libpq does, so that a file which is named counts.
            Mode::Require if authorities.is_some() => Mode::VerifyCa,
            mode => mode,
        };
        if matches!(mode, Mode::VerifyCa | Mode::VerifyFull) && authorities.is_none() {
            return wrong(
                "this sslmode needs the certificate of an authority: name its file with sslrootcert, or \
                 sslrootcert=system"
                    .into(),
            );
        }
        let own = match (&parameters.sslcert, &parameters.sslkey) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.clone(), key.clone())),
            _ => return wrong("sslcert and sslkey belong together: name both".into()),
        };
        let encryption = Self {
            mode,
            authorities,
            own,
        };
        if mode != Mode::Disable {
            encryption.config()?;
        }
        Ok(encryption)
    }

    /// Which ways to try in turn: whether the connection is encrypted.
    pub(super) fn tries(&self) -> &'static [SslMode] {
        match self.mode {
            Mode::Disable => &[SslMode::Disable],
            Mode::Allow => &[SslMode::Disable, SslMode::Require],
            Mode::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => &[SslMode::Require],
        }
    }

    /// What encrypts a connection to a host, if it is to be.
    ///
    /// # Errors
    /// [`StoreError::Open`] if a file cannot be read.
    pub(super) fn connector(&self, host: &str, mode: SslMode) -> Result<Connector, StoreError> {
        if mode == SslMode::Disable {
            return Ok(Connector(None));
        }
        let name = ServerName::try_from(host.to_owned());
        let name = name
            .map_err(|_| StoreError::Open(format!("{host} is no name that a certificate has")))?;
        let connector = TlsConnector::from(Arc::new(self.config()?));
        Ok(Connector(Some((connector, name))))
    }

    fn config(&self) -> Result<ClientConfig, StoreError> {
        let broken = |error: &dyn std::fmt::Display| {
            StoreError::Open(format!(
                "cannot encrypt connections to the database: {error}"
            ))
        };
        let provider = Arc::new(ring::default_provider());
        let authorities = self
            .authorities
            .as_deref()
            .map(read_authorities)
            .transpose()?;
        let checks_name = self.mode == Mode::VerifyFull;
        let verifier = Verifier::new(&provider, authorities, checks_name);
        let verifier = verifier.map_err(|error| broken(&error))?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| broken(&error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.own else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = read_certificates("sslcert", certificate)?;
        let key =
            PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("sslkey", key, &error))?;
        builder
            .with_client_auth_cert(chain, key)
            .map_err(|error| broken(&error))
    }
}

fn unreadable(parameter: &str, path: &str, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Open(format!("cannot read {path}, named by {parameter}: {error}"))
}

fn read_certificates(
    parameter: &str,
    path: &str,
) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let read = || -> Result<Vec<_>, rustls_pki_types::pem::Error> {
        CertificateDer::pem_file_iter(Path::new(path))?.collect()
    };
    let certificates = read().map_err(|error| unreadable(parameter, path, &error))?;
    match certificates.is_empty() {
        true => Err(unreadable(
            parameter,
            path,
            &"there is no certificate in it",
        )),
        false => Ok(certificates),
    }
}

fn read_authorities(named: &str) -> Result<RootCertStore, StoreError> {
    let certificates = match named {
        SYSTEM => rustls_native_certs::load_native_certs().certs,
        path => read_certificates("sslrootcert", path)?,
    };
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(certificates);
    match added {
        0 => {
            let none = io::Error::other("there is no certificate of an authority in it");
            Err(unreadable("sslrootcert", named, &none))
        }
        _ => Ok(store),
    }
}
