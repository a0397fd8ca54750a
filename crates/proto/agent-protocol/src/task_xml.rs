//! The principal in a task's definition: read, and put in place of another with every other byte as it is.

use std::ops::Range;

use roxmltree::{Document, Node};
use thiserror::Error;

use crate::{AccountName, TaskLogon, TaskPrincipal};

/// A definition that is none, or whose principal cannot be changed.
#[derive(Debug, Error)]
pub enum TaskXmlError {
    /// It is not XML.
    #[error("the task's definition is not XML")]
    Malformed(#[from] roxmltree::Error),
    /// It has something else than one principal with one account.
    #[error("the task's definition {0}")]
    Principal(&'static str),
}

/// The principal of a definition.
///
/// # Errors
/// As [`TaskXmlError`] says.
pub fn principal(xml: &str) -> Result<TaskPrincipal, TaskXmlError> {
    let document = Document::parse(xml)?;
    let principal = element(&document)?;
    let (group, user) = (child(principal, "GroupId"), child(principal, "UserId"));
    let (account, logon) = match (user, group) {
        (Some(user), None) => (user, logon(principal)?),
        (None, Some(group)) => (group, TaskLogon::Group),
        _ => return Err(TaskXmlError::Principal("names no account, or two")),
    };
    let account = AccountName::parse(account.text().unwrap_or_default().trim())
        .map_err(|_| TaskXmlError::Principal("names no account"))?;
    Ok(TaskPrincipal { account, logon })
}

/// The definition with another principal; its id, its run level and everything else stay, byte for byte.
///
/// # Errors
/// As [`TaskXmlError`] says.
pub fn with_principal(xml: &str, new: &TaskPrincipal) -> Result<String, TaskXmlError> {
    let document = Document::parse(xml)?;
    let principal = element(&document)?;
    let account = child(principal, "UserId")
        .or_else(|| child(principal, "GroupId"))
        .ok_or(TaskXmlError::Principal("names no account"))?;
    let name = match new.logon {
        TaskLogon::Group => "GroupId",
        _ => "UserId",
    };
    let prefix = prefix(xml, account.range());
    let written = |name: &str, text: &str| format!("<{prefix}{name}>{text}</{prefix}{name}>");
    let account_text = written(name, &escaped(new.account.as_str()));
    let mut edits = Vec::new();
    match (child(principal, "LogonType"), new.logon.word()) {
        (Some(present), Some(word)) => {
            edits.push((account.range(), account_text));
            edits.push((present.range(), written("LogonType", word)));
        }
        (Some(present), None) => {
            edits.push((account.range(), account_text));
            edits.push((with_space_before(xml, present.range()), String::new()));
        }
        (None, Some(word)) => {
            let space = space_before(xml, account.range().start);
            let logon = written("LogonType", word);
            edits.push((account.range(), format!("{account_text}{space}{logon}")));
        }
        (None, None) => edits.push((account.range(), account_text)),
    }
    Ok(apply(xml, edits))
}

/// The one principal element.
fn element<'a>(document: &'a Document<'a>) -> Result<Node<'a, 'a>, TaskXmlError> {
    let mut found = document
        .descendants()
        .filter(|node| node.has_tag_name_local("Principal"));
    match (found.next(), found.next()) {
        (Some(principal), None) => Ok(principal),
        (None, _) => Err(TaskXmlError::Principal("has no principal")),
        _ => Err(TaskXmlError::Principal("has more than one principal")),
    }
}

fn logon(principal: Node<'_, '_>) -> Result<TaskLogon, TaskXmlError> {
    match child(principal, "LogonType").map(|node| node.text().unwrap_or_default().trim()) {
        None => Ok(TaskLogon::ServiceAccount),
        Some(word) => TaskLogon::from_word(word).ok_or(TaskXmlError::Principal(
            "has a logon type that the schema does not know",
        )),
    }
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name_local(name))
}

/// Names are compared without their namespace: definitions of all schema versions share one.
trait LocalName {
    fn has_tag_name_local(&self, name: &str) -> bool;
}

impl LocalName for Node<'_, '_> {
    fn has_tag_name_local(&self, name: &str) -> bool {
        self.is_element() && self.tag_name().name() == name
    }
}

