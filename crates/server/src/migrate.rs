//! `workmill migrate`: the tables in the database.

use anyhow::{Context as _, bail};
use workmill_store::postgres;

use crate::settings::{Loaded, Reloader};

/// Makes the tables in the database of the configuration, or brings them to the version of this server; says what was done. The role
/// of the configuration must be allowed to: running the server takes less.
pub fn migrate(reloader: &Reloader) -> anyhow::Result<String> {
    let Loaded { settings, .. } = reloader
        .load()
        .context("cannot tell where the database is")?;
    let Some(target) = &settings.database else {
        bail!(
            "there is nothing to do: storage.url names no database, and a file in the storage directory is made by the server"
        );
    };
    let schema = target.schema();
    Ok(match postgres::migrate(target)? {
        None => format!("Made the tables in the schema {schema} of {target}.\n"),
        Some(_) => format!("The tables in the schema {schema} of {target} are of this version.\n"),
    })
}
