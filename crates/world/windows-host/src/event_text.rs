//! The event log's own texts: the query that selects events, and the XML that an event is rendered as.
//!
//! Queries are the XPath 1.0 subset of the event log ("Consuming Events", Windows Event Log documentation);
//! the XML is that of the Event schema, `System` element.

use agent_protocol::{Event, EventLevel, EventQuery, Failure, FailureKind, UnixMillis};
use roxmltree::{Document, Node};
use security::FileTime;

/// The XPath that selects what is wanted.
pub fn xpath(query: &EventQuery) -> Result<String, Failure> {
    let mut conditions = Vec::new();
    if let Some(provider) = &query.provider {
        // The subset knows no way to write this character inside a literal.
        if provider.contains('\'') {
            let why = "the name of an event's provider has no apostrophe";
            return Err(Failure::new(FailureKind::Invalid, why));
        }
        conditions.push(format!(
            "Provider[@Name='{provider}' or @EventSourceName='{provider}']"
        ));
    }
    if !query.ids.is_empty() {
        let ids: Vec<_> = query.ids.iter().map(|id| format!("EventID={id}")).collect();
        conditions.push(format!("({})", ids.join(" or ")));
    }
    if let Some(since) = query.since.and_then(file_time) {
        conditions.push(format!("TimeCreated[@SystemTime>='{since}']"));
    }
    Ok(match conditions.is_empty() {
        true => "*".to_owned(),
        false => format!("*[System[{}]]", conditions.join(" and ")),
    })
}

/// Reads a rendered event; its message is another text.
pub fn event(xml: &str, message: Option<String>) -> Option<Event> {
    let document = Document::parse(xml).ok()?;
    let system = child(document.root_element(), "System")?;
    let number = |name: &str| child(system, name)?.text()?.trim().parse::<u64>().ok();
    let provider = child(system, "Provider")?;
    let time: FileTime = child(system, "TimeCreated")?
        .attribute("SystemTime")?
        .parse()
        .ok()?;
    Some(Event {
        time: UnixMillis(i64::try_from(time.to_unix_nanos() / 1_000_000).ok()?),
        record: number("EventRecordID").unwrap_or_default(),
        provider: provider
            .attribute("EventSourceName")
            .or(provider.attribute("Name"))?
            .to_owned(),
        id: u32::try_from(number("EventID")?).ok()?,
        level: EventLevel::from_number(
            u32::try_from(number("Level").unwrap_or_default()).unwrap_or_default(),
        ),
        message,
    })
}

/// The provider's name under which its texts are registered.
pub fn publisher(xml: &str) -> Option<String> {
    let document = Document::parse(xml).ok()?;
    let provider = child(child(document.root_element(), "System")?, "Provider")?;
    provider.attribute("Name").map(str::to_owned)
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children()
        .find(|child| child.is_element() && child.tag_name().name() == name)
}

fn file_time(time: UnixMillis) -> Option<FileTime> {
    FileTime::from_unix_nanos(i128::from(time.0) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> EventQuery {
        EventQuery {
            log: "System".into(),
            provider: None,
            ids: vec![],
            since: None,
            limit: 10,
        }
    }

    #[test]
    fn a_query_has_only_what_narrows() {
        assert_eq!(xpath(&query()).unwrap(), "*");
        let narrow = EventQuery {
            provider: Some("Service Control Manager".into()),
            ids: vec![7038, 7041],
            since: Some(UnixMillis(1_700_000_000_500)),
            ..query()
        };
        assert_eq!(
            xpath(&narrow).unwrap(),
            "*[System[Provider[@Name='Service Control Manager' or @EventSourceName='Service Control Manager'] \
             and (EventID=7038 or EventID=7041) and TimeCreated[@SystemTime>='2023-11-14T22:13:20.5Z']]]"
        );
        let hostile = EventQuery {
            provider: Some("x' or '1'='1".into()),
            ..query()
        };
        assert_eq!(xpath(&hostile).unwrap_err().kind, FailureKind::Invalid);
    }

    #[test]
    fn a_rendered_event_is_read() {
        let xml = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
            <Provider Name='Microsoft-Windows-Service Control Manager' EventSourceName='Service Control Manager'/>\
            <EventID Qualifiers='49152'>7041</EventID><Level>2</Level>\
            <TimeCreated SystemTime='2023-11-14T22:13:20.500000000Z'/><EventRecordID>812</EventRecordID>\
            </System><EventData/></Event>";
        let read = event(xml, Some("text".into())).unwrap();
        assert_eq!(
            (read.id, read.record, read.level),
            (7041, 812, EventLevel::Error)
        );
        assert_eq!(read.provider, "Service Control Manager");
        assert_eq!(read.time, UnixMillis(1_700_000_000_500));
        assert_eq!(
            publisher(xml).unwrap(),
            "Microsoft-Windows-Service Control Manager"
        );
        for broken in ["", "<Event/>", "<Event><System/></Event>"] {
            assert_eq!(event(broken, None), None);
        }
    }
}
