//! A result for people.

use std::collections::BTreeSet;
use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use super::figure::Figure;
use super::measurement::values;
use super::{Report, TargetReport};

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = match self.rounds {
            1 => String::new(),
            rounds => format!("; medians of {rounds} rounds"),
        };
        let interrupted = if self.interrupted {
            "; INTERRUPTED"
        } else {
            ""
        };
        writeln!(
            formatter,
            "{}: {}; {} cores{rounds}{interrupted}\n",
            self.workload, self.description, self.cores
        )?;
        if self.targets.is_empty() {
            return writeln!(formatter, "nothing was measured");
        }
        writeln!(formatter, "{}", self.figures())?;
        if self
            .targets
            .iter()
            .any(|target| !target.median.latencies_us.is_empty())
        {
            writeln!(formatter, "\n{}", self.latencies())?;
        }
        for target in &self.targets {
            for note in &target.median.notes {
                writeln!(formatter, "\n{}: {note}", target.name)?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// A column for each target.
    fn figures(&self) -> Table {
        let mut table = table();
        self.add_row(&mut table, "", |target| target.name.clone());
        self.add_row(&mut table, "server", |target| target.server.title());
        self.add_row(&mut table, "durability", |target| target.durability.clone());
        let figures: BTreeSet<Figure> = self
            .targets
            .iter()
            .flat_map(|target| target.median.figures.keys().copied())
            .collect();
        for figure in figures {
            self.add_row(&mut table, figure.label(), |target| target.figure(figure));
            self.add_comparison(&mut table, figure);
        }
        if self
            .targets
            .iter()
            .any(|target| target.median.delivery.is_some())
        {
            self.add_row(&mut table, "delivery", TargetReport::delivery);
        }
        table
    }

    /// How the targets compare by this figure, and what the single rounds gave.
    fn add_comparison(&self, table: &mut Table, figure: Figure) {
        if let (Some(last), true) = (self.targets.last(), self.targets.len() > 1)
            && figure.is_compared()
        {
            let label = format!("  ratio to {}", last.name);
            self.add_row(table, &label, |target| match target.ratios.get(&figure) {
                Some(ratio) => format!("{ratio:.2}"),
                None => "-".to_owned(),
            });
        }
        if figure == Figure::JobsPerSecond && self.rounds > 1 {
            self.add_row(table, "  each round", |target| {
                let values = values(&target.rounds, figure);
                let texts: Vec<String> = values.into_iter().map(|value| digits(value, 0)).collect();
                texts.join(" ")
            });
        }
    }

    /// A row for each step of each target.
    fn latencies(&self) -> Table {
        let mut table = table();
        table.add_row(["latency, µs", "", "p50", "p90", "p99", "p99.9", "max"]);
        for target in &self.targets {
            for (step, percentiles) in &target.median.latencies_us {
                let name = [target.name.clone(), step.label().to_owned()];
                let values = [
                    percentiles.p50,
                    percentiles.p90,
                    percentiles.p99,
                    percentiles.p99_9,
                    percentiles.max,
                ];
                let values = values.into_iter().map(|value| digits(value, 0));
                table.add_row(name.into_iter().chain(values));
            }
        }
        align(&mut table, 2);
        table
    }

    fn add_row(&self, table: &mut Table, label: &str, cell: impl Fn(&TargetReport) -> String) {
        let cells = self.targets.iter().map(cell);
        table.add_row([label.to_owned()].into_iter().chain(cells));
        align(table, 1);
    }
}

impl TargetReport {
    fn figure(&self, figure: Figure) -> String {
        match self.median.figures.get(&figure) {
            Some(value) => digits(*value, figure.decimals()),
            None => "-".to_owned(),
        }
    }

    fn delivery(&self) -> String {
        let Some(delivery) = self.median.delivery else {
            return "-".to_owned();
        };
        let foreign = match delivery.foreign {
            0 => String::new(),
            foreign => format!(", {foreign} foreign"),
        };
        if delivery.is_exact() {
            let waiting = match delivery.waiting {
                0 => String::new(),
                waiting => format!(", {waiting} not fetched"),
            };
            return format!("exact{waiting}{foreign}");
        }
        format!(
            "WRONG: {} lost, {} doubled, {} unacknowledged{foreign}",
            delivery.lost, delivery.doubled, delivery.unacknowledged
        )
    }
}

fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table
}

/// Numbers stand under each other from this column on.
fn align(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// A number with a comma between its thousands.
fn digits(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    let (whole, fraction) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (index, digit) in whole.char_indices() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

#[cfg(test)]
mod tests {
    use super::digits;

    #[test]
    fn thousands_are_set_apart() {
        for (value, decimals, text) in [
            (0.0, 0, "0"),
            (999.6, 0, "1,000"),
            (123.0, 0, "123"),
            (1_234_567.0, 0, "1,234,567"),
            (12_345.67, 1, "12,345.7"),
        ] {
            assert_eq!(digits(value, decimals), text);
        }
    }
}