/// `prefix:` of the element that begins there, if it has one.
fn prefix(xml: &str, range: Range<usize>) -> &str {
    let element = xml.get(range).unwrap_or_default();
    let name = element.trim_start_matches('<');
    let name = name.split(['>', ' ', '/', '\t', '\r', '\n']).next();
    let colon = name.and_then(|name| name.find(':'));
    colon
        .and_then(|colon| element.get(1..colon + 2))
        .unwrap_or_default()
}

/// The white space in front of a position.
fn space_before(xml: &str, at: usize) -> &str {
    let before = xml.get(..at).unwrap_or_default();
    before.get(before.trim_end().len()..).unwrap_or_default()
}

fn with_space_before(xml: &str, range: Range<usize>) -> Range<usize> {
    range.start - space_before(xml, range.start).len()..range.end
}

/// Replaces the ranges, which do not overlap.
fn apply(xml: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let (mut edited, mut from) = (String::with_capacity(xml.len()), 0);
    for (range, text) in edits {
        edited.push_str(xml.get(from..range.start).unwrap_or_default());
        edited.push_str(&text);
        from = range.end;
    }
    edited.push_str(xml.get(from..).unwrap_or_default());
    edited
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;");
    text.replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFINITION: &str = "<?xml version=\"1.0\" encoding=\"UTF-16\"?>\r\n\
        <Task version=\"1.2\" xmlns=\"http://schemas.microsoft.com/windows/2004/02/mit/task\">\r\n  \
        <!-- <Principal>not this one</Principal> -->\r\n  <Triggers />\r\n  <Principals>\r\n    \
        <Principal id=\"Author\">\r\n      <UserId>CONTOSO\\svc-a&amp;b</UserId>\r\n      \
        <LogonType>Password</LogonType>\r\n      <RunLevel>HighestAvailable</RunLevel>\r\n    \
        </Principal>\r\n  </Principals>\r\n  <Actions Context=\"Author\">\r\n    <Exec>\r\n      \
        <Command>C:\\Jobs\\delta.cmd</Command>\r\n    </Exec>\r\n  </Actions>\r\n</Task>\r\n";

    fn a(account: &str, logon: TaskLogon) -> TaskPrincipal {
        let account = AccountName::parse(account).unwrap();
        TaskPrincipal { account, logon }
    }

    #[test]
    fn only_the_principal_changes_and_the_way_back_gives_the_same_bytes() {
        let old = principal(DEFINITION).unwrap();
        assert_eq!(old, a(r"CONTOSO\svc-a&b", TaskLogon::Password));
        for new in [
            a(r"CONTOSO\TaskGMSA$", TaskLogon::Password),
            a("S-1-5-18", TaskLogon::ServiceAccount),
            a("S-1-5-32-545", TaskLogon::Group),
            a(r"CONTOSO\x", TaskLogon::S4u),
        ] {
            let edited = with_principal(DEFINITION, &new).unwrap();
            assert_eq!(principal(&edited).unwrap(), new, "{edited}");
            assert_eq!(with_principal(&edited, &old).unwrap(), DEFINITION);
        }
        let edited =
            with_principal(DEFINITION, &a(r"CONTOSO\TaskGMSA$", TaskLogon::Password)).unwrap();
        assert_eq!(
            edited,
            DEFINITION.replace(r"CONTOSO\svc-a&amp;b", r"CONTOSO\TaskGMSA$")
        );
    }

    #[test]
    fn a_prefix_is_kept() {
        let xml = r#"<t:Task xmlns:t="x"><t:Principals><t:Principal><t:UserId>u</t:UserId></t:Principal></t:Principals></t:Task>"#;
        let edited = with_principal(xml, &a("v", TaskLogon::Password)).unwrap();
        assert!(edited.contains("<t:UserId>v</t:UserId><t:LogonType>Password</t:LogonType>"));
        assert_eq!(principal(&edited).unwrap(), a("v", TaskLogon::Password));
    }

    #[test]
    fn what_has_no_principal_is_refused() {
        for (xml, says) in [
            ("", "not XML"),
            ("<Task>", "not XML"),
            ("<Task/>", "no principal"),
            ("<T><Principal/></T>", "names no account"),
            ("<T><Principal/><Principal/></T>", "more than one"),
            (
                "<T><Principal><UserId>u</UserId><LogonType>Magic</LogonType></Principal></T>",
                "does not know",
            ),
        ] {
            let error = principal(xml).unwrap_err().to_string();
            assert!(error.contains(says), "{xml}: {error}");
        }
    }
}
