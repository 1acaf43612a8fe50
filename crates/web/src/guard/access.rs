//! What the operator has set about who may come in.

use std::fmt;

use zeroize::Zeroizing;

/// A text that is never shown, and wiped from memory when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text as it is.
    pub fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(not shown)")
    }
}

/// Who may come in, as it is set now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// What people must know; none lets everybody in.
    pub password: Option<Secret>,
}
