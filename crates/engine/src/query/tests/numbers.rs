use proptest::prelude::*;

use super::super::number::Number;

fn number(text: &str) -> Number {
    Number::parse(text).unwrap_or_else(|| panic!("{text}"))
}

proptest! {
    /// Held against integers: both sides times ten to the power of 8.
    #[test]
    fn numbers_are_compared_exactly(
        (a, b) in (-1_000_i64..1_000, -1_000_i64..1_000),
        (i, j) in (0_u32..17, 0_u32..17),
    ) {
        let exact = |digits: i64, power: u32| i128::from(digits) * 10_i128.pow(power);
        let (p, q) = (i64::from(i) - 8, i64::from(j) - 8);
        let (x, y) = (number(&format!("{a}e{p}")), number(&format!("{b}E{q}")));
        prop_assert_eq!(x.cmp(&y), exact(a, i).cmp(&exact(b, j)), "{} {}", x, y);
        prop_assert_eq!(x == y, exact(a, i) == exact(b, j));
    }

    #[test]
    fn a_number_is_read_back_as_it_is_written(digits: i64, power in -400_i32..400) {
        let number = number(&format!("{digits}e{power}"));
        prop_assert_eq!(Number::parse(&number.to_string()), Some(number.clone()), "{}", number);
        prop_assert_eq!(Number::from(digits), Number::parse(&digits.to_string()).unwrap());
    }
}

#[test]
fn what_json_does_not_call_a_number_is_none() {
    for text in [
        "",
        "-",
        "+1",
        "01",
        "1.",
        ".5",
        "1e",
        "1e+",
        "0x1",
        "1 ",
        "NaN",
        "1e9999999999999999999",
    ] {
        assert_eq!(Number::parse(text), None, "{text}");
    }
    assert_eq!(number("-0.0e5"), number("0"));
    assert!(number("123456789012345678901") > number("123456789012345678900"));
}
