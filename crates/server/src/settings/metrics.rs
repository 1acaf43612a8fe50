//! Where metrics go. Read from what the metrics plugin, Faktory's Enterprise edition and Datadog's own clients read.

use std::fmt;

use super::SettingsError;
use super::paths::{Variables, variable};
use super::reader::{Found, Reader, refuse};
use crate::agent::{
    AgentAddress, PORT_DEFAULT, TAG_BYTES_MAX, TAGS_BYTES_MAX, clean_tag, parse_port, tag_of,
};
use crate::shown::without_credentials;

/// Bytes of the prefix of all names.
pub(crate) const NAMESPACE_BYTES_MAX: usize = 64;

/// The prefix of all names when none is said.
const NAMESPACE_DEFAULT: &str = "faktory.";

/// What an address can be, in an error.
const ADDRESS: &str = "an address: udp://host:port, unix:///path or host:port";

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

/// On if `[metrics] enabled` says so, or if it says nothing and an address is given. Without metrics jobs go on, so an error is
/// no reason not to start.
pub(super) fn choose_metrics(
    reader: &mut Reader,
    env: Variables<'_>,
    warnings: &mut Vec<String>,
) -> Result<Option<MetricsSettings>, SettingsError> {
    // Everything before anything is refused, so that no key remains and counts as unknown.
    let enabled = reader.boolean("metrics", "enabled");
    let location = reader.string("statsd", "location", ADDRESS);
    let namespace = reader.string("statsd", "namespace", "a text");
    let tags = ["metrics", "statsd"].map(|table| (table, reader.strings(table, "tags")));
    warnings.extend(warn_of_what_has_no_effect(reader)?);
    let enabled = enabled?.map(|found| found.value);
    let namespace = namespace?;
    let mut given = Vec::new();
    for (table, tags) in tags {
        given.extend(tags?.into_iter().map(|tag| (table, tag)));
    }
    let address = choose_address(location?, env, enabled == Some(true));
    if enabled == Some(false) {
        let address = address.ok().flatten();
        warnings.extend(address.map(|address| {
            format!("metrics are off: metrics.enabled is false, though {address} is given as their address")
        }));
        return Ok(None);
    }
    let Some(address) = address? else {
        return Ok(None);
    };
    Ok(Some(MetricsSettings {
        address,
        namespace: choose_namespace(namespace, warnings),
        tags: choose_tags(given, env, warnings),
    }))
}

/// The address that is given, or where agents are by default if metrics are on anyway.
fn choose_address(
    location: Option<Found<String>>,
    env: Variables<'_>,
    enabled: bool,
) -> Result<Option<AgentAddress>, SettingsError> {
    if let Some(url) = variable(env, "DD_DOGSTATSD_URL") {
        let address = AgentAddress::parse(&url, PORT_DEFAULT);
        return address.map(Some).map_err(|what| SettingsError::Argument {
            name: "DD_DOGSTATSD_URL",
            what: format!("{what}; write udp://host:port or unix:///path"),
        });
    }
    if let Some(Found { value, origin }) = location {
        let address = AgentAddress::parse(&value, PORT_DEFAULT);
        return address.map(Some).map_err(|what| {
            let found = format!("{:?}: {what}", without_credentials(&value));
            refuse(origin, "statsd", "location", ADDRESS, found)
        });
    }
    if !enabled {
        return Ok(None);
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

fn choose_namespace(given: Option<Found<String>>, warnings: &mut Vec<String>) -> String {
    let Some(Found { value, origin }) = given else {
        return NAMESPACE_DEFAULT.to_owned();
    };
    let namespace = clean_namespace(&value);
    if namespace.trim_end_matches('.') != value.trim_end_matches('.') {
        warnings.push(format!(
            "{origin}: statsd.namespace is sent as {namespace} instead of {value:?}: it begins with a letter, and has only \
             letters, digits, _ and dots, at most {NAMESPACE_BYTES_MAX} bytes"
        ));
    }
    namespace
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

/// The tags of the files and those of the environment. What cannot be sent as it is, is sent as the agent would make it, or
/// left out.
fn choose_tags(
    files: Vec<(&str, Found<String>)>,
    env: Variables<'_>,
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let files = files.into_iter().map(|(table, Found { value, origin })| {
        let cleaned = clean_tag(&value);
        (format!("{origin}: {table}.tags"), value, cleaned)
    });
    let listed = variable(env, "DD_TAGS").unwrap_or_default();
    let listed = listed
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|tag| !tag.is_empty())
        .map(|tag| (String::from("DD_TAGS"), tag.to_owned(), clean_tag(tag)));
    let single = TAG_VARIABLES.iter().filter_map(|(name, key)| {
        let value = variable(env, name)?;
        let tag = tag_of(key, &value);
        Some(((*name).to_owned(), format!("{key}:{value}"), Some(tag)))
    });
    let mut tags = Vec::new();
    for (place, given, cleaned) in files.chain(listed).chain(single) {
        let Some(tag) = cleaned else {
            warnings.push(format!(
                "{place}: {given:?} is left out: a tag begins with a letter"
            ));
            continue;
        };
        if tags.contains(&tag) {
            continue;
        }
        if tags_bytes(&tags) + tag.len() + 1 > TAGS_BYTES_MAX {
            warnings.push(format!(
                "{place}: {given:?} is left out: all tags together may have {TAGS_BYTES_MAX} bytes, commas included"
            ));
            continue;
        }
        if tag != given {
            warnings.push(format!(
                "{place}: {given:?} is sent as {tag}: a tag begins with a letter, has only letters, digits and _ - : . /, and \
                 at most {TAG_BYTES_MAX} bytes"
            ));
        }
        tags.push(tag);
    }
    tags
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
