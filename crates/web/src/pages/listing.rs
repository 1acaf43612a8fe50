//! Rows of a list, and the way to the others.

use serde::Deserialize;

use crate::service::{Page, PageRequest};

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListParameters {
    pub(super) cursor: Option<String>,
}

impl ListParameters {
    /// What is asked for: as many rows as there are on a page, from the cursor on.
    pub(super) fn asked(self) -> PageRequest {
        PageRequest {
            cursor: self.cursor,
            limit: None,
        }
    }
}

/// Some rows of a list.
pub(super) struct Listing<T> {
    pub(super) rows: Vec<T>,
    pub(super) pager: Pager,
}

/// The way to the other rows.
#[derive(Default)]
pub(super) struct Pager {
    /// Whether these are the first ones.
    pub(super) is_first: bool,
    /// Where the next page begins.
    pub(super) next: Option<String>,
}

impl<T> Listing<T> {
    pub(super) fn of(asked: &PageRequest, page: Page<T>) -> Self {
        Self {
            rows: page.items,
            pager: Pager {
                is_first: asked.cursor.is_none(),
                next: page.cursor,
            },
        }
    }

    /// Whether there are none at all.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.pager.is_first
    }
}
