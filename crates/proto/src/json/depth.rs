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

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    #[test]
    fn json_may_be_as_deep_as_the_limit_and_no_deeper() {
        assert!(check_depth(&nested(JSON_DEPTH_MAX)).is_ok());
        assert!(check_depth(&nested(JSON_DEPTH_MAX + 1)).is_err());
        let with_brothers = format!("[[],[],{}]", nested(JSON_DEPTH_MAX - 1));
        assert!(check_depth(&with_brothers).is_ok());
        assert!(check_depth(&"{\"a\":".repeat(JSON_DEPTH_MAX + 1)).is_err());
    }

    #[test]
    fn many_brackets_side_by_side_are_not_deep() {
        assert!(check_depth(&format!("[{}]", "[],".repeat(2 * JSON_DEPTH_MAX))).is_ok());
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        let text = format!("[\"\\\"{}\",{}]", "[{".repeat(JSON_DEPTH_MAX), nested(10));
        assert!(check_depth(&text).is_ok());
        let text = format!("[\"\\\\\",{}]", nested(JSON_DEPTH_MAX));
        assert!(check_depth(&text).is_err());
    }
}
