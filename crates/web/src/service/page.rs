//! Some of what there is, and where to go on.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Problem, ProblemKind};

/// How many things are told of, if nobody says how many.
pub const LIMIT_DEFAULT: usize = 100;

/// The most things that one answer tells of.
pub const LIMIT_MAX: usize = 500;

/// Some of what there is, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Where to go on; none if there is no more.
    pub cursor: Option<String>,
}

/// Which page is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// The cursor of the page before it; none for the first one.
    pub cursor: Option<String>,
    /// How many things at most, from 1 to [`LIMIT_MAX`]; none means [`LIMIT_DEFAULT`].
    pub limit: Option<usize>,
}

impl PageRequest {
    /// How many things at most.
    ///
    /// # Errors
    /// It is 0 or above [`LIMIT_MAX`].
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        match (1..=LIMIT_MAX).contains(&limit) {
            true => Ok(limit),
            false => {
                let detail = format!("limit is to be from 1 to {LIMIT_MAX}");
                Err(Problem::new(ProblemKind::Invalid, detail))
            }
        }
    }

    /// What the cursor says, as `read` understands it.
    ///
    /// # Errors
    /// It does not.
    pub(super) fn after<C>(&self, read: impl Fn(&str) -> Option<C>) -> Result<Option<C>, Problem> {
        let Some(cursor) = &self.cursor else {
            return Ok(None);
        };
        let wrong = || {
            let detail = "the cursor is of another list: leave it out to begin at the start";
            Problem::new(ProblemKind::Invalid, detail)
        };
        read(cursor).map(Some).ok_or_else(wrong)
    }
}

impl<T> Page<T> {
    /// The same page of other values.
    pub(crate) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(change).collect(),
            cursor: self.cursor,
        }
    }

    /// The first of things that are in memory. `cursor_of` gives the cursor that goes on behind one.
    pub(super) fn of_all(
        all: impl Iterator<Item = T>,
        limit: usize,
        cursor_of: impl Fn(&T) -> String,
    ) -> Self {
        let mut all = all.peekable();
        let items: Vec<T> = all.by_ref().take(limit).collect();
        let has_more = all.peek().is_some();
        Self {
            cursor: items.last().filter(|_| has_more).map(cursor_of),
            items,
        }
    }
}
