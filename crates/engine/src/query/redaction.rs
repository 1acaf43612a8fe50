//! What of a job people may not see: values at paths of its args and of custom, by jobtype. Queries do not see it either, so
//! that nobody finds out by asking.

use std::borrow::Cow;
use std::sync::Arc;

use workmill_proto::{Glob, JsonShape};
use workmill_store::StoredJob;

use super::error::QueryError;
use super::path::{Path, Root, index};

/// What stands in the place of a value, as JSON.
const REDACTED: &str = "\"[redacted]\"";

/// Values of some types of jobs that are hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    jobtype: Glob,
    paths: Vec<Path>,
}

/// All that is hidden. A clone is cheap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redactions(Arc<[Redaction]>);

impl Redaction {
    /// Hides the values at the paths, in jobs whose type matches: a star stands for any characters. Paths are those of queries,
    /// `arg.0.card` or `custom.token`, and find what a query finds there; `arg` means all args.
    ///
    /// # Errors
    /// What is wrong with a path, and which one it is.
    pub fn new(jobtype: &str, paths: &[String]) -> Result<Self, (usize, QueryError)> {
        let paths = paths.iter().enumerate();
        let paths = paths.map(|(at, text)| Path::parse(text).map_err(|error| (at, error)));
        Ok(Self {
            jobtype: Glob::of_literals(jobtype.split('*')),
            paths: paths.collect::<Result<_, _>>()?,
        })
    }
}

impl FromIterator<Redaction> for Redactions {
    fn from_iter<I: IntoIterator<Item = Redaction>>(all: I) -> Self {
        Self(all.into_iter().collect())
    }
}

impl Redactions {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is hidden.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The paths to what is hidden in jobs of a type.
    pub(super) fn of(&self, jobtype: &str) -> Vec<&Path> {
        let hidden = self.0.iter();
        let hidden = hidden.filter(|it| it.jobtype.matches(jobtype.as_bytes()));
        hidden.flat_map(|it| &it.paths).collect()
    }

    /// Whether something may be hidden in jobs of a type.
    pub fn concern(&self, jobtype: &str) -> bool {
        !self.of(jobtype).is_empty()
    }

    /// The job without what is hidden in it.
    pub fn hide(&self, mut job: StoredJob) -> StoredJob {
        if let Ok(record) = &mut job {
            let paths = self.of(&record.jobtype);
            if !paths.is_empty() {
                record.body = payload(&record.body, &paths);
            }
        }
        job
    }
}

/// A payload without what is hidden. Of one that cannot be read nothing is left.
fn payload(body: &[u8], paths: &[&Path]) -> Vec<u8> {
    let body = std::str::from_utf8(body).ok().and_then(JsonShape::read);
    let Some(JsonShape::Object(members)) = body else {
        return b"{}".to_vec();
    };
    let members = members.into_iter().map(|(name, value)| {
        let value = match &*name {
            "args" => hidden(Root::Args, value, paths),
            "custom" => hidden(Root::Custom, value, paths),
            _ => value.into(),
        };
        (name, value)
    });
    object(members).into_bytes()
}

/// The args or custom without what is hidden in them.
pub(super) fn hidden<'a>(root: Root, json: &'a str, paths: &[&Path]) -> Cow<'a, str> {
    let paths = paths.iter().filter(|path| path.root == root);
    let steps: Vec<&[String]> = paths.map(|path| &*path.steps).collect();
    match steps.iter().any(|steps| steps.is_empty()) {
        true if json.starts_with(['[', '{']) => within(json, |_| vec![&[]]),
        _ => below(json, &steps),
    }
}

/// A value without what is hidden at the ends of these steps.
fn below<'a>(json: &'a str, paths: &[&[String]]) -> Cow<'a, str> {
    if paths.is_empty() {
        return json.into();
    }
    if paths.iter().any(|steps| steps.is_empty()) {
        return REDACTED.into();
    }
    within(json, |part| {
        let paths = paths.iter();
        paths.filter_map(|steps| part.behind(steps)).collect()
    })
}

/// A part of a value.
enum Part<'a> {
    Element(usize, &'a str),
    Member(&'a str),
}

impl Part<'_> {
    /// The steps that are left in it, if they lead there: as for a query, a step that is no index is looked for in every object
    /// of an array, and of the arrays in it.
    fn behind<'p>(&self, steps: &'p [String]) -> Option<&'p [String]> {
        let (step, rest) = steps.split_first()?;
        match self {
            Self::Member(name) => (step == name).then_some(rest),
            Self::Element(at, json) => match index(step) {
                Some(index) => (index == *at).then_some(rest),
                None => json.starts_with(['{', '[']).then_some(steps),
            },
        }
    }
}

/// A value, each of its parts without what is hidden at the ends of the steps that are left in it.
fn within<'a, 'p>(json: &'a str, left: impl Fn(&Part<'_>) -> Vec<&'p [String]>) -> Cow<'a, str> {
    match JsonShape::read(json) {
        Some(JsonShape::Array(elements)) => {
            let elements = elements.into_iter().enumerate();
            let elements = elements.map(|(at, json)| below(json, &left(&Part::Element(at, json))));
            format!("[{}]", elements.collect::<Vec<_>>().join(",")).into()
        }
        Some(JsonShape::Object(members)) => object(members.into_iter().map(|(name, json)| {
            let json = below(json, &left(&Part::Member(&name)));
            (name, json)
        }))
        .into(),
        Some(JsonShape::Text(_) | JsonShape::Plain(_)) => json.into(),
        None => REDACTED.into(),
    }
}

fn object<'a>(members: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>) -> String {
    let member = |(name, json)| format!("{}:{json}", serde_json::Value::from(name));
    format!("{{{}}}", members.map(member).collect::<Vec<_>>().join(","))
}
