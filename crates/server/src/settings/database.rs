//! The database that jobs are kept in, where that is not a file in the storage directory: keys of the table `[storage]`.

use workmill_store::postgres::Target;

use super::SettingsError;
use super::reader::{Found, Reader, refuse_because, value_or};

/// The schema that the tables are in, when nothing else is said.
const SCHEMA_DEFAULT: &str = "workmill";

/// What a value is to be, in an error.
const URL: &str = "the address of a PostgreSQL database, such as \"postgres://user@host/database\"";

pub(super) fn choose_database(reader: &mut Reader) -> Result<Option<Target>, SettingsError> {
    let url = reader.string("storage", "url", URL)?;
    let schema = reader.string("storage", "schema", "the name of a schema")?;
    let pooler = reader.boolean("storage", "pooler")?;
    let command = reader.string(
        "storage",
        "password_command",
        "a command that writes the password",
    )?;
    let Some(Found { value, origin }) = url else {
        return Ok(None);
    };
    let schema = value_or(schema, SCHEMA_DEFAULT.to_owned());
    let target = Target::parse(&value, &schema);
    // The reason never has the password in it.
    let target =
        target.map_err(|error| refuse_because(origin, "storage", "url", error.to_string()))?;
    let target = match command {
        None => target,
        Some(Found { value, origin }) => {
            let told = target.with_password_of(&value);
            told.map_err(|error| {
                refuse_because(origin, "storage", "password_command", error.to_string())
            })?
        }
    };
    Ok(Some(match value_or(pooler, false) {
        true => target.through_pooler(),
        false => target,
    }))
}
