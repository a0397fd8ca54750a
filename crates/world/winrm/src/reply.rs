//! What the host answers: ids, output, faults.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

use crate::error::Fault;
use crate::process::Output;

/// The fault in an answer, if it is one.
///
/// # Errors
/// Why the answer is no XML.
pub(crate) fn fault(text: &str) -> Result<Option<Fault>, String> {
    let document = parse(text)?;
    let Some(fault) = find(document.root(), "Fault") else {
        return Ok(None);
    };
    let code = fault
        .descendants()
        .find(|node| node.tag_name().name() == "WSManFault")
        .and_then(|node| node.attribute("Code"))
        .and_then(|code| code.parse().ok());
    let subcode = find(fault, "Subcode")
        .and_then(|node| find(node, "Value"))
        .and_then(|node| node.text());
    let subcode = subcode.unwrap_or_default().trim();
    let reason = find(fault, "Reason").map(all_text).unwrap_or_default();
    let detail = find(fault, "Message")
        .map(all_text)
        .filter(|detail| detail.trim() != reason.trim());
    Ok(Some(Fault {
        subcode: subcode.rsplit(':').next().unwrap_or_default().to_owned(),
        code,
        text: [reason, detail.unwrap_or_default()].join(" "),
    }))
}

/// The id of a new shell.
pub(crate) fn shell_id(text: &str) -> Result<String, String> {
    let document = parse(text)?;
    let selector = |node: &Node<'_, '_>| {
        node.tag_name().name() == "Selector" && node.attribute("Name") == Some("ShellId")
    };
    let id = find(document.root(), "ShellId").or_else(|| document.descendants().find(selector));
    text_of(id, "ShellId")
}

/// The id of a new process.
pub(crate) fn command_id(text: &str) -> Result<String, String> {
    let document = parse(text)?;
    text_of(find(document.root(), "CommandId"), "CommandId")
}

/// Output that has come.
pub(crate) fn received(text: &str) -> Result<Output, String> {
    let document = parse(text)?;
    let mut received = Output::default();
    let response = find(document.root(), "ReceiveResponse").ok_or("it has no ReceiveResponse")?;
    for node in response.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "Stream" => {
                let bytes = STANDARD
                    .decode(node.text().unwrap_or_default().trim())
                    .map_err(|_| "a stream in it is no base64")?;
                match node.attribute("Name") {
                    Some("stdout") => received.stdout.extend(bytes),
                    Some("stderr") => received.stderr.extend(bytes),
                    _ => {}
                }
            }
            "CommandState" => {
                received.ended = node
                    .attribute("State")
                    .is_some_and(|state| state.ends_with("/Done"));
                received.exit_code =
                    find(node, "ExitCode").and_then(|code| code.text()?.trim().parse().ok());
            }
            _ => {}
        }
    }
    Ok(received)
}

fn parse(text: &str) -> Result<Document<'_>, String> {
    // Without a document type definition: no entities of the host's.
    Document::parse(text.trim_start_matches('\u{feff}')).map_err(|error| error.to_string())
}

/// Names are unique in these answers whatever their namespaces.
fn find<'a, 'i>(within: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    within
        .descendants()
        .find(|node| node.tag_name().name() == name)
}

fn all_text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

fn text_of(node: Option<Node<'_, '_>>, what: &str) -> Result<String, String> {
    let text = node
        .and_then(|node| node.text())
        .map(str::trim)
        .filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| format!("it has no {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULT: &str = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"
        xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value>
        <s:Subcode><s:Value>w:AccessDenied</s:Value></s:Subcode></s:Code>
        <s:Reason><s:Text xml:lang="en-US">Access is denied. </s:Text></s:Reason><s:Detail>
        <f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5" Machine="h">
        <f:Message>No rights.</f:Message></f:WSManFault></s:Detail></s:Fault></s:Body></s:Envelope>"#;

    #[test]
    fn faults_are_named() {
        let fault = fault(FAULT).unwrap().unwrap();
        assert!(fault.is_denied() && fault.advice().is_some());
        assert_eq!(
            fault.to_string(),
            "AccessDenied 0x5 (server: Access is denied. No rights.)"
        );
    }

    #[test]
    fn output_is_put_together() {
        let text = r#"<E><r:ReceiveResponse xmlns:r="x"><r:Stream Name="stdout" CommandId="c">YWI=</r:Stream>
            <r:Stream Name="stderr" CommandId="c">eA==</r:Stream><r:Stream Name="stdout" CommandId="c">Yw==</r:Stream>
            <r:Stream Name="stdout" CommandId="c" End="true"/><r:CommandState CommandId="c" State="http://x/CommandState/Done">
            <r:ExitCode>-3</r:ExitCode></r:CommandState></r:ReceiveResponse></E>"#;
        let expected = Output {
            stdout: b"abc".to_vec(),
            stderr: b"x".to_vec(),
            ended: true,
            exit_code: Some(-3),
        };
        assert_eq!(received(text), Ok(expected));
        assert_eq!(fault(text), Ok(None));
    }

    #[test]
    fn hostile_answers_are_errors() {
        let expansion = "<!DOCTYPE a [<!ENTITY b \"bbbb\">]><a>&b;</a>";
        for text in [
            "",
            "<a>",
            "HTTP",
            expansion,
            "<a/>",
            "<ReceiveResponse><Stream Name=\"stdout\">*</Stream></ReceiveResponse>",
        ] {
            assert!(received(text).is_err(), "{text}");
            assert!(shell_id(text).is_err(), "{text}");
        }
    }
}
