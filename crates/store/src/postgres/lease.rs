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
use crate::lease::{Acquired, Lease, LeaseError, Predecessor, Resign};

/// How long the lease is good without being renewed.
const LASTS: Duration = Duration::from_secs(2);

/// A number that whoever leads has, and nobody else ever had before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(pub(super) i64);

impl Epoch {
    /// The number: more for each that comes later.
    pub fn number(self) -> u64 {
        self.0.unsigned_abs()
    }
}

/// A contender for the lease on a database.
#[derive(Debug)]
pub struct PostgresLease {
    target: Target,
    /// Where others reach this one, for the row; empty if nowhere.
    address: String,
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

/// What the database says of who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which leadership it is.
    pub epoch: Epoch,
    /// What that one says of itself, without control characters.
    pub holder: String,
    /// Where other servers reach it, without control characters; empty if nowhere.
    pub address: String,
    /// Until when it has the lease, in microseconds of its own wall clock: changes whenever it is renewed.
    pub until: i64,
    /// Whether it has resigned, or nobody ever had it.
    pub ended: bool,
}

impl PostgresLease {
    /// A contender for the tables of a database, which must be there. Connects when it is needed.
    pub fn new(target: &Target) -> Self {
        Self {
            target: target.clone(),
            address: String::new(),
            link: None,
            held: None,
        }
    }

