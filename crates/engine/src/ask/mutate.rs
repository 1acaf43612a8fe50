//! What a MUTATE, and whoever acts on many jobs under a name, asks of the engine.

use std::sync::Arc;

use workmill_proto::Mutation;
use workmill_store::Place;

use crate::change::{Change, ChangeFilter, ChangePlaces};
use crate::op::{Mutate, Op};
use crate::operations::OperationId;

impl Op {
    /// The op of a MUTATE. It is answered with [`crate::Outcome::Ok`] when it has ended.
    pub fn mutate(mutation: Mutation) -> Self {
        let Mutation {
            verb,
            target,
            filter,
        } = mutation;
        let asked = Change {
            verb: verb.into(),
            places: ChangePlaces::One(Place::Set(target)),
            filter: filter.map(ChangeFilter::Mutation),
        };
        Self::change(asked)
    }

    /// The op that changes these jobs. It is answered with [`crate::Outcome::Changed`] if they were named one by one.
    pub fn change(asked: Change) -> Self {
        change(asked, None)
    }

    /// The op that changes jobs under a name. It is answered with how far it came when it has ended; until then, and
    /// for a while after, that can be asked for with [`Op::Operations`].
    pub fn operate(id: OperationId, asked: Change) -> Self {
        change(asked, Some(id))
    }
}

fn change(change: Change, operation: Option<OperationId>) -> Op {
    Op::Mutate(Mutate {
        change: Arc::new(change),
        operation,
        by: None,
        progress: None,
    })
}
