//! Strings and numbers, as JSON.

/// Appends a string, quoted and escaped.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    write_string_bytes(out, text.as_bytes());
}

/// The same for what may not be UTF-8.
pub(super) fn write_string_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len() + 2);
    out.push(b'"');
    // Most strings are ids and names. Looking at all of their bytes, whatever is found, takes no jumps.
    if bytes
        .iter()
        .fold(false, |any, &byte| any | is_escaped(byte))
    {
        write_escaped(out, bytes);
    } else {
        out.extend_from_slice(bytes);
    }
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn write_escaped(out: &mut Vec<u8>, bytes: &[u8]) {
    let mut start = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        if !is_escaped(byte) {
            continue;
        }
        out.extend_from_slice(bytes.get(start..index).unwrap_or_default());
        write_escape(out, byte);
        start = index + 1;
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
}

/// Appends the escape of a quote, a backslash or a control character.
fn write_escape(out: &mut Vec<u8>, byte: u8) {
    match byte {
        b'"' => out.extend_from_slice(b"\\\""),
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        _ => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
    }
}

/// Appends a whole number.
pub(crate) fn write_integer(out: &mut Vec<u8>, number: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_strings_read_the_same() {
        let all: String = (0..=0x2FF_u32).filter_map(char::from_u32).collect();
        for text in ["", "plain", "\"", "a\\", "\u{2028}😀", &all] {
            let mut out = Vec::new();
            write_string(&mut out, text);
            assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), text);
        }
    }

    #[test]
    fn only_what_must_be_is_escaped() {
        let mut out = Vec::new();
        write_string(&mut out, "<&>/é\u{7f}\"\\\n\r\t\u{1}");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "\"<&>/é\u{7f}\\\"\\\\\\n\\r\\t\\u0001\""
        );
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        let mut out = Vec::new();
        write_integer(&mut out, i64::MIN);
        assert_eq!(out, i64::MIN.to_string().into_bytes());
    }
}
