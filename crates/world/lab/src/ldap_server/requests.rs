//! From a message to what it asks for.

use std::sync::Arc;

use rasn_ldap::{
    AddRequest, CompareRequest, Control, ExtendedRequest, LdapMessage, ModifyDnRequest,
    ModifyRequest, ProtocolOp, ResultCode,
};

use super::connection::{Connection, End};
use super::encode::{Outcome, ResponseTag};
use super::entries::descriptor_parts;
use super::{global_catalog, read_only, search};
use crate::faults::{Fate, RequestKind};
use crate::rules::access::AccessCheck;
use crate::rules::modify::Change;
use crate::rules::refusal::Refusal;
use crate::rules::{
    Caller, add, constructed, delete, descriptors, locate, modify, rename, root_dse, values,
};
use crate::store::Store;
use crate::store::schema::Attr;

const TREE_DELETE: &str = "1.2.840.113556.1.4.805";

impl Connection {
    pub(super) async fn handle(&mut self, message: LdapMessage) -> Result<(), End> {
        let id = message.message_id;
        let controls = message.controls.unwrap_or_default();
        let Some((kind, tag, subject)) = about(&message.protocol_op) else {
            return self.carry_out(id, message.protocol_op, &controls).await;
        };
        if let Some(unknown) = unknown_critical(&controls) {
            let words = format!(
                "LdapErr: DSID-0C0907F2, comment: unknown control {unknown}, data 0, v4563"
            );
            return self
                .respond(
                    id,
                    tag,
                    Refusal::new(ResultCode::UnavailableCriticalExtension, 0x57, &words),
                )
                .await;
        }
        if self.is_global_catalog && kind.is_write() {
            return self.respond(id, tag, global_catalog::read_only()).await;
        }
        let unavailable = || {
            Refusal::new(
                ResultCode::Unavailable,
                0x200F,
                "SvcErr: DSID-020A0013, problem 5002 (UNAVAILABLE), data 0",
            )
        };
        let fate = self.directory.faults.decide(kind, &subject);
        if fate != Fate::Proceed {
            self.flush().await?; // What was answered before does not share it.
        }
        match fate {
            Fate::Proceed => self.carry_out(id, message.protocol_op, &controls).await,
            Fate::FailBefore => self.respond(id, tag, unavailable()).await,
            Fate::Late(delay) => {
                // The effect first: the answer alone is late.
                let outcome = self.effect(message.protocol_op, &controls);
                tokio::time::sleep(delay).await;
                self.finish(id, tag, outcome, &controls).await
            }
            Fate::FailAfter | Fate::HangAfter | Fate::CutAfter => {
                // Its answer is not sent: only the effect remains.
                drop(self.effect(message.protocol_op, &controls));
                match fate {
                    Fate::FailAfter => self.respond(id, tag, unavailable()).await,
                    fate => fate.end().await.ok_or(End("a fault")),
                }
            }
            Fate::Hang | Fate::Cut => fate.end().await.ok_or(End("a fault")),
        }
    }

    async fn carry_out(
        &mut self,
        id: u32,
        request: ProtocolOp,
        controls: &[Control],
    ) -> Result<(), End> {
        match request {
            ProtocolOp::BindRequest(request) => self.bind(id, request).await,
            ProtocolOp::UnbindRequest(_) => Err(End("the client said good-bye")),
            ProtocolOp::SearchRequest(request) => self.search(id, request, controls).await,
            // Requests are carried out one after the other: what could be abandoned is done.
            ProtocolOp::AbandonRequest(_) => Ok(()),
            ProtocolOp::ExtendedReq(request) => self.extended(id, request).await,
            other => {
                let tag = about(&other)
                    .map(|(_, tag, _)| tag)
                    .ok_or(End("a client sent a response"))?;
                let outcome = self.effect(other, controls);
                self.finish(id, tag, outcome, controls).await
            }
        }
    }

