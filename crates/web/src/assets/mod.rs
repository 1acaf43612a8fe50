//! The files pages need, in the binary: found at `/static/{hash}/{name}`, packed once, kept by browsers for ever.
//!
//! The hash is that of all files together. So modules can import one another by relative names, and a browser never mixes
//! files of two versions.

mod files;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use files::FILES;

/// A year, as long as is usual, for what never changes under its name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Under a name of another version it may change: an hour, as in Faktory.
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// Bytes of the hash that are shown: enough to tell versions apart.
const HASH_BYTES: usize = 8;

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::pack);

struct Assets {
    hash: String,
    files: BTreeMap<&'static str, Asset>,
}

struct Asset {
    media_type: &'static str,
    plain: &'static [u8],
    /// None if it is not smaller.
    packed: Option<Bytes>,
}

impl Assets {
    fn pack() -> Self {
        let mut hash = Sha256::new();
        let mut files = BTreeMap::new();
        for &(name, plain) in FILES {
            hash.update(name);
            hash.update((plain.len() as u64).to_be_bytes());
            hash.update(plain);
            let asset = Asset {
                media_type: media_type(name),
                plain,
                packed: pack(plain),
            };
            files.insert(name, asset);
        }
        let mut text = String::new();
        for byte in hash.finalize().iter().take(HASH_BYTES) {
            // Writing into a text cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self { hash: text, files }
    }
}

fn pack(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    let packed = encoder.finish().ok()?;
    (packed.len() < plain.len()).then(|| packed.into())
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    }
}

/// Where pages find a file, below the prefix of a proxy.
pub(crate) fn path(name: &str) -> String {
    format!("/static/{}/{name}", ASSETS.hash)
}

/// `GET /static/{hash}/{name}`.
pub(crate) async fn serve(
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = ASSETS.files.get(name.as_str()) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let lasts = match hash == ASSETS.hash {
        true => FOR_EVER,
        // Of a page that another version has made.
        false => FOR_AN_HOUR,
    };
    let packed = asset.packed.as_ref().filter(|_| takes_gzip(&headers));
    let mut response = match packed {
        Some(packed) => Body::from(packed.clone()).into_response(),
        None => Body::from(asset.plain).into_response(),
    };
    let answered = response.headers_mut();
    answered.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    answered.insert(CACHE_CONTROL, HeaderValue::from_static(lasts));
    answered.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() {
        answered.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|weight| weight.trim_start_matches("q=").parse() == Ok(0.0_f32))
    })
}
