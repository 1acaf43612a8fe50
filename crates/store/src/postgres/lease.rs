//! The lease on a database: a row that says who leads, and one beside it that says for how long.
//!
//! What counts is the epoch: each transaction that writes looks whether its own is still the one there. The clocks only say when to
//! try.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use workmill_proto::Timestamp;

use super::failure::Failure;
use super::link::Link;
use super::pages::column;
use super::request::{Request, Value};
use super::sql::in_schema;
use super::target::Target;
use crate::StoreError;
use crate::lease::{Acquired, Lease, LeaseError, Predecessor};

/// How long the lease is good without being renewed.
const LASTS: Duration = Duration::from_secs(2);

/// A number that whoever leads has, and nobody else ever had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub(super) i64);

/// A contender for the lease on a database.
#[derive(Debug)]
pub struct PostgresLease {
    target: Target,
    /// None until it is needed, and after it was lost.
    link: Option<Link>,
    held: Option<Held>,
}

/// A lease that is ours, as far as is known.
#[derive(Clone, Debug)]
struct Held {
    epoch: Epoch,
    predecessor: Predecessor,
}

/// What the rows say.
struct Found {
    epoch: i64,
    holder: String,
    until: i64,
    ended: bool,
}

impl PostgresLease {
    /// A contender for the tables of a database, which must be there. Connects when it is needed.
    pub fn new(target: &Target) -> Self {
        Self {
            target: target.clone(),
            link: None,
            held: None,
        }
    }

    /// What to open the store with; none if the lease is not ours.
    pub fn epoch(&self) -> Option<Epoch> {
        self.held.as_ref().map(|held| held.epoch)
    }

    fn ask(
        &mut self,
        text: &str,
        values: Vec<Value<'_>>,
    ) -> Result<super::request::Answer, LeaseError> {
        let text = in_schema(text, self.target.schema());
        let asked = self.link()?.ask_one(Request::Statement(&text, values));
        asked.map_err(|failure| self.failed(failure))
    }

    fn link(&mut self) -> Result<&mut Link, LeaseError> {
        let link = match self.link.take() {
            Some(link) => link,
            None => self.target.connect().map_err(LeaseError::Database)?,
        };
        Ok(self.link.insert(link))
    }

    fn failed(&mut self, failure: Failure) -> LeaseError {
        // Whatever it was: the next try begins anew.
        self.link = None;
        let missing = [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME];
        LeaseError::Database(match failure.code() {
            Some(code) if missing.contains(&code) => StoreError::Open(format!(
                "there are no tables in the schema {} of {}: run `workmill migrate` as the role that is to own them",
                self.target.schema(),
                self.target
            )),
            _ => StoreError::Open(format!(
                "cannot take the lease on {}: {failure}",
                self.target
            )),
        })
    }

    /// Goes on having it, from `now` on as long again; false if it is not ours, or not any more.
    pub fn renew(&mut self, now: Timestamp) -> Result<bool, LeaseError> {
        let Some(Epoch(epoch)) = self.epoch() else {
            return Ok(false);
        };
        let until = now.plus(LASTS).as_micros();
        let text = "UPDATE @renewals SET until = $2 WHERE epoch = $1 AND NOT ended";
        let renewed = self.ask(text, vec![epoch.into(), until.into()])?;
        if renewed.changed == 0 {
            self.held = None;
        }
        Ok(renewed.changed > 0)
    }

    fn found(&mut self) -> Result<Found, LeaseError> {
        let text = "SELECT epoch, holder, until, ended FROM @renewals";
        let answer = self.ask(text, Vec::new())?;
        let gone = || StoreError::Open("the row that says who leads is gone".into());
        let read = || {
            let row = answer.rows.first().ok_or_else(gone)?;
            Ok(Found {
                epoch: column(row, 0)?,
                holder: column(row, 1)?,
                until: column(row, 2)?,
                ended: column(row, 3)?,
            })
        };
        read().map_err(LeaseError::Database)
    }

    /// Takes it over from whoever had it in an epoch, after waiting for the transaction that is under way there; false if
    /// somebody else was faster.
    fn take_over(&mut self, found: &Found, holder: &str, until: i64) -> Result<bool, LeaseError> {
        let schema = self.target.schema().to_owned();
        let begin = "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '10s'";
        let count_up = in_schema(
            "UPDATE @leader SET epoch = epoch + 1 WHERE epoch = $1",
            &schema,
        );
        let say = in_schema(
            "UPDATE @renewals SET epoch = $1 + 1, holder = convert_from($2, 'UTF8'), until = $3, ended = false
                WHERE epoch = $1 AND EXISTS (SELECT 1 FROM @leader WHERE epoch = $1 + 1)",
            &schema,
        );
        let epoch = found.epoch;
        let requests = [
            Request::Simple(begin),
            Request::Statement(&count_up, vec![epoch.into()]),
            Request::Statement(
                &say,
                vec![epoch.into(), holder.as_bytes().into(), until.into()],
            ),
            Request::Simple("COMMIT"),
        ];
        let answers = self.link()?.ask(&requests);
        let answers = answers.map_err(|refused| self.failed(refused.failure))?;
        Ok(answers.get(1).is_some_and(|counted| counted.changed > 0))
    }
}

impl Lease for PostgresLease {
    fn acquire(&mut self, holder: &str, now: Timestamp) -> Result<Acquired, LeaseError> {
        let until = now.plus(LASTS).as_micros();
        if let Some(held) = self.held.clone()
            && self.renew(now)?
        {
            let predecessor = held.predecessor;
            return Ok(Acquired::Ours { predecessor });
        }
        let found = self.found()?;
        let is_free = found.ended || found.until <= now.as_micros();
        if !is_free || !self.take_over(&found, holder, until)? {
            let holder = match is_free {
                true => self.found()?.holder,
                false => found.holder,
            };
            return Ok(Acquired::Theirs {
                holder: without_controls(&holder),
            });
        }
        let predecessor = match (found.epoch, found.ended) {
            (0, _) => Predecessor::Nobody,
            (_, true) => Predecessor::Resigned,
            (_, false) => Predecessor::Vanished {
                holder: without_controls(&found.holder),
            },
        };
        let epoch = Epoch(found.epoch + 1);
        self.held = Some(Held {
            epoch,
            predecessor: predecessor.clone(),
        });
        Ok(Acquired::Ours { predecessor })
    }

    fn resign(&mut self) -> Result<(), LeaseError> {
        let Some(Held {
            epoch: Epoch(epoch),
            ..
        }) = self.held.take()
        else {
            return Ok(());
        };
        let text = "UPDATE @renewals SET ended = true WHERE epoch = $1";
        self.ask(text, vec![epoch.into()]).map(drop)
    }

    fn lasts(&self) -> Duration {
        LASTS
    }
}

fn without_controls(text: &str) -> String {
    text.chars().filter(|char| !char.is_control()).collect()
}
