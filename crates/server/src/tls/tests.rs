//! Certificates and keys of every kind, and what is said about bad ones.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::{
    ClientConfig, ConfigBuilder, DigitallySignedStruct, RootCertStore, SignatureScheme,
    WantsVerifier,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio_rustls::{TlsConnector, rustls};

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
    TlsReloader::open(&write(&dir, certificate, private_key))
}

/// A client of this version of TLS that does not know yet whom it trusts.
fn client(
    version: &'static rustls::SupportedProtocolVersion,
) -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(&[version])
        .unwrap()
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
    let config = client(version)
        .with_root_certificates(roots)
        .with_no_client_auth();
    says_hi(tls, config).await
}

/// Whether this client gets what the server sends.
async fn says_hi(tls: &TlsReloader, config: ClientConfig) -> bool {
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
    let tls = TlsReloader::open(&write(&dir, &old, &old_key)).unwrap();
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
fn certificates_in_the_wrong_order_are_told_from_those_of_another_key() {
    let (certificate, key) = fresh_pair();
    let (other, _) = fresh_pair();
    open(&format!("{certificate}{other}"), &key).unwrap();
    let said = |certificates: &str| open(certificates, &key).unwrap_err().to_string();
    let wrong_order = said(&format!("{other}{certificate}"));
    assert!(
        wrong_order.ends_with(
            ": the key is that of certificate 2: the server's must be the first in the file"
        ),
        "{wrong_order}"
    );
    assert!(said(&other).ends_with(": the key is that of another certificate"));
}

#[test]
fn file_with_something_else_is_refused_with_what_that_is() {
    let (certificate, key) = fresh_pair();
    let der = |pem: &str, label| {
        let (_, der) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
        assert_eq!(der.label, label);
        der.contents
    };
    let said = |certificate: &[u8], key: &[u8]| {
        let dir = tempfile::tempdir().unwrap();
        let files = write(&dir, "", "");
        fs::write(&files.certificate, certificate).unwrap();
        fs::write(&files.private_key, key).unwrap();
        TlsReloader::open(&files).unwrap_err().to_string()
    };
    let pkcs8 = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let pkcs1 = RSA_KEY_PKCS1.replace(
        "BEGIN RSA PRIVATE KEY-----\n",
        "BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
    );
    assert_ne!(pkcs1, RSA_KEY_PKCS1);
    let (certificate, key) = (certificate.as_bytes(), key.as_bytes());
    for (certificate, private_key, wanted) in [
        (certificate, pkcs8.as_bytes(), "it is encrypted, which"),
        (certificate, pkcs1.as_bytes(), "it is encrypted, which"),
        (
            certificate,
            certificate,
            "key: it holds a certificate, so the two files may be swapped",
        ),
        (
            key,
            certificate,
            "certificate: it holds a private key, so the two files may be swapped",
        ),
        (
            &der(V1_CERTIFICATE, "CERTIFICATE"),
            key,
            "certificate: it is DER, which openssl x509",
        ),
        (
            certificate,
            &der(RSA_KEY_PKCS1, "RSA PRIVATE KEY"),
            "key: it is DER, which openssl pkey",
        ),
    ] {
        let text = said(certificate, private_key);
        assert!(text.contains(wanted), "{text}");
    }
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
        let warnings = TlsReloader::open(&files).unwrap().warnings();
        assert_eq!(!warnings.is_empty(), warned, "{mode:o}: {warnings:?}");
    }
}

/// Made by `openssl req -new` and `openssl x509 -req -signkey`, without extensions.
const V1_CERTIFICATE: &str = include_str!("../../tests/data/v1.cert.pem");
const V1_KEY: &str = include_str!("../../tests/data/v1.key.pem");

/// A client that checks nothing, as many are told to be for certificates that are signed by nobody else.
#[derive(Debug)]
struct Trusting;

impl ServerCertVerifier for Trusting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}

