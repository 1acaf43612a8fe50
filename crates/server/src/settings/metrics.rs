//! Where metrics go. Read from what the metrics plugin, Faktory's Enterprise edition and Datadog's own clients read.

use std::collections::BTreeSet;
use std::fmt;

use super::places::{Variables, variable};
use super::reader::{Found, Reader, refuse, refuse_because};
use super::{SettingsError, without_credentials};
use crate::statsd::{
    AgentAddress, PORT_DEFAULT, TAGS_BYTES_MAX, check_tag, clean_tag, parse_port, tag_of,
};

/// Bytes of the prefix of all names.
pub(crate) const NAMESPACE_BYTES_MAX: usize = 64;

/// The prefix of all names when none is said.
const NAMESPACE_DEFAULT: &str = "faktory.";

/// Variables that Datadog's clients make tags of, and the keys of these.
const TAG_VARIABLES: [(&str, &str); 4] = [
    ("DD_ENTITY_ID", "dd.internal.entity_id"),
    ("DD_ENV", "env"),
    ("DD_SERVICE", "service"),
    ("DD_VERSION", "version"),
];

/// Where metrics go, and under which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricsSettings {
    /// Where the agent listens.
    pub address: AgentAddress,
    /// What all names begin with; ends with a dot.
    pub namespace: String,
    /// Tags of every metric, checked.
    pub tags: Vec<String>,
}

impl fmt::Display for MetricsSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} as {}*", self.address, self.namespace)?;
        if self.tags.is_empty() {
            return Ok(());
        }
        write!(f, " with {}", self.tags.join(","))
    }
}

