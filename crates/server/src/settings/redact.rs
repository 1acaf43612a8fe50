//! What of jobs the web pages do not show: the table `[redact]`.

use workmill_engine::query::{Redaction, Redactions};

use super::SettingsError;
use super::reader::{Reader, refuse, refuse_because, string_of};
use super::tree::{Node, Value};

const TABLE: &str = "redact";

/// What a value is to be, in an error.
const PATHS: &str = "a list of paths, such as [\"arg.0.card\", \"custom.token\"]";

/// Job types that can be named.
const TYPES_MAX: usize = 100;

/// Paths of one of them.
const PATHS_MAX: usize = 100;

pub(super) fn choose_redactions(reader: &mut Reader) -> Result<Redactions, SettingsError> {
    let entries = reader.entries(TABLE)?;
    if let Some((jobtype, node)) = entries.iter().nth(TYPES_MAX) {
        let what = format!("there are more than {TYPES_MAX} types; use a star for some");
        return Err(refuse_because(node.origin.clone(), TABLE, jobtype, what));
    }
    let entries = entries.into_iter();
    entries
        .map(|(jobtype, node)| read_redaction(&jobtype, node))
        .collect()
}

fn read_redaction(jobtype: &str, node: Node) -> Result<Redaction, SettingsError> {
    let origin = node.origin;
    let nodes = match node.value {
        Value::Array(nodes) if nodes.len() <= PATHS_MAX => nodes,
        Value::Array(_) => {
            let what = format!("there are more than {PATHS_MAX} paths; hide a value around them");
            return Err(refuse_because(origin, TABLE, jobtype, what));
        }
        other => return Err(refuse(origin, TABLE, jobtype, PATHS, other.kind())),
    };
    let paths = nodes.into_iter().map(|node| string_of(node, PATHS));
    let paths: Result<Vec<_>, _> = paths.collect();
    let paths = paths.map_err(|refused| refused.of(TABLE, jobtype))?;
    let texts: Vec<String> = paths.iter().map(|path| path.value.clone()).collect();
    Redaction::new(jobtype, &texts).map_err(|(index, error)| {
        let at = paths.get(index).map_or(&origin, |path| &path.origin);
        let what = match texts.get(index) {
            Some(path) => format!("{path:?} is no path: {error}"),
            None => error.to_string(),
        };
        refuse_because(at.clone(), TABLE, jobtype, what)
    })
}
