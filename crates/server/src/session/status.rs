//! The JSON of BATCH STATUS and TRACK GET, as clients of Faktory's Enterprise edition read it.

use serde::Serialize;
use workmill_engine::{BatchReport, TrackReport};
use workmill_store::{CallbackState, TrackState};

/// The answer to BATCH STATUS.
#[derive(Debug, Serialize)]
pub(super) struct BatchStatus<'r> {
    bid: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_bid: Option<String>,
    description: &'r str,
    created_at: String,
    total: u64,
    pending: u64,
    failed: u64,
    complete_st: &'static str,
    success_st: &'static str,
    /// What the open plugin calls `complete_st`.
    completed_st: &'static str,
}

impl<'r> BatchStatus<'r> {
    pub(super) fn of(report: &'r BatchReport) -> Self {
        let state = &report.state;
        let complete_st = callback_state(state.complete);
        Self {
            bid: report.bid.to_string(),
            parent_bid: report.parent.map(|bid| bid.to_string()),
            description: &report.details.description,
            created_at: report.details.created_at.to_string(),
            total: state.total,
            pending: state.pending,
            failed: state.failed,
            complete_st,
            success_st: callback_state(state.success),
            completed_st: complete_st,
        }
    }
}

fn callback_state(state: CallbackState) -> &'static str {
    match state {
        CallbackState::Absent | CallbackState::Waiting => "",
        CallbackState::Queued => "1",
        CallbackState::Done => "2",
    }
}

/// The answer to TRACK GET.
#[derive(Debug, Serialize)]
pub(super) struct TrackStatus<'r> {
    jid: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    percent: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    desc: Option<&'r str>,
    state: &'static str,
    updated_at: String,
}

impl<'r> TrackStatus<'r> {
    pub(super) fn of(report: &'r TrackReport) -> Self {
        let track = report.track.as_ref();
        Self {
            jid: &report.jid,
            percent: track.and_then(|track| track.percent),
            desc: track.and_then(|track| track.desc.as_deref()),
            state: track.map_or("unknown", |track| state_name(track.state)),
            updated_at: track.map_or_else(String::new, |track| track.updated_at.to_string()),
        }
    }
}

fn state_name(state: TrackState) -> &'static str {
    match state {
        TrackState::Unknown => "unknown",
        TrackState::Enqueued => "enqueued",
        TrackState::Working => "working",
        TrackState::Success => "success",
        TrackState::Failed => "failed",
        TrackState::Dead => "dead",
    }
}
