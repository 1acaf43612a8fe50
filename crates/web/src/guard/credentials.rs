//! What somebody sends to show who they are.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::account::PASSWORD_BYTES_MAX;

/// What parts the name in a token from its secret.
const TOKEN_SEPARATOR: char = '~';

/// A name and a secret.
pub(super) struct Credentials {
    pub(super) name: String,
    pub(super) secret: Zeroizing<Vec<u8>>,
    /// A token stands for its account only, a password also for whoever knows that of all.
    pub(super) is_token: bool,
}

impl Credentials {
    /// Those of a request: `Basic`, or `Bearer NAME~SECRET`. None if there are none that can be read.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let (scheme, rest) = value.split_once(' ')?;
        let found = match scheme {
            _ if scheme.eq_ignore_ascii_case("basic") => Self::of_basic(rest.trim())?,
            _ if scheme.eq_ignore_ascii_case("bearer") => Self::of_token(rest.trim())?,
            _ => return None,
        };
        (found.secret.len() <= PASSWORD_BYTES_MAX).then_some(found)
    }

    fn of_basic(encoded: &str) -> Option<Self> {
        let decoded = Zeroizing::new(STANDARD.decode(encoded).ok()?);
        let colon = decoded.iter().position(|byte| *byte == b':')?;
        let (name, secret) = decoded.split_at_checked(colon)?;
        Some(Self {
            name: String::from_utf8_lossy(name).into_owned(),
            secret: Zeroizing::new(secret.get(1..)?.to_vec()),
            is_token: false,
        })
    }

    fn of_token(token: &str) -> Option<Self> {
        let (name, secret) = token.split_once(TOKEN_SEPARATOR)?;
        Some(Self {
            name: name.to_owned(),
            secret: Zeroizing::new(secret.as_bytes().to_vec()),
            is_token: true,
        })
    }
}