/// On if `[metrics] enabled` says so, or if it says nothing and an address is given.
pub(super) fn choose_metrics(
    reader: &mut Reader,
    env: Variables<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<MetricsSettings>, SettingsError> {
    let enabled = reader
        .boolean("metrics", "enabled")?
        .map(|found| found.value);
    let address = choose_address(reader, env, enabled == Some(true))?;
    let namespace = choose_namespace(reader, warnings)?;
    let mut tags = choose_tags(reader)?;
    if enabled != Some(false) && address.is_some() {
        add_tags_of_environment(&mut tags, env, warnings);
    }
    warnings.extend(warn_of_what_has_no_effect(reader)?);
    let settings = address.map(|address| MetricsSettings {
        address,
        namespace,
        tags,
    });
    match settings {
        Some(settings) if enabled == Some(false) => {
            warnings.push(format!(
                "metrics are off: metrics.enabled is false, though {} is given as their address",
                settings.address
            ));
            Ok(None)
        }
        settings => Ok(settings),
    }
}

/// The address that is given, or where agents are by default if metrics are on anyway.
fn choose_address(
    reader: &mut Reader,
    env: Variables<'_>,
    enabled: bool,
) -> Result<Option<AgentAddress>, SettingsError> {
    let allowed = "an address: udp://host:port, unix:///path or host:port";
    let location = reader.string("statsd", "location", allowed)?;
    let location = location
        .map(|Found { value, origin }| {
            AgentAddress::parse(&value, PORT_DEFAULT).map_err(|what| {
                refuse(
                    origin,
                    "statsd",
                    "location",
                    allowed,
                    format!("{:?}: {what}", without_credentials(&value)),
                )
            })
        })
        .transpose()?;
    if let Some(url) = variable(env, "DD_DOGSTATSD_URL") {
        let address = AgentAddress::parse(&url, PORT_DEFAULT);
        return address.map(Some).map_err(|what| SettingsError::Argument {
            name: "DD_DOGSTATSD_URL",
            what: format!("{what}; write udp://host:port or unix:///path"),
        });
    }
    if location.is_some() || !enabled {
        return Ok(location);
    }
    let argument = |name| move |what| SettingsError::Argument { name, what };
    let port = match variable(env, "DD_DOGSTATSD_PORT") {
        None => PORT_DEFAULT,
        Some(port) => parse_port(&port).map_err(argument("DD_DOGSTATSD_PORT"))?,
    };
    let host = variable(env, "DD_AGENT_HOST").unwrap_or_else(|| String::from("localhost"));
    let address = AgentAddress::parse(&host, port).map_err(argument("DD_AGENT_HOST"))?;
    Ok(Some(address))
}

fn choose_namespace(
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<String, SettingsError> {
    let Some(Found { value, origin }) = reader.string("statsd", "namespace", "a text")? else {
        return Ok(NAMESPACE_DEFAULT.to_owned());
    };
    let namespace = clean_namespace(&value);
    if namespace.trim_end_matches('.') != value.trim_end_matches('.') {
        warnings.push(format!(
            "{origin}: statsd.namespace is sent as {namespace} instead of {value:?}: it begins with a letter, and has only \
             letters, digits, _ and dots, at most {NAMESPACE_BYTES_MAX} bytes"
        ));
    }
    Ok(namespace)
}

/// What the agent would make of a prefix: what may not stand in it becomes `_`, and what comes before the first letter and
/// after the limit is cut off.
fn clean_namespace(text: &str) -> String {
    let begun = text.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    let cleaned = begun.chars().map(|c| if allowed(c) { c } else { '_' });
    let cleaned: String = cleaned.take(NAMESPACE_BYTES_MAX - 1).collect();
    match cleaned.trim_end_matches('.') {
        "" => NAMESPACE_DEFAULT.to_owned(),
        cleaned => format!("{cleaned}."),
    }
}

/// The tags of the files.
fn choose_tags(reader: &mut Reader) -> Result<Vec<String>, SettingsError> {
    let mut tags = Vec::new();
    for table in ["metrics", "statsd"] {
        for Found { value, origin } in reader.strings(table, "tags")? {
            check_tag(&value).map_err(|what| refuse_because(origin, table, "tags", what))?;
            tags.push(value);
        }
    }
    let mut seen = BTreeSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    let bytes = tags_bytes(&tags);
    if bytes > TAGS_BYTES_MAX {
        return Err(SettingsError::Argument {
            name: "tags of metrics",
            what: format!(
                "together they have {bytes} bytes, commas included; {TAGS_BYTES_MAX} are allowed"
            ),
        });
    }
    Ok(tags)
}

/// Adds the tags of the environment. It is shared with other programs, so nothing in it stops the server: what cannot be sent
/// as it is, is sent as the agent would make it, or left out.
fn add_tags_of_environment(tags: &mut Vec<String>, env: Variables<'_>, warnings: &mut Vec<String>) {
    let listed = variable(env, "DD_TAGS").unwrap_or_default();
    let listed = listed
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|tag| !tag.is_empty())
        .map(|tag| ("DD_TAGS", tag.to_owned(), clean_tag(tag)));
    let single = TAG_VARIABLES.iter().filter_map(|(name, key)| {
        let value = variable(env, name)?;
        Some((*name, format!("{key}:{value}"), Some(tag_of(key, &value))))
    });
    for (name, given, cleaned) in listed.chain(single) {
        let Some(tag) = cleaned else {
            warnings.push(format!(
                "{name}: {given:?} is left out: a tag begins with a letter"
            ));
            continue;
        };
        if tags.contains(&tag) {
            continue;
        }
        if tags_bytes(tags) + tag.len() + 1 > TAGS_BYTES_MAX {
            warnings.push(format!(
                "{name}: {given:?} is left out: all tags together may have {TAGS_BYTES_MAX} bytes, commas included"
            ));
            continue;
        }
        if tag != given {
            warnings.push(format!(
                "{name}: {given:?} is sent as {tag}: a tag begins with a letter, and has only letters, digits and _ - : . /"
            ));
        }
        tags.push(tag);
    }
}

/// Bytes of all these tags, commas included.
fn tags_bytes(tags: &[String]) -> usize {
    tags.iter().map(|tag| tag.len() + 1).sum()
}

fn warn_of_what_has_no_effect(reader: &mut Reader) -> Result<Vec<String>, SettingsError> {
    let mut warnings = Vec::new();
    for (table, key, why) in [
        (
            "metrics",
            "namespace",
            "the names of its family, such as jobs.working.count, are not sent; statsd.namespace replaces faktory.",
        ),
        ("statsd", "bufferSize", "datagrams are filled by their size"),
        (
            "statsd",
            "queueLatency",
            "the latency of every queue is sent",
        ),
    ] {
        if let Some(origin) = reader.ignored(table, key)? {
            warnings.push(format!("{origin}: {table}.{key} has no effect: {why}"));
        }
    }
    Ok(warnings)
}
