//! How long the parts of an address may be: names and cursors are made of them, kept and searched for.

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Bytes of one part of the path, or of the name or the value of a parameter, as they stand in the address: more than the longest
/// query or type of a job takes with each byte written in three.
pub(crate) const PART_BYTES_MAX: usize = 4 << 10;

/// Refuses an address with a longer part, before anything is made of it.
pub(crate) async fn refuse_long_parts(request: Request, next: Next) -> Response {
    match has_long_part(request.uri()) {
        false => next.run(request).await,
        true => {
            let detail = format!(
                "a part of the address is too long: a name or a parameter may have {PART_BYTES_MAX} bytes"
            );
            (StatusCode::BAD_REQUEST, detail).into_response()
        }
    }
}

fn has_long_part(uri: &Uri) -> bool {
    let parameters = uri.query().unwrap_or_default().split(['&', '=']);
    let mut parts = uri.path().split('/').chain(parameters);
    parts.any(|part| part.len() > PART_BYTES_MAX)
}
