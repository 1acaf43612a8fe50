//! The side that runs what servers ask: which link speaks for whom, what is under way, and what each group has to say.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::mem;
use std::time::Duration;

use workmill_engine::{
    Answer, DeliveryTag, GroupResult, Op, Outcome, Request, ServerId, Ticket, put_alike_together,
};
use workmill_proto::{SteadyTime, WireError};
use workmill_store::{StoreError, Tx};

use crate::answer::KeptAnswer;
use crate::frame::{Epoch, FromLeader, LinkId, OpNumber, ToLeader};
use crate::logs::AnswerLogs;
use crate::replay::replay;

/// For how long a server may have no link before the jobs that were on their way to its clients go back to their queues.
pub const SERVER_GONE: Duration = Duration::from_secs(10);

/// For how long a server may have no link before what it was answered is kept no longer: if it comes back, it has to start
/// anew.
pub const SERVER_FORGOTTEN: Duration = Duration::from_secs(3_600);

/// What is to be sent once the group that it tells of is durable, and all groups before it.
pub type Outbox = Vec<(LinkId, FromLeader)>;

/// The tickets of requests that come from here have this bit, so that whoever has requests of its own in a group can give them
/// tickets without it.
const TICKET_BIT: u64 = 1 << 63;

/// A server that has had no link for [`SERVER_GONE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Which.
    pub server: ServerId,
    /// How many jobs that were on their way to its clients go back.
    pub jobs: usize,
}

/// What the leader knows of the servers that hand over what their clients ask. It is one of them itself.
#[derive(Debug)]
pub struct Host {
    epoch: Epoch,
    logs: AnswerLogs,
    /// The link that speaks for a server: the last one on which it said who it is.
    links: BTreeMap<ServerId, LinkId>,
    /// Which of its server's links that is, in their order.
    nth: BTreeMap<ServerId, u64>,
    /// Since when servers have none, and whether it was told that they are gone.
    unlinked: BTreeMap<ServerId, (Duration, bool)>,
    last_ticket: u64,
    /// Whose ops are under way.
    running: BTreeMap<Ticket, (ServerId, OpNumber)>,
    tickets: BTreeMap<(ServerId, OpNumber), Ticket>,
    /// Requests for the next groups.
    waiting: VecDeque<Request>,
    /// Ops that are to come and keep their places among others.
    in_order: BTreeSet<(ServerId, OpNumber)>,
    /// Requests that do, of those that wait.
    placed: BTreeSet<Ticket>,
    /// Servers whose jobs are being taken back, by the request that does it.
    taking_back: BTreeMap<Ticket, (ServerId, Vec<DeliveryTag>)>,
    /// What the next group has to say besides its answers.
    to_say: ToSay,
    /// What the group at work says of that.
    said: ToSay,
    /// Which requests the group at work has answered.
    finished: Vec<Ticket>,
}

/// What a group has to say besides its answers.
#[derive(Debug, Default)]
struct ToSay {
    /// Answers that were asked for again.
    replays: BTreeSet<(ServerId, OpNumber)>,
    /// Servers that are known from now on.
    welcomes: BTreeSet<ServerId>,
    /// Links of servers that are known no more.
    strangers: Vec<LinkId>,
}

impl ToSay {
    fn is_empty(&self) -> bool {
        self.replays.is_empty() && self.welcomes.is_empty() && self.strangers.is_empty()
    }

    fn extend(&mut self, other: Self) {
        self.replays.extend(other.replays);
        self.welcomes.extend(other.welcomes);
        self.strangers.extend(other.strangers);
    }
}

