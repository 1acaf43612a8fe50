//! Whether what somebody sent is right, found out without anybody paying for it but themselves.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use super::access::Access;
use super::account::{Account, has_hash};
use super::attempts::Attempts;
use super::credentials::Credentials;
use super::proven::Proven;
use super::refusal::Refusal;
use crate::desk::{Actor, Role};

/// Hashes that are checked at a time: each takes a core and megabytes.
const CHECKS_MAX: usize = 1;

/// How many may wait for that.
const WAITING_MAX: usize = 32;

/// Characters of a name that is nobody's, as they are shown.
const NAME_CHARS_MAX: usize = 64;

/// What is known of logins.
pub(crate) struct Logins {
    attempts: Attempts,
    proven: Proven,
    checks: Semaphore,
    waiting: Semaphore,
}

/// What a secret has to be the right one for.
enum Lock<'a> {
    Account(&'a Account),
    /// What everybody may know, and an account, if there are any.
    Password(&'a str, Option<&'a Account>),
    /// Nobody's.
    Nothing(Option<&'a Account>),
}

impl Logins {
    pub(crate) fn new() -> Self {
        Self {
            attempts: Attempts::default(),
            proven: Proven::new(),
            checks: Semaphore::new(CHECKS_MAX),
            waiting: Semaphore::new(WAITING_MAX),
        }
    }

    /// Tells who somebody is, or why they are not let in.
    pub(super) async fn admit(
        &self,
        access: &Access,
        credentials: Option<Credentials>,
        address: IpAddr,
    ) -> Result<Actor, Refusal> {
        if !access.is_closed() {
            let name = "".into();
            return Ok(Actor {
                name,
                role: Role::Admin,
                address,
            });
        }
        let credentials = credentials.ok_or(Refusal::WhoAreYou)?;
        let lock = Lock::of(access, &credentials);
        let (name, role) = match &lock {
            Lock::Account(account) => (Arc::clone(account.name()), account.role()),
            Lock::Password(..) | Lock::Nothing(_) => (shown(&credentials.name), Role::Admin),
        };
        self.check(&lock, &credentials.secret, address).await?;
        Ok(Actor {
            name,
            role,
            address,
        })
    }

    async fn check(&self, lock: &Lock<'_>, secret: &[u8], address: IpAddr) -> Result<(), Refusal> {
        let kept = lock.kept();
        if kept.is_some_and(|kept| self.proven.knows(kept, secret)) {
            return Ok(());
        }
        let _waiting = self.waiting.try_acquire().map_err(|_| Refusal::Busy)?;
        if !self.attempts.begin(address) {
            return Err(Refusal::TooOften);
        }
        let is_right = match lock {
            Lock::Password(password, _) if is_same(secret, password.as_bytes()) => true,
            lock => {
                let has_hash = match lock.account() {
                    Some(account) => self.has_hash(secret, account).await,
                    None => false,
                };
                has_hash && matches!(lock, Lock::Account(_))
            }
        };
        match kept.filter(|_| is_right) {
            Some(kept) => {
                self.attempts.take_back(address);
                self.proven.add(kept, secret);
                Ok(())
            }
            None => Err(Refusal::Wrong),
        }
    }

    /// Checks a hash, when it is its turn, in a thread that serves nobody.
    async fn has_hash(&self, secret: &[u8], account: &Account) -> bool {
        // Closed never.
        let _turn = self.checks.acquire().await;
        let secret = zeroize::Zeroizing::new(secret.to_vec());
        let hash = Arc::clone(account.hash());
        let checked = tokio::task::spawn_blocking(move || has_hash(&secret, &hash)).await;
        checked.unwrap_or(false)
    }
}

impl<'a> Lock<'a> {
    fn of(access: &'a Access, credentials: &Credentials) -> Self {
        let mut accounts = access.accounts.iter();
        let account = accounts.find(|account| **account.name() == *credentials.name);
        match (account, &access.password) {
            (Some(account), _) => Self::Account(account),
            (None, Some(password)) if !credentials.is_token => {
                Self::Password(password.expose(), access.accounts.first())
            }
            (None, _) => Self::Nothing(access.accounts.first()),
        }
    }

    /// The account whose hash is checked if the secret is not right at once. For a name that is nobody's it is another's: how long it
    /// takes must not tell whose names there are.
    fn account(&self) -> Option<&'a Account> {
        match *self {
            Self::Account(account) => Some(account),
            Self::Password(_, account) | Self::Nothing(account) => account,
        }
    }

    /// What is kept of the right secret.
    fn kept(&self) -> Option<&str> {
        match self {
            Self::Account(account) => Some(account.hash()),
            Self::Password(password, _) => Some(password),
            Self::Nothing(_) => None,
        }
    }
}

/// Compares digests, so that the time it takes tells nothing about how much of it was right, or how long it is.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    let pairs = Sha256::digest(given)
        .into_iter()
        .zip(Sha256::digest(wanted));
    pairs.fold(0, |difference, (one, other)| difference | (one ^ other)) == 0
}

