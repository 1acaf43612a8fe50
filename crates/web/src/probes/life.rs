//! `/livez` and `/readyz`. Neither touches the disk, and neither tells anything that is secret.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::app::App;
use crate::desk::ServerState;

/// Whether the process answers. If it does not, start it again; a disk that hangs is no reason to.
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether jobs are taken and handed out.
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> (StatusCode, String) {
    let reason = match app.desk.state() {
        ServerState::Ready => return (StatusCode::OK, String::from("ok\n")),
        ServerState::Starting => String::from("the server is starting"),
        ServerState::Stopping => String::from("the server is stopping"),
        ServerState::Stalled(lasted) => {
            format!("the disk has not answered for {} s", lasted.as_secs())
        }
    };
    (
        StatusCode::SERVICE_UNAVAILABLE,
        format!("not ready: {reason}\n"),
    )
}