impl Host {
    /// That of a leadership which begins at `now`, with what the one before it has left.
    pub fn new(epoch: Epoch, logs: AnswerLogs, now: Duration) -> Self {
        Self {
            epoch,
            unlinked: logs
                .servers()
                .map(|server| (server, (now, false)))
                .collect(),
            logs,
            links: BTreeMap::new(),
            nth: BTreeMap::new(),
            last_ticket: TICKET_BIT,
            running: BTreeMap::new(),
            tickets: BTreeMap::new(),
            waiting: VecDeque::new(),
            in_order: BTreeSet::new(),
            placed: BTreeSet::new(),
            taking_back: BTreeMap::new(),
            to_say: ToSay::default(),
            said: ToSay::default(),
            finished: Vec::new(),
        }
    }

    /// Which leadership it is.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Whether a group has something to do or to say.
    pub fn has_work(&self) -> bool {
        !self.waiting.is_empty() || !self.to_say.is_empty()
    }

    /// Takes in what came on a link.
    pub fn hear(&mut self, link: LinkId, frame: ToLeader) {
        match (frame, self.server_of(link)) {
            (
                ToLeader::Hello {
                    server,
                    nth,
                    registered,
                    open,
                },
                _,
            ) => {
                // One that was made earlier may be heard later.
                if self.nth.get(&server).is_none_or(|last| *last < nth) {
                    self.nth.insert(server, nth);
                    self.greet(link, server, registered, &open.into_iter().collect());
                }
            }
            (ToLeader::Ops(ops), Some(server)) => {
                for (number, op) in ops {
                    self.ask(server, number, op);
                }
            }
            (ToLeader::InOrder(numbers), Some(server)) => {
                self.in_order
                    .extend(numbers.into_iter().map(|number| (server, number)));
            }
            (ToLeader::Forget(number), Some(server)) => self.forget(server, number),
            (ToLeader::Settled(numbers), Some(server)) => self.logs.settle(server, &numbers),
            // What a server said on an older link it says again on the last one. The rest is no business of the engine's.
            (_, None)
            | (ToLeader::Alive(_) | ToLeader::Latencies { .. } | ToLeader::Ping, Some(_)) => {}
        }
    }

    /// The server that a link speaks for.
    fn server_of(&self, link: LinkId) -> Option<ServerId> {
        let mut links = self.links.iter();
        links.find_map(|(&server, &of)| (of == link).then_some(server))
    }

    fn greet(
        &mut self,
        link: LinkId,
        server: ServerId,
        registered: bool,
        open: &BTreeSet<OpNumber>,
    ) {
        if registered && !self.logs.knows(server) {
            self.to_say.strangers.push(link);
            return;
        }
        if !self.logs.knows(server) {
            self.logs.register(server);
        }
        // It says them again.
        self.in_order.retain(|(of, _)| *of != server);
        self.logs.settle_all_but(server, open);
        self.links.insert(server, link);
        self.unlinked.remove(&server);
        self.stop_taking_back(server);
        self.to_say.welcomes.insert(server);
    }

    /// A server is back: it has told which jobs are still on their way.
    fn stop_taking_back(&mut self, server: ServerId) {
        let taking_back = &mut self.taking_back;
        self.waiting.retain(|request| {
            let of_server = taking_back.get(&request.ticket);
            let is_over = of_server.is_some_and(|(of, _)| *of == server);
            if is_over {
                taking_back.remove(&request.ticket);
            }
            !is_over
        });
    }

    fn ask(&mut self, server: ServerId, number: OpNumber, op: Op) {
        let keeps_place = self.in_order.remove(&(server, number));
        if self.tickets.contains_key(&(server, number)) {
            return;
        }
        let op = match self.logs.find(server, number) {
            None => op,
            Some(begun @ KeptAnswer::Begun(..)) => begun.rest_of(op),
            Some(_) => {
                self.to_say.replays.insert((server, number));
                return;
            }
        };
        let ticket = self.request(op);
        if keeps_place {
            self.placed.insert(ticket);
        }
        self.running.insert(ticket, (server, number));
        self.tickets.insert((server, number), ticket);
    }

    fn request(&mut self, op: Op) -> Ticket {
        self.last_ticket += 1;
        let ticket = Ticket(self.last_ticket);
        self.waiting.push_back(Request { ticket, op });
        ticket
    }

