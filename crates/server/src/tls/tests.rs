//! Certificates and keys of every kind, and what is said about bad ones.

use std::fs;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio_rustls::TlsConnector;

use super::*;

const EC_CERTIFICATE: &str = include_str!("../../tests/data/ec-sec1.cert.pem");
const EC_KEY_SEC1: &str = include_str!("../../tests/data/ec-sec1.key.pem");
const RSA_CERTIFICATE: &str = include_str!("../../tests/data/rsa-pkcs1.cert.pem");
const RSA_KEY_PKCS1: &str = include_str!("../../tests/data/rsa-pkcs1.key.pem");

/// A certificate for `localhost` and its key, PKCS#8.
fn fresh_pair() -> (String, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed([String::from("localhost")]).unwrap();
    (cert.pem(), signing_key.serialize_pem())
}

fn write(dir: &tempfile::TempDir, certificate: &str, private_key: &str) -> TlsFiles {
    let files = TlsFiles {
        certificate: dir.path().join("cert"),
        private_key: dir.path().join("key"),
    };
    fs::write(&files.certificate, certificate).unwrap();
    fs::write(&files.private_key, private_key).unwrap();
    files
}

fn open(certificate: &str, private_key: &str) -> Result<TlsReloader, TlsError> {
    let dir = tempfile::tempdir().unwrap();
    TlsReloader::open(&write(&dir, certificate, private_key)).map(|(tls, _)| tls)
}

/// Whether a client that trusts only this certificate can talk to the server through TLS of this version.
async fn client_can_talk(
    tls: &TlsReloader,
    certificate: &str,
    version: &'static rustls::SupportedProtocolVersion,
) -> bool {
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (near, far) = duplex(1 << 16);
    let server = async {
        let mut stream = tls.acceptor().accept(far).await?;
        stream.write_all(b"hi").await?;
        stream.shutdown().await
    };
    let client = async {
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = TlsConnector::from(Arc::new(config))
            .connect(name, near)
            .await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        Ok::<_, io::Error>(text)
    };
    let (_, client) = tokio::join!(server, client);
    client.is_ok_and(|text| text == "hi")
}

#[tokio::test]
async fn client_can_talk_tls_1_2_and_1_3() {
    let (certificate, key) = fresh_pair();
    let tls = open(&certificate, &key).unwrap();
    for version in [&version::TLS12, &version::TLS13] {
        assert!(
            client_can_talk(&tls, &certificate, version).await,
            "{version:?}"
        );
    }
}

#[tokio::test]
async fn reload_is_for_the_next_connection_and_a_bad_one_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (old, old_key) = fresh_pair();
    let (new, new_key) = fresh_pair();
    let (tls, _) = TlsReloader::open(&write(&dir, &old, &old_key)).unwrap();
    assert!(tls.reload(&write(&dir, &new, &old_key)).is_err());
    assert!(client_can_talk(&tls, &old, &version::TLS13).await);
    tls.reload(&write(&dir, &new, &new_key)).unwrap();
    assert!(client_can_talk(&tls, &new, &version::TLS13).await);
    assert!(!client_can_talk(&tls, &old, &version::TLS13).await);
}

#[test]
fn keys_may_be_pkcs8_pkcs1_or_sec1() {
    let (certificate, key) = fresh_pair();
    assert!(key.contains("BEGIN PRIVATE KEY"));
    open(&certificate, &key).unwrap();
    assert!(RSA_KEY_PKCS1.contains("BEGIN RSA PRIVATE KEY"));
    open(RSA_CERTIFICATE, RSA_KEY_PKCS1).unwrap();
    assert!(
        EC_KEY_SEC1.contains("BEGIN EC PARAMETERS") && EC_KEY_SEC1.contains("BEGIN EC PRIVATE KEY")
    );
    open(EC_CERTIFICATE, EC_KEY_SEC1).unwrap();
}

#[test]
fn key_of_another_certificate_is_refused() {
    let error = open(RSA_CERTIFICATE, EC_KEY_SEC1).unwrap_err();
    assert!(
        error.to_string().contains("cannot be used together"),
        "{error}"
    );
    let (certificate, _) = fresh_pair();
    let (_, other_key) = fresh_pair();
    assert!(matches!(
        open(&certificate, &other_key),
        Err(TlsError::Pair { .. })
    ));
}

#[test]
fn file_without_what_it_should_hold_is_refused_by_name() {
    let (certificate, key) = fresh_pair();
    for nothing in [
        "",
        "not PEM",
        "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        &key,
    ] {
        let error = open(nothing, &key).unwrap_err();
        assert!(
            matches!(error, TlsError::Certificate { .. }),
            "{nothing}: {error:?}"
        );
    }
    let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    for nothing in ["", &certificate, &encrypted] {
        let error = open(&certificate, nothing).unwrap_err();
        assert!(
            matches!(error, TlsError::PrivateKey { .. }),
            "{nothing}: {error:?}"
        );
        assert!(error.to_string().contains("not encrypted"), "{error}");
    }
}

#[test]
fn missing_file_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = fresh_pair();
    let files = write(&dir, &certificate, &key);
    fs::remove_file(&files.private_key).unwrap();
    let error = TlsReloader::open(&files).unwrap_err();
    assert!(
        error
            .to_string()
            .contains(files.private_key.to_str().unwrap()),
        "{error}"
    );
}

#[test]
fn private_key_open_to_everybody_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (certificate, key) = fresh_pair();
    let files = write(&dir, &certificate, &key);
    for (mode, warned) in [(0o644, true), (0o600, false)] {
        fs::set_permissions(&files.private_key, fs::Permissions::from_mode(mode)).unwrap();
        let (_, warning) = TlsReloader::open(&files).unwrap();
        assert_eq!(warning.is_some(), warned, "{mode:o}");
    }
}
