//! Time zones by their names.

use jiff::tz::TimeZone;

/// The zone of this name, from the system's database, else from the one within the program. None means the zone that the
/// server runs in.
pub(super) fn find(name: Option<&str>, warnings: &mut Vec<String>) -> Option<TimeZone> {
    match name {
        Some(name) => TimeZone::get(name).ok(),
        None => Some(of_the_server(warnings)),
    }
}

/// The zone the server runs in: that of `TZ`, else the system's; UTC if there is none, with one warning.
fn of_the_server(warnings: &mut Vec<String>) -> TimeZone {
    TimeZone::try_system().unwrap_or_else(|_| {
        let warning = "the system names no time zone: cron entries without a timezone run in UTC";
        if !warnings.iter().any(|known| known == warning) {
            warnings.push(warning.to_owned());
        }
        TimeZone::UTC
    })
}
