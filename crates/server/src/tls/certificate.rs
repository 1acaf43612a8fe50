//! What a certificate says of itself: its version, its key, and when it is valid.

use std::path::Path;

use rustls_pki_types::CertificateDer;
use x509_parser::asn1_rs::{FromDer as _, Tag};
use x509_parser::certificate::X509Certificate;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Version};

/// How long before its end a certificate is warned about, in seconds: two weeks.
const NOTICE_SECS: i64 = 14 * DAY_SECS;

const DAY_SECS: i64 = 86_400;

/// One certificate of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    /// What people are told it is: its file, and its place there if it is not the first.
    name: String,
    is_old_version: bool,
    /// The kind of its key, in words.
    pub(super) key_kind: String,
    /// Its public key, as DER.
    pub(super) public_key: Vec<u8>,
    /// In seconds since 1970.
    valid_from: i64,
    /// In seconds since 1970.
    pub(super) valid_until: i64,
}

impl Certificate {
    /// Reads the certificate that is the `index`th in its file, from 0. None if it is none.
    pub(super) fn read(path: &Path, index: usize, der: &CertificateDer<'_>) -> Option<Self> {
        let (_, read) = X509Certificate::from_der(der).ok()?;
        let path = path.display();
        let validity = read.validity();
        Some(Self {
            name: match index {
                0 => format!("the certificate {path}"),
                _ => format!("certificate {} in {path}", index + 1),
            },
            // Of a certificate that others have signed with it, clients want nothing else.
            is_old_version: index == 0 && read.version() != X509Version::V3,
            key_kind: key_kind(read.public_key()),
            public_key: read.public_key().raw.to_vec(),
            valid_from: validity.not_before.timestamp(),
            valid_until: validity.not_after.timestamp(),
        })
    }

    /// What the operator should know of it at `now`, in seconds since 1970.
    pub(super) fn warnings(&self, now: i64) -> impl Iterator<Item = String> {
        let version = self.is_old_version.then(|| {
            format!(
                "{} is of X.509 version 1 and names no host: clients that check it may refuse it; make one of version 3, \
                 for example with openssl req -x509 -addext subjectAltName=DNS:HOST",
                self.name
            )
        });
        version.into_iter().chain(self.warn_of_time(now))
    }

    fn warn_of_time(&self, now: i64) -> Option<String> {
        let Self {
            name,
            valid_from,
            valid_until,
            ..
        } = self;
        if now > *valid_until {
            return Some(format!(
                "{name} expired on {}: clients that check it refuse to connect; put a new one in its place and send HUP",
                date(*valid_until)
            ));
        }
        if now < *valid_from {
            return Some(format!(
                "{name} is not valid before {}: clients that check it refuse to connect; check the clock of this machine",
                date(*valid_from)
            ));
        }
        let left = valid_until.saturating_sub(now);
        (left <= NOTICE_SECS).then(|| {
            let left = match left / DAY_SECS {
                0 => String::from("in less than a day"),
                1 => String::from("in 1 day"),
                days => format!("in {days} days"),
            };
            format!(
                "{name} expires on {}, {left}: put a new one in its place and send HUP before",
                date(*valid_until)
            )
        })
    }
}

fn date(secs: i64) -> String {
    jiff::Timestamp::from_second(secs)
        .map_or_else(|_| format!("{secs} s after 1970"), |at| at.to_string())
}

/// The kind of a key in the words people know it by.
fn key_kind(key: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm = key.algorithm.algorithm.to_id_string();
    let named = match algorithm.as_str() {
        "1.2.840.113549.1.1.1" => {
            let bits = key.parsed().map_or(0, |key| key.key_size());
            return format!("RSA of {bits} bits");
        }
        "1.2.840.10045.2.1" => return format!("ECDSA on {}", curve(key)),
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.10040.4.1" => "DSA",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ => return format!("algorithm {algorithm}"),
    };
    named.to_owned()
}

fn curve(key: &SubjectPublicKeyInfo<'_>) -> String {
    let parameters = key.algorithm.parameters.as_ref();
    // Any other than a name is the curve itself, written out.
    let named = parameters.filter(|any| any.tag() == Tag::Oid);
    let Some(id) = named.and_then(|any| any.as_oid().ok()) else {
        return String::from("a curve without a name");
    };
    let id = id.to_id_string();
    let named = match id.as_str() {
        "1.2.840.10045.3.1.7" => "the curve P-256",
        "1.3.132.0.33" => "the curve P-224",
        "1.3.132.0.34" => "the curve P-384",
        "1.3.132.0.35" => "the curve P-521",
        "1.3.132.0.10" => "the curve secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "the curve brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "the curve brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "the curve brainpoolP512r1",
        _ => return format!("the curve {id}"),
    };
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(valid_from: i64, valid_until: i64, now: i64) -> Vec<String> {
        let certificate = Certificate {
            name: String::from("the certificate /c"),
            is_old_version: false,
            key_kind: String::new(),
            public_key: Vec::new(),
            valid_from,
            valid_until,
        };
        certificate.warnings(now).collect()
    }

    #[test]
    fn the_time_of_a_certificate_is_warned_of_before_it_is_over_and_after() {
        let end = 1_000 * DAY_SECS;
        let silent = Vec::<String>::new();
        assert_eq!(warnings(0, end, end - NOTICE_SECS - 1), silent);
        for (left, text) in [
            (NOTICE_SECS, "in 14 days"),
            (2 * DAY_SECS - 1, "in 1 day:"),
            (DAY_SECS - 1, "in less than a day"),
            (0, "in less than a day"),
        ] {
            let told = warnings(0, end, end - left);
            assert!(told[0].contains(text), "{told:?}");
            assert!(told[0].starts_with("the certificate /c expires on 1972-09-27T00:00:00Z, "));
        }
        let told = warnings(0, end, end + 1);
        assert!(
            told[0].starts_with("the certificate /c expired on 1972-09-27T00:00:00Z: "),
            "{told:?}"
        );
        let told = warnings(DAY_SECS, end, DAY_SECS - 1);
        assert!(
            told[0].contains("is not valid before 1970-01-02T00:00:00Z"),
            "{told:?}"
        );
        assert_eq!(warnings(0, i64::MAX, end), silent);
    }
}
