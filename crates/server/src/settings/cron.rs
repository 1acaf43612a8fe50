//! The recurring jobs: the tables `[[cron]]` of all files.

mod entry;
mod flaw;
mod made;
mod misplaced;
mod payload;
mod zone;

use std::collections::BTreeMap;
use std::sync::Arc;

use workmill_engine::CronTable;

use self::entry::RawEntry;
use self::flaw::Flaw;
pub(crate) use self::made::{load_made, read_entry};
use super::SettingsError;
use super::origin::Origin;
use super::reader::{Found, Reader};
use super::tree::Table;

/// The keys of a `[[cron]]` table. `jobs` is a common mistake for `job`.
const KEYS: &[&str] = &["name", "schedule", "timezone", "catch_up", "job", "jobs"];

/// Reads all entries; none if cron is turned off. The places they were written at come too.
pub(super) fn choose_cron(
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<(Arc<CronTable>, BTreeMap<String, Origin>), SettingsError> {
    let enabled = reader.boolean("cron_plugin", "enabled")?;
    let tables = reader.tables("cron", KEYS)?;
    let mut cron = CronTable::default();
    let mut origins: BTreeMap<String, Origin> = BTreeMap::new();
    if enabled.is_some_and(|enabled| !enabled.value) {
        return Ok((Arc::new(CronTable::off()), origins));
    }
    for (index, table) in tables.into_iter().enumerate() {
        let label = label(&table, index + 1);
        let origin = table.origin.clone();
        let named = |flaw: Flaw| SettingsError::Cron {
            at: flaw.at,
            entry: label.clone(),
            what: flaw.what,
        };
        let raw = RawEntry::read(table, reader, warnings).map_err(named)?;
        let (name, entry) = raw.compile(warnings).map_err(named)?;
        cron.insert(&name, entry);
        if let Some(first) = origins.insert(name, origin.clone()) {
            let what = format!(
                "there is one of the same name at {first}: give each its own, as in name = \"nightly\""
            );
            return Err(named(Flaw { at: origin, what }));
        }
    }
    Ok((Arc::new(cron), origins))
}

/// What an entry is called in an error text, however wrong it is otherwise.
fn label(table: &Found<Table>, number: usize) -> String {
    let text = |table: &Table, key: &str| {
        table
            .get(key)
            .and_then(|node| node.value.as_str().map(str::to_owned))
    };
    let job = table
        .value
        .get("job")
        .and_then(|node| node.value.as_table());
    let name = text(&table.value, "name");
    let jobtype = job.and_then(|job| text(job, "type"));
    let schedule = text(&table.value, "schedule");
    let label = name.unwrap_or_else(|| {
        [jobtype, schedule]
            .into_iter()
            .flatten()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    });
    match label.is_empty() {
        true => format!("number {number}"),
        false => format!("\"{label}\""),
    }
}
