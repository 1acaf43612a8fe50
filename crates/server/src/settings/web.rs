//! The web pages: where they are, and who may see them.

use std::sync::Arc;

use workmill_engine::query::Redactions;
use workmill_web::{Access, Account, Network, Secret};

use super::reader::{Found, Reader, refuse_because, value_or};
use super::redact::choose_redactions;
use super::web_users::choose_users;
use super::{Binding, Settings, SettingsError};
use crate::cli::{Cli, WEB_BINDING_DEFAULT};
use crate::password::Password;

/// What turns the pages off, as in Faktory.
const OFF: &str = ":0";

/// Networks of proxies, and names of hosts.
const LIST_MAX: usize = 100;

/// The longest name that DNS knows.
const HOST_BYTES_MAX: usize = 253;

/// What can be set of the web pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Where they are; none if they are off.
    pub binding: Option<Binding>,
    /// What people must know, if it is not the server's password.
    pub password: Option<Password>,
    /// Whether people are asked who they are; if not, a proxy asks them.
    pub authentication: bool,
    /// Those who come in under their own names.
    pub users: Vec<Account>,
    /// The proxies whose word counts on where a request comes from.
    pub proxies: Vec<Network>,
    /// Names of this server that are public ones.
    pub hosts: Vec<String>,
    /// What of jobs is not shown.
    pub redactions: Redactions,
}

impl Settings {
    /// What lets everybody in who knows it: the web pages' own password, or the server's if nobody is to come in under
    /// their own name. All workers know that one.
    pub(super) fn web_password(&self) -> Option<&Password> {
        let of_server = self.password.as_ref();
        let of_server = of_server.filter(|_| self.web.users.is_empty());
        self.web.password.as_ref().or(of_server)
    }

    /// Whether anybody can see the web pages who can reach them.
    pub(super) fn web_is_open(&self) -> bool {
        let nobody_is_known = self.web_password().is_none() && self.web.users.is_empty();
        !self.web.authentication || nobody_is_known
    }

    /// Who may see the web pages.
    pub(crate) fn web_access(&self) -> Arc<Access> {
        let password = self.web_password();
        Arc::new(Access {
            authentication: self.web.authentication,
            accounts: self.web.users.clone(),
            proxies: self.web.proxies.clone(),
            hosts: self.web.hosts.clone(),
            password: password.map(|password| Secret::new(password.expose())),
        })
    }
}

/// As in Faktory, the flag counts unless it is at its default.
pub(super) fn web_binding_flag(cli: &Cli) -> Option<&str> {
    let flag = cli.web_binding.as_deref();
    flag.filter(|flag| *flag != WEB_BINDING_DEFAULT)
}

pub(super) fn choose_web(
    cli: &Cli,
    reader: &mut Reader,
    warnings: &mut Vec<String>,
) -> Result<WebSettings, SettingsError> {
    let config = reader.string(
        "web",
        "binding",
        "an address as host:port, or \":0\" for none",
    )?;
    let config = config
        .map(|found| {
            parse(&found.value).map_err(|what| refuse_because(found.origin, "web", "binding", what))
        })
        .transpose()?;
    let binding = match (web_binding_flag(cli), config) {
        (None, Some(config)) => config,
        (flag, _) => parse(flag.unwrap_or(WEB_BINDING_DEFAULT))
            .map_err(|what| SettingsError::Argument { name: "-w", what })?,
    };
    let password = reader.string("web", "password", "a text, or the path of a file")?;
    let password = Password::of_value(
        password.as_ref().map(|found| found.value.as_str()),
        "[web] password",
        "named by [web] password; a value that starts with / is a file",
        warnings,
    )?;
    let authentication = reader.boolean("web", "authentication")?;
    Ok(WebSettings {
        binding,
        password,
        authentication: value_or(authentication, true),
        users: choose_users(reader)?,
        proxies: choose_proxies(reader)?,
        hosts: choose_hosts(reader)?,
        redactions: choose_redactions(reader)?,
    })
}

fn choose_proxies(reader: &mut Reader) -> Result<Vec<Network>, SettingsError> {
    let hint = "write networks, such as 10.0.0.0/8";
    choose_list(reader, "proxies", hint, |value| value.parse())
}

fn choose_hosts(reader: &mut Reader) -> Result<Vec<String>, SettingsError> {
    let hint = "or set a password, and none is needed";
    choose_list(reader, "hosts", hint, |name| {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        match !name.is_empty() && name.len() <= HOST_BYTES_MAX && name.bytes().all(is_name) {
            true => Ok(name.to_owned()),
            false => Err(format!(
                "{name:?} is no name of a host, such as jobs.example.com: without a port"
            )),
        }
    })
}

/// A list, each value of which is read by itself. `hint` says what helps if it is too long.
fn choose_list<T>(
    reader: &mut Reader,
    key: &'static str,
    hint: &str,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, SettingsError> {
    let found = reader.strings("web", key)?;
    if let Some(one_more) = found.get(LIST_MAX) {
        let what = format!("more than {LIST_MAX} of them; {hint}");
        return Err(refuse_because(one_more.origin.clone(), "web", key, what));
    }
    let values = found.into_iter().map(|Found { value, origin }| {
        parse(&value).map_err(|what| refuse_because(origin, "web", key, what))
    });
    values.collect()
}

fn parse(text: &str) -> Result<Option<Binding>, String> {
    match text {
        OFF => Ok(None),
        _ => Binding::parse(text).map(Some),
    }
}
