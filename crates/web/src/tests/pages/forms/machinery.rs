//! What forms do to workers and recurring jobs.

use std::sync::Arc;

use axum::http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::json;
use workmill_engine::{CronEntry, CronTable, Schedule};

use super::super::check_page;
use super::post;
use crate::desk::{WorkerChoice, WorkerView, fake};
use crate::tests::Visitor;
use crate::tests::visitor::get;

#[tokio::test]
async fn workers_are_told_by_faktorys_form() {
    let visitor = Visitor::new();
    *visitor.desk.workers.lock() = vec![fake::worker("wid")];
    for (path, form, choice) in [
        ("/busy", "wid=all&signal=quiet", WorkerChoice::All),
        (
            "/workers",
            "wid=wid&signal=terminate",
            WorkerChoice::Wid("wid".to_owned()),
        ),
        (
            "/workers",
            "label=blue&signal=quiet",
            WorkerChoice::Label("blue".to_owned()),
        ),
    ] {
        let (_, page) = post(&visitor, path, form).await;
        assert!(page.contains("1 worker was told"), "{page}");
        let signals = visitor.desk.signals.lock();
        assert_eq!(signals.last().unwrap().0, choice);
    }
    for wrong in ["signal=quiet", "wid=all&label=blue&signal=quiet"] {
        let (status, _) = post(&visitor, "/workers", wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    assert_eq!(visitor.desk.signals.lock().len(), 3);
}

#[tokio::test]
async fn page_of_workers_offers_each_label_once() {
    let visitor = Visitor::new();
    let labelled = |wid: &str, labels: &[&str]| WorkerView {
        labels: labels.iter().map(ToString::to_string).collect(),
        ..fake::worker(wid)
    };
    *visitor.desk.workers.lock() = vec![labelled("a", &["web", "<b>"]), labelled("b", &["web"])];
    let page = visitor.get("/workers").await.text();
    let offered: Vec<&str> = page.split("<option>").skip(1).collect();
    assert_eq!(offered.len(), 2, "{page}");
    assert!(offered[0].starts_with("&#60;b&#62;</option>"), "{page}");
    assert!(offered[1].starts_with("web</option>"), "{page}");
}

#[tokio::test]
async fn recurring_job_is_paused_and_resumed_by_a_form() {
    let visitor = Visitor::new();
    let schedule = Schedule::parse("0 3 * * *", TimeZone::UTC).unwrap();
    let payload = json!({"jobtype": "Report", "args": []});
    let payload = payload.as_object().unwrap().clone();
    let mut table = CronTable::new();
    table.insert("nightly", CronEntry::new(schedule, false, payload).unwrap());
    *visitor.desk.cron.lock() = Arc::new(table);
    for (action, notice, is_paused) in [
        ("pause", "its times pass without a job", true),
        ("resume", "runs again from its next time on", false),
    ] {
        let form = format!("name=nightly&action={action}");
        let (_, page) = post(&visitor, "/cron", &form).await;
        assert!(page.contains(notice), "{page}");
        assert_eq!(page.contains(">paused</span>"), is_paused, "{page}");
    }
    let (status, _) = post(&visitor, "/cron", "name=nobody&action=pause").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = post(&visitor, "/cron", "name=nightly&action=explode").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn recurring_job_is_made_changed_and_deleted_by_forms() {
    let visitor = Visitor::new();
    // What others have changed is seen within a second.
    let fresh = || Visitor::of(Arc::clone(&visitor.desk));
    let form = "name=a/b&schedule=30+3+*+*+*&timezone=UTC&jobtype=Sync&queue=q&args=[1]&retry=3&custom=&more=";
    let (status, page) = post(&visitor, "/cron/new", &format!("{form}&then=preview")).await;
    assert_eq!(status, StatusCode::OK);
    assert!(page.contains("2026-03-02T03:30:00Z"), "{page}");
    assert!(
        fresh()
            .get("/cron")
            .await
            .text()
            .contains("no recurring jobs")
    );
    let (status, page) = post(&visitor, "/cron/new", &form.replace("30+3", "61+3")).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let wrong = page.contains("aria-describedby=\"wrong-schedule\"")
        && page.contains("id=\"wrong-schedule\"");
    assert!(wrong && page.contains("61 3 * * *"), "{page}");
    let (status, page) = post(&visitor, "/cron/new", &form.replace("[1]", "[1")).await;
    assert!(
        status == StatusCode::BAD_REQUEST && page.contains("id=\"wrong-args\""),
        "{page}"
    );
    let (_, page) = post(&visitor, "/cron/new", &format!("{form}&then=save")).await;
    assert!(
        page.contains("The entry is kept.") && page.contains("href=\"/cron/a%2Fb/edit\""),
        "{page}"
    );
    let (status, page) = post(&visitor, "/cron/new", &format!("{form}&then=save")).await;
    assert!(
        status == StatusCode::CONFLICT && page.contains("id=\"wrong-name\""),
        "{page}"
    );

    let edit = fresh().get("/cron/a%2Fb/edit").await;
    check_page("/cron/a%2Fb/edit", &edit);
    assert!(
        edit.text().contains("value=\"30 3 * * *\""),
        "{}",
        edit.text()
    );
    let later = form
        .replace("30+3", "30+4")
        .replace("more=", "more=%7B%22team%22:%22x%22%7D");
    let (_, page) = post(
        &visitor,
        "/cron/a%2Fb/edit",
        &format!("{later}&catch_up=on"),
    )
    .await;
    assert!(page.contains("30 4 * * *"), "{page}");
    let kept = get(&fresh(), "/api/v1/cron/a%2Fb").await;
    assert_eq!(
        kept["job"],
        json!({"jobtype": "Sync", "queue": "q", "args": [1], "retry": 3, "team": "x"})
    );
    assert_eq!(kept["catch_up"], true);
    let (_, page) = post(&visitor, "/cron", "name=a/b&action=delete").await;
    assert!(
        page.contains("The entry is deleted.") && page.contains("no recurring jobs"),
        "{page}"
    );
    assert_eq!(
        fresh().get("/cron/a%2Fb/edit").await.status,
        StatusCode::NOT_FOUND
    );
}