    /// Asks for what time demands of the leader itself.
    pub fn demand(&mut self, op: Op) {
        self.request(op);
    }

    fn forget(&mut self, server: ServerId, number: OpNumber) {
        if let Some(&ticket) = self.tickets.get(&(server, number)) {
            self.request(Op::Forget(ticket));
        }
    }

    /// A link is broken, at `now`. FETCHes that came on it wait no more: nobody must get a job for as long as that is so.
    pub fn link_broken(&mut self, link: LinkId, now: Duration) {
        let Some(server) = self.server_of(link) else {
            return;
        };
        self.links.remove(&server);
        self.unlinked.insert(server, (now, false));
        let of_server = (server, OpNumber(0))..=(server, OpNumber(u64::MAX));
        let tickets = self.tickets.range(of_server).map(|(_, &ticket)| ticket);
        let tickets: Vec<Ticket> = tickets.collect();
        for ticket in tickets {
            self.request(Op::Forget(ticket));
        }
    }

    /// To be called now and then. Takes jobs back that were on their way to clients of servers which have had no link for
    /// [`SERVER_GONE`] at `now`, and tells of these servers, if there are such jobs or it is new; forgets those that have had none
    /// for [`SERVER_FORGOTTEN`]; has the next group write what servers have settled.
    pub fn look_after_servers(&mut self, now: Duration) -> Vec<Gone> {
        let away = |since: Duration| now.saturating_sub(since);
        let unlinked = self.unlinked.iter_mut();
        let gone = unlinked.filter(|(_, (since, _))| away(*since) >= SERVER_GONE);
        let gone = gone.map(|(&server, (since, told))| {
            let is_news = !mem::replace(told, true);
            (server, away(*since), is_news)
        });
        let gone: Vec<(ServerId, Duration, bool)> = gone.collect();
        let mut told = Vec::new();
        for (server, away, is_news) in gone {
            let tags = self.logs.undelivered(server);
            let mut taking_back = self.taking_back.values();
            if !tags.is_empty() && !taking_back.any(|(of, _)| *of == server) {
                let jobs = tags.len();
                let ticket = self.request(Op::Nack(tags.clone()));
                self.taking_back.insert(ticket, (server, tags));
                told.push(Gone { server, jobs });
                continue;
            }
            if is_news {
                told.push(Gone { server, jobs: 0 });
            }
            if tags.is_empty() && away >= SERVER_FORGOTTEN {
                self.unlinked.remove(&server);
                self.nth.remove(&server);
                self.logs.forget(server);
            }
        }
        self.logs.write_soon();
        told
    }

    /// Has the next group write what servers have settled, as there will be no other; tells whether there is anything.
    pub fn finish(&mut self) -> bool {
        self.logs.write_soon()
    }

    /// The requests for the next group, alike ones together: so much work, in jobs, and so many bytes of payloads at most, but one at least if there is
    /// one.
    pub fn take(&mut self, weight_max: usize, bytes_max: usize) -> Vec<Request> {
        let (mut weight, mut bytes) = (0, 0);
        let mut taken = Vec::new();
        while let Some(next) = self.waiting.front() {
            weight += next.op.traits().weight;
            bytes += next.op.payload_bytes();
            if (weight > weight_max || bytes > bytes_max) && !taken.is_empty() {
                break;
            }
            taken.extend(self.waiting.pop_front());
        }
        let placed = &mut self.placed;
        put_alike_together(&mut taken, |request| {
            let is_placed = placed.contains(&request.ticket);
            request.op.traits().rank.filter(|_| !is_placed)
        });
        for request in &taken {
            placed.remove(&request.ticket);
        }
        taken
    }

    /// Whether a request came from here.
    pub fn owns(ticket: Ticket) -> bool {
        ticket.0 & TICKET_BIT != 0
    }

    /// Requests to be run in the next group, before all others: what a group has left unfinished.
    pub fn put_first(&mut self, requests: Vec<Request>) {
        for request in requests.into_iter().rev() {
            self.waiting.push_front(request);
        }
    }

