//! A connection to the database, driven by the thread that waits for its answers.
//!
//! Several requests are sent together, and all of their answers awaited: that is one round trip. A future that was sent
//! is never dropped before its answer has come, as the statement would go on.

use std::collections::HashMap;
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use futures_util::TryStreamExt as _;
use futures_util::future::join_all;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Statement};

use super::encryption::{Connector, Encrypted};
use super::failure::{Failure, text_of};
use super::request::{Answer, Refused, Request, Value};
use super::wire::{Waiter, Wire};

/// Notes that a future can go on.
#[derive(Debug, Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Wired = Connection<Wire, Encrypted>;

/// A connection.
pub(super) struct Link {
    client: Client,
    session: Session,
    waiter: Waiter,
    /// Statements that the database has a plan of, by their texts; none if it is to have none.
    prepared: Option<Prepared>,
    /// How often something was sent and waited for.
    round_trips: u64,
}

type Prepared = HashMap<Box<str>, Statement>;

/// What is known of the other side.
struct Session {
    /// None once it has ended.
    connection: Option<Wired>,
    /// Why it has ended.
    end: Option<Failure>,
    /// What the database has warned of.
    warnings: Vec<String>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link")
            .field("round_trips", &self.round_trips)
            .field("end", &self.session.end)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Begins a session on a wire, encrypted as the configuration says, with what a client says of itself.
    pub(super) fn begin(
        (wire, waiter): (Wire, Waiter),
        config: &Config,
        encryption: Connector,
        prepares: bool,
        until: Instant,
    ) -> Result<Self, Failure> {
        let connecting = pin!(config.connect_raw(wire, encryption));
        let (client, connection) = drive(connecting, None, &waiter, Some(until))??;
        let session = Session {
            connection: Some(connection),
            end: None,
            warnings: Vec::new(),
        };
        Ok(Self {
            client,
            session,
            waiter,
            prepared: prepares.then(HashMap::new),
            round_trips: 0,
        })
    }

    /// Sends requests together and waits for all of their answers.
    pub(super) fn ask(&mut self, requests: &[Request<'_>]) -> Result<Vec<Answer>, Refused> {
        self.prepare(requests)?;
        self.round_trips += 1;
        let (client, prepared) = (&self.client, &self.prepared);
        let all = requests
            .iter()
            .map(|request| answer(client, prepared, request));
        let answers = drive(
            pin!(join_all(all)),
            Some(&mut self.session),
            &self.waiter,
            None,
        );
        self.session.all(answers)
    }

    /// Has the database prepare what it has not yet.
    fn prepare(&mut self, requests: &[Request<'_>]) -> Result<(), Refused> {
        let Some(prepared) = &mut self.prepared else {
            return Ok(());
        };
        let new = requests.iter().filter_map(|request| match request {
            Request::Statement(text, values) if !prepared.contains_key(*text) => {
                Some((*text, values))
            }
            Request::Statement(..) | Request::Simple(_) => None,
        });
        let new: Vec<(&str, Vec<Type>)> = new
            .map(|(text, values)| {
                let types = values.iter().map(|value| value.as_parameter().1);
                (text, types.collect())
            })
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.round_trips += 1;
        let client = &self.client;
        let all = new
            .iter()
            .map(|(text, types)| client.prepare_typed(text, types));
        let statements = drive(
            pin!(join_all(all)),
            Some(&mut self.session),
            &self.waiter,
            None,
        );
        let statements = self.session.all(statements)?;
        let texts = new.into_iter().map(|(text, _)| text.into());
        prepared.extend(texts.zip(statements));
        Ok(())
    }

    /// Asks for one thing.
    pub(super) fn ask_one(&mut self, request: Request<'_>) -> Result<Answer, Failure> {
        let answers = self.ask(&[request]).map_err(|refused| refused.failure)?;
        Ok(answers.into_iter().next().unwrap_or_default())
    }

    /// How often something was sent and waited for.
    pub(super) fn round_trips(&self) -> u64 {
        self.round_trips
    }

    /// What the database has warned of since this was asked last.
    pub(super) fn take_warnings(&mut self) -> Vec<String> {
        std::mem::take(&mut self.session.warnings)
    }
}

impl Session {
    /// The answers to several requests, or the first that failed.
    fn all<T>(
        &self,
        answers: Result<Vec<Result<T, tokio_postgres::Error>>, Failure>,
    ) -> Result<Vec<T>, Refused> {
        let answers = answers.map_err(|failure| Refused { nth: 0, failure })?;
        let answers = answers.into_iter().enumerate().map(|(nth, answer)| {
            let failed = |error| Refused {
                nth,
                failure: self.reason(error),
            };
            answer.map_err(failed)
        });
        answers.collect()
    }

    /// Why a request failed: if the connection has ended, for the reason for that.
    fn reason(&self, error: tokio_postgres::Error) -> Failure {
        match (error.is_closed(), &self.end) {
            (true, Some(end)) => end.clone(),
            _ => error.into(),
        }
    }

    /// Lets requests and answers pass.
    fn poll(&mut self, context: &mut Context<'_>) {
        while let Some(connection) = &mut self.connection {
            let failure = match connection.poll_message(context) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(AsyncMessage::Notice(notice)))) => {
                    self.warnings.push(text_of(&notice));
                    continue;
                }
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(error))) => match error.into() {
                    Failure::Statement(error) => Failure::Lost(text_of(&error)),
                    lost @ Failure::Lost(_) => lost,
                },
                Poll::Ready(None) => Failure::Lost("the connection is closed".into()),
            };
            self.end(failure);
        }
    }

    fn end(&mut self, failure: Failure) {
        self.connection = None;
        self.end.get_or_insert(failure);
    }
}

/// Runs a future to its end, and lets the session go on meanwhile.
fn drive<T>(
    mut future: Pin<&mut impl Future<Output = T>>,
    mut session: Option<&mut Session>,
    waiter: &Waiter,
    until: Option<Instant>,
) -> Result<T, Failure> {
    let woken = Arc::new(Woken::default());
    let waker = Waker::from(Arc::clone(&woken));
    let mut context = Context::from_waker(&waker);
    loop {
        woken.0.store(false, Ordering::Relaxed);
        if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
            return Ok(done);
        }
        if let Some(session) = &mut session {
            session.poll(&mut context);
        }
        if woken.0.load(Ordering::Relaxed) {
            continue;
        }
        if let Err(error) = waiter.wait(until) {
            let failure = Failure::Lost(error.to_string());
            if let Some(session) = &mut session {
                session.end(failure.clone());
            }
            return Err(failure);
        }
    }
}

async fn answer(
    client: &Client,
    prepared: &Option<Prepared>,
    request: &Request<'_>,
) -> Result<Answer, tokio_postgres::Error> {
    let (text, values) = match request {
        Request::Simple(text) => {
            client.batch_execute(text).await?;
            return Ok(Answer::default());
        }
        Request::Statement(text, values) => (text, values),
    };
    let values = values.iter().map(Value::as_parameter);
    let statement = prepared.as_ref().and_then(|prepared| prepared.get(*text));
    let mut rows = pin!(match statement {
        Some(statement) =>
            client
                .query_raw(statement, values.map(|(value, _)| value))
                .await?,
        None => client.query_typed_raw(text, values).await?,
    });
    let mut answer = Answer::default();
    while let Some(row) = rows.try_next().await? {
        answer.rows.push(row);
    }
    answer.changed = rows.rows_affected().unwrap_or_default();
    Ok(answer)
}