/// A name that is nobody's, short enough to be shown and without what does not show.
fn shown(name: &str) -> Arc<str> {
    let shown = name.chars().filter(|c| !c.is_control());
    shown.take(NAME_CHARS_MAX).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::guard::access::Secret;
    use crate::guard::account::hash_password;

    fn here() -> IpAddr {
        IpAddr::from([192, 0, 2, 1])
    }

    fn account(name: &str, role: Role, secret: &str) -> Account {
        let hash = hash_password(secret.as_bytes(), [7; 16]).unwrap();
        Account::new(name, role, &hash).unwrap()
    }

    fn with_accounts(password: Option<&str>) -> Access {
        Access {
            password: password.map(Secret::new),
            accounts: vec![
                account("anna", Role::Operator, "one"),
                account("ci", Role::Viewer, "two"),
            ],
            ..Access::default()
        }
    }

    async fn admit(
        logins: &Logins,
        access: &Access,
        name: &str,
        secret: &str,
        is_token: bool,
    ) -> Result<(String, Role), Refusal> {
        let credentials = Credentials {
            name: name.to_owned(),
            secret: secret.as_bytes().to_vec().into(),
            is_token,
        };
        let actor = logins.admit(access, Some(credentials), here()).await?;
        assert_eq!(actor.address, here());
        Ok((actor.name.to_string(), actor.role))
    }

    #[tokio::test]
    async fn accounts_come_in_under_their_names_with_their_roles() {
        let logins = Logins::new();
        let access = with_accounts(None);
        let anna = Ok((String::from("anna"), Role::Operator));
        let ci = Ok((String::from("ci"), Role::Viewer));
        // Twice: the second time it is known.
        for _ in 0..2 {
            assert_eq!(admit(&logins, &access, "anna", "one", false).await, anna);
            assert_eq!(admit(&logins, &access, "ci", "two", true).await, ci);
        }
        for (name, secret) in [("anna", "two"), ("ci", "one"), ("bob", "one"), ("", "")] {
            let refused = admit(&logins, &access, name, secret, false).await;
            assert_eq!(refused, Err(Refusal::Wrong), "{name}");
        }
        let nobody = logins.admit(&access, None, here()).await;
        assert_eq!(nobody.unwrap_err(), Refusal::WhoAreYou);
    }

    #[tokio::test]
    async fn shared_password_is_an_admins_under_any_name_but_those_of_accounts() {
        let logins = Logins::new();
        let access = with_accounts(Some("shared"));
        let admin = admit(&logins, &access, "some\u{7}body", "shared", false).await;
        assert_eq!(admin, Ok((String::from("somebody"), Role::Admin)));
        let long = "x".repeat(1_000);
        let (name, _) = admit(&logins, &access, &long, "shared", false)
            .await
            .unwrap();
        assert_eq!(name.len(), NAME_CHARS_MAX);
        for (name, is_token) in [("anna", false), ("somebody", true)] {
            let refused = admit(&logins, &access, name, "shared", is_token).await;
            assert_eq!(refused, Err(Refusal::Wrong), "{name}");
        }
    }

    #[test]
    fn wrong_secret_costs_the_check_of_a_hash_whether_the_name_is_somebodys_or_not() {
        for password in [None, Some("shared")] {
            let access = with_accounts(password);
            for (name, is_token) in [("anna", false), ("ci", true), ("bob", false), ("bob", true)] {
                let credentials = Credentials {
                    name: name.to_owned(),
                    secret: b"wrong".to_vec().into(),
                    is_token,
                };
                let account = Lock::of(&access, &credentials).account();
                assert!(account.is_some(), "{name} {is_token} {password:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_was_right_counts_for_what_is_set_now() {
        let logins = Logins::new();
        let mut access = with_accounts(None);
        admit(&logins, &access, "anna", "one", false).await.unwrap();
        access.accounts = vec![account("anna", Role::Admin, "one")];
        let promoted = admit(&logins, &access, "anna", "one", false).await;
        assert_eq!(promoted, Ok((String::from("anna"), Role::Admin)));
        access.accounts = vec![account("anna", Role::Admin, "three")];
        let refused = admit(&logins, &access, "anna", "one", false).await;
        assert_eq!(refused, Err(Refusal::Wrong));
    }

    #[tokio::test]
    async fn everybody_is_let_in_where_nobody_is_asked() {
        let logins = Logins::new();
        let mut access = with_accounts(Some("shared"));
        access.authentication = false;
        for access in [access, Access::default()] {
            let actor = logins.admit(&access, None, here()).await.unwrap();
            assert_eq!((&*actor.name, actor.role), ("", Role::Admin));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_was_wrong_too_often_waits_and_those_who_were_right_do_not() {
        let logins = Logins::new();
        let access = Access {
            password: Some(Secret::new("shared")),
            ..Access::default()
        };
        let try_with = |secret| admit(&logins, &access, "a", secret, false);
        let mut refusals = Vec::new();
        for _ in 0..20 {
            refusals.push(try_with("wrong").await.unwrap_err());
        }
        assert_eq!(refusals.first(), Some(&Refusal::Wrong));
        assert_eq!(refusals.last(), Some(&Refusal::TooOften));
        // Else one could go on guessing.
        assert_eq!(try_with("shared").await, Err(Refusal::TooOften));
        tokio::time::advance(Duration::from_secs(60)).await;
        try_with("shared").await.unwrap();
        for _ in 0..20 {
            try_with("wrong").await.unwrap_err();
        }
        try_with("shared").await.unwrap();
    }
}