    /// The same contender, which other servers reach at this address, `host:port`.
    pub fn reached_at(self, address: &str) -> Self {
        Self {
            address: address.to_owned(),
            ..self
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

    /// Goes on having it, from `now` on as long again; false if it is not ours, or not any more. Does not wait for the log: others
    /// are to see it soon, and it may be lost.
    pub fn renew(&mut self, now: Timestamp) -> Result<bool, LeaseError> {
        let Some(Epoch(epoch)) = self.epoch() else {
            return Ok(false);
        };
        let until = now.plus(LASTS).as_micros();
        let text = in_schema(
            "UPDATE @renewals SET until = $2 WHERE epoch = $1 AND NOT ended",
            self.target.schema(),
        );
        let requests = [
            Request::Simple("BEGIN; SET LOCAL synchronous_commit = off"),
            Request::Statement(&text, vec![epoch.into(), until.into()]),
            Request::Simple("COMMIT"),
        ];
        let answers = self.link()?.ask(&requests);
        let answers = answers.map_err(|refused| self.failed(refused.failure))?;
        let is_ours = answers.get(1).is_some_and(|renewed| renewed.changed > 0);
        if !is_ours {
            self.held = None;
        }
        Ok(is_ours)
    }

    /// Who leads now, whether its time is over or not.
    ///
    /// # Errors
    /// [`LeaseError::Database`] if the database cannot be asked. The next time it is connected to anew.
    pub fn claim(&mut self) -> Result<Claim, LeaseError> {
        let text = "SELECT epoch, holder, address, until, ended FROM @renewals";
        let answer = self.ask(text, Vec::new())?;
        let gone = || StoreError::Open("the row that says who leads is gone".into());
        let read = || {
            let row = answer.rows.first().ok_or_else(gone)?;
            Ok(Claim {
                epoch: Epoch(column(row, 0)?),
                holder: without_controls(column(row, 1)?),
                address: without_controls(column(row, 2)?),
                until: column(row, 3)?,
                ended: column(row, 4)?,
            })
        };
        read().map_err(LeaseError::Database)
    }

    /// Takes it over from whoever made a claim, whatever clocks say, after waiting for the transaction that is under way there.
    /// `now` is a moment of the wall clock. None if somebody else was faster.
    ///
    /// # Errors
    /// [`LeaseError::Database`]: whether it is ours now is not known; the next [`claim`](Self::claim) tells.
    pub fn take_over(
        &mut self,
        claim: &Claim,
        holder: &str,
        now: Timestamp,
    ) -> Result<Option<Epoch>, LeaseError> {
        let until = now.plus(LASTS).as_micros();
        if !self.count_up(claim, holder, until)? {
            return Ok(None);
        }
        let Epoch(last) = claim.epoch;
        let epoch = Epoch(last + 1);
        let predecessor = match (last, claim.ended) {
            (0, _) => Predecessor::Nobody,
            (_, true) => Predecessor::Resigned,
            (_, false) => Predecessor::Vanished {
                holder: claim.holder.clone(),
            },
        };
        self.held = Some(Held { epoch, predecessor });
        Ok(Some(epoch))
    }

    fn count_up(&mut self, claim: &Claim, holder: &str, until: i64) -> Result<bool, LeaseError> {
        let schema = self.target.schema().to_owned();
        let begin = "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL lock_timeout = '3s'";
        let count_up = in_schema(
            "UPDATE @leader SET epoch = epoch + 1 WHERE epoch = $1",
            &schema,
        );
        let say = in_schema(
            "UPDATE @renewals SET epoch = $1 + 1, holder = convert_from($2, 'UTF8'),
                address = convert_from($4, 'UTF8'), until = $3, ended = false
                WHERE epoch = $1 AND EXISTS (SELECT 1 FROM @leader WHERE epoch = $1 + 1)",
            &schema,
        );
        let Epoch(epoch) = claim.epoch;
        let address = self.address.clone();
        let requests = [
            Request::Simple(begin),
            Request::Statement(&count_up, vec![epoch.into()]),
            Request::Statement(
                &say,
                vec![
                    epoch.into(),
                    holder.as_bytes().into(),
                    until.into(),
                    address.as_bytes().into(),
                ],
            ),
            Request::Simple("COMMIT"),
        ];
        let answers = self.link()?.ask(&requests);
        let answers = answers.map_err(|refused| {
            let is_held_up = refused.failure.code() == Some(&SqlState::LOCK_NOT_AVAILABLE);
            let failed = self.failed(refused.failure);
            if is_held_up {
                self.end_transactions();
            }
            failed
        })?;
        Ok(answers.get(1).is_some_and(|counted| counted.changed > 0))
    }

    /// Ends the transactions that hold up a takeover: those of a leader that stands still in the middle of an answer, which the
    /// database waits for without an end.
    fn end_transactions(&mut self) {
        let text = "SELECT pg_terminate_backend(pid) FROM pg_locks
            WHERE relation = '@leader'::regclass AND pid <> pg_backend_pid()";
        if let Err(error) = self.ask(text, Vec::new()) {
            tracing::warn!(%error, "a transaction holds up the takeover and cannot be ended");
        }
    }
}

impl Resign for PostgresLease {
    fn resign(&mut self) -> Result<(), LeaseError> {
        let Some(Epoch(epoch)) = self.epoch() else {
            return Ok(());
        };
        let text = "UPDATE @renewals SET ended = true WHERE epoch = $1";
        let said = self.ask(text, vec![epoch.into()]);
        // Where the connection was lost that it came by, another one may be had.
        said.or_else(|_| self.ask(text, vec![epoch.into()]))?;
        self.held = None;
        Ok(())
    }
}

impl Lease for PostgresLease {
    fn acquire(&mut self, holder: &str, now: Timestamp) -> Result<Acquired, LeaseError> {
        if let Some(held) = self.held.clone()
            && self.renew(now)?
        {
            let predecessor = held.predecessor;
            return Ok(Acquired::Ours { predecessor });
        }
        let claim = self.claim()?;
        let is_free = claim.ended || claim.until <= now.as_micros();
        if is_free && self.take_over(&claim, holder, now)?.is_some() {
            let taken = self.held.clone();
            return Ok(Acquired::Ours {
                predecessor: taken.map_or(Predecessor::Nobody, |held| held.predecessor),
            });
        }
        let holder = match is_free {
            true => self.claim()?.holder,
            false => claim.holder,
        };
        Ok(Acquired::Theirs { holder })
    }

    fn lasts(&self) -> Duration {
        LASTS
    }
}

fn without_controls(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().filter(|char| !char.is_control()).collect()
}
