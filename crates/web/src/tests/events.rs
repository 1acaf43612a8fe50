//! The stream of events.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::time::{advance, timeout};
use tower::ServiceExt as _;

use crate::desk::fake::FakeDesk;
use crate::desk::{Desk, ServerState};
use crate::service::events::{ConnectionsMax, STREAMS_MAX};

struct Reader(Body);

/// What an event says: its id and its numbers.
type Event = (String, Value);

impl Reader {
    /// The next event, within a minute of time that passes only while everybody waits.
    async fn next(&mut self) -> Option<Event> {
        timeout(Duration::from_secs(60), self.next_ever())
            .await
            .ok()?
    }

    /// The next event; what only keeps the stream open is passed over.
    async fn next_ever(&mut self) -> Option<Event> {
        loop {
            let said = self.0.frame().await?;
            let said = said.unwrap().into_data().unwrap();
            let said = String::from_utf8(said.to_vec()).unwrap();
            if let Some(event) = said.strip_prefix("id: ") {
                let (id, event) = event.split_once("\nevent: numbers\ndata: ").unwrap();
                return Some((id.to_owned(), serde_json::from_str(event).unwrap()));
            }
        }
    }
}

async fn ask(app: &axum::Router, seen: Option<&str>) -> Response<Body> {
    ask_of(app, seen, usize::MAX).await
}

/// Asks a port for a stream that takes so many connections.
async fn ask_of(app: &axum::Router, seen: Option<&str>, connections_max: usize) -> Response<Body> {
    let mut request = Request::get("/api/v1/events").extension(ConnectionsMax(connections_max));
    if let Some(id) = seen {
        request = request.header("last-event-id", id);
    }
    let request = request.body(Body::empty()).unwrap();
    app.clone().oneshot(request).await.unwrap()
}

fn push(desk: &FakeDesk, jid: &str) {
    desk.push(&json!({"jid": jid, "jobtype": "T", "args": []}));
}

fn server() -> (Arc<FakeDesk>, axum::Router) {
    let desk = FakeDesk::new();
    let app = crate::app::build(Arc::clone(&desk) as Arc<dyn Desk>);
    (desk, app)
}

#[tokio::test(start_paused = true)]
async fn what_changes_is_told_and_what_does_not_is_not() {
    let (desk, app) = server();
    let response = ask(&app, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut reader = Reader(response.into_body());
    let (first, numbers) = reader.next().await.unwrap();
    assert_eq!(numbers["enqueued"], 0);
    push(&desk, "jid-00001");
    push(&desk, "jid-00002");
    let (second, numbers) = reader.next().await.unwrap();
    assert_ne!(first, second);
    assert_eq!(numbers["enqueued"], 2);
    assert!(reader.next().await.is_none(), "nothing has changed");
    assert!(
        desk.asked.lock().is_empty(),
        "nothing is asked of the writer"
    );
}

#[tokio::test(start_paused = true)]
async fn reader_goes_on_behind_the_event_it_has_had() {
    let (desk, app) = server();
    let mut reader = Reader(ask(&app, None).await.into_body());
    let (id, _) = reader.next().await.unwrap();
    let mut again = Reader(ask(&app, Some(&id)).await.into_body());
    assert!(again.next().await.is_none(), "it knows that");
    push(&desk, "jid-00001");
    let (_, numbers) = again.next().await.unwrap();
    assert_eq!(numbers["enqueued"], 1);
}

#[tokio::test(start_paused = true)]
async fn streams_are_bounded_and_one_that_is_closed_makes_room() {
    let (_desk, app) = server();
    let mut open = Vec::new();
    for _ in 0..STREAMS_MAX {
        let response = ask(&app, None).await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    assert_eq!(ask(&app, None).await.status(), 503);
    open.pop();
    assert_eq!(ask(&app, None).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn streams_leave_half_of_the_connections_to_others() {
    let (_desk, app) = server();
    let mut open = Vec::new();
    for _ in 0..8 {
        let response = ask_of(&app, None, 16).await;
        assert_eq!(response.status(), 200);
        open.push(response);
    }
    assert_eq!(ask_of(&app, None, 16).await.status(), 503);
}

#[tokio::test(start_paused = true)]
async fn stream_ends_when_the_server_stops() {
    let (desk, app) = server();
    let mut reader = Reader(ask(&app, None).await.into_body());
    reader.next().await.unwrap();
    *desk.state.lock() = ServerState::Stopping;
    advance(Duration::from_secs(2)).await;
    let end = timeout(Duration::from_secs(5), reader.0.frame()).await;
    assert!(end.unwrap().is_none(), "it ends");
}
