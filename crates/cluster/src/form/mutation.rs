//! What a MUTATE asks for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use workmill_engine::{Change, ChangeFilter, ChangePlaces, ChangeVerb, Mutate, Op};
use workmill_proto::{Glob, Mutation, MutationFilter, MutationVerb, SetName, WireError};
use workmill_store::Place;

use super::op::Unsendable;

/// A MUTATE.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MutationForm {
    verb: VerbForm,
    set: Box<str>,
    filter: Option<FilterForm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum VerbForm {
    Clear,
    Kill,
    Discard,
    Requeue,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum FilterForm {
    Jids(BTreeSet<String>),
    Glob {
        pattern: String,
        jobtype: Option<String>,
    },
    Jobtype(String),
}

impl TryFrom<&Mutate> for MutationForm {
    type Error = Unsendable;

    fn try_from(mutate: &Mutate) -> Result<Self, Unsendable> {
        let change: &Change = &mutate.change;
        let ChangePlaces::One(Place::Set(set)) = &change.places else {
            return Err(Unsendable);
        };
        if mutate.operation.is_some() || mutate.progress.is_some() {
            return Err(Unsendable);
        }
        let filter = match &change.filter {
            None => None,
            Some(ChangeFilter::Mutation(filter)) => Some(FilterForm::from(filter)),
            Some(ChangeFilter::Query(_)) => return Err(Unsendable),
        };
        Ok(Self {
            verb: VerbForm::try_from(&change.verb)?,
            set: set.as_str().into(),
            filter,
        })
    }
}

impl MutationForm {
    /// The op, if its set and its pattern are such as a client may name.
    pub(super) fn op(self) -> Result<Op, WireError> {
        let target = SetName::parse(&self.set);
        let target = target.ok_or_else(|| WireError::err("a MUTATE names no set"))?;
        let filter = match self.filter {
            None => None,
            Some(FilterForm::Jids(jids)) => Some(MutationFilter::Jids(jids)),
            Some(FilterForm::Jobtype(jobtype)) => Some(MutationFilter::Jobtype(jobtype)),
            Some(FilterForm::Glob { pattern, jobtype }) => Some(MutationFilter::Glob {
                glob: Glob::new(&pattern)?,
                pattern,
                jobtype,
            }),
        };
        Ok(Op::mutate(Mutation {
            verb: self.verb.into(),
            target,
            filter,
        }))
    }
}

impl TryFrom<&ChangeVerb> for VerbForm {
    type Error = Unsendable;

    fn try_from(verb: &ChangeVerb) -> Result<Self, Unsendable> {
        Ok(match verb {
            ChangeVerb::Clear => Self::Clear,
            ChangeVerb::Kill => Self::Kill,
            ChangeVerb::Discard => Self::Discard,
            ChangeVerb::Requeue => Self::Requeue,
            ChangeVerb::Move(_)
            | ChangeVerb::Edit(_)
            | ChangeVerb::RetryCarefully(_)
            | ChangeVerb::Restore => return Err(Unsendable),
        })
    }
}

impl From<VerbForm> for MutationVerb {
    fn from(verb: VerbForm) -> Self {
        match verb {
            VerbForm::Clear => Self::Clear,
            VerbForm::Kill => Self::Kill,
            VerbForm::Discard => Self::Discard,
            VerbForm::Requeue => Self::Requeue,
        }
    }
}

impl From<&MutationFilter> for FilterForm {
    fn from(filter: &MutationFilter) -> Self {
        match filter {
            MutationFilter::Jids(jids) => Self::Jids(jids.clone()),
            MutationFilter::Jobtype(jobtype) => Self::Jobtype(jobtype.clone()),
            MutationFilter::Glob {
                pattern, jobtype, ..
            } => Self::Glob {
                pattern: pattern.clone(),
                jobtype: jobtype.clone(),
            },
        }
    }
}
