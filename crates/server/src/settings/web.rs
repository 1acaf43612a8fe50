//! The web pages: where they are, and who may see them.

use std::sync::Arc;

use workmill_web::{Access, Secret};

use super::reader::{Reader, refuse_because};
use super::{Binding, Settings, SettingsError};
use crate::cli::{Cli, WEB_BINDING_DEFAULT};
use crate::password::Password;

/// What turns the pages off, as in Faktory.
const OFF: &str = ":0";

/// What can be set of the web pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSettings {
    /// Where they are; none if they are off.
    pub binding: Option<Binding>,
    /// What people must know, if it is not the server's password.
    pub password: Option<Password>,
}

impl Settings {
    /// What people must know to see the web pages; none lets everybody in.
    pub(super) fn web_password(&self) -> Option<&Password> {
        self.web.password.as_ref().or(self.password.as_ref())
    }

    /// Who may see the web pages.
    pub(crate) fn web_access(&self) -> Arc<Access> {
        let password = self.web_password();
        Arc::new(Access {
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
    Ok(WebSettings { binding, password })
}

fn parse(text: &str) -> Result<Option<Binding>, String> {
    match text {
        OFF => Ok(None),
        _ => Binding::parse(text).map(Some),
    }
}
