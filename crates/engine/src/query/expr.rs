//! What a query is made of.

use super::term::{JobState, Term};

/// Which jobs are meant.
///
/// Two queries are equal if they are written the same way in the end: [`std::fmt::Display`] writes the canonical form,
/// which parses to an equal query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// None means all jobs.
    pub(super) expr: Option<Expr>,
}

impl Query {
    /// All jobs there are.
    pub fn all() -> Self {
        Self { expr: None }
    }

    /// The same, without the jobs in a state.
    #[must_use]
    pub fn except(self, state: JobState) -> Self {
        let others = Expr::not(Expr::Term(Term::State(vec![state])));
        let parts = self.expr.into_iter().chain([others]);
        Self {
            expr: Some(Expr::and(parts.collect())),
        }
    }

    /// Whether it means all jobs.
    pub fn is_all(&self) -> bool {
        self.expr.is_none()
    }
}

/// Terms, joined. It is kept flat: no `And` stands directly in an `And`, no `Or` in an `Or`, no `Not` in a `Not`, and none of
/// the first two has fewer than two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expr {
    /// All of them.
    And(Vec<Expr>),
    /// At least one of them.
    Or(Vec<Expr>),
    /// What it does not match.
    Not(Box<Expr>),
    /// One condition.
    Term(Term),
}

impl Expr {
    pub(super) fn and(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::And(parts) => parts,
            part => vec![part],
        });
        one_or(flat.collect(), Self::And)
    }

    pub(super) fn or(parts: Vec<Self>) -> Self {
        let flat = parts.into_iter().flat_map(|part| match part {
            Self::Or(parts) => parts,
            part => vec![part],
        });
        one_or(flat.collect(), Self::Or)
    }

    pub(super) fn not(part: Self) -> Self {
        match part {
            Self::Not(part) => *part,
            part => Self::Not(Box::new(part)),
        }
    }
}

/// The one part, if there is only one.
fn one_or(mut parts: Vec<Expr>, join: impl FnOnce(Vec<Expr>) -> Expr) -> Expr {
    match (parts.pop(), parts.is_empty()) {
        (Some(part), true) => part,
        (last, _) => {
            parts.extend(last);
            join(parts)
        }
    }
}
