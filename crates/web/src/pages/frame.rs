//! What every page has around its content, and what templates write it with.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, StatusCode};
use workmill_engine::query::JobState;
use workmill_proto::Timestamp;
use workmill_store::Totals;

use super::nav::{self, Counts, NavGroup};
use super::notice::Notice;
use super::preferences::{Preferences, Theme, with_parameter, without_parameter};
use crate::app::App;
use crate::assets;
use crate::desk::{Action, Actor, Role};
use crate::guard::ScriptName;
use crate::locale::{Counted, Language, Markup, Phrase, Texts};

/// What the base template needs.
pub(crate) struct Frame {
    prefix: ScriptName,
    /// The path of the page, without the prefix.
    pub(super) path: String,
    query: String,
    pub(crate) environment: String,
    pub(crate) actor: Actor,
    pub(crate) language: Language,
    pub(crate) theme: Theme,
    /// The texts of the language.
    pub(crate) t: &'static Texts,
    /// When the page was made.
    pub(crate) now: Timestamp,
    counts: Counts,
    notice: Option<Notice>,
    pub(super) kept: Vec<HeaderValue>,
}

/// A choice in one of the menus.
pub(crate) struct Choice {
    pub(crate) href: String,
    pub(crate) name: &'static str,
    pub(crate) tag: &'static str,
    pub(crate) is_current: bool,
}

impl Frame {
    /// A link to a path of ours.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.prefix.as_str())
    }

    /// A link to one of the embedded files.
    pub(crate) fn asset(&self, name: &str) -> String {
        self.link(&assets::path(name))
    }

    pub(super) fn prefix(&self) -> &ScriptName {
        &self.prefix
    }

    /// What was done before this page was asked for.
    pub(crate) fn notice(&self) -> Option<String> {
        self.notice.map(|notice| notice.text(self))
    }

    /// The action that was done before this page was asked for, if whoever reads it may undo it.
    pub(crate) fn undoable(&self) -> Option<u64> {
        let undoable = self.notice.and_then(Notice::undoable);
        undoable.filter(|_| self.may(Action::Undo))
    }

    /// The address of this page, without the prefix.
    pub(crate) fn here(&self) -> String {
        match &*self.query {
            "" => self.path.clone(),
            query => format!("{}?{query}", self.path),
        }
    }

    /// Whether whoever reads it may do this.
    pub(super) fn may(&self, action: Action) -> bool {
        action.is_allowed_to(&self.actor)
    }

    pub(crate) fn nav(&self) -> Vec<NavGroup> {
        nav::groups(self, &self.counts)
    }

    /// How many jobs are in a state, those in queues apart.
    pub(super) fn total(&self, state: JobState) -> u64 {
        let counts = &self.counts;
        let total = match state {
            JobState::Scheduled => counts.scheduled,
            JobState::Retries => counts.retries,
            JobState::Dead => counts.dead,
            JobState::Completed => counts.completed,
            JobState::Working => counts.working,
            JobState::Enqueued => None,
        };
        total.unwrap_or(0)
    }

    pub(crate) fn languages(&self) -> Vec<Choice> {
        let choice = |language: Language| Choice {
            href: self.with("lang", language.tag()),
            name: language.own_name(),
            tag: language.tag(),
            is_current: language == self.language,
        };
        Language::ALL.into_iter().map(choice).collect()
    }

    pub(crate) fn themes(&self) -> Vec<Choice> {
        let choice = |theme: Theme| Choice {
            href: self.with("theme", theme.as_str()),
            name: match theme {
                Theme::System => self.t.theme_system,
                Theme::Light => self.t.theme_light,
                Theme::Dark => self.t.theme_dark,
            },
            tag: theme.as_str(),
            is_current: theme == self.theme,
        };
        Theme::ALL.into_iter().map(choice).collect()
    }

    /// This page from a cursor on.
    pub(crate) fn at_cursor(&self, cursor: &str) -> String {
        self.with("cursor", cursor)
    }

    /// This page from its start on.
    pub(crate) fn without_cursor(&self) -> String {
        self.link(&without_parameter(&self.path, &self.query, "cursor"))
    }

    /// This page with another value of a parameter.
    pub(super) fn with(&self, name: &str, value: &str) -> String {
        self.link(&with_parameter(&self.path, &self.query, name, value))
    }

    pub(crate) fn role(&self) -> &'static str {
        match self.actor.role {
            Role::Viewer => self.t.role_viewer,
            Role::Operator => self.t.role_operator,
            Role::Admin => self.t.role_admin,
        }
    }

    pub(crate) fn number(&self, number: &u64) -> String {
        self.language.number(*number)
    }

    pub(crate) fn span(&self, span: &Duration) -> String {
        self.language.span(*span)
    }

    /// A span of so many seconds.
    pub(crate) fn seconds(&self, seconds: &f64) -> String {
        let span = Duration::try_from_secs_f64(*seconds).unwrap_or(Duration::MAX);
        self.language.span(span)
    }

    /// How far a moment is from now.
    pub(crate) fn moment(&self, at: &Timestamp) -> Markup {
        self.language.moment(*at, self.now)
    }

    /// A moment by its date and time.
    pub(crate) fn exact(&self, at: &Timestamp) -> Markup {
        self.language.exact(*at)
    }

    /// When the page was made, as its head tells.
    pub(crate) fn clock(&self) -> Markup {
        self.language.clock(self.now)
    }

    /// The hour and the minute of a moment.
    pub(super) fn minute(&self, at: &Timestamp) -> Markup {
        self.language.minute(*at)
    }

    /// The date of a moment, without its time.
    pub(super) fn date(&self, at: &Timestamp) -> Markup {
        self.language.date(*at)
    }

    /// How many a second.
    pub(super) fn rate(&self, rate: f64) -> String {
        format!("{}{}", self.language.measure(rate), self.t.unit_a_second)
    }

    /// A text that values are to be put into.
    pub(crate) fn say(&self, text: &'static str) -> Phrase<'static> {
        Phrase::new(self.language, text)
    }

    /// The form of a text for this many.
    pub(crate) fn count(&self, forms: Counted, count: &u64) -> Phrase<'static> {
        Phrase::counted(self.language, forms, *count)
    }
}

