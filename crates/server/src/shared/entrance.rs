//! What it takes to come in.

use std::sync::Arc;

use crate::auth_queue::AuthQueue;
use crate::newcomers::Newcomers;
use crate::rejections::Rejections;
use crate::tls::TlsReloader;

/// What connections pass before they count: TLS, HELLO, a proof of the password.
pub(crate) struct Entrance {
    /// None for plain TCP.
    pub(crate) tls: Option<TlsReloader>,
    pub(crate) newcomers: Arc<Newcomers>,
    pub(crate) auth_queue: Arc<AuthQueue>,
    /// What is said of those who are turned away.
    pub(crate) rejections: Rejections,
}

impl Entrance {
    pub(super) fn new(tls: Option<TlsReloader>) -> Self {
        Self {
            tls,
            newcomers: Arc::default(),
            auth_queue: Arc::default(),
            rejections: Rejections::default(),
        }
    }
}
