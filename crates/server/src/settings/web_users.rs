//! Those who see the web pages under their own names: the tables `[[web_user]]` of all files.

use std::collections::BTreeMap;

use workmill_web::{Account, Role};

use super::SettingsError;
use super::origin::Origin;
use super::reader::{Found, Reader, refuse, refuse_because, string_of};
use super::tree::Table;

const TABLE: &str = "web_user";

/// The keys of such a table. All are needed.
const KEYS: &[&str] = &["name", "role", "hash"];

/// Users that there may be.
const USERS_MAX: usize = 1_000;

pub(super) fn choose_users(reader: &mut Reader) -> Result<Vec<Account>, SettingsError> {
    let mut users = Vec::new();
    let mut origins: BTreeMap<String, Origin> = BTreeMap::new();
    for table in reader.tables(TABLE, KEYS)? {
        let Found {
            value: mut table,
            origin,
        } = table;
        if users.len() >= USERS_MAX {
            let what = format!("there are more than {USERS_MAX}; let a proxy authenticate them");
            return Err(refuse_because(origin, TABLE, "name", what));
        }
        let name = take(&mut table, "name", &origin)?;
        let role = take(&mut table, "role", &origin)?;
        let hash = take(&mut table, "hash", &origin)?;
        reader.leave(TABLE, table);
        if !Account::is_name(&name.value) {
            let allowed = "1 to 64 letters, digits, dots, _, - and @";
            let found = format!("{:?}", name.value);
            return Err(refuse(name.origin, TABLE, "name", allowed, found));
        }
        let Some(known) = Role::parse(&role.value) else {
            let allowed = "\"viewer\", \"operator\" or \"admin\"";
            let found = format!("{:?}", role.value);
            return Err(refuse(role.origin, TABLE, "role", allowed, found));
        };
        // Not the value itself: somebody may have written a password there.
        let user = Account::new(&name.value, known, &hash.value)
            .map_err(|error| refuse_because(hash.origin, TABLE, "hash", error.to_string()))?;
        if let Some(first) = origins.insert(name.value, name.origin.clone()) {
            let what = format!("there is one of the same name at {first}");
            return Err(refuse_because(name.origin, TABLE, "name", what));
        }
        users.push(user);
    }
    Ok(users)
}

fn take(
    table: &mut Table,
    key: &'static str,
    origin: &Origin,
) -> Result<Found<String>, SettingsError> {
    let Some(node) = table.remove(key) else {
        let what = "is missing; each [[web_user]] has a name, a role and a hash";
        return Err(refuse_because(origin.clone(), TABLE, key, what));
    };
    string_of(node, "a text").map_err(|refused| refused.of(TABLE, key))
}
