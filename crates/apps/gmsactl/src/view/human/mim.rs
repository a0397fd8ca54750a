//! What of Microsoft Identity Manager was found.

use mim::{AccountKind, Detection, Node, Role};

use super::Paint;

/// Components, what stays on passwords, what is not known.
pub fn detection(detection: &Detection, paint: &Paint) -> String {
    let mut text = String::new();
    for found in &detection.components {
        text += &format!(
            "{} ({})\n",
            paint.strong(&found.title),
            found.component.as_str()
        );
        for node in &found.nodes {
            text += &lines_of(node, paint);
        }
    }
    if !detection.not_found.is_empty() {
        let names: Vec<_> = detection.not_found.iter().map(|id| id.as_str()).collect();
        text += &format!("{} {}\n", paint.dim("not found:"), names.join(", "));
    }
    text += &format!("\n{}\n", paint.strong("Stays on passwords"));
    for part in &detection.stays {
        let found = match part.found {
            Some(true) => {
                let hosts: Vec<_> = part.hosts.iter().map(|host| host.as_str()).collect();
                format!("on {}", hosts.join(", "))
            }
            Some(false) => "not found".to_owned(),
            None => paint.warn("not known whether it is there"),
        };
        text += &format!("  {}: {found}\n    why: {}\n", part.title, part.why);
        if part.found != Some(false) {
            text += &format!("    do: {}\n", part.instead);
            for line in &part.evidence {
                text += &format!("    {}\n", paint.dim(line));
            }
        }
    }
    for other in &detection.others {
        text += &format!(
            "  {} on {} runs as {}: no component of MIM that can be converted\n",
            other.name, other.host, other.account
        );
    }
    if !detection.unknown.is_empty() {
        text += &format!("\n{}\n", paint.strong("Not known"));
    }
    for gap in &detection.unknown {
        text += &format!("  {} {}: {}\n", paint.warn("?"), gap.subject, gap.why);
        if let Some(advice) = &gap.advice {
            text += &format!("    do: {advice}\n");
        }
    }
    text
}

/// One of its hosts.
pub(super) fn lines_of(node: &Node, paint: &Paint) -> String {
    let build = match (&node.version, node.supports_gmsa) {
        (Some(version), Some(true)) => version.clone(),
        (Some(version), _) => paint.bad(&format!("{version}, too old for a gMSA")),
        (None, _) => paint.warn("build not known"),
    };
    let account = match node.account_kind {
        AccountKind::Password => "password account",
        AccountKind::Gmsa => "gMSA",
        AccountKind::OtherManaged => "another managed service account",
        AccountKind::Elsewhere => "not an account of this domain",
        AccountKind::Unknown => "not in the directory",
    };
    let role = match node.role {
        Role::Only => "the only one",
        Role::Active => "active",
        Role::Standby => "standby",
        Role::OneOfSeveral => "one of several",
        Role::Unknown => "role not known",
    };
    let state = format!("{:?}", node.state).to_lowercase();
    let mut text = format!(
        "  {}: {role}, {} {state} as {} ({account}), {build}\n",
        node.host, node.name, node.account
    );
    for line in &node.evidence {
        text += &format!("    {}\n", paint.dim(line));
    }
    text
}
