//! Faults that are planted, to see that they are found.

use std::fmt;
use std::str::FromStr;

macro_rules! flaws {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal,)*) => {
        /// A fault of the servers.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Flaw {
            $($(#[doc = $doc])* $name,)*
        }

        impl Flaw {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// What it is called.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

flaws! {
    /// The store takes what is written under any epoch.
    NoFence = "no-fence",
    /// The epoch is compared with one that was read a while ago.
    StaleFence = "stale-fence",
    /// A leader that has renewed its claim lately, by its own clock, does not look whether it still leads.
    LeaseByClock = "lease-by-clock",
    /// A server that takes over goes on under the epoch it finds.
    SameEpoch = "same-epoch",
    /// What is stored is read before the leadership is taken.
    LoadBeforeTakeover = "load-before-takeover",
    /// Answers are sent when a group is committed, not when it is durable.
    AnswerBeforeFlush = "answer-before-flush",
    /// A leader that cannot go on sends the answers that wait for the log.
    SentAtTheEnd = "sent-at-the-end",
    /// A leader goes on after a commit of which it does not know whether it happened.
    GoOnAfterUnknownCommit = "go-on-after-unknown-commit",
    /// A new leader does not know what was answered before it.
    LogsNotLoaded = "logs-not-loaded",
    /// Answers are written down after the group that they belong to, in a transaction of their own.
    LogsApart = "logs-apart",
    /// How far a PUSHB is that takes several groups is not written down.
    ProgressNotKept = "progress-not-kept",
    /// A job counts as delivered when its server has it.
    SettledOnReceipt = "settled-on-receipt",
    /// An answer that is known settles all before it.
    SettledUpTo = "settled-up-to",
    /// What had no answer is not asked again on a new link.
    NotAskedAgain = "not-asked-again",
    /// What had no answer is asked again under a new number.
    AskedAgainAsNew = "asked-again-as-new",
    /// A server that starts again has the name that it had before.
    NameReused = "name-reused",
    /// Jobs that were on their way to clients of a server that is gone are left to their reservations.
    NotGivenBack = "not-given-back",
    /// Jobs on their way are given back as soon as a link breaks, while their server lives.
    GivenBackAtOnce = "given-back-at-once",
    /// A job that could not be delivered is given back once, and not again if nobody heard it.
    ReturnedOnce = "returned-once",
    /// Only workers that are connected to the leader count as alive.
    PresenceNotSent = "presence-not-sent",
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Flaw {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::ALL.iter();
        let found = all.find(|flaw| flaw.name() == text);
        found.copied().ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|flaw| flaw.name()).collect();
            format!("no flaw has this name; there are: {}", names.join(", "))
        })
    }
}