impl FromRequestParts<Arc<App>> for Frame {
    type Rejection = StatusCode;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let Ok(prefix) = ScriptName::from_request_parts(parts, app).await;
        let actor = Actor::from_request_parts(parts, app).await?;
        let query = parts.uri.query().unwrap_or_default();
        let preferences = Preferences::of(query, &parts.headers, &prefix);
        let (notice, forgotten) = match parts.method {
            // An action tells what it did itself.
            Method::POST => (None, None),
            _ => Notice::of(&parts.headers, &prefix),
        };
        let totals = app.desk.read(|reading| reading.totals()).await.ok();
        let recurring = app.observer.recurring(&*app.desk).await;
        let failures = app.observer.failures(&*app.desk).await;
        let facts = app.desk.facts();
        Ok(Self {
            actor,
            path: parts.uri.path().to_owned(),
            query: query.to_owned(),
            environment: facts.environment.clone(),
            now: app.desk.now(),
            language: preferences.language,
            theme: preferences.theme,
            t: preferences.language.texts(),
            counts: Counts {
                workers: Some(app.desk.numbers().workers),
                failures: failures.ok().map(|failures| failures.count()),
                cron: recurring.ok().map(|recurring| recurring.count()),
                throttles: Some(app.desk.rules().throttles.len() as u64),
                ..totals.as_ref().map(Counts::from).unwrap_or_default()
            }
            .keeping_completed(app.desk.rules().completed_secs > 0),
            notice,
            kept: preferences.kept.into_iter().chain(forgotten).collect(),
            prefix,
        })
    }
}

impl From<&Totals> for Counts {
    fn from(totals: &Totals) -> Self {
        Self {
            queues: Some(totals.queues.len() as u64),
            scheduled: Some(totals.scheduled),
            retries: Some(totals.retries),
            dead: Some(totals.dead),
            completed: Some(totals.completed),
            working: Some(totals.working),
            ..Self::default()
        }
    }
}
