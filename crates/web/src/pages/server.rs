//! `/server`: what it is, how it fares, how it is set.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::Frame;
use crate::app::App;
use crate::desk::Action;
use crate::locale::Markup;
use crate::service::server::{Cluster, Disk, Server, server as look, settings};
use crate::service::trash::Trash;

#[derive(Template)]
#[template(path = "server.html")]
struct ServerPage<'a> {
    frame: &'a Frame,
    server: Server,
    settings: BTreeMap<String, String>,
    trash: Trash,
}

impl ServerPage<'_> {
    fn may_empty(&self) -> bool {
        self.trash.actions > 0 && self.frame.may(Action::EmptyTrash)
    }

    /// The color and the word of its state.
    fn state(&self) -> (&'static str, &'static str) {
        let t = self.frame.t;
        match self.server.state {
            "ready" => ("working", t.server_ready),
            "starting" => ("enqueued", t.server_starting),
            "stalled" => ("dead", t.server_stalled),
            _ => ("retries", t.server_stopping),
        }
    }

    /// Who leads, if there are several.
    fn cluster(&self, cluster: &Cluster) -> String {
        let frame = self.frame;
        let text = match cluster.role {
            "leader" => frame.t.cluster_leads,
            "follower" => frame.t.cluster_follows,
            _ => frame.t.cluster_nobody,
        };
        frame
            .say(text)
            .plain_part("address", cluster.leader.clone().unwrap_or_default())
            .plain_part("epoch", cluster.epoch.to_string())
            .plain()
    }

    fn durability(&self) -> String {
        let (frame, within) = (self.frame, self.server.durability_ms);
        match within {
            0 => frame.t.durable_before.to_owned(),
            millis => {
                let span = frame.span(&Duration::from_millis(millis));
                frame
                    .say(frame.t.durable_within)
                    .plain_part("time", span)
                    .plain()
            }
        }
    }

    fn disk(&self, disk: &Disk) -> String {
        let size = |bytes| self.frame.language.bytes(bytes);
        let said = self.frame.say(self.frame.t.disk_free);
        let said = said.plain_part("free", size(disk.free_bytes));
        said.plain_part("all", size(disk.bytes)).plain()
    }
}

/// The name of a setting, which may be broken between its words.
fn breakable(name: &str) -> Markup {
    let mut html = Markup::default();
    for part in name.split_inclusive(['.', '_']) {
        html.text(part).raw("<wbr>");
    }
    html
}

pub(crate) async fn server(State(app): State<Arc<App>>, frame: Frame) -> Response {
    let trash = app.observer.trash(&*app.desk).await.ok();
    let page = ServerPage {
        frame: &frame,
        server: look(&*app.desk).await,
        settings: settings(&*app.desk),
        trash: trash.as_deref().copied().unwrap_or_default(),
    };
    frame.show(Ok(page))
}

/// `GET /debug`: what Faktory shows there is on the page of the server.
pub(crate) async fn debug(frame: Frame) -> Response {
    frame.leads_to("/server")
}
