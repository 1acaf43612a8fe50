//! `/api/v1/events`: a stream of events for open pages.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::{Body, HttpBody};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use hyper::body::Frame;

use crate::app::App;
use crate::service::Problem;
use crate::service::events::{ConnectionsMax, Numbers, Stream};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The numbers of the server when they change, at most once a second, as server-sent events named `numbers`. Whoever says in
/// `Last-Event-ID` which it has had gets the next one.
#[utoipa::path(
    get, path = "/api/v1/events", tag = "server", operation_id = "streamEvents",
    responses((status = 200, body = Numbers, content_type = "text/event-stream", description = "Events; the data of each is this"))
)]
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    connections_max: Option<Extension<ConnectionsMax>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let seen = headers.get(LAST_EVENT_ID);
    let seen = seen.and_then(|id| id.to_str().ok()).map(ToOwned::to_owned);
    // A router without a port has no such limit.
    let connections_max = connections_max.map_or(ConnectionsMax(usize::MAX), |given| given.0);
    let stream = app.streams.open(&app, connections_max, seen)?;
    Ok(([(CONTENT_TYPE, "text/event-stream")], Body::new(stream)).into_response())
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let event = self.events.poll_recv(context);
        event.map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}
