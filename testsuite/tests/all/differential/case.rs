//! One case: its operations on both directories side by side, up to the first difference that is not accepted.

use super::accepted::Accepted;
use super::operation::Operation;
use super::system::{Answer, Place, System};

/// The two directories, as one worker reaches them.
pub struct Pair {
    pub lab: System,
    pub rig: System,
}

/// One way in which two answers differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `code`, `windows`, `entries`, or the attribute.
    pub of: String,
    pub lab: String,
    pub rig: String,
}

/// What came of a case.
#[derive(Debug, Default)]
pub struct Report {
    /// Operations that were sent.
    pub sent: usize,
    /// Of these, changes that both carried out.
    pub written: usize,
    /// Accepted differences that were met.
    pub accepted: Vec<&'static str>,
    pub failures: Vec<Failure>,
}

/// A difference that nobody accepted.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The operation after which it showed; the number of operations: when everything was looked at in the end.
    pub index: usize,
    pub differences: Vec<Difference>,
    pub said: [String; 2],
}

/// Runs a case in an empty unit called `tag`.
pub async fn run(
    pair: &Pair,
    tag: &str,
    operations: &[Operation],
    accepted: &'static Accepted,
) -> Report {
    let (mut lab, mut rig) = tokio::join!(pair.lab.place(tag), pair.rig.place(tag));
    let mut report = Report::default();
    for (index, operation) in operations.iter().enumerate() {
        report.sent += 1;
        let answers = tokio::join!(lab.carry_out(operation), rig.carry_out(operation));
        let (met, open) = accepted.sort(Some(operation), differences(&answers.0, &answers.1));
        let apart = answers.0.code != answers.1.code;
        report.accepted.extend(met);
        if !open.is_empty() {
            report.failures.push(failure(index, open, answers.clone()));
        }
        let is_write = !matches!(operation.request.kind(), "search" | "compare");
        if is_write && apart {
            return report; // From here on the two are different directories.
        }
        report.written += usize::from(is_write && answers.0.code == 0);
    }
    look_at_everything(&lab, &rig, operations.len(), accepted, &mut report).await;
    report
}

async fn look_at_everything(
    lab: &Place<'_>,
    rig: &Place<'_>,
    index: usize,
    accepted: &'static Accepted,
    report: &mut Report,
) {
    let answers = tokio::join!(lab.everything(), rig.everything());
    let (met, open) = accepted.sort(None, differences(&answers.0, &answers.1));
    report.accepted.extend(met);
    if !open.is_empty() {
        report.failures.push(failure(index, open, answers));
    }
}

fn failure(index: usize, differences: Vec<Difference>, answers: (Answer, Answer)) -> Failure {
    Failure {
        index,
        differences,
        said: [answers.0.said, answers.1.said],
    }
}

/// All ways in which two answers differ.
pub fn differences(lab: &Answer, rig: &Answer) -> Vec<Difference> {
    let difference = |of: &str, lab: String, rig: String| Difference {
        of: of.to_owned(),
        lab,
        rig,
    };
    if lab.code != rig.code {
        let show = |answer: &Answer| match answer.windows {
            Some(windows) => format!("{} {windows:#x}", answer.code),
            None => answer.code.to_string(),
        };
        return vec![difference("code", show(lab), show(rig))];
    }
    let mut found = Vec::new();
    if let (Some(of_lab), Some(of_rig)) = (lab.windows, rig.windows)
        && of_lab != of_rig
    {
        let show = |windows: u32| format!("{} {windows:#x}", lab.code);
        found.push(difference("windows", show(of_lab), show(of_rig)));
    }
    let names = |answer: &Answer| {
        answer
            .entries
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" | ")
    };
    if names(lab) != names(rig) {
        found.push(difference("entries", names(lab), names(rig)));
        return found;
    }
    for (name, of_lab) in &lab.entries {
        let of_rig = &rig.entries[name];
        let mut attributes: Vec<&String> = of_lab.keys().chain(of_rig.keys()).collect();
        attributes.sort();
        attributes.dedup();
        for attribute in attributes {
            let values = |of: &std::collections::BTreeMap<String, Vec<String>>| {
                of.get(attribute)
                    .map_or("absent".to_owned(), |values| values.join(" | "))
            };
            let (lab, rig) = (values(of_lab), values(of_rig));
            if lab != rig {
                found.push(difference(attribute, lab, rig));
            }
        }
    }
    found
}
