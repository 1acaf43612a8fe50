//! The form in which an operation is written down: what is done to which jobs, and how far it is.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::{ActionPart, Clocks, JobRef, Place, Watermark};

use super::resumed::Resumed;
use crate::actions::NotedAction;
use crate::change::{Change, ChangeFilter, ChangePlaces, ChangeVerb};
use crate::features::{Care, Watch};
use crate::op::{ChangeExtent, MutateProgress, Source};
use crate::operations::OperationReport;
use crate::query::Query;

/// What never changes of an operation.
#[derive(Debug, Serialize, Deserialize)]
struct WrittenChange {
    verb: WrittenVerb,
    /// Which jobs, in the form of a query; none if each is named.
    query: Option<String>,
    /// When it began, in microseconds, by the steady and the wall clock.
    began: (i64, i64),
    extents: Vec<WrittenExtent>,
}

#[derive(Debug, Serialize, Deserialize)]
enum WrittenVerb {
    Clear,
    Kill,
    Discard,
    Requeue,
    Move(Box<str>),
    Restore,
    RetryCarefully(Care),
}

/// The place, up to which job, and which one alone.
type WrittenExtent = (WrittenPlace, i64, Option<String>);

#[derive(Debug, Serialize, Deserialize)]
enum WrittenPlace {
    Queue(Box<str>),
    Working,
    Set(String),
    Trash(Option<u64>),
}

/// How far an operation is.
#[derive(Debug, Serialize, Deserialize)]
struct WrittenProgress {
    next_index: usize,
    after: Option<String>,
    looked_at: u64,
    changed: u64,
    unknown: u64,
    left: u64,
    #[serde(default)]
    left_dead: u64,
    #[serde(default)]
    again_until: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    watch: Option<Box<Watch>>,
}

/// Whether an operation can be written: not if it says which jobs as a MUTATE does, nor an edit, which is of one job.
pub(super) fn can_be_written(change: &Change) -> bool {
    let selects = match (&change.places, &change.filter) {
        (ChangePlaces::All, Some(ChangeFilter::Query(_)))
        | (ChangePlaces::Jobs(_) | ChangePlaces::Trash(_), None) => true,
        (
            ChangePlaces::All
            | ChangePlaces::One(_)
            | ChangePlaces::Jobs(_)
            | ChangePlaces::Trash(_),
            _,
        ) => false,
    };
    selects && WrittenVerb::of(&change.verb).is_some()
}

/// What is done to which jobs.
pub(super) fn write_change(change: &Change, progress: &MutateProgress) -> Option<ActionPart> {
    let query = match &change.filter {
        Some(ChangeFilter::Query(query)) => Some(query.to_string()),
        Some(ChangeFilter::Mutation(_)) | None => None,
    };
    let extents = progress.extents.iter();
    let extents = extents.map(
        |ChangeExtent {
             source,
             until,
             only,
         }| {
            let only = only.map(|key| key.to_string());
            (WrittenPlace::from(source), until.0, only)
        },
    );
    let Clocks { steady, wall } = progress.began;
    written(&WrittenChange {
        verb: WrittenVerb::of(&change.verb)?,
        query,
        began: (steady.as_micros(), wall.as_micros()),
        extents: extents.collect(),
    })
}

/// How far it is.
pub(super) fn write_progress(
    progress: &MutateProgress,
    report: &OperationReport,
) -> Option<ActionPart> {
    written(&WrittenProgress {
        next_index: progress.next_index,
        after: progress.after.map(|key| key.to_string()),
        looked_at: report.looked_at,
        changed: progress.changed,
        unknown: report.unknown,
        left: report.left,
        left_dead: progress.left_dead,
        again_until: progress.again_until,
        watch: progress.watch.clone(),
    })
}

fn written(part: &impl Serialize) -> Option<ActionPart> {
    serde_json::to_vec(part).ok().map(ActionPart)
}

