//! Time zones by their names.

use jiff::tz::TimeZone;

use super::super::origin::Origin;
use super::flaw::{Flaw, flaw};

/// The zone of this name, from the system's database, else from the one within the program.
pub(super) fn find(name: &str, at: &Origin) -> Result<TimeZone, Flaw> {
    TimeZone::get(name).map_err(|_| {
        let what = format!(
            "there is no time zone {name:?}: write a name of the IANA database, such as \"Europe/Berlin\""
        );
        flaw(at, what)
    })
}

/// The zone that the last word of a schedule names, where there should be a field.
pub(super) fn at_the_end(schedule: &str) -> Option<&str> {
    let (_, last) = schedule.trim().rsplit_once(char::is_whitespace)?;
    let name = last.split_once("TZ=").map_or(last, |(_, name)| name);
    TimeZone::get(name).is_ok().then_some(name)
}

/// The zone the server runs in: that of `TZ`, else the system's; UTC if there is none, with one warning.
pub(super) fn of_the_server(warnings: &mut Vec<String>) -> TimeZone {
    TimeZone::try_system().unwrap_or_else(|_| {
        let warning = "the system names no time zone: cron entries without a timezone run in UTC";
        if !warnings.iter().any(|known| known == warning) {
            warnings.push(warning.to_owned());
        }
        TimeZone::UTC
    })
}
