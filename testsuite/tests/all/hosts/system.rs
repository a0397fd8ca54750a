//! The event log, scheduled tasks, tickets.

use model::host::{EventQuery, TaskPath};
use model::ports::ErrorKind;

use super::scratch::{PATIENCE, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn events_come_newest_first_and_no_more_than_asked_for() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let query = |log: &str, limit| EventQuery {
            log: log.to_owned(),
            provider: Some("Service Control Manager".to_owned()),
            ids: vec![7036],
            since: None,
            limit,
        };
        let service = scratch.service("A", &[]).await;
        host.start_service(&service, PATIENCE).await.unwrap();
        host.stop_service(&service, PATIENCE).await.unwrap();
        let read = host.events(&query("System", 100)).await;
        let Some(page) = scratch.given("no-event-log", read) else {
            return;
        };
        let said: Vec<_> = page
            .events
            .iter()
            .map(|event| event.message.clone().unwrap_or_default())
            .filter(|text| text.contains(service.as_str()))
            .collect();
        let [stopped, started] = &said[..] else {
            panic!("{said:?}")
        };
        assert!(stopped.contains("stopped") && started.contains("running"));
        let in_order = page
            .events
            .windows(2)
            .all(|pair| pair[0].time >= pair[1].time && pair[0].record > pair[1].record);
        assert!(in_order, "{page:?}");
        assert!(page.events.iter().all(|event| event.id == 7036));

        let one = host.events(&query("System", 1)).await.unwrap();
        assert!(one.more);
        assert_eq!(one.events, page.events[..1]);
        let mut later = query("System", 100);
        later.since = Some(page.events[0].time);
        let later = host.events(&later).await.unwrap();
        assert!(later.events.contains(&page.events[0]));
        let none = host.events(&query("No such log", 1)).await;
        let words = "15007 ERROR_EVT_CHANNEL_NOT_FOUND";
        scratch.refused(None, ErrorKind::NotFound, words, none);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_is_one_of_all_or_not_there() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let listed = host.scheduled_tasks().await;
        let Some(tasks) = scratch.given("no-task-scheduler", listed) else {
            return;
        };
        for task in tasks {
            let found = host.scheduled_task(&task.path).await.unwrap();
            let found = found.unwrap_or_else(|| panic!("{task:?}"));
            assert_eq!(found.task, task);
        }
        let none = TaskPath::parse(r"\GmsaProbe\none").unwrap();
        assert_eq!(host.scheduled_task(&none).await.unwrap(), None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_purged_any_number_of_times() {
    in_scratch(|scratch| async move {
        for _ in 0..2 {
            let purged = scratch.host.purge_tickets().await;
            scratch.given("no-tickets", purged);
        }
    })
    .await;
}
