//! What every page has around its content.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::app::App;
use crate::assets;
use crate::guard::ScriptName;

/// What the base template needs.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    prefix: ScriptName,
    pub(crate) environment: String,
}

impl Frame {
    /// A link to a path of ours.
    pub(crate) fn link(&self, path: &str) -> String {
        format!("{}{path}", self.prefix.as_str())
    }

    /// A link to one of the embedded files.
    pub(crate) fn asset(&self, name: &str) -> String {
        self.link(&assets::path(name))
    }
}

impl FromRequestParts<Arc<App>> for Frame {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self {
            prefix: ScriptName::from_request_parts(parts, app).await?,
            environment: app.desk.facts().environment.clone(),
        })
    }
}
