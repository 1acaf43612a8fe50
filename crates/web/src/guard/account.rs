//! A named user or program, and the hash of what it knows.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, SaltString};
use argon2::{Algorithm, Argon2, Params, PasswordVerifier as _, Version};

use crate::desk::Role;

/// Bytes of a password or a token.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Bytes of a name.
const NAME_BYTES_MAX: usize = 64;

/// What checking a hash may cost at most, so that a slip in the configuration does not cost the server its memory: KiB of
/// memory, rounds, lanes.
const MEMORY_KIB_MAX: u32 = 256 << 10;
const ROUNDS_MAX: u32 = 32;
const LANES_MAX: u32 = 16;

/// Somebody who comes in under a name of their own.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    name: Arc<str>,
    role: Role,
    hash: Arc<str>,
}

/// Why a hash cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// It is none of Argon2.
    #[error("is no argon2 hash; make one with workmill hash-password")]
    NotAHash,
    /// To check it would take too much.
    #[error("takes too much to check: at most 256 MiB of memory, 32 rounds and 16 lanes")]
    TooDear,
    /// There is nothing to be hashed, or too much.
    #[error("has no bytes, or more than {PASSWORD_BYTES_MAX}")]
    Length,
}

impl Account {
    /// An account with a hash as `workmill hash-password` prints it.
    ///
    /// # Errors
    /// If that cannot be used.
    pub fn new(name: &str, role: Role, hash: &str) -> Result<Self, HashError> {
        let parsed = PasswordHash::new(hash).map_err(|_| HashError::NotAHash)?;
        Algorithm::try_from(parsed.algorithm).map_err(|_| HashError::NotAHash)?;
        let params = Params::try_from(&parsed).map_err(|_| HashError::NotAHash)?;
        if parsed.hash.is_none() || parsed.salt.is_none() {
            return Err(HashError::NotAHash);
        }
        let is_cheap = params.m_cost() <= MEMORY_KIB_MAX
            && params.t_cost() <= ROUNDS_MAX
            && params.p_cost() <= LANES_MAX;
        match is_cheap {
            true => Ok(Self {
                name: name.into(),
                role,
                hash: hash.into(),
            }),
            false => Err(HashError::TooDear),
        }
    }

    /// Whether a name can be one: letters, digits, `.`, `_`, `-` and `@`, at most 64.
    pub fn is_name(text: &str) -> bool {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte);
        !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.bytes().all(allowed)
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it may do.
    pub fn role(&self) -> Role {
        self.role
    }

    pub(super) fn hash(&self) -> &Arc<str> {
        &self.hash
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// Hashes a password or a token with Argon2id, with the parameters that OWASP recommends.
///
/// # Errors
/// If it is empty or longer than [`PASSWORD_BYTES_MAX`].
pub fn hash_password(password: &[u8], salt: [u8; 16]) -> Result<String, HashError> {
    if password.is_empty() || password.len() > PASSWORD_BYTES_MAX {
        return Err(HashError::Length);
    }
    let salt = SaltString::encode_b64(&salt).map_err(|_| HashError::NotAHash)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let hash = argon2.hash_password(password, &salt);
    hash.map(|hash| hash.to_string())
        .map_err(|_| HashError::NotAHash)
}

/// Whether a password has this hash. Takes some hundredths of a second and megabytes on purpose.
pub(super) fn has_hash(password: &[u8], hash: &str) -> bool {
    let Ok(parsed) = PasswordHash::new(hash) else {
        return false;
    };
    // The algorithm and its parameters are those of the hash.
    Argon2::default().verify_password(password, &parsed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_has_its_own_hash_and_no_other() {
        let hash = hash_password(b"hunter2", [7; 16]).unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(!hash.contains("hunter2"));
        assert!(has_hash(b"hunter2", &hash));
        assert!(!has_hash(b"hunter3", &hash));
        assert_ne!(hash, hash_password(b"hunter2", [8; 16]).unwrap());
        for wrong in [&b""[..], &[b'x'; PASSWORD_BYTES_MAX + 1]] {
            assert_eq!(hash_password(wrong, [7; 16]), Err(HashError::Length));
        }
    }

    #[test]
    fn hash_that_is_none_or_costs_too_much_makes_no_account() {
        let make = |hash: &str| Account::new("anna", Role::Viewer, hash).map(drop);
        let good = hash_password(b"x", [7; 16]).unwrap();
        assert_eq!(make(&good), Ok(()));
        let bcrypt = "$2b$12$abcdefghijklmnopqrstuuT4xpNTJdNd8kQhb9Cnl6q9Vc1Vv4y5G";
        let bare = good.rsplit_once('$').unwrap().0;
        for wrong in [
            "",
            "hunter2",
            bcrypt,
            bare,
            "$scrypt$ln=16,r=8,p=1$c2FsdHNhbHQ$aGFzaA",
        ] {
            assert_eq!(make(wrong), Err(HashError::NotAHash), "{wrong}");
        }
        for (cheap, dear) in [("m=19456", "m=400000"), ("t=2", "t=33"), ("p=1", "p=17")] {
            let dear = good.replace(cheap, dear);
            assert_eq!(make(&dear), Err(HashError::TooDear), "{dear}");
        }
        assert!(!format!("{:?}", Account::new("anna", Role::Viewer, &good)).contains("argon2"));
    }

    #[test]
    fn names_are_short_and_plain() {
        for name in ["anna", "ci-1", "a.b@example.com", &"x".repeat(64)] {
            assert!(Account::is_name(name), "{name}");
        }
        for name in ["", "a b", "a:b", "a~b", "é", "a\n", &"x".repeat(65)] {
            assert!(!Account::is_name(name), "{name}");
        }
    }
}
