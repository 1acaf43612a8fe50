//! Where a match can be, and what a query names exactly: so that a search looks only there.

use std::collections::BTreeSet;

use workmill_proto::Timestamp;
use workmill_store::{Clocks, Place};

use super::expr::{Expr, Query};
use super::job::QueryJob;
use super::matching::Verdict;
use super::pattern::Pattern;
use super::term::{Term, TextField, TimeField};

impl Query {
    /// Whether any job of a place can match, whatever else it is.
    pub fn can_match_in(&self, place: &Place) -> bool {
        self.in_place(place) != Verdict::No
    }

    /// Whether every job of a place matches, whatever else it is.
    pub fn matches_all_in(&self, place: &Place) -> bool {
        self.in_place(place) == Verdict::Yes
    }

    fn in_place(&self, place: &Place) -> Verdict {
        // What is known of a place depends on no clock.
        let now = Clocks::alike(Timestamp::MIN);
        self.matches(&QueryJob::anywhere_in(place), now)
    }

    /// The ids that it names: every match has one of them. None if it matches others too.
    pub fn jids(&self) -> Option<BTreeSet<&str>> {
        names(self.expr.as_ref()?, TextField::Jid)
    }

    /// The queues that it names: every match belongs to one of them, wherever it is. None if it matches others too.
    pub fn queues(&self) -> Option<BTreeSet<&str>> {
        names(self.expr.as_ref()?, TextField::Queue)
    }

    /// The group of failures that it names, if it asks for nothing else but where jobs are: all jobs of the group match that are
    /// in places where any can.
    pub fn only_group(&self) -> Option<&str> {
        let expr = self.expr.as_ref()?;
        let parts = match expr {
            Expr::And(parts) => parts.as_slice(),
            part => std::slice::from_ref(part),
        };
        let others: Vec<&Expr> = parts.iter().filter(|part| !is_of_states(part)).collect();
        match others.as_slice() {
            [Expr::Term(Term::Text(TextField::Group, patterns))] => match patterns.as_slice() {
                [pattern] => pattern.literal(),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether it asks for groups of failures.
    pub fn asks_for_groups(&self) -> bool {
        let is_of_group = |term: &Term| matches!(term, Term::Text(TextField::Group, _));
        self.expr
            .as_ref()
            .is_some_and(|expr| has(expr, &is_of_group))
    }

    /// Whether it asks who has a job, or since when.
    pub fn asks_for_reservations(&self) -> bool {
        let is_of_reservation = |term: &Term| {
            matches!(
                term,
                Term::Text(TextField::Worker, _) | Term::Time(TimeField::Started, _)
            )
        };
        let expr = self.expr.as_ref();
        expr.is_some_and(|expr| has(expr, &is_of_reservation))
    }
}

fn names(expr: &Expr, field: TextField) -> Option<BTreeSet<&str>> {
    match expr {
        Expr::Term(Term::Text(of, patterns)) if *of == field => {
            patterns.iter().map(Pattern::literal).collect()
        }
        Expr::Term(_) | Expr::Not(_) => None,
        Expr::And(parts) => {
            let named = parts.iter().filter_map(|part| names(part, field));
            named.reduce(|a, b| a.intersection(&b).copied().collect())
        }
        Expr::Or(parts) => {
            let named: Option<Vec<_>> = parts.iter().map(|part| names(part, field)).collect();
            Some(named?.into_iter().flatten().collect())
        }
    }
}

fn is_of_states(expr: &Expr) -> bool {
    match expr {
        Expr::Term(Term::State(_)) => true,
        Expr::Term(_) => false,
        Expr::Not(part) => is_of_states(part),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().all(is_of_states),
    }
}

/// Whether one of its terms is of this kind.
fn has(expr: &Expr, is_wanted: &impl Fn(&Term) -> bool) -> bool {
    match expr {
        Expr::Term(term) => is_wanted(term),
        Expr::Not(part) => has(part, is_wanted),
        Expr::And(parts) | Expr::Or(parts) => parts.iter().any(|part| has(part, is_wanted)),
    }
}
