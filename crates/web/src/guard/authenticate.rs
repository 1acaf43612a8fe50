//! Who sends a request.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use super::client::client_address;
use super::credentials::Credentials;
use super::peer::Peer;
use crate::app::App;

/// Lets those through who are known, and says to the handlers who it is.
pub(crate) async fn authenticate(
    State(app): State<Arc<App>>,
    peer: Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let access = app.desk.access();
    let headers = request.headers();
    let address = client_address(&access, peer, headers);
    let credentials = Credentials::of(headers);
    match app.logins.admit(&access, credentials, address).await {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.run(request).await
        }
        Err(refusal) => refusal.answer(request.uri().path()),
    }
}
