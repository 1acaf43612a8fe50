//! What is known of a disk that is looked at again and again, and what follows from it.

use std::time::Duration;

use workmill_store::{Disk, DiskWork};

/// After how long an operation is told of, and how often again.
const TELL_AFTER: Duration = Duration::from_secs(5);
const TELL_EVERY: Duration = Duration::from_secs(60);

/// For how long one operation may hold up the end of a server that was told to stop. A disk that works takes milliseconds.
const STOP_WITHIN: Duration = Duration::from_secs(10);

/// The same for those that may have hundreds of megabytes to read or write. No longer than the committer has for its end.
const LONG_STOP_WITHIN: Duration = Duration::from_secs(30);

/// What was seen so far.
#[derive(Debug, Default)]
pub(super) struct Hangs {
    seen: [Seen; DiskWork::ALL.len()],
    told: Option<Told>,
    /// For how long the server has been told to stop.
    stopping: Option<Duration>,
}

/// One kind of work, as it was at the last look.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    turn: Option<u64>,
    /// For how long it has gone on at least.
    lasted: Duration,
}

/// A hang that was told of.
#[derive(Clone, Copy, Debug)]
struct Told {
    /// When that was done last, in time since then.
    ago: Duration,
    lasted: Duration,
}

/// What the log has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// This has gone on for so long.
    Hangs(DiskWork, Duration),
    /// What was told of has come to its end, after so long.
    GoesOn(Duration),
}

impl Hangs {
    /// Looks at the disk, so long after the last look.
    pub(super) fn look(&mut self, disk: &Disk, passed: Duration) -> Option<News> {
        for (seen, work) in self.seen.iter_mut().zip(DiskWork::ALL) {
            seen.look(disk.turn(work), passed);
        }
        self.stopping = self.stopping.map(|stopping| stopping + passed);
        self.news(passed)
    }

    fn news(&mut self, passed: Duration) -> Option<News> {
        let longest = self.lasting().max_by_key(|(_, lasted)| *lasted);
        let hanging = longest.filter(|(_, lasted)| *lasted >= TELL_AFTER);
        let Some((work, lasted)) = hanging else {
            return self.told.take().map(|told| News::GoesOn(told.lasted));
        };
        let ago = self.told.map(|told| told.ago + passed);
        let is_news = ago.is_none_or(|ago| ago >= TELL_EVERY);
        self.told = Some(Told {
            ago: ago.filter(|_| !is_news).unwrap_or_default(),
            lasted,
        });
        is_news.then_some(News::Hangs(work, lasted))
    }

    /// For how long nobody has been answered because of the disk.
    pub(super) fn stalled(&self) -> Duration {
        let answers = |work| matches!(work, DiskWork::Transaction | DiskWork::Sync);
        let stalls = self.lasting().filter(|(work, _)| answers(*work));
        stalls.map(|(_, lasted)| lasted).max().unwrap_or_default()
    }

    /// The server was told to stop.
    pub(super) fn note_stop(&mut self) {
        self.stopping.get_or_insert_default();
    }

    /// What the server has waited for too long since it was told to stop, and for how long it has.
    pub(super) fn holds_up_stop(&self) -> Option<(DiskWork, Duration)> {
        let stopping = self.stopping?;
        self.lasting()
            .map(|(work, lasted)| (work, lasted.min(stopping)))
            .find(|(work, lasted)| *lasted >= self.stop_within(*work))
    }

    fn stop_within(&self, work: DiskWork) -> Duration {
        let copying = self.lasting().any(|(work, _)| work == DiskWork::Copy);
        match work {
            DiskWork::Open | DiskWork::Copy => LONG_STOP_WITHIN,
            // If the log has become long, it waits for the copying.
            DiskWork::Transaction if copying => LONG_STOP_WITHIN,
            DiskWork::Transaction | DiskWork::Sync | DiskWork::SyncLater => STOP_WITHIN,
        }
    }

