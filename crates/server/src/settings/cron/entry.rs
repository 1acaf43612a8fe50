//! One entry: when it is due and what it is called.

use sha2::{Digest as _, Sha256};
use workmill_engine::{CronEntry, Schedule, check_cron_name, read_schedule};
use workmill_proto::Timestamp;

use super::super::origin::Origin;
use super::super::reader::{Found, Reader, boolean_of, string_of};
use super::super::tree::{Node, Table};
use super::flaw::{Flaw, flaw};
use super::{misplaced, payload, zone};

/// The keys of an entry, their types checked.
pub(super) struct RawEntry {
    origin: Origin,
    name: Option<Found<String>>,
    schedule: Found<String>,
    timezone: Option<Found<String>>,
    catch_up: bool,
    job: Option<Node>,
    jobs: Option<Node>,
}

impl RawEntry {
    /// Takes the known keys; the reader keeps the others, to warn of them.
    pub(super) fn read(
        table: Found<Table>,
        reader: &mut Reader,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Flaw> {
        let Found {
            value: mut table,
            origin,
        } = table;
        let mut take = |key: &str| table.remove(key);
        let name = text("name", take("name"))?;
        let timezone = text("timezone", take("timezone"))?;
        let schedule = text("schedule", take("schedule"))?;
        let catch_up = match take("catch_up") {
            None => false,
            Some(node) => {
                boolean_of(node)
                    .map_err(|refused| Flaw::of_type("catch_up", refused))?
                    .value
            }
        };
        let (job, jobs) = (take("job"), take("jobs"));
        let job_table = job.as_ref().and_then(|job| job.value.as_table());
        let Some(schedule) = schedule else {
            let missing = "it has no schedule, such as schedule = \"*/5 * * * *\"";
            return Err(match misplaced::find_schedule(&table, job_table) {
                Some((at, what)) => flaw(at, what),
                None => flaw(&origin, missing),
            });
        };
        for (key, node) in misplaced::extract_job_fields(&mut table) {
            if key == "type" && job_table.is_none_or(|job| !job.contains_key("type")) {
                let what = "type stands beside [cron.job]: write it below [cron.job]";
                return Err(flaw(node.first_origin(), what));
            }
            warnings.push(format!(
                "{}: cron.{key} is ignored: write {key} below [cron.job]",
                node.first_origin()
            ));
        }
        reader.leave("cron", table);
        Ok(Self {
            origin,
            name,
            schedule,
            timezone,
            catch_up,
            job,
            jobs,
        })
    }

    /// Makes an entry of it, with its name.
    pub(super) fn compile(self, warnings: &mut Vec<String>) -> Result<(String, CronEntry), Flaw> {
        let schedule = self.compile_schedule(warnings)?;
        let payload = payload::read(&self.origin, self.job, self.jobs, warnings)?;
        let name = match self.name {
            Some(name) => {
                check_cron_name(&name.value).map_err(|error| flaw(&name.origin, error.text))?;
                Some(name.value)
            }
            None => None,
        };
        let plain = format!("{} {}", payload.jobtype, self.schedule.value.trim());
        let mut details = payload.details();
        details.extend(self.timezone.map(|zone| zone.value));
        let mut entry =
            CronEntry::new(schedule, self.catch_up, payload.members).map_err(|error| {
                // It was TOML that the operator wrote.
                let what = error.text.trim_start_matches("invalid JSON: ");
                flaw(&payload.origin, what)
            })?;
        let name = match (name, details.as_slice()) {
            (Some(name), _) => name,
            (None, []) => plain,
            (None, details) => {
                let name = default_name(&plain, &details.join(" "));
                entry.former_name = Some(plain.into_boxed_str());
                name
            }
        };
        Ok((name, entry))
    }

    fn compile_schedule(&self, warnings: &mut Vec<String>) -> Result<Schedule, Flaw> {
        let Found { value, origin } = &self.schedule;
        let timezone = self.timezone.as_ref();
        let named = timezone.map(|timezone| timezone.value.as_str());
        let mut zones = |name: Option<&str>| zone::find(name, warnings);
        let schedule = read_schedule(value, named, &mut zones).map_err(|error| {
            let at = timezone.filter(|_| error.field == "timezone");
            flaw(at.map_or(origin, |timezone| &timezone.origin), error.text)
        })?;
        let now = Timestamp::from_micros(jiff::Timestamp::now().as_microsecond());
        if schedule.next_after(now).is_none() {
            warnings.push(format!(
                "{origin}: the schedule \"{value}\" names no date to come: this cron entry never fires"
            ));
        } else if let Some(part) = schedule.idle_step() {
            warnings.push(format!(
                "{origin}: the step of \"{part}\" in the schedule \"{value}\" goes beyond its field: only the first value is left; for an interval write @every, such as @every 90m"
            ));
        }
        Ok(schedule)
    }
}

/// The name of an entry that has none and whose job has more than a type. A long one has a digest at its end.
fn default_name(plain: &str, details: &str) -> String {
    let name = format!("{plain} {details}");
    if check_cron_name(&name).is_ok() {
        return name;
    }
    let digest: String = Sha256::digest(details)
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("{plain} {digest}")
}

fn text(key: &str, node: Option<Node>) -> Result<Option<Found<String>>, Flaw> {
    node.map(|node| string_of(node, "a text").map_err(|refused| Flaw::of_type(key, refused)))
        .transpose()
}