    async fn finish(
        &mut self,
        id: u32,
        tag: ResponseTag,
        outcome: Effect,
        controls: &[Control],
    ) -> Result<(), End> {
        match outcome {
            Effect::Done(outcome) => self.respond(id, tag, outcome).await,
            Effect::Later(request) => match *request {
                ProtocolOp::BindRequest(request) => self.bind(id, request).await,
                ProtocolOp::SearchRequest(request) => self.search(id, request, controls).await,
                _ => Ok(()),
            },
        }
    }

    /// Carries out a write; reads and log-ons have no effect but their answer.
    fn effect(&mut self, request: ProtocolOp, controls: &[Control]) -> Effect {
        let directory = Arc::clone(&self.directory);
        let confidential = self.is_confidential();
        let mut caller = directory.caller(&self.token, confidential);
        caller.of_global_catalog = self.is_global_catalog;
        if matches!(
            request,
            ProtocolOp::BindRequest(_) | ProtocolOp::SearchRequest(_)
        ) {
            return Effect::Later(Box::new(request));
        }
        if self.token.is_anonymous() {
            return Effect::Done(Refusal::not_logged_on().into());
        }
        if directory.forest.read_only
            && let Some((kind, _, name)) = about(&request)
            && kind.is_write()
        {
            return Effect::Done(read_only::referral(&directory, kind, &name).into());
        }
        let result: Result<Outcome, Refusal> = match request {
            ProtocolOp::AddRequest(request) => directory
                .write(|store| add_object(&caller, store, request))
                .map(|()| Outcome::success()),
            ProtocolOp::ModifyRequest(request) => directory
                .write(|store| modify_object(&caller, store, request, controls))
                .map(|()| Outcome::success()),
            ProtocolOp::DelRequest(request) => {
                let tree = has_control(controls, TREE_DELETE);
                directory
                    .write(|store| delete::delete(&caller, store, &request.0, tree))
                    .map(|()| Outcome::success())
            }
            ProtocolOp::ModDnRequest(request) => directory
                .write(|store| rename_object(&caller, store, &request))
                .map(|()| Outcome::success()),
            ProtocolOp::CompareRequest(request) => {
                directory.read(|store| compare(&caller, store, &request))
            }
            _ => Ok(Outcome::code(ResultCode::ProtocolError)),
        };
        Effect::Done(result.unwrap_or_else(Outcome::from))
    }

    async fn extended(&mut self, id: u32, request: ExtendedRequest) -> Result<(), End> {
        let outcome = match &request.request_name[..] {
            b"1.3.6.1.4.1.1466.20037" => return self.start_tls(id).await,
            // RFC 4532, "Who am I?"
            b"1.3.6.1.4.1.4203.1.11.3" => {
                let who = if self.user.is_empty() {
                    String::new()
                } else {
                    format!("u:{}", self.user)
                };
                Outcome {
                    extended: Some(("", Some(who.into_bytes()))),
                    ..Outcome::success()
                }
            }
            _ => {
                let words =
                    "LdapErr: DSID-0C090E0A, comment: Unknown extended request OID, data 0, v4563";
                Refusal::new(ResultCode::ProtocolError, 0x57, words).into()
            }
        };
        self.respond(id, ResponseTag::EXTENDED, outcome).await
    }
}

/// What a request did, or that it is still to be done.
enum Effect {
    Done(Outcome),
    Later(Box<ProtocolOp>),
}

/// What faults know of a request, and how it is answered; `None` for those without either.
fn about(request: &ProtocolOp) -> Option<(RequestKind, ResponseTag, String)> {
    let about = match request {
        ProtocolOp::BindRequest(request) => {
            (RequestKind::Bind, ResponseTag::BIND, request.name.0.clone())
        }
        ProtocolOp::SearchRequest(request) => (
            RequestKind::Search,
            ResponseTag::SEARCH_DONE,
            request.base_object.0.clone(),
        ),
        ProtocolOp::AddRequest(request) => {
            (RequestKind::Add, ResponseTag::ADD, request.entry.0.clone())
        }
        ProtocolOp::ModifyRequest(request) => (
            RequestKind::Modify,
            ResponseTag::MODIFY,
            request.object.0.clone(),
        ),
        ProtocolOp::DelRequest(request) => (
            RequestKind::Delete,
            ResponseTag::DELETE,
            request.0.0.clone(),
        ),
        ProtocolOp::ModDnRequest(request) => (
            RequestKind::ModifyDn,
            ResponseTag::MODIFY_DN,
            request.entry.0.clone(),
        ),
        ProtocolOp::CompareRequest(request) => (
            RequestKind::Search,
            ResponseTag::COMPARE,
            request.entry.0.clone(),
        ),
        _ => return None,
    };
    Some(about)
}

