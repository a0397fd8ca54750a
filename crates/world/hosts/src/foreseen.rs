//! Answers that came before they were asked for: one exchange for everything that is going to be read.

use std::time::SystemTime;

use agent_protocol::{
    AccessListRequest, AppPoolRequest, BATCH_LIMIT, Failure, HostPath, RegistryKey, Reply, Request,
    RightsRequest, ServiceName, TaskRequest, TriggerRequest,
};
use model::ports::Reads;

/// Answers in stock, each good for one question.
#[derive(Default)]
pub struct Foreseen {
    answers: Vec<(Request, Result<Reply, Failure>)>,
    /// The middle of the exchange that brought them, by our clock.
    at: Option<SystemTime>,
}

impl Foreseen {
    /// What a batch brought.
    pub fn new(asked: Vec<Request>, answers: Vec<Result<Reply, Failure>>, at: SystemTime) -> Self {
        Self {
            answers: asked.into_iter().zip(answers).collect(),
            at: Some(at),
        }
    }

    /// The answer to that request, which is not given again; and when it was true.
    pub fn take(&mut self, request: &Request) -> Option<(Result<Reply, Failure>, SystemTime)> {
        let mut answers = self.answers.iter();
        let at = answers.position(|(asked, _)| asked == request)?;
        Some((self.answers.swap_remove(at).1, self.at?))
    }

    /// Forgets everything: something is changed.
    pub fn forget(&mut self) {
        self.answers.clear();
    }
}

/// The requests of an inventory; names that the agent would refuse are left for the question itself to refuse.
pub fn requests(reads: &Reads) -> Vec<Request> {
    let values = reads.registry.iter().filter_map(|(key, name)| {
        let key = RegistryKey::parse(key.as_str()).ok()?;
        let name = name.clone();
        Some(Request::ReadValue { key, name })
    });
    let files = reads.files.iter().filter_map(|path| {
        let path = HostPath::parse(path.as_str()).ok()?;
        Some(Request::HashFile { path })
    });
    let triggers = reads.triggers.iter().filter_map(|service| {
        let service = ServiceName::parse(service.as_str()).ok()?;
        Some(Request::Triggers(TriggerRequest::Read { service }))
    });
    let always = [
        Request::Facts,
        Request::Services,
        Request::Products,
        Request::AppPools(AppPoolRequest::List),
        Request::Tasks(TaskRequest::List),
        Request::Rights(RightsRequest::Read),
        Request::AccessLists(AccessListRequest::Find {
            namespaces: reads.namespaces.clone(),
        }),
        Request::AccessLists(AccessListRequest::FindUrls),
    ];
    let all = always
        .into_iter()
        .chain(triggers)
        .chain(values)
        .chain(files);
    all.take(BATCH_LIMIT).collect()
}
