//! What is read at opening.

use std::convert::Infallible;

use workmill_proto::SetName;

use super::tables::Tables;
use crate::Reservation;
use crate::writer::{Loading, QueueId, QueueRow, SetTally, Tallies};

impl Loading for Tables {
    type Error = Infallible;

    fn queues(&self) -> Result<Vec<(QueueId, QueueRow)>, Infallible> {
        let queues = self.queues.rows().iter();
        Ok(queues.map(|(&id, row)| (id, row.clone())).collect())
    }

    fn reservations(&self, mut each: impl FnMut(Reservation)) -> Result<(), Infallible> {
        for reservation in self.reservations.rows().values() {
            each(Reservation {
                connection: 0,
                series: 0,
                ..reservation.clone()
            });
        }
        Ok(())
    }

    fn job_keys(&self, (first, last): (i64, i64), each: impl FnMut(i64)) -> Result<(), Infallible> {
        let jobs = self.jobs.rows().range(first..=last);
        jobs.map(|(&key, _)| key).for_each(each);
        Ok(())
    }

    fn tallies(&self) -> Result<Tallies, Infallible> {
        let kept = self.tallies.rows().get(&());
        let mut tallies = kept.copied().unwrap_or_default();
        let last_set = self.sets.rows().last_key_value();
        tallies.set_id_next = last_set.map_or(1, |(&id, _)| id + 1);
        for name in SetName::ALL {
            let id = self.set_id(name).unwrap_or_default();
            let size = self.sets.rows().get(&id).map_or(0, |set| set.size);
            *tallies.set_mut(name) = SetTally { id, size };
        }
        Ok(tallies)
    }
}