    /// Writes down what came of a group, in its transaction, and tells what to send once it is durable. Takes the answers that
    /// are for servers out of the result. [`Host::committed`] or [`Host::rolled_back`] must follow.
    ///
    /// # Errors
    /// Those of the store: the group is to be rolled back.
    pub fn note<T: Tx>(
        &mut self,
        tx: &mut T,
        result: &mut GroupResult,
        now: SteadyTime,
    ) -> Result<Outbox, StoreError> {
        self.said = mem::take(&mut self.to_say);
        let mut outbox = self.say_again(tx)?;
        for Request { ticket, op } in &result.unfinished {
            let kept = KeptAnswer::of_begun(op);
            if let (Some(&(server, number)), Some(kept)) = (self.running.get(ticket), kept) {
                self.logs.keep(server, number, Some(kept));
            }
        }
        let of_servers = |answer: &mut Answer| Self::owns(answer.ticket);
        for answer in result.answers.extract_if(.., of_servers) {
            outbox.extend(self.note_answer(answer));
        }
        self.logs.write(tx, now)?;
        if !outbox.is_empty() {
            // Not everything that is answered changes something, and the next leader may have answered others meanwhile.
            tx.confirm()?;
        }
        let strangers = self.said.strangers.iter();
        outbox.extend(strangers.map(|&link| (link, FromLeader::Forgotten)));
        let welcomes = self.said.welcomes.iter().filter_map(|server| {
            let link = self.links.get(server)?;
            Some((*link, FromLeader::Welcome(self.epoch)))
        });
        outbox.extend(welcomes);
        Ok(outbox)
    }

    /// A request could not be done, and has changed nothing since it was last noted: tells what to send. Nothing of that is
    /// kept, as it may be asked for again.
    pub fn refuse(&mut self, ticket: Ticket, why: WireError) -> Option<(LinkId, FromLeader)> {
        let (server, number) = self.running.remove(&ticket)?;
        self.tickets.remove(&(server, number));
        let link = self.links.get(&server)?;
        let answer = (number, Outcome::Refused(why));
        Some((*link, FromLeader::Answers(vec![answer])))
    }

    fn say_again<T: Tx>(&self, tx: &mut T) -> Result<Outbox, StoreError> {
        let mut outbox = Outbox::new();
        for &(server, number) in &self.said.replays {
            let Some(link) = self.links.get(&server) else {
                continue;
            };
            let Some(kept) = self.logs.find(server, number) else {
                continue;
            };
            if let Some(outcome) = replay(tx, kept)? {
                outbox.push((*link, FromLeader::Answers(vec![(number, outcome)])));
            }
        }
        Ok(outbox)
    }

    fn note_answer(&mut self, answer: Answer) -> Option<(LinkId, FromLeader)> {
        let Answer { ticket, outcome } = answer;
        if let Some((server, tags)) = self.taking_back.get(&ticket) {
            self.logs.take_back(*server, tags);
            self.finished.push(ticket);
            return None;
        }
        let &(server, number) = self.running.get(&ticket)?;
        self.finished.push(ticket);
        self.logs.keep(server, number, KeptAnswer::of(&outcome));
        let link = self.links.get(&server)?;
        Some((*link, FromLeader::Answers(vec![(number, outcome)])))
    }

    /// The group is committed.
    pub fn committed(&mut self) {
        self.logs.commit();
        self.said = ToSay::default();
        for ticket in mem::take(&mut self.finished) {
            self.taking_back.remove(&ticket);
            if let Some(of) = self.running.remove(&ticket) {
                self.tickets.remove(&of);
            }
        }
    }

    /// The group is rolled back.
    pub fn rolled_back(&mut self) {
        self.logs.roll_back();
        let unsaid = mem::take(&mut self.said);
        self.to_say.extend(unsaid);
        self.finished.clear();
    }
}
