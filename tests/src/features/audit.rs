//! The audit: the server is emptied, and every job, lock, batch and slot is accounted for.

use std::sync::Arc;

use serde_json::json;

use super::book::FeatureLedger;
use super::hands::Hands;
use super::job::Status;
use super::plan::{CONCURRENCY_MAX, CRON_QUEUE, Plan, QUEUES, Unique, WORKER_MAX};
use crate::client::Client;
use crate::fleet::Gone;
use crate::ledger_sizes::Sizes;
use crate::server::Server;

impl FeatureLedger {
    /// Runs everything to its end and closes the book. Nobody else may be connected, and nothing unknown. `name` goes into
    /// job ids.
    pub fn audit(self: &Arc<Self>, server: &Server, name: &str) {
        let mut hands = self.hands(server);
        self.run_to_the_end(&mut hands, server, name)
            .expect("the server lives");
        self.compare_batches(&mut hands.client);
        self.compare_sizes(&Sizes::of(&hands.client.info()));
        self.compare_expired(&mut hands.client);
        self.book().close();
    }

    fn run_to_the_end(
        self: &Arc<Self>,
        hands: &mut Hands,
        server: &Server,
        name: &str,
    ) -> Result<(), Gone> {
        let all_held = self.book().with_status(&[Status::Held]);
        for (jid, _) in all_held {
            let held = self.book().entry(&jid).course.held();
            hands.acknowledge(&held)?;
        }
        self.book().expiries_lifted = true;
        for set in ["retries", "scheduled", "dead"] {
            let mutate = json!({"cmd": "requeue", "target": set});
            hands.client.ok(format!("MUTATE {mutate}"));
        }
        self.drain(hands)?;
        self.book().expiries_lifted = false;
        self.book().settle();
        self.take_locks(hands, name)?;
        let [_, few, shared, _] = QUEUES;
        for (queue, limit) in [(few, CONCURRENCY_MAX), (shared, WORKER_MAX)] {
            self.fill(hands, server, name, queue, limit)?;
        }
        Ok(())
    }

    /// Fetches and acknowledges what there is, callbacks included.
    fn drain(&self, hands: &mut Hands) -> Result<(), Gone> {
        let queues = QUEUES.join(" ");
        loop {
            let count = waiting(&mut hands.client);
            let mut fetched = 0;
            while fetched < count {
                let Some(held) = hands.fetch(&queues)? else {
                    break;
                };
                hands.acknowledge(&held)?;
                fetched += 1;
            }
            // What is past its time is counted until somebody asks for it.
            if fetched == 0 {
                let left = waiting(&mut hands.client);
                if left > 0 {
                    let what = format!("INFO counts {left} jobs, but none can be fetched");
                    self.book().violate(what);
                }
                return Ok(());
            }
        }
    }

    /// Takes every lock that was ever taken. Only one of a job that failed for good may still be there.
    fn take_locks(&self, hands: &mut Hands, name: &str) -> Result<(), Gone> {
        let taken_before = self.book().checked.locks_taken;
        let keys: Vec<_> = self.book().rivals.keys().cloned().collect();
        for key in keys {
            let number: usize = key.trim_start_matches("key-").parse().expect("a number");
            let plan = Plan {
                unique: Some(Unique {
                    key: key.clone(),
                    secs: 60,
                    until_start: false,
                }),
                ..Plan::plain(format!("{name}-{key}"), QUEUES[number % QUEUES.len()])
            };
            hands.push(&[plan])?;
        }
        let taken = self.book().checked.locks_taken - taken_before;
        self.book().checked.locks_free += taken;
        self.drain(hands)
    }

    /// Takes all slots of a queue.
    fn fill(
        self: &Arc<Self>,
        hands: &mut Hands,
        server: &Server,
        name: &str,
        queue: &'static str,
        limit: usize,
    ) -> Result<(), Gone> {
        let jobs = (0..limit).map(|index| Plan::plain(format!("{name}-{queue}-{index}"), queue));
        hands.push(&jobs.collect::<Vec<_>>())?;
        let mut worker = Hands {
            client: server.worker("audit"),
            wid: "audit".to_owned(),
            ledger: Arc::clone(self),
        };
        let mut held = Vec::new();
        for _ in 0..limit {
            held.extend(worker.fetch(queue)?);
        }
        if held.len() < limit {
            let ran = held.len();
            let what = format!("{ran} of {limit} slots of {queue} are free when nothing runs");
            self.book().violate(what);
        }
        held.iter().try_for_each(|held| worker.acknowledge(held))
    }

    fn compare_sizes(&self, sizes: &Sizes) {
        let mut book = self.book();
        let in_sets = sizes.total() - sizes.queues.values().sum::<u64>() - sizes.working();
        if in_sets > 0 {
            book.violate(format!(
                "{in_sets} jobs are in sets after everything was done: {:?}",
                sizes.sets
            ));
        }
        let (working, ticks) = (sizes.working(), book.ticks_unknown);
        if working > ticks {
            book.violate(format!(
                "{working} jobs are reserved after everything was done; {ticks} of cron may be"
            ));
        }
    }

    fn compare_expired(&self, client: &mut Client) {
        let info = client.info();
        let found = info["faktory"]["total_expired"].as_u64().expect("a count");
        let mut book = self.book();
        let (min, unknown) = (book.checked.expired, book.expired_unknown);
        if !(min..=min + unknown).contains(&found) {
            book.violate(format!(
                "INFO counts {found} expired jobs; there must be {min}, or up to {unknown} more"
            ));
        }
    }
}

/// How many jobs the queues hold, but for that of cron entries.
fn waiting(client: &mut Client) -> u64 {
    let sizes = Sizes::of(&client.info());
    let queues = sizes.queues.iter();
    queues
        .filter(|(name, _)| *name != CRON_QUEUE)
        .map(|(_, size)| size)
        .sum()
}
