//! Charts, drawn as SVG on the server.

use crate::locale::{Language, Markup};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 140.0;
/// What is left free for numbers, and for half a line.
const LEFT: f64 = 46.0;
const BOTTOM: f64 = 10.0;
const TOP: f64 = 10.0;

/// A line that stands within a row.
const SPARK_WIDTH: f64 = 110.0;
const SPARK_HEIGHT: f64 = 22.0;
/// Lines across, without that of zero.
const LINES: u64 = 2;

/// A line of a chart.
pub(super) struct Series {
    /// Names its color.
    pub(super) state: &'static str,
    pub(super) values: Vec<u64>,
}

/// A line down a chart, at the step in which something began.
pub(super) struct Event {
    pub(super) step: usize,
    /// What began.
    pub(super) text: String,
}

/// Lines over time, and what began meanwhile. `label` says the same in words.
pub(super) fn lines(
    language: Language,
    label: &str,
    series: &[Series],
    events: &[Event],
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
    let steps = series.iter().map(|one| one.values.len()).max();
    let step = (WIDTH - LEFT) / steps.unwrap_or(0).saturating_sub(1).max(1) as f64;
    for event in events {
        let at = LEFT + step * event.step as f64;
        svg.raw_args(format_args!(
            "<line class=\"event\" x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"0\" y2=\"{floor}\"><title>"
        ));
        svg.text(&event.text).raw("</title></line>");
    }
    for one in series {
        let points = one.values.iter().enumerate();
        let points = points.map(|(index, value)| (LEFT + step * index as f64, y(*value)));
        polyline(&mut svg, one.state, points);
    }
    svg.raw("</svg>");
    svg
}

/// A small line over time, without numbers. `label` says in words what it shows.
pub(super) fn spark(state: &str, label: &str, values: &[u64]) -> Markup {
    let top = values.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = SPARK_WIDTH / values.len().saturating_sub(1).max(1) as f64;
    let room = SPARK_HEIGHT - 4.0;
    let mut svg = Markup::default();
    svg.raw_args(format_args!(
        "<svg class=\"spark\" width=\"{SPARK_WIDTH}\" height=\"{SPARK_HEIGHT}\" role=\"img\" aria-label=\""
    ));
    svg.text(label).raw("\">");
    let points = values.iter().enumerate().map(|(index, value)| {
        let y = SPARK_HEIGHT - 2.0 - room * (*value as f64 / top);
        (step * index as f64, y)
    });
    polyline(&mut svg, state, points);
    svg.raw("</svg>");
    svg
}

/// A bar of a row of them.
pub(super) struct Bar {
    /// Names its color; empty for none.
    pub(super) state: &'static str,
    /// How high it is, from 0 to 1.
    pub(super) share: f64,
}

/// Bars that stand within a row. `label` says what matters of them in words.
pub(super) fn bars(label: &str, bars: &[Bar]) -> Markup {
    const STEP: f64 = 6.0;
    let width = STEP * bars.len() as f64;
    let mut svg = Markup::default();
    svg.raw_args(format_args!(
        "<svg class=\"bars\" viewBox=\"0 0 {width} {SPARK_HEIGHT}\" width=\"{width}\" height=\"{SPARK_HEIGHT}\" role=\"img\" aria-label=\""
    ));
    svg.text(label)
        .raw("\"><title>")
        .text(label)
        .raw("</title>");
    for (index, bar) in bars.iter().enumerate() {
        // What is next to nothing is seen all the same.
        let height = (SPARK_HEIGHT * bar.share).max(2.0);
        svg.raw_args(format_args!(
            "<rect class=\"fill-{}\" x=\"{}\" y=\"{:.1}\" width=\"{}\" height=\"{height:.1}\"/>",
            bar.state,
            STEP * index as f64,
            SPARK_HEIGHT - height,
            STEP - 2.0,
        ));
    }
    svg.raw("</svg>");
    svg
}

/// A stretch of time in slots, those marked in which something happens. `label` says what it is.
pub(super) fn strip(label: &str, slots: &[bool]) -> Markup {
    const STEP: f64 = 3.0;
    let (width, floor) = (STEP * slots.len() as f64, SPARK_HEIGHT - 1.0);
    let mut svg = Markup::default();
    svg.raw_args(format_args!(
        "<svg class=\"strip\" viewBox=\"0 0 {width} {SPARK_HEIGHT}\" width=\"{width}\" height=\"{SPARK_HEIGHT}\" role=\"img\" aria-label=\""
    ));
    svg.text(label).raw_args(format_args!(
        "\"><line class=\"grid\" x1=\"0\" x2=\"{width}\" y1=\"{floor}\" y2=\"{floor}\"/>"
    ));
    for (index, _) in slots
        .iter()
        .enumerate()
        .filter(|(_, is_marked)| **is_marked)
    {
        svg.raw_args(format_args!(
            "<rect class=\"fill-scheduled\" x=\"{}\" y=\"4\" width=\"2\" height=\"{}\"/>",
            STEP * index as f64,
            floor - 4.0,
        ));
    }
    svg.raw("</svg>");
    svg
}

fn polyline(svg: &mut Markup, state: &str, points: impl Iterator<Item = (f64, f64)>) {
    svg.raw_args(format_args!("<polyline class=\"stroke-{state}\" points=\""));
    for (x, y) in points {
        svg.raw_args(format_args!("{x:.1},{y:.1} "));
    }
    svg.raw("\"/>");
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
        let events = [Event {
            step: 1,
            text: String::from("<deploy>"),
        }];
        let svg = lines(Language::English, "a \"<b>\"", &series, &events);
        let svg = svg.as_str();
        assert!(
            svg.contains(
                "x1=\"403.0\" x2=\"403.0\" y1=\"0\" y2=\"130\"><title>&lt;deploy&gt;</title>"
            ),
            "{svg}"
        );
        assert!(
            svg.contains("aria-label=\"a &quot;&lt;b&gt;&quot;\""),
            "{svg}"
        );
        assert!(
            svg.contains("points=\"46.0,130.0 403.0,10.0 760.0,70.0 \""),
            "{svg}"
        );
        assert!(
            !lines(Language::English, "", &[], &[])
                .as_str()
                .contains("NaN")
        );
    }
}
