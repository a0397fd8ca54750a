//! Many entries added on one connection, with several requests on their way at a time.
//!
//! A server far away then costs its round trip once, not once for each entry.

use std::collections::HashMap;

use crate::client::{Client, add_request, refusal};
use crate::connection::Connection;
use crate::dn::Dn;
use crate::entry::Attribute;
use crate::error::{Error, Operation};
use crate::result_code::ResultCode;
use crate::wire::{Response, ResponseBody};

/// Requests that are sent before the answer to the first is awaited.
const UNDER_WAY: usize = 8;

impl Client {
    /// Adds entries; none may need another of them. After the first that fails no further request is sent.
    ///
    /// The outcomes are in the order of the entries; `None` for those that were not sent. Where the connection
    /// ends, all that were on their way are ambiguous.
    pub async fn add_each(
        &self,
        entries: &[(Dn, Vec<Attribute>)],
    ) -> Vec<Option<Result<(), Error>>> {
        let mut connection = self.connection.lock().await;
        let mut run = Run {
            outcomes: entries.iter().map(|_| None).collect(),
            under_way: HashMap::new(),
            stopped: false,
        };
        for (index, (dn, attributes)) in entries.iter().enumerate() {
            if run.under_way.len() == UNDER_WAY {
                run.receive(&mut connection, entries).await;
            }
            if run.stopped {
                break;
            }
            let request = add_request(dn, attributes);
            match connection.send(Operation::Add, request, &[]).await {
                Ok(pending) => drop(run.under_way.insert(pending.id, index)),
                Err(error) => run.end(index, Err(error)),
            }
        }
        while !run.under_way.is_empty() {
            run.receive(&mut connection, entries).await;
        }
        run.outcomes
    }
}

struct Run {
    outcomes: Vec<Option<Result<(), Error>>>,
    /// Message ids and which entries they add.
    under_way: HashMap<u32, usize>,
    stopped: bool,
}

impl Run {
    /// Takes one answer in; where none comes, nothing that is under way has one.
    async fn receive(&mut self, connection: &mut Connection, entries: &[(Dn, Vec<Attribute>)]) {
        match connection.receive_any(Operation::Add).await {
            Ok(response) => self.answer(response, entries),
            Err(error) => {
                let detail = error.to_string();
                let mut first = Some(error);
                let mut lost: Vec<_> = self.under_way.drain().map(|(_, index)| index).collect();
                lost.sort_unstable();
                for index in lost {
                    let error = first.take().unwrap_or_else(|| Error::Closed {
                        operation: Operation::Add,
                        ambiguous: true,
                        detail: detail.clone(),
                    });
                    self.end(index, Err(error));
                }
            }
        }
    }

    fn answer(&mut self, response: Response, entries: &[(Dn, Vec<Attribute>)]) {
        let Some(index) = self.under_way.remove(&response.message_id) else {
            return tracing::debug!("a response to an earlier request was dropped");
        };
        let outcome = match (response.body, entries.get(index)) {
            (ResponseBody::Add(outcome), _) if outcome.code() == ResultCode::SUCCESS => Ok(()),
            (ResponseBody::Add(outcome), Some((dn, _))) => {
                Err(refusal(Operation::Add, dn, &outcome))
            }
            _ => Err(Error::Protocol {
                operation: Operation::Add,
                ambiguous: true,
                detail: "the response does not belong to the request".to_owned(),
            }),
        };
        self.end(index, outcome);
    }

    fn end(&mut self, index: usize, outcome: Result<(), Error>) {
        self.stopped |= outcome.is_err();
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }
}
