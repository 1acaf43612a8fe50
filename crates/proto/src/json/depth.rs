//! How deep JSON may be.

use super::JsonError;
use super::compact::string_end;
use crate::limits::JSON_DEPTH_MAX;

/// Refuses a text with arrays and objects nested deeper than [`JSON_DEPTH_MAX`].
///
/// Most texts are too short for that, or have too few brackets; only the rest is looked at closely. What
/// is no JSON may pass: the parser finds out.
pub(super) fn check_depth(json: &str) -> Result<(), JsonError> {
    let bytes = json.as_bytes();
    if bytes.len() <= JSON_DEPTH_MAX
        || memchr::memchr2_iter(b'[', b'{', bytes).count() <= JSON_DEPTH_MAX
    {
        return Ok(());
    }
    let mut depth = 0_usize;
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => index = string_end(bytes, index) - 1,
            _ => {}
        }
        if depth > JSON_DEPTH_MAX {
            return Err(JsonError::Depth {
                depth_max: JSON_DEPTH_MAX,
            });
        }
        index += 1;
    }
    Ok(())
}