fn unknown_critical(controls: &[Control]) -> Option<String> {
    let known = |control: &Control| {
        let name = String::from_utf8_lossy(&control.control_type);
        root_dse::SUPPORTED_CONTROLS.contains(&&*name)
    };
    let unknown = controls
        .iter()
        .find(|control| control.criticality && !known(control))?;
    Some(String::from_utf8_lossy(&unknown.control_type).into_owned())
}

pub(super) fn has_control(controls: &[Control], name: &str) -> bool {
    controls
        .iter()
        .any(|control| control.control_type[..] == *name.as_bytes())
}

fn add_object(caller: &Caller<'_>, store: &mut Store, request: AddRequest) -> Result<(), Refusal> {
    let attributes = request.attributes.into_iter().map(|attribute| {
        let values = attribute
            .vals
            .to_vec()
            .into_iter()
            .map(|value| value.to_vec())
            .collect();
        (attribute.r#type.0, values)
    });
    add::add(caller, store, &request.entry, &attributes.collect()).map(drop)
}

fn modify_object(
    caller: &Caller<'_>,
    store: &mut Store,
    request: ModifyRequest,
    controls: &[Control],
) -> Result<(), Refusal> {
    let mut changes: Vec<Change> = request
        .changes
        .into_iter()
        .map(|change| Change {
            operation: change.operation,
            attribute: change.modification.r#type.0,
            values: change
                .modification
                .vals
                .to_vec()
                .into_iter()
                .map(|value| value.to_vec())
                .collect(),
        })
        .collect();
    let parts = descriptor_parts(controls);
    descriptors::complete(caller, store, &request.object, &mut changes, parts);
    modify::modify(caller, store, &request.object, &changes)
}

fn rename_object(
    caller: &Caller<'_>,
    store: &mut Store,
    request: &ModifyDnRequest,
) -> Result<(), Refusal> {
    let superior = request
        .new_superior
        .as_ref()
        .map(|superior| superior.as_str());
    rename::rename(caller, store, &request.entry, &request.new_rdn, superior)
}

/// RFC 4511 section 4.10. What may not be read does not compare either.
fn compare(
    caller: &Caller<'_>,
    store: &Store,
    request: &CompareRequest,
) -> Result<Outcome, Refusal> {
    let id = locate::locate(store, &request.entry)?;
    let attribute = values::attribute(&request.ava.attribute_desc)?;
    let object = store
        .get(id)
        .ok_or_else(|| Refusal::no_such_object(String::new()))?;
    let mut access = AccessCheck::of(caller);
    let readable = !attribute.definition().is_secret()
        && attribute != Attr::ManagedPassword
        && access.may_read(object, attribute);
    let missing = || {
        Refusal::new(
            ResultCode::NoSuchAttribute,
            0x200A,
            "AtrErr: problem 1001 (NO_ATTRIBUTE_OR_VAL), data 0",
        )
    };
    if !readable {
        return Err(missing());
    }
    let shown = match constructed::constructed(caller, store, id, attribute) {
        Some(values) => values,
        None => object
            .values(attribute)
            .iter()
            .map(|value| values::show(store, value))
            .collect(),
    };
    if shown.is_empty() {
        return Err(missing());
    }
    let equal = search::any_equal(attribute, &shown, &request.ava.assertion_value);
    Ok(Outcome::code(if equal {
        ResultCode::CompareTrue
    } else {
        ResultCode::CompareFalse
    }))
}
