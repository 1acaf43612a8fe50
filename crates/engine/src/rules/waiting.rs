//! FETCHes that wait no longer: their client is gone, or their server stops.

use crate::answers::Answers;
use crate::op::{ServerId, Ticket};
use crate::outcome::Outcome;
use crate::parked::Parked;

/// Forgets a FETCH whose client is gone.
pub(crate) fn forget(parked: &mut Parked, answers: &mut Answers, waiting: Ticket) {
    if parked.remove(waiting) {
        answers.give(waiting, Outcome::Nothing);
    }
}

/// Sends away the clients of a server who wait.
pub(crate) fn drain(parked: &mut Parked, answers: &mut Answers, server: ServerId) {
    for waiting in parked.remove_of(server) {
        answers.give(waiting, Outcome::Nothing);
    }
}
