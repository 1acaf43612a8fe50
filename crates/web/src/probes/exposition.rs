//! Prometheus' text format, version 0.0.4.

use std::fmt::{Display, Write as _};

/// What the answer says it is.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics, as they are written.
#[derive(Debug, Default)]
pub(super) struct Exposition {
    text: String,
}

/// A metric: its name, its type, and what it means.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) help: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// It only grows; its name ends with `_total`.
    Counter,
    Gauge,
}

pub(super) const fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Counter,
        help,
    }
}

pub(super) const fn gauge(name: &'static str, help: &'static str) -> Metric {
    Metric {
        name,
        kind: Kind::Gauge,
        help,
    }
}

impl Exposition {
    /// A metric without labels.
    pub(super) fn one(&mut self, metric: Metric, value: impl Display) {
        self.labelled(metric, &[], [([], value)]);
    }

    /// A metric with a value for each set of labels.
    pub(super) fn labelled<'a, const N: usize>(
        &mut self,
        metric: Metric,
        names: &[&str; N],
        values: impl IntoIterator<Item = ([&'a str; N], impl Display)>,
    ) {
        let Metric { name, kind, help } = metric;
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        // Writing into a text cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            self.text.push_str(name);
            let mut opening = '{';
            for (label, text) in names.iter().zip(labels) {
                self.text.push(opening);
                let _ = write!(self.text, "{label}=\"");
                self.escape(text);
                self.text.push('"');
                opening = ',';
            }
            if opening == ',' {
                self.text.push('}');
            }
            let _ = writeln!(self.text, " {value}");
        }
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\\' => self.text.push_str("\\\\"),
                '"' => self.text.push_str("\\\""),
                '\n' => self.text.push_str("\\n"),
                c => self.text.push(c),
            }
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_with_their_help_and_escaped_labels() {
        let mut exposition = Exposition::default();
        exposition.one(counter("a_total", "What a is."), 1);
        exposition.labelled(
            gauge("b", "What b is."),
            &["x", "y"],
            [(["1", "a\"b\\c\nd"], 0.5), (["2", ""], 2.0)],
        );
        let expected = "# HELP a_total What a is.\n# TYPE a_total counter\na_total 1\n\
                        # HELP b What b is.\n# TYPE b gauge\n\
                        b{x=\"1\",y=\"a\\\"b\\\\c\\nd\"} 0.5\nb{x=\"2\",y=\"\"} 2\n";
        assert_eq!(exposition.into_text(), expected);
    }
}
