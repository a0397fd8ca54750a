//! One case: its operations on both directories side by side, up to the first difference that is not accepted.

use super::accepted::Accepted;
use super::operation::Operation;
use super::system::{Answer, Lost, Place, System};

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

/// Why a case did not come to its end.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The operation that one of the directories did not answer; `None`: before the first or after the last.
    pub index: Option<usize>,
    pub said: [String; 2],
}

impl From<Lost> for Broken {
    fn from(Lost(said): Lost) -> Self {
        let said = [said, String::new()];
        Self { index: None, said }
    }
}

impl Broken {
    fn at(index: usize, answers: &(Result<Answer, Lost>, Result<Answer, Lost>)) -> Self {
        let said = |answer: &Result<Answer, Lost>| match answer {
            Ok(answer) => answer.shown(),
            Err(_) => NO_ANSWER.to_owned(),
        };
        Self {
            index: Some(index),
            said: [said(&answers.0), said(&answers.1)],
        }
    }

    /// As a difference, of an operation that is not answered however often it is tried.
    pub fn failure(self, accepted: &'static Accepted, operation: &Operation) -> Report {
        let [lab, rig] = self.said.clone();
        let of = "code".to_owned();
        let (met, open) = accepted.sort(Some(operation), vec![Difference { of, lab, rig }]);
        let failure = Failure {
            index: self.index.unwrap_or_default(),
            differences: open,
            said: self.said,
        };
        let mut report = Report {
            sent: failure.index + 1,
            accepted: met,
            ..Report::default()
        };
        if !failure.differences.is_empty() {
            report.failures.push(failure);
        }
        report
    }
}

/// In the place of a result code: the connection was closed instead.
const NO_ANSWER: &str = "no answer";

/// Runs a case in an empty unit called `tag`.
///
/// # Errors
/// When a connection breaks: both sides must be connected anew.
pub async fn run(
    pair: &Pair,
    tag: &str,
    operations: &[Operation],
    accepted: &'static Accepted,
) -> Result<Report, Broken> {
    let places = tokio::join!(pair.lab.place(tag), pair.rig.place(tag));
    let (mut lab, mut rig) = (places.0?, places.1?);
    let mut report = Report::default();
    for (index, operation) in operations.iter().enumerate() {
        report.sent += 1;
        let answers = match tokio::join!(lab.carry_out(operation), rig.carry_out(operation)) {
            (Ok(lab), Ok(rig)) => (lab, rig),
            answers => return Err(Broken::at(index, &answers)),
        };
        let (met, open) = accepted.sort(Some(operation), differences(&answers.0, &answers.1));
        let apart = answers.0.code != answers.1.code;
        report.accepted.extend(met);
        if !open.is_empty() {
            report.failures.push(failure(index, open, answers.clone()));
        }
        let is_write = !matches!(operation.request.kind(), "search" | "compare");
        if is_write && apart {
            return Ok(report); // From here on the two are different directories.
        }
        report.written += usize::from(is_write && answers.0.code == 0);
    }
    look_at_everything(&lab, &rig, operations.len(), accepted, &mut report).await?;
    Ok(report)
}

async fn look_at_everything(
    lab: &Place<'_>,
    rig: &Place<'_>,
    index: usize,
    accepted: &'static Accepted,
    report: &mut Report,
) -> Result<(), Lost> {
    let answers = tokio::join!(lab.everything(), rig.everything());
    let answers = (answers.0?, answers.1?);
    let (met, open) = accepted.sort(None, differences(&answers.0, &answers.1));
    report.accepted.extend(met);
    if !open.is_empty() {
        report.failures.push(failure(index, open, answers));
    }
    Ok(())
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
        return vec![difference("code", lab.shown(), rig.shown())];
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
