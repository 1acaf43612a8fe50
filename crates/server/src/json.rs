//! Answers in JSON, with numbers written as clients know them from Faktory: by Go's `encoding/json`.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Numbers smaller than this are written with an exponent, except 0.
const PLAIN_MIN: f64 = 1e-6;

/// Numbers from here on are too.
const PLAIN_END: f64 = 1e21;

/// Writes an answer.
pub(crate) fn to_vec(answer: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::new();
    answer.serialize(&mut Serializer::with_formatter(&mut json, GoNumbers))?;
    Ok(json)
}

/// Writes numbers as Go does: with as few digits as tell them from others, and no `.0` behind whole ones.
#[derive(Debug)]
struct GoNumbers;

impl Formatter for GoNumbers {
    fn write_f64<W: io::Write + ?Sized>(&mut self, writer: &mut W, number: f64) -> io::Result<()> {
        let size = number.abs();
        if size == 0.0 || (PLAIN_MIN..PLAIN_END).contains(&size) {
            write!(writer, "{number}")
        } else if size < PLAIN_MIN {
            write!(writer, "{number:e}")
        } else {
            write!(writer, "{}", format!("{number:e}").replace('e', "e+"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(number: f64) -> String {
        String::from_utf8(to_vec(&number).unwrap()).unwrap()
    }

    #[test]
    fn numbers_are_written_as_go_writes_them() {
        // What json.Marshal of Go gives.
        for (number, expected) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-17.0, "-17"),
            (0.1, "0.1"),
            (1.5, "1.5"),
            (12.000_001, "12.000001"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-6, "0.000001"),
            (1.25e-6, "0.00000125"),
            (9.99e-7, "9.99e-7"),
            (-1e-9, "-1e-9"),
            (1.5e-10, "1.5e-10"),
            (5e-324, "5e-324"),
            (1e6, "1000000"),
            (1e16, "10000000000000000"),
            (123_456_789_012_345_680_000.0, "123456789012345680000"),
            (1e21, "1e+21"),
            (-1.5e21, "-1.5e+21"),
            (f64::MAX, "1.7976931348623157e+308"),
        ] {
            assert_eq!(text(number), expected);
        }
    }

    #[test]
    fn all_else_is_written_as_usual() {
        let value = serde_json::json!({"a": [1, -2, "x\n\u{e4}<&>", null, true], "b": {"c": 2.0}});
        let expected = "{\"a\":[1,-2,\"x\\n\u{e4}<&>\",null,true],\"b\":{\"c\":2}}";
        assert_eq!(to_vec(&value).unwrap(), expected.as_bytes());
        assert_eq!(text(f64::NAN), "null");
    }
}