#[tokio::test]
async fn certificate_of_version_1_is_served_with_a_warning() {
    let tls = open(V1_CERTIFICATE, V1_KEY).unwrap();
    let warnings = tls.warnings().join("\n");
    assert!(warnings.contains("is of X.509 version 1"), "{warnings}");
    for version in [&version::TLS12, &version::TLS13] {
        let config = client(version)
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Trusting))
            .with_no_client_auth();
        assert!(says_hi(&tls, config).await, "{version:?}");
    }
    let error = open(V1_CERTIFICATE, EC_KEY_SEC1).unwrap_err();
    assert!(matches!(error, TlsError::Pair { .. }), "{error:?}");
}

#[test]
fn key_on_a_curve_that_is_not_supported_is_refused_by_its_name() {
    let p521 = (
        include_str!("../../tests/data/secp521r1.cert.pem"),
        include_str!("../../tests/data/secp521r1.key.pem"),
    );
    let k256 = (
        include_str!("../../tests/data/secp256k1.cert.pem"),
        include_str!("../../tests/data/secp256k1.key.pem"),
    );
    for ((certificate, key), curve) in [(p521, "P-521"), (k256, "secp256k1")] {
        let error = open(certificate, key).unwrap_err().to_string();
        let wanted = format!("is for ECDSA on the curve {curve}, and keys may be RSA");
        assert!(error.contains(&wanted), "{error}");
    }
}

#[test]
fn certificates_of_the_chain_that_expire_are_warned_about() {
    let ending_in = |days: i64| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new([String::from("localhost")]).unwrap();
        params.not_after = SystemTime::now().into();
        params.not_after += Duration::from_secs(3_600);
        match u64::try_from(days) {
            Ok(days) => params.not_after += Duration::from_secs(days * 86_400),
            Err(_) => params.not_after -= Duration::from_secs(days.unsigned_abs() * 86_400),
        }
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let said = |certificate: &str, key: &str| open(certificate, key).unwrap().warnings().join("\n");
    let (fresh, key) = ending_in(15);
    let mode = "is open to every user";
    let quiet = said(&fresh, &key);
    assert!(
        quiet.contains(mode) && quiet.lines().count() == 1,
        "{quiet}"
    );
    let (ending, ending_key) = ending_in(13);
    assert!(said(&ending, &ending_key).contains("cert expires on "));
    let (expired, expired_key) = ending_in(-2);
    assert!(said(&expired, &expired_key).contains("cert expired on "));
    let chained = said(&format!("{fresh}{expired}"), &key);
    assert!(chained.contains("certificate 2 in "), "{chained}");
}

#[tokio::test]
async fn server_name_that_is_no_host_name_is_explained() {
    let (certificate, key) = fresh_pair();
    let tls = open(&certificate, &key).unwrap();
    let (mut near, far) = duplex(1 << 16);
    let name = "x".repeat(9);
    let config = client(&version::TLS13)
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let server_name = ServerName::try_from(name.clone()).unwrap();
    let mut client = rustls::ClientConnection::new(Arc::new(config), server_name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    // What faktory-rs sends with native_tls.
    let at = hello.windows(9).position(|bytes| bytes == name.as_bytes());
    hello[at.unwrap()..][..9].copy_from_slice(b"host:7419");
    near.write_all(&hello).await.unwrap();
    let error = tls.acceptor().accept(far).await.unwrap_err();
    let explained = failure::explain(&error).unwrap();
    assert!(explained.contains("without a port"), "{explained}");
}

#[tokio::test]
async fn client_without_tls_is_explained_and_one_that_goes_is_not() {
    let (certificate, key) = fresh_pair();
    let tls = open(&certificate, &key).unwrap();
    let said = async |bytes: &[u8]| {
        let (mut near, far) = duplex(1 << 16);
        near.write_all(bytes).await.unwrap();
        near.shutdown().await.unwrap();
        failure::explain(&tls.acceptor().accept(far).await.unwrap_err())
    };
    let explained = said(b"HELLO {\"v\":2}\r\n").await.unwrap();
    assert!(explained.contains("tcp+tls://"), "{explained}");
    assert_eq!(said(b"").await, None);
}
