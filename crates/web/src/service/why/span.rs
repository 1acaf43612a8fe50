//! Times in words.

use std::time::Duration;

/// The units times are told in, in seconds.
const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];

/// A time in its two largest units, rounded down: `2 min 10 s`.
pub(crate) fn in_words(time: Duration) -> String {
    let mut left = time.as_secs();
    let Some(first) = UNITS.iter().position(|(secs, _)| left >= *secs) else {
        return String::from("0 s");
    };
    let mut parts = Vec::new();
    for (secs, unit) in UNITS.iter().skip(first).take(2) {
        if left >= *secs {
            parts.push(format!("{} {unit}", left / secs));
        }
        left %= secs;
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_two_largest_units() {
        for (secs, words) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (130, "2 min 10 s"),
            (3_600, "1 h"),
            (3_605, "1 h"),
            (11_400, "3 h 10 min"),
            (90_000, "1 d 1 h"),
            (864_000, "10 d"),
        ] {
            assert_eq!(in_words(Duration::from_secs(secs)), words);
        }
    }
}
