//! Findings: what was found, why it matters, what to do.

use model::finding::{Finding, Severity};

use super::Paint;

/// Findings, worst first; what several subjects have in common is said once.
pub fn findings(findings: &[Finding], paint: &Paint) -> String {
    let alike = |one: &Finding, next: &Finding| {
        (&one.id, &one.why, &one.advice) == (&next.id, &next.why, &next.advice)
    };
    let groups = findings.chunk_by(alike);
    groups.map(|group| one_group(group, paint)).collect()
}

fn one_group(group: &[Finding], paint: &Paint) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let word = match first.severity {
        Severity::Blocks => paint.bad("blocks "),
        Severity::Warns => paint.warn("warns  "),
        Severity::Informs => paint.dim("informs"),
    };
    let mut text = format!("  {} {word} ", first.id);
    // Under the first subject: the id and the word before it.
    let margin = " ".repeat(2 + first.id.chars().count() + 9);
    let mut said: Vec<&str> = Vec::new();
    for finding in group {
        if said.contains(&finding.what.as_str()) {
            continue;
        }
        if !said.is_empty() {
            text += &margin;
        }
        said.push(&finding.what);
        let same = group.iter().filter(|other| other.what == finding.what);
        let subjects: Vec<_> = same.map(|other| other.subject.as_str()).collect();
        text += &subjects.join(&format!("\n{margin}"));
        text += &format!(": {}\n", finding.what);
    }
    text += &format!("           {}\n", paint.dim(&format!("why: {}", first.why)));
    text + &format!("           do: {}\n", first.advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(subject: &str, what: &str) -> Finding {
        Finding {
            id: "MIM-008".to_owned(),
            severity: Severity::Informs,
            subject: subject.to_owned(),
            what: what.to_owned(),
            why: "nobody published it".to_owned(),
            advice: "look".to_owned(),
            source: String::new(),
        }
    }

    #[test]
    fn what_is_the_same_is_said_once() {
        let found = [
            finding("A, service", "rights stay"),
            finding("A, pool", "folders stay"),
            finding("B, service", "rights stay"),
        ];
        assert_eq!(
            findings(&found, &Paint::plain()),
            "  MIM-008 informs A, service\n                  B, service: rights stay\n                  A, pool: folders stay\n\
             \u{20}          why: nobody published it\n           do: look\n"
        );
    }
}
