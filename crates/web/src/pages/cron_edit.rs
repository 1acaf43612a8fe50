//! `/cron/new` and `/cron/{name}/edit`: a recurring job made or changed by a form, with a look at its next runs before.

use std::collections::BTreeMap;
use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use workmill_engine::CronFlaw;

use super::Frame;
use super::links::cron_edit_path;
use super::notice::Notice;
use crate::app::App;
use crate::desk::Action;
use crate::service::cron::{CronEntry, CronRequest, Saving, preview, save, to_edit};
use crate::service::{Problem, ProblemKind};

type Members = BTreeMap<String, Box<RawValue>>;

/// What the form says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Written {
    name: String,
    schedule: String,
    timezone: String,
    /// `on`, or not there.
    catch_up: String,
    jobtype: String,
    queue: String,
    /// JSON.
    args: String,
    /// JSON; empty if there is none.
    retry: String,
    /// JSON; empty if there is none.
    custom: String,
    /// The other members of the payload, as JSON.
    more: String,
    /// `preview`, or something else.
    then: String,
}

#[derive(Template)]
#[template(path = "cron_edit.html")]
struct CronEditPage<'a> {
    frame: &'a Frame,
    /// The one that is changed; none for a new one.
    name: Option<&'a str>,
    written: Written,
    /// What is wrong with what was typed.
    wrong: Option<Problem>,
    /// What it would be like.
    preview: Option<CronEntry>,
}

/// A field of the form.
struct Field {
    label: &'static str,
    name: &'static str,
    value: String,
    hint: &'static str,
    is_required: bool,
    rows: u8,
    /// What is wrong with it.
    wrong: Option<String>,
}

impl CronEditPage<'_> {
    fn path(&self) -> String {
        self.name
            .map_or_else(|| String::from("/cron/new"), cron_edit_path)
    }

    /// The fields that are typed into, in order.
    fn fields(&self) -> Vec<Field> {
        let (t, written) = (self.frame.t, &self.written);
        let field = |label, name, value: &str, hint, rows| Field {
            label,
            name,
            value: value.to_owned(),
            hint,
            is_required: matches!(name, "name" | "schedule" | "jobtype"),
            rows,
            wrong: self.wrong_with(name),
        };
        let fields = [
            field(t.cron_name, "name", &written.name, "", 0),
            field(
                t.schedule,
                "schedule",
                &written.schedule,
                "30 3 * * MON-FRI",
                0,
            ),
            field(
                t.cron_zone,
                "timezone",
                &written.timezone,
                "Europe/Berlin",
                0,
            ),
            field(t.jobtype, "jobtype", &written.jobtype, "", 0),
            field(t.queue, "queue", &written.queue, "default", 0),
            field(t.arguments_title, "args", &written.args, "[]", 4),
            field(t.retry_setting, "retry", &written.retry, "25", 0),
            field(
                t.custom,
                "custom",
                &written.custom,
                r#"{"unique_for": 600}"#,
                3,
            ),
        ];
        let fields = fields.into_iter();
        let of_one_known = |field: &Field| self.name.is_none() || field.name != "name";
        fields.filter(of_one_known).collect()
    }

    /// What is wrong with a field.
    fn wrong_with(&self, name: &str) -> Option<String> {
        let wrong = self.wrong.as_ref()?;
        let field = wrong.field.as_deref()?;
        let field = field.strip_prefix("job.").unwrap_or(field);
        (field == name).then(|| wrong.detail.clone())
    }

    /// What is wrong, if no field tells it.
    fn wrong_besides(&self) -> Option<&str> {
        let is_told = self.fields().iter().any(|field| field.wrong.is_some());
        let wrong = self.wrong.as_ref().filter(|_| !is_told);
        wrong.map(|wrong| wrong.detail.as_str())
    }
}

impl Written {
    /// What is kept of one.
    fn of(entry: &CronEntry) -> Self {
        let payload = entry.job.as_ref().map_or("{}", |job| job.get());
        let mut members: Members = serde_json::from_str(payload).unwrap_or_default();
        for known in ["jobtype", "queue"] {
            members.remove(known);
        }
        let mut raw = |name: &str| {
            let value = members.remove(name);
            value
                .map(|value| value.get().to_owned())
                .unwrap_or_default()
        };
        Self {
            name: entry.name.clone(),
            timezone: entry.timezone.clone().unwrap_or_default(),
            schedule: entry.schedule.clone(),
            catch_up: if entry.catch_up { "on" } else { "" }.to_owned(),
            jobtype: entry.jobtype.clone(),
            queue: entry.queue.clone(),
            args: raw("args"),
            retry: raw("retry"),
            custom: raw("custom"),
            more: serde_json::to_string(&members).unwrap_or_default(),
            then: String::new(),
        }
    }