/// What was written of an operation. None if a server of another version wrote it, which nobody understands here.
pub(super) fn read(
    change: &ActionPart,
    progress: &ActionPart,
    noted: NotedAction,
) -> Option<Resumed> {
    let change: WrittenChange = serde_json::from_slice(&change.0).ok()?;
    let written: WrittenProgress = serde_json::from_slice(&progress.0).ok()?;
    let extents = change.extents.into_iter();
    let extents = extents.map(|(place, until, only)| {
        Some(ChangeExtent {
            source: place.read()?,
            until: Watermark(until),
            only: match only {
                Some(key) => Some(JobRef::parse(&key)?),
                None => None,
            },
        })
    });
    let extents: Vec<ChangeExtent> = extents.collect::<Option<_>>()?;
    let (places, filter) = match &change.query {
        Some(query) => {
            let query = Query::parse(query).ok()?;
            (ChangePlaces::All, Some(ChangeFilter::Query(query)))
        }
        None => (named_places(&extents), None),
    };
    let (steady, wall) = change.began;
    Some(Resumed {
        change: Arc::new(Change {
            verb: change.verb.into(),
            places,
            filter,
        }),
        progress: MutateProgress {
            extents: extents.into(),
            next_index: written.next_index,
            after: match &written.after {
                Some(key) => Some(JobRef::parse(key)?),
                None => None,
            },
            changed: written.changed,
            left_dead: written.left_dead,
            again_until: written.again_until,
            began: Clocks {
                steady: SteadyTime::from_micros(steady),
                wall: Timestamp::from_micros(wall),
            },
            noted: Some(noted),
            watch: written.watch,
        },
        looked_at: written.looked_at,
        unknown: written.unknown,
        left: written.left,
    })
}

/// Where jobs are that no query tells.
fn named_places(extents: &[ChangeExtent]) -> ChangePlaces {
    if let [
        ChangeExtent {
            source: Source::Trash(action),
            ..
        },
    ] = extents
    {
        return ChangePlaces::Trash(*action);
    }
    let jobs = extents.iter().filter_map(|extent| match &extent.source {
        Source::Place(place) => Some((place.clone(), extent.only?)),
        Source::Trash(_) => None,
    });
    ChangePlaces::Jobs(jobs.collect())
}

impl WrittenVerb {
    fn of(verb: &ChangeVerb) -> Option<Self> {
        Some(match verb {
            ChangeVerb::Clear => Self::Clear,
            ChangeVerb::Kill => Self::Kill,
            ChangeVerb::Discard => Self::Discard,
            ChangeVerb::Requeue => Self::Requeue,
            ChangeVerb::Move(queue) => Self::Move(queue.clone()),
            ChangeVerb::Restore => Self::Restore,
            ChangeVerb::RetryCarefully(care) => Self::RetryCarefully(*care),
            ChangeVerb::Edit(_) => return None,
        })
    }
}

impl From<WrittenVerb> for ChangeVerb {
    fn from(verb: WrittenVerb) -> Self {
        match verb {
            WrittenVerb::Clear => Self::Clear,
            WrittenVerb::Kill => Self::Kill,
            WrittenVerb::Discard => Self::Discard,
            WrittenVerb::Requeue => Self::Requeue,
            WrittenVerb::Move(queue) => Self::Move(queue),
            WrittenVerb::Restore => Self::Restore,
            WrittenVerb::RetryCarefully(care) => Self::RetryCarefully(care),
        }
    }
}

impl From<&Source> for WrittenPlace {
    fn from(source: &Source) -> Self {
        match source {
            Source::Place(Place::Queue(name)) => Self::Queue(name.clone()),
            Source::Place(Place::Working) => Self::Working,
            Source::Place(Place::Set(set)) => Self::Set(set.as_str().to_owned()),
            Source::Trash(action) => Self::Trash(*action),
        }
    }
}

impl WrittenPlace {
    fn read(self) -> Option<Source> {
        Some(Source::Place(match self {
            Self::Queue(name) => Place::Queue(name),
            Self::Working => Place::Working,
            Self::Set(name) => Place::Set(SetName::parse(&name)?),
            Self::Trash(action) => return Some(Source::Trash(action)),
        }))
    }
}
