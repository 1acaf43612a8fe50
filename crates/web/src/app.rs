//! Which path leads where, and what every request passes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{any, get, post};
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::desk::Desk;
use crate::guard::{Logins, authenticate, harden, refuse_long_parts, refuse_other_sites};
use crate::observe::Observer;
use crate::service::attention::Watch;
use crate::service::events::Streams;
use crate::service::history::Recent;
use crate::service::marks::Begun;
use crate::{api, assets, etag, explained, pages, probes};

/// Bytes of a request's body that has jobs, or names many.
pub(crate) const JOBS_BYTES_MAX: usize = 1 << 20;

/// Bytes of any other: a cron entry of 16 KiB as a form writes it, each byte in three.
const BODY_BYTES_MAX: usize = 64 << 10;

/// How long a request may take, its body included, until its answer begins.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// What every handler gets.
pub(crate) struct App {
    pub(crate) desk: Arc<dyn Desk>,
    pub(crate) logins: Logins,
    pub(crate) observer: Observer,
    pub(crate) watch: Watch,
    pub(crate) lately: Recent,
    pub(crate) begun: Begun,
    pub(crate) streams: Streams,
}

impl App {
    pub(crate) fn new(desk: Arc<dyn Desk>) -> Self {
        Self {
            desk,
            logins: Logins::new(),
            observer: Observer::default(),
            watch: Watch::default(),
            lately: Recent::default(),
            begun: Begun::default(),
            streams: Streams::default(),
        }
    }
}

/// The whole of it, as `port` serves it and tests call it.
pub fn build(desk: Arc<dyn Desk>) -> Router {
    let app = Arc::new(App::new(desk));
    let routes = Router::new()
        .merge(pages())
        .merge(api())
        .merge(closed_probes())
        .fallback(pages::nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&app), refuse_other_sites))
        .layer(from_fn_with_state(Arc::clone(&app), authenticate))
        // They hold nothing that is secret, and browsers ask for some of them without a password.
        .merge(open_probes())
        .route("/static/{hash}/{*name}", get(assets::serve))
        .with_state(app);
    bound(routes)
}

/// What holds for every request and every answer.
pub(crate) fn bound(routes: Router) -> Router {
    routes
        .layer(DefaultBodyLimit::max(JOBS_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            ANSWER_WITHIN,
        ))
        .layer(from_fn(refuse_long_parts))
        .layer(from_fn(explained::explain))
        .layer(CompressionLayer::new())
        .layer(map_response(harden))
}

/// The pages of people. A line for each path.
fn pages() -> Router<Arc<App>> {
    Router::new()
        .route("/", get(pages::overview))
        .route("/attention", post(pages::on_attention))
        .route("/queues", get(pages::queues))
        .route("/scheduled/{key}", get(pages::entry).post(pages::on_entry))
        .route("/retries/{key}", get(pages::entry).post(pages::on_entry))
        // Faktory's buttons there post to the list; whoever posts here is shown the job, as there.
        .route("/morgue/{key}", get(pages::entry).post(pages::entry))
        .route("/completed", get(pages::set))
        .route("/busy", get(pages::set).post(pages::on_workers))
        .route("/search", get(pages::search))
        .route("/jobs/{jid}", get(pages::job).post(pages::on_job))
        .route("/failures", get(pages::failures))
        .route("/failures/{id}", get(pages::failure))
        .route("/batches", get(pages::batches))
        .route("/batches/{bid}", get(pages::batch))
        .route("/workers", get(pages::workers).post(pages::on_workers))
        .route("/cron", get(pages::cron).post(pages::on_cron))
        .route("/cron/new", get(pages::new_cron).post(pages::on_new_cron))
        .route(
            "/cron/{name}/edit",
            get(pages::edit_cron).post(pages::on_edit_cron),
        )
        .route(
            "/cron/{name}/runs",
            get(pages::cron_runs).post(pages::on_cron_runs),
        )
        .route("/throttles", get(pages::throttles))
        .route("/locks", get(pages::locks))
        .route("/jobtypes", get(pages::jobtypes))
        .route(
            "/operations",
            get(pages::operations).post(pages::on_operations),
        )
        .route("/operations/new", get(pages::new_operation))
        .route(
            "/operations/{id}",
            get(pages::operation).post(pages::on_operation),
        )
        .route("/audit", get(pages::audit).post(pages::on_audit))
        .route("/server", get(pages::server))
        .route("/debug", get(pages::debug))
        .merge(pages_of_many_jobs())
}

/// Those whose forms have payloads, or the keys of many jobs.
fn pages_of_many_jobs() -> Router<Arc<App>> {
    Router::new()
        .route("/queues/{name}", get(pages::queue).post(pages::on_queue))
        .route("/scheduled", get(pages::set).post(pages::on_set))
        .route("/retries", get(pages::set).post(pages::on_set))
        .route("/morgue", get(pages::set).post(pages::on_set))
        .route(
            "/jobs/{jid}/edit",
            get(pages::edit_job).post(pages::on_edit),
        )
        .route("/operations/selected", post(pages::on_selected))
        .layer(DefaultBodyLimit::max(JOBS_BYTES_MAX))
}

/// The API.
fn api() -> Router<Arc<App>> {
    api::routes()
        .route("/api/{*path}", any(no_such_path))
        .layer(from_fn(etag::tag))
}

/// What machines ask that know the password.
fn closed_probes() -> Router<Arc<App>> {
    Router::new()
        .route("/stats", get(probes::stats))
        .route("/metrics", get(probes::metrics))
}

/// What machines ask that know nothing.
fn open_probes() -> Router<Arc<App>> {
    Router::new()
        .route("/health", get(probes::health))
        .route("/livez", get(probes::livez))
        .route("/readyz", get(probes::readyz))
}

async fn no_such_path() -> Response {
    let detail = "there is no such path in the API";
    api::problem_document(StatusCode::NOT_FOUND, detail)
}
