//! `/operations/new` and `/operations/selected`: what a change of many jobs would concern, before it is started.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use workmill_engine::query::JobState;

use super::Frame;
use super::actions::{class, title};
use super::forms::{Fields, invalid};
use super::job_rows::state_name;
use super::links::search_path;
use super::operations::operation_path;
use super::search::wrong_query;
use crate::app::App;
use crate::desk::{Action, Permit};
use crate::guard::Reached;
use crate::locale::Markup;
use crate::service::jobs::JobVerb;
use crate::service::operations::{CarefulRetry, DryRun, OperationRequest, dry_run, start};
use crate::service::search::CountedKind;
use crate::service::{Problem, ProblemKind};

/// Queues and types that are shown: those with the most jobs.
const KINDS_SHOWN: usize = 12;

/// What is to be done to which jobs, as forms and addresses say it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    action: String,
    #[serde(default)]
    query: String,
    /// The jobs that were selected; without any, all that match.
    #[serde(skip)]
    keys: Vec<String>,
    /// The address that they were selected at.
    #[serde(skip)]
    from: Option<String>,
    /// Where jobs are moved to; empty if they are not.
    #[serde(default)]
    queue: String,
    /// There if jobs are retried carefully, and how.
    careful: Option<String>,
    first: Option<u32>,
    rate: Option<u32>,
    stop_percent: Option<u32>,
}

impl Asked {
    /// What is to be done to the jobs that were selected on a page.
    fn of_selected(fields: &Fields) -> Result<Self, Problem> {
        let first = |name| fields.first(name).map(str::to_owned);
        let number = |name| {
            let written = fields.first(name);
            let number = written.map(|text| text.parse().map_err(|_| invalid(name, text)));
            number.transpose()
        };
        Ok(Self {
            action: first("action").unwrap_or_default(),
            keys: fields.all("key").map(str::to_owned).collect(),
            from: first("from").filter(|from| is_path(from)),
            queue: first("queue").unwrap_or_default(),
            careful: first("careful"),
            first: number("first")?,
            rate: number("rate")?,
            stop_percent: number("stop_percent")?,
            ..Self::default()
        })
    }

    fn is_selected(&self) -> bool {
        !self.keys.is_empty()
    }

    fn verb(&self) -> Result<JobVerb, Problem> {
        JobVerb::parse(&self.action).ok_or_else(|| invalid("action", &self.action))
    }

    /// How carefully jobs are retried; as usual where nothing is said.
    fn care(&self) -> CarefulRetry {
        let usual = CarefulRetry::default();
        CarefulRetry {
            first: self.first.unwrap_or(usual.first),
            rate: self.rate.unwrap_or(usual.rate),
            stop_percent: self.stop_percent.unwrap_or(usual.stop_percent),
            ..usual
        }
    }

    fn request(&self) -> Result<OperationRequest, Problem> {
        Ok(OperationRequest {
            action: self.verb()?,
            query: (!self.is_selected()).then(|| self.query.trim().to_owned()),
            keys: self.is_selected().then(|| self.keys.clone()),
            queue: (!self.queue.is_empty()).then(|| self.queue.clone()),
            careful: self.careful.as_ref().map(|_| self.care()),
        })
    }
}

#[derive(Template)]
#[template(path = "operation_start.html")]
struct StartPage<'a> {
    frame: &'a Frame,
    asked: Asked,
    title: &'static str,
    class: &'static str,
    /// Jobs are moved to a queue, which has to be named.
    is_move: bool,
    /// Jobs are retried, which can be done carefully.
    is_retry: bool,
    /// What is wrong with the query, and where.
    wrong: Option<(Markup, String)>,
    /// What it would concern; none as long as it cannot be started.
    dry_run: Option<DryRun>,
}