    /// What has been going on since an earlier look.
    fn lasting(&self) -> impl Iterator<Item = (DiskWork, Duration)> {
        let all = DiskWork::ALL.into_iter().zip(&self.seen);
        all.map(|(work, seen)| (work, seen.lasted))
            .filter(|(_, lasted)| !lasted.is_zero())
    }
}

impl Seen {
    fn look(&mut self, turn: Option<u64>, passed: Duration) {
        self.lasted = match turn.is_some() && turn == self.turn {
            true => self.lasted + passed,
            false => Duration::ZERO,
        };
        self.turn = turn;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// Looks once a second for so many seconds; what there was to say, and when.
    fn look_on(hangs: &mut Hangs, disk: &Disk, seconds: u64) -> Vec<(u64, News)> {
        let looks = 1..=seconds;
        looks
            .filter_map(|second| Some((second, hangs.look(disk, SECOND)?)))
            .collect()
    }

    #[test]
    fn an_operation_that_hangs_is_told_of_after_five_seconds_every_minute_and_at_its_end() {
        for work in DiskWork::ALL {
            let (mut hangs, disk) = (Hangs::default(), Disk::default());
            let turn = disk.begin(work);
            hangs.look(&disk, SECOND);
            assert_eq!(
                look_on(&mut hangs, &disk, 130),
                [5, 65, 125].map(|at| (at, News::Hangs(work, secs(at))))
            );
            drop(turn);
            assert_eq!(hangs.look(&disk, SECOND), Some(News::GoesOn(secs(130))));
            assert_eq!(look_on(&mut hangs, &disk, 130), []);
        }
    }

    #[test]
    fn operations_that_come_to_an_end_are_not_told_of_however_many_there_are() {
        let (mut hangs, disk) = (Hangs::default(), Disk::default());
        for _ in 0..100 {
            let _turn = disk.begin(DiskWork::Sync);
            assert_eq!(look_on(&mut hangs, &disk, 5), []);
            assert_eq!(hangs.stalled(), secs(4));
        }
    }

    #[test]
    fn clients_are_stalled_by_what_comes_before_their_answers() {
        for work in DiskWork::ALL {
            let (mut hangs, disk) = (Hangs::default(), Disk::default());
            let _turn = disk.begin(work);
            look_on(&mut hangs, &disk, 4);
            let stalls = matches!(work, DiskWork::Transaction | DiskWork::Sync);
            assert_eq!(
                hangs.stalled(),
                secs(if stalls { 3 } else { 0 }),
                "{work:?}"
            );
        }
    }

    /// After how many seconds a server is ended that is told to stop, if this goes on since five seconds before.
    fn ended_after(works: &[DiskWork]) -> Option<u64> {
        let (mut hangs, disk) = (Hangs::default(), Disk::default());
        let _turns: Vec<_> = works.iter().map(|work| disk.begin(*work)).collect();
        look_on(&mut hangs, &disk, 100);
        assert_eq!(hangs.holds_up_stop(), None, "it was not told to stop");
        hangs.note_stop();
        (1..100).find(|_| {
            hangs.look(&disk, SECOND);
            hangs.note_stop();
            hangs.holds_up_stop().is_some()
        })
    }

    #[test]
    fn a_stop_has_a_deadline_that_gives_long_work_more_time() {
        use DiskWork::{Copy, Open, Sync, SyncLater, Transaction};
        assert_eq!(ended_after(&[]), None);
        for (works, after) in [
            (&[Sync][..], 10),
            (&[SyncLater], 10),
            (&[Transaction], 10),
            (&[Transaction, Copy], 30),
            (&[Transaction, Copy, Sync], 10),
            (&[Copy], 30),
            (&[Open], 30),
        ] {
            assert_eq!(ended_after(works), Some(after), "{works:?}");
        }
    }

    #[test]
    fn a_stop_goes_on_as_long_as_the_disk_does() {
        let (mut hangs, disk) = (Hangs::default(), Disk::default());
        hangs.note_stop();
        for _ in 0..100 {
            let _turn = disk.begin(DiskWork::Sync);
            look_on(&mut hangs, &disk, 5);
            assert_eq!(hangs.holds_up_stop(), None);
        }
    }
}