    fn request(&self) -> Result<CronRequest, Problem> {
        let mut members: Members = match self.more.trim() {
            "" => Members::new(),
            more => serde_json::from_str(more).map_err(|error| flaw("job", &error))?,
        };
        for (name, text) in [
            ("args", &self.args),
            ("retry", &self.retry),
            ("custom", &self.custom),
        ] {
            let text = text.trim();
            if !text.is_empty() {
                let value = RawValue::from_string(text.to_owned());
                members.insert(name.to_owned(), value.map_err(|error| flaw(name, &error))?);
            }
        }
        for (name, text) in [("jobtype", &self.jobtype), ("queue", &self.queue)] {
            if !text.is_empty() {
                let value = to_raw_value(text).map_err(|error| flaw(name, &error))?;
                members.insert(name.to_owned(), value);
            }
        }
        Ok(CronRequest {
            name: Some(self.name.clone()),
            schedule: Some(self.schedule.clone()),
            timezone: Some(self.timezone.trim().to_owned()),
            catch_up: !self.catch_up.is_empty(),
            job: Some(to_raw_value(&members).map_err(|error| flaw("job", &error))?),
            dry_run: false,
        })
    }
}

fn flaw(field: &str, error: &serde_json::Error) -> Problem {
    CronFlaw::new(field, format!("{field}: {error}")).into()
}

fn check_role(frame: &Frame) -> Result<(), Problem> {
    match frame.may(Action::SaveCron) {
        true => Ok(()),
        false => {
            let detail = frame.t.problem_forbidden;
            Err(Problem::new(ProblemKind::Forbidden, detail))
        }
    }
}

/// `GET /cron/new`.
pub(crate) async fn new_cron(frame: Frame) -> Response {
    frame.show(check_role(&frame).map(|()| CronEditPage {
        frame: &frame,
        name: None,
        written: Written {
            args: String::from("[]"),
            ..Written::default()
        },
        wrong: None,
        preview: None,
    }))
}

/// `GET /cron/{name}/edit`.
pub(crate) async fn edit_cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
) -> Response {
    let entry = match check_role(&frame) {
        Ok(()) => to_edit(&*app.desk, &app.observer, &name).await,
        Err(problem) => Err(problem),
    };
    frame.show(entry.map(|entry| CronEditPage {
        frame: &frame,
        name: Some(&name),
        written: Written::of(&entry),
        wrong: None,
        preview: Some(entry),
    }))
}

/// `POST /cron/new`.
pub(crate) async fn on_new_cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(written): Form<Written>,
) -> Response {
    answer(&app, &frame, None, written).await
}

/// `POST /cron/{name}/edit`.
pub(crate) async fn on_edit_cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    Form(written): Form<Written>,
) -> Response {
    let written = Written {
        name: name.clone(),
        ..written
    };
    answer(&app, &frame, Some(&name), written).await
}

async fn answer(app: &App, frame: &Frame, name: Option<&str>, written: Written) -> Response {
    use ProblemKind::{Conflict, Invalid};
    let (desk, observer, actor) = (&*app.desk, &app.observer, &frame.actor);
    let saving = name.map_or(Saving::New, Saving::Under);
    let previews = written.then == "preview";
    let done = match written.request() {
        Ok(request) if previews => preview(desk, observer, actor, saving, &request).await,
        Ok(request) => save(desk, observer, actor, saving, &request).await,
        Err(problem) => Err(problem),
    };
    let (status, wrong, preview) = match done {
        Ok(entry) if previews => (axum::http::StatusCode::OK, None, Some(entry)),
        // What was typed is not lost.
        Err(problem) if matches!(problem.kind, Invalid | Conflict) => {
            (problem.status(), Some(problem), None)
        }
        done => return frame.done("/cron", done.map(|_| Notice::CronSaved)),
    };
    let page = CronEditPage {
        frame,
        name,
        written,
        wrong,
        preview,
    };
    frame.render(status, &page)
}