impl StartPage<'_> {
    fn kinds<'a>(&self, dry_run: &'a DryRun) -> &'a [CountedKind] {
        let kinds = &dry_run.count.kinds;
        kinds.get(..KINDS_SHOWN).unwrap_or(kinds)
    }

    /// Jobs of queues and types that are not shown.
    fn others(&self, dry_run: &DryRun) -> u64 {
        let shown: u64 = self.kinds(dry_run).iter().map(|kind| kind.jobs).sum();
        dry_run.count.matched.saturating_sub(shown)
    }

    fn confirm(&self, dry_run: &DryRun) -> String {
        let frame = self.frame;
        let jobs = frame.count(frame.t.job_count, &dry_run.count.matched);
        let said = frame.say(frame.t.operation_confirm);
        let said = said.plain_part("action", self.title);
        said.plain_part("jobs", jobs.plain()).plain()
    }

    /// The path of the page that whoever decides otherwise goes back to.
    fn back(&self) -> String {
        let from = self.asked.from.clone();
        from.unwrap_or_else(|| search_path(&self.asked.query))
    }

    fn state(&self, state: &JobState) -> &'static str {
        state_name(*state, self.frame.t)
    }
}

/// `GET /operations/new`.
pub(crate) async fn new_operation(
    State(app): State<Arc<App>>,
    frame: Frame,
    Reached(origin): Reached,
    asked: Query<Asked>,
) -> Response {
    frame.show(make(&app, &frame, asked.0, &origin).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    asked: Asked,
    origin: &str,
) -> Result<StartPage<'a>, Problem> {
    let verb = asked.verb()?;
    Permit::check(&frame.actor, Action::StartOperation)?;
    let mut page = StartPage {
        frame,
        title: title(verb, frame.t),
        class: class(verb),
        is_move: verb == JobVerb::Move,
        is_retry: verb == JobVerb::Retry,
        wrong: None,
        dry_run: None,
        asked,
    };
    if page.is_move && page.asked.queue.is_empty() {
        return Ok(page);
    }
    let mut request = page.asked.request()?;
    if page.is_retry {
        // What the main button does.
        request.careful = Some(page.asked.care());
    }
    match dry_run(&*app.desk, &frame.actor, &request, origin).await {
        Ok(counted) => page.dry_run = Some(counted),
        Err(problem) => page.wrong = Some(wrong_query(&page.asked.query, problem)?),
    }
    Ok(page)
}

/// `POST /operations`: starts one.
pub(crate) async fn on_operations(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(asked): Form<Asked>,
) -> Response {
    let request = match asked.request() {
        Ok(request) => request,
        Err(problem) => return frame.show_problem(&problem),
    };
    lead_to_started(&app, &frame, &request).await
}

/// `POST /operations/selected`: shows what an action would concern of the jobs under the keys, each if it is for jobs of its state; with
/// `then=start`, starts it.
pub(crate) async fn on_selected(
    State(app): State<Arc<App>>,
    frame: Frame,
    Reached(origin): Reached,
    Form(fields): Form<Fields>,
) -> Response {
    let asked = match Asked::of_selected(&fields) {
        Ok(asked) => asked,
        Err(problem) => return frame.show_problem(&problem),
    };
    if !asked.is_selected() {
        return frame.show_problem(&Problem::new(ProblemKind::Invalid, frame.t.none_selected));
    }
    if fields.first("then") != Some("start") {
        return frame.show(make(&app, &frame, asked, &origin).await);
    }
    match asked.request() {
        Ok(request) => lead_to_started(&app, &frame, &request).await,
        Err(problem) => frame.show_problem(&problem),
    }
}

/// Whether it is a path of ours, and not the address of somebody else.
fn is_path(text: &str) -> bool {
    let name = text.strip_prefix('/');
    name.is_some_and(|name| !name.starts_with(['/', '\\']))
}

async fn lead_to_started(app: &App, frame: &Frame, request: &OperationRequest) -> Response {
    match start(&app.desk, &frame.actor, request).await {
        Ok(operation) => {
            app.observer.look_again().await;
            frame.leads_to(&operation_path(&operation.id))
        }
        Err(problem) => frame.show_problem(&problem),
    }
}
