//! All files with their types and their hash, packed when the first is asked for.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};

use super::files::FILES;

/// Bytes of the hash that are shown: enough to tell versions apart.
const HASH_BYTES: usize = 8;

pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::pack);

/// All files.
pub(super) struct Assets {
    pub(super) hash: String,
    pub(super) files: BTreeMap<&'static str, Asset>,
}

/// A file as it is sent.
pub(super) struct Asset {
    pub(super) media_type: &'static str,
    pub(super) plain: &'static [u8],
    /// None if it is not smaller.
    pub(super) packed: Option<Bytes>,
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
