//! What the API is, told to machines: routes and their OpenAPI document, out of one list.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa::openapi::path::{Operation, Parameter, PathItem};
use utoipa::openapi::schema::{Object, SchemaType, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{Components, ContentBuilder, OpenApi, Ref, RefOr, ResponseBuilder, Schema};
use utoipa::{OpenApi as _, PartialSchema as _, ToSchema as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    attention, audit, cron, events, failures, features, history, jobs, marks, operations, problem,
    queues, server, trash, why, workers,
};
use crate::app::{App, JOBS_BYTES_MAX};
use crate::guard::PART_BYTES_MAX;
use crate::probes;

/// Where the document is served.
pub(crate) const DOCUMENT_PATH: &str = "/api/v1/openapi.json";

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Workmill",
    description = "Jobs, queues, workers and all that belongs to them.",
    version = "1"
))]
struct Head;

/// The routes of the API, each with its entry in the document.
pub(crate) fn routes() -> Router<Arc<App>> {
    let (routes, _) = described().split_for_parts();
    routes.route(DOCUMENT_PATH, get(serve))
}

/// The document as text, as it is committed and served.
pub(crate) fn text() -> String {
    let (_, mut document) = described().split_for_parts();
    complete(&mut document);
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

async fn serve() -> impl IntoResponse {
    static TEXT: LazyLock<String> = LazyLock::new(text);
    ([(CONTENT_TYPE, "application/json")], TEXT.as_str())
}

/// The routes whose bodies have jobs, or the keys of many.
fn with_large_bodies() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::default()
        .routes(routes!(jobs::list_jobs, jobs::push_job))
        .routes(routes!(jobs::push_jobs))
        .routes(routes!(jobs::show_job, jobs::edit_job))
        .routes(routes!(jobs::push_job_again))
        .routes(routes!(
            operations::list_operations,
            operations::start_operation
        ))
        .layer(DefaultBodyLimit::max(JOBS_BYTES_MAX))
}

/// A line for each route.
fn described() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Head::openapi())
        .merge(with_large_bodies())
        .routes(routes!(jobs::act_on_job))
        .routes(routes!(jobs::list_jobs_of_set))
        .routes(routes!(queues::list_queues))
        .routes(routes!(queues::show_queue, queues::remove_queue))
        .routes(routes!(queues::list_jobs_of_queue))
        .routes(routes!(queues::pause_queue))
        .routes(routes!(queues::resume_queue))
        .routes(routes!(probes::scaling::scaling))
        .routes(routes!(queues::list_throttles))
        .routes(routes!(
            operations::show_operation,
            operations::cancel_operation
        ))
        .routes(routes!(workers::list_workers))
        .routes(routes!(workers::signal_workers))
        .routes(routes!(workers::list_connections))
        .routes(routes!(marks::list_marks, marks::add_mark))
        .routes(routes!(marks::delete_mark))
        .routes(routes!(features::list_batches))
        .routes(routes!(features::show_batch))
        .routes(routes!(features::list_locks))
        .routes(routes!(cron::list_cron, cron::create_cron))
        .routes(routes!(
            cron::show_cron,
            cron::replace_cron,
            cron::delete_cron
        ))
        .routes(routes!(cron::run_cron))
        .routes(routes!(cron::pause_cron))
        .routes(routes!(cron::resume_cron))
        .routes(routes!(server::show_server))
        .routes(routes!(server::show_settings))
        .routes(routes!(server::show_counters))
        .routes(routes!(server::show_days))
        .routes(routes!(history::show_history))
        .routes(routes!(history::list_jobtypes))
        .routes(routes!(attention::list))
        .routes(routes!(attention::mute_concern))
        .routes(routes!(attention::unmute_concern))
        .routes(routes!(failures::list_failures))
        .routes(routes!(failures::show_failure))
        .routes(routes!(events::stream))
        .routes(routes!(audit::list_audit))
        .routes(routes!(trash::undo_action))
        .routes(routes!(trash::show_trash, trash::empty_trash))
        .routes(routes!(why::job))
        .routes(routes!(why::queue))
        .routes(routes!(server::flush))
}

/// Adds what holds for all of it: problems, who may come in, and how long a parameter may be.
fn complete(document: &mut OpenApi) {
    let name = problem::Document::name();
    let components = document.components.get_or_insert_with(Components::new);
    components
        .schemas
        .insert(name.to_string(), problem::Document::schema());
    for (name, scheme) in [
        ("basic", HttpAuthScheme::Basic),
        ("token", HttpAuthScheme::Bearer),
    ] {
        components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
    }
    document.security = Some(
        ["basic", "token"]
            .map(|name| SecurityRequirement::new(name, Vec::<String>::new()))
            .to_vec(),
    );
    let refused = ResponseBuilder::new()
        .description("What was wrong, and what to do")
        .content(
            problem::MEDIA_TYPE_NAME,
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(name)))
                .build(),
        )
        .build();
    for operation in document.paths.paths.values_mut().flat_map(operations_of) {
        let responses = &mut operation.responses.responses;
        responses.insert("default".to_owned(), refused.clone().into());
        let parameters = operation.parameters.iter_mut().flatten();
        for text in parameters.filter_map(text_of) {
            text.max_length.get_or_insert(PART_BYTES_MAX);
        }
    }
}

/// What is said of a parameter that is any text.
fn text_of(parameter: &mut RefOr<Parameter>) -> Option<&mut Object> {
    let RefOr::T(parameter) = parameter else {
        return None;
    };
    match &mut parameter.schema {
        Some(RefOr::T(Schema::Object(object)))
            if object.schema_type == SchemaType::Type(Type::String)
                && object.enum_values.is_none() =>
        {
            Some(object)
        }
        _ => None,
    }
}

fn operations_of(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.post,
        &mut path.put,
        &mut path.delete,
        &mut path.patch,
    ]
    .into_iter()
    .flatten()
}
