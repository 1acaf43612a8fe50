//! Who asks.

use std::net::IpAddr;
use std::sync::Arc;

use workmill_store::Operator;

/// Who asks for something, as the audit log will name them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name they gave; empty if the server asks nobody for one.
    pub name: Arc<str>,
    /// What they may do.
    pub role: Role,
    /// Where they come from.
    pub address: IpAddr,
}

impl Actor {
    /// As the audit log names them.
    pub fn operator(&self) -> Arc<Operator> {
        let address = self.address.to_string();
        Arc::new(Operator::new(&self.name, self.role.as_str(), &address))
    }
}

/// What somebody may do. Each role may do all that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// See everything, change nothing.
    Viewer,
    /// Act on jobs, queues, workers and cron entries.
    Operator,
    /// Everything.
    Admin,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Operator, Self::Admin];

    /// Its name in the configuration and on pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}
