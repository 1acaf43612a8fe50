//! Rules broken on purpose, to see that the comparison notices.

macro_rules! mutants {
    ($($mutant:ident),* $(,)?) => {
        /// A rule of the model that is broken.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            None,
            $($mutant,)*
        }

        impl Mutant {
            pub const ALL: &[Self] = &[$(Self::$mutant),*];
        }
    };
}

mutants! {
    RightMostQueueFirst,
    AckForgetsNothing,
    CompletedIsKeptForever,
    OneRetryTooFew,
    ReturnedToTheTail,
    PausedQueueFetched,
    PromotionForgotten,
    StrangerEndsAnothersJob,
    RemoveTakesReservedJobs,
    DeadWithoutLimit,
    RequeuedKeepsItsTime,
    RequeuedIsNotRemembered,
    TakenIsNotRemembered,
    RequeuedKeepsItsExpiry,
    LockTakenTwice,
    LockOfAnotherGivenBack,
    LockOfAnotherPushingGivenBack,
    LockWithoutTheDelay,
    LockKeptAtStart,
    LockNotTakenAgain,
    LockGivenBackAtDeath,
    ExpiredHandedOut,
    ExpiredKeepsItsLock,
    ExpiryFromNow,
    SuccessBeforeComplete,
    CallbackBeforeCommit,
    CallbackFiredAgain,
    ChildNotWaitedFor,
    OnlyTheFirstParentWaits,
    RetriedStaysFailed,
    DeletedHoldsItsBatch,
    ExpiredHoldsItsBatch,
    EvictedLeavesItsBatch,
    ExpiredBatchHoldsItsParent,
    TrackLosesItsProgress,
    TrackEndsWithItsUpdate,
    EveryJobIsTracked,
    ReservationShortened,
    SlotsWithoutTimeout,
    WorkersShareSlots,
    ConcurrencyIgnored,
    BucketStartsFull,
    BurstIgnored,
    UndeliveredIsNotRefunded,
    ScheduledGoByTheSteadyClock,
    RetriesGoByTheWallClock,
    ExpiryGoesByTheSteadyClock,
    UndoneAgain,
    UndoneAtOnce,
    UndoneIsACallback,
    UndoneReopensItsBatch,
    TrashIsKept,
    EvictedIsGone,
    DoneComesBack,
}
