//! The event log: EvtQuery, EvtNext, EvtRender, EvtFormatMessage (winevt.h). Not yet seen on Windows.

use std::collections::BTreeMap;

use agent_protocol::win32::Win32Code;
use agent_protocol::{EVENT_LIMIT, Event, EventPage, EventQuery, Failure};
use windows_sys::Win32::System::EventLog::{
    EVT_HANDLE, EvtClose, EvtFormatMessage, EvtFormatMessageEvent, EvtNext,
    EvtOpenPublisherMetadata, EvtQuery, EvtQueryChannelPath, EvtQueryReverseDirection, EvtRender,
    EvtRenderEventXml,
};

use super::last_error;
use super::wide::{Filled, Wide};
use crate::event_text;

/// Longest message that is passed on, in characters.
const MESSAGE_LIMIT: usize = 4_096;
/// How long the log may take for one event, in milliseconds.
const PATIENCE: u32 = 10_000;
const ERROR_NO_MORE_ITEMS: Win32Code = Win32Code(259);

/// Events that a query wants, newest first.
pub fn find(query: &EventQuery) -> Result<EventPage, Failure> {
    let failed = |code| Failure::from_code(code, format!("read the {} log", query.log));
    let (log, xpath) = (
        Wide::new(&query.log)?,
        Wide::new(&event_text::xpath(query)?)?,
    );
    let flags = EvtQueryChannelPath | EvtQueryReverseDirection;
    // SAFETY: session 0 is this host, both texts end in a NUL.
    let results = unsafe { EvtQuery(0, log.as_ptr(), xpath.as_ptr(), flags) };
    let results = Handle::of(results).map_err(failed)?;
    let mut page = EventPage {
        events: Vec::new(),
        more: false,
    };
    let mut publishers = BTreeMap::new();
    let limit = query.limit.min(EVENT_LIMIT) as usize;
    while let Some(event) = next(&results).map_err(failed)? {
        if page.events.len() == limit {
            page.more = true;
            break;
        }
        page.events.extend(read(&event, &mut publishers));
    }
    Ok(page)
}

fn next(results: &Handle) -> Result<Option<Handle>, Win32Code> {
    let (mut event, mut count) = (0, 0);
    // SAFETY: the handle is open, there is room for the one event that is asked for.
    let done = unsafe { EvtNext(results.0, 1, &mut event, PATIENCE, 0, &mut count) };
    match done {
        0 => match last_error() {
            ERROR_NO_MORE_ITEMS => Ok(None),
            code => Err(code),
        },
        _ => Handle::of(event).map(Some),
    }
}

fn read(event: &Handle, publishers: &mut BTreeMap<String, Option<Handle>>) -> Option<Event> {
    let xml = text(|buffer, size, needed| {
        let mut properties = 0;
        // SAFETY: the handle is open, the buffer has `size` bytes.
        let done = unsafe {
            EvtRender(
                0,
                event.0,
                EvtRenderEventXml,
                size,
                buffer.cast(),
                needed,
                &mut properties,
            )
        };
        (done == 0).then(last_error)
    })?;
    let message = event_text::publisher(&xml).and_then(|name| {
        let publisher = publishers
            .entry(name)
            .or_insert_with_key(|name| publisher(name));
        message(publisher.as_ref()?, event)
    });
    event_text::event(&xml, message)
}

fn publisher(name: &str) -> Option<Handle> {
    let name = Wide::new(name).ok()?;
    // SAFETY: session 0 is this host, the name ends in a NUL, a null path takes the registered texts.
    let handle = unsafe { EvtOpenPublisherMetadata(0, name.as_ptr(), std::ptr::null(), 0, 0) };
    Handle::of(handle).ok()
}

fn message(publisher: &Handle, event: &Handle) -> Option<String> {
    let text = text(|buffer, size, needed| {
        let mut used = 0;
        // SAFETY: both handles are open; the buffer's length counts in units of two bytes.
        let done = unsafe {
            EvtFormatMessage(
                publisher.0,
                event.0,
                0,
                0,
                std::ptr::null(),
                EvtFormatMessageEvent,
                size / 2,
                buffer.cast(),
                &mut used,
            )
        };
        *needed = used.saturating_mul(2);
        (done == 0).then(last_error)
    })?;
    Some(text.chars().take(MESSAGE_LIMIT).collect())
}

/// Text that a call fills in, up to its NUL.
fn text(call: impl FnMut(*mut u8, u32, &mut u32) -> Option<Win32Code>) -> Option<String> {
    let filled = Filled::by(call).ok()?;
    // SAFETY: any memory is valid as units; what the call has not filled is zero.
    let units = unsafe { filled.slice::<u16>(usize::MAX) };
    let end = units.iter().position(|unit| *unit == 0);
    let units = units.get(..end.unwrap_or(units.len()))?;
    Some(String::from_utf16_lossy(units))
}

/// A handle of the event log.
struct Handle(EVT_HANDLE);

impl Handle {
    /// 0 is none: the thread's last error says why.
    fn of(handle: EVT_HANDLE) -> Result<Self, Win32Code> {
        match handle {
            0 => Err(last_error()),
            handle => Ok(Self(handle)),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and used by nobody else.
        unsafe { EvtClose(self.0) };
    }
}
