//! Processes found by what they listen on, or by name.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::bail;

use super::{Process, stat_fields};

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// The process that listens on this TCP port of this machine. None if there is none that may be looked into, or
/// several.
pub(crate) fn listener(port: u16) -> Option<Process> {
    let mut wanted = BTreeSet::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        let inodes = text.lines().filter_map(|line| listening_inode(line, port));
        wanted.extend(inodes.map(|inode| format!("socket:[{inode}]")));
    }
    let mut owners = pids().into_iter().filter(|pid| holds(*pid, &wanted));
    let owner = owners.next()?;
    owners.next().is_none().then(|| Process::new(owner))
}

/// The process a user calls the companion of a server: by its id, or by its name, which the server's own children bear
/// before all others.
pub(crate) fn companion(text: &str, server: Option<Process>) -> anyhow::Result<Process> {
    if let Ok(pid) = text.parse() {
        return Ok(Process::new(pid));
    }
    let families: BTreeMap<u32, Family> = pids()
        .into_iter()
        .filter_map(|pid| Some((pid, Family::read(pid)?)))
        .collect();
    choose(text, server.map(Process::pid), &families)
}

/// The name of a process, and whose child it is.
#[derive(Debug)]
struct Family {
    name: String,
    parent: u32,
}

impl Family {
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Self::parse(&stat)
    }

    fn parse(stat: &str) -> Option<Self> {
        let (_, rest) = stat.split_once('(')?;
        let (name, _) = rest.rsplit_once(')')?;
        Some(Self {
            name: name.to_owned(),
            parent: stat_fields(stat).nth(1)?.parse().ok()?,
        })
    }
}

fn choose(
    name: &str,
    server: Option<u32>,
    families: &BTreeMap<u32, Family>,
) -> anyhow::Result<Process> {
    let mut named: Vec<(u32, &Family)> = families
        .iter()
        .map(|(pid, family)| (*pid, family))
        .filter(|(_, family)| family.name == name)
        .collect();
    if named
        .iter()
        .any(|(_, family)| Some(family.parent) == server)
    {
        named.retain(|(_, family)| Some(family.parent) == server);
    }
    match named.as_slice() {
        [(pid, _)] => Ok(Process::new(*pid)),
        [] => bail!("no process is named {name:?}: give the companion's process id"),
        many => bail!(
            "{} processes are named {name:?}: give the companion's process id",
            many.len()
        ),
    }
}

/// The inode of the socket in this line of `/proc/net/tcp`, if it listens on `port`.
fn listening_inode(line: &str, port: u16) -> Option<u64> {
    let mut fields = line.split_whitespace();
    let (_, local_port) = fields.nth(1)?.rsplit_once(':')?;
    let listens = fields.nth(1)? == LISTENS;
    let inode = fields.nth(5)?.parse().ok()?;
    let same_port = u16::from_str_radix(local_port, 16) == Ok(port);
    (listens && same_port).then_some(inode)
}

fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn holds(pid: u32, sockets: &BTreeSet<String>) -> bool {
    let entries = fs::read_dir(format!("/proc/{pid}/fd"))
        .into_iter()
        .flatten();
    entries
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .any(|link| link.to_str().is_some_and(|link| sockets.contains(link)))
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_listening_socket_is_told_from_others() {
        let line = |port: &str, state: &str| {
            format!(
                "  0: 0100007F:{port} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0"
            )
        };
        assert_eq!(listening_inode(&line("1CFB", "0A"), 7419), Some(4711));
        assert_eq!(listening_inode(&line("1CFB", "01"), 7419), None);
        assert_eq!(listening_inode(&line("1CFC", "0A"), 7419), None);
        assert_eq!(
            listening_inode("  sl  local_address rem_address", 7419),
            None
        );
    }

    #[test]
    fn the_owner_of_a_port_is_found() {
        let listener_socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener_socket.local_addr().unwrap().port();
        assert_eq!(listener(port), Some(Process::own()));
    }

    #[test]
    fn a_companion_is_a_child_of_the_server_before_others() {
        let family = |stat| Family::parse(stat).unwrap();
        let families = BTreeMap::from([
            (10, family("10 (faktory) S 1 0")),
            (11, family("11 (redis-server) S 10 0")),
            (12, family("12 (redis-server) S 1 0")),
            (13, family("13 (odd ) name) S 1 0")),
        ]);
        let chosen = |name, server| choose(name, server, &families).map(Process::pid);
        assert_eq!(chosen("redis-server", Some(10)).unwrap(), 11);
        assert_eq!(chosen("odd ) name", Some(10)).unwrap(), 13);
        let error = chosen("redis-server", None).unwrap_err().to_string();
        assert!(error.contains("2 processes are named"), "{error}");
        let error = chosen("redis", Some(10)).unwrap_err().to_string();
        assert!(error.contains("no process is named \"redis\""), "{error}");
    }
}
