//! `/attention`: muting what needs attention, and hearing of it again.

use std::sync::Arc;
use std::time::Duration;

use axum::Form;
use axum::extract::State;
use axum::response::Response;

use super::Frame;
use super::forms::{Fields, invalid};
use super::notice::Notice;
use crate::app::App;
use crate::service::attention::{MuteRequest, WhichConcern, mute, unmute};

/// For how many hours something can be muted by a form: an hour, a shift, a day, a week.
pub(super) const HOURS: [u64; 4] = [1, 8, 24, 168];

/// So many hours in words.
pub(super) fn span_of_hours(frame: &Frame, hours: &u64) -> String {
    frame.span(&Duration::from_secs(hours * 3_600))
}

/// `POST /attention`.
pub(crate) async fn on_attention(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let text = |name| fields.first(name).unwrap_or_default().to_owned();
    let (key, subject) = (text("key"), text("subject"));
    let (desk, watch, actor) = (&*app.desk, &app.watch, &frame.actor);
    let done = match fields.first("action").unwrap_or_default() {
        "mute" => {
            let hours = text("hours");
            let Ok(hours) = hours.parse() else {
                return frame.show_problem(&invalid("hours", &hours));
            };
            let asked = MuteRequest {
                key,
                subject,
                hours,
            };
            let muted = mute(desk, watch, actor, &asked).await;
            muted.map(|_| Notice::ConcernMuted)
        }
        "unmute" => {
            let unmuted = unmute(desk, watch, actor, &WhichConcern { key, subject }).await;
            unmuted.map(|()| Notice::ConcernUnmuted)
        }
        other => return frame.show_problem(&invalid("action", other)),
    };
    frame.done("/", done)
}
