//! How long the parts of an address may be: names and cursors are made of them, kept and searched for.

use axum::extract::Request;
use axum::http::{StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

/// Bytes of one part of the path, or of the name or the value of a parameter, without what the address needs to write them: twice as
/// many as the longest query, id or type of a job has.
pub(crate) const PART_BYTES_MAX: usize = 2 << 10;

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
    parts.any(|part| decoded_bytes(part) > PART_BYTES_MAX)
}

/// How many bytes a part has that may have some of them written as `%2F`.
fn decoded_bytes(part: &str) -> usize {
    let mut pieces = part.split('%');
    let first = pieces.next().map_or(0, str::len);
    pieces.fold(first, |bytes, piece| {
        let digits = piece.as_bytes().get(..2);
        let is_escape = digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        bytes + 1 + piece.len() - if is_escape { 2 } else { 0 }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_written_in_three_count_once() {
        for (part, bytes) in [
            ("", 0),
            ("abc", 3),
            ("a%2Fb", 3),
            ("%e2%80%ae", 3),
            ("%", 1),
            ("%%2f%zz%f", 7),
        ] {
            assert_eq!(decoded_bytes(part), bytes, "{part}");
        }
    }

    #[test]
    fn the_longest_name_has_room_however_it_is_written() {
        let has_room =
            |part: String| !has_long_part(&format!("/a/{part}?b={part}").parse().unwrap());
        assert!(has_room("%c3%a9".repeat(512)));
        assert!(has_room("x".repeat(PART_BYTES_MAX)));
        assert!(!has_room("x".repeat(PART_BYTES_MAX + 1)));
        assert!(!has_room("%c3%a9".repeat(PART_BYTES_MAX / 2 + 1)));
    }
}
