//! Charts, drawn as SVG on the server.

use crate::locale::{Language, Markup};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 150.0;
/// What is left free for numbers and dates.
const LEFT: f64 = 46.0;
const BOTTOM: f64 = 20.0;
const TOP: f64 = 10.0;
/// Lines across, without that of zero.
const LINES: u64 = 2;

/// A line of a chart.
pub(super) struct Series {
    /// Names its color.
    pub(super) state: &'static str,
    pub(super) values: Vec<u64>,
}

/// Lines over time. `label` says the same in words; `ends` stand below both ends.
pub(super) fn lines(
    language: Language,
    label: &str,
    series: &[Series],
    ends: (&str, &str),
) -> Markup {
    let largest = series.iter().flat_map(|one| &one.values).max();
    let top = round_up(largest.copied().unwrap_or(0).max(LINES));
    let floor = HEIGHT - BOTTOM;
    let y = |value: u64| floor - (floor - TOP) * (value as f64 / top as f64);
    let mut svg = Markup::default();
    svg.raw_args(format_args!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\""
    ));
    svg.text(label).raw("\">");
    for line in 0..=LINES {
        let value = top / LINES * line;
        let at = y(value);
        svg.raw_args(format_args!(
            "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
             <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 6.0,
            at + 4.0,
            language.number(value)
        ));
    }
    for one in series {
        let step = (WIDTH - LEFT) / one.values.len().saturating_sub(1).max(1) as f64;
        svg.raw_args(format_args!(
            "<polyline class=\"stroke-{}\" points=\"",
            one.state
        ));
        for (index, value) in one.values.iter().enumerate() {
            let x = LEFT + step * index as f64;
            svg.raw_args(format_args!("{x:.1},{:.1} ", y(*value)));
        }
        svg.raw("\"/>");
    }
    for (x, anchor, text) in [(LEFT, "start", ends.0), (WIDTH, "end", ends.1)] {
        let y = HEIGHT - 4.0;
        svg.raw_args(format_args!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">"
        ));
        svg.text(text).raw("</text>");
    }
    svg.raw("</svg>");
    svg
}

/// The next number that is easy to read: 2, 4, 10, 20, 40, 100 and so on.
fn round_up(value: u64) -> u64 {
    let mut unit = 1_u64;
    loop {
        for step in [2, 4, 10] {
            let round = unit.saturating_mul(step);
            if round >= value {
                return round;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number() {
        let round = [0, 2, 3, 5, 11, 39, 99, 1_001, u64::MAX].map(round_up);
        assert_eq!(round, [2, 2, 4, 10, 20, 40, 100, 2_000, u64::MAX]);
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows_and_stays_within_its_box() {
        let series = [Series {
            state: "working",
            values: vec![0, 4, 2],
        }];
        let svg = lines(Language::English, "a \"<b>\"", &series, ("then", "now"));
        let svg = svg.as_str();
        assert!(
            svg.contains("aria-label=\"a &quot;&lt;b&gt;&quot;\""),
            "{svg}"
        );
        assert!(
            svg.contains("points=\"46.0,130.0 403.0,10.0 760.0,70.0 \""),
            "{svg}"
        );
        assert!(
            !lines(Language::English, "", &[], ("", ""))
                .as_str()
                .contains("NaN")
        );
    }
}
