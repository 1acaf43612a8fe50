//! What a file holds in which no certificate or key was found.

use rustls_pki_types::pem;

/// Why there is no certificate in a file: what is there instead, else what the parser says.
pub(super) fn explain_certificate(bytes: &[u8], error: &pem::Error) -> String {
    if has(bytes, "PRIVATE KEY-----") {
        String::from("it holds a private key, so the two files may be swapped")
    } else if is_der(bytes) {
        String::from("it is DER, which openssl x509 -inform der -in FILE turns into PEM")
    } else {
        error.to_string()
    }
}

/// Why there is no private key in a file: what is there instead, else what the parser says.
pub(super) fn explain_key(bytes: &[u8], error: &pem::Error) -> String {
    if has(bytes, "ENCRYPTED") {
        String::from("it is encrypted, which openssl pkey -in FILE -out NEW ends")
    } else if has(bytes, "BEGIN CERTIFICATE-----") {
        String::from("it holds a certificate, so the two files may be swapped")
    } else if is_der(bytes) {
        String::from("it is DER, which openssl pkey -inform der -in FILE turns into PEM")
    } else {
        error.to_string()
    }
}

fn has(bytes: &[u8], label: &str) -> bool {
    let mut windows = bytes.windows(label.len());
    windows.any(|window| window == label.as_bytes())
}

/// A sequence of ASN.1 with a length of more than a byte.
fn is_der(bytes: &[u8]) -> bool {
    matches!(bytes, [0x30, 0x81 | 0x82, ..])
}
