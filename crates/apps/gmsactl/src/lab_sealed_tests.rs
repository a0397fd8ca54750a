//! On the lab: of a key set only a sealed copy stays, and its way back.

use engine::exported_key_sets;
use lab::hosts::files::Content;
use model::host::{HostPath, UnixMillis};
use model::intent::Intent;
use model::run::Outcome;
use sealed_file::Identities;

use crate::lab_only_tests::{convert, no_options, proposed, roll_back};
use crate::lab_stage::Stage;

// A pair as age-keygen writes it, made for tests and used nowhere else.
const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
const IDENTITY: &str = "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";
const FILE: &str = r"C:\MIMBackup\miiskeys-1.bin";

fn path(text: &str) -> HostPath {
    HostPath::parse(text).unwrap()
}

/// What is in a file of MIMSYNC01.
fn content(stage: &Stage<'_>, file: &str) -> Option<Vec<u8>> {
    let host = stage.lab.host(&"MIMSYNC01".parse().unwrap()).unwrap();
    host.with(|machine| match machine.state.files.get(&path(file)) {
        Some(Content::Bytes(bytes)) => Some(bytes.clone()),
        _ => None,
    })
}

fn put(stage: &Stage<'_>, file: &str, bytes: &[u8]) {
    let host = stage.lab.host(&"MIMSYNC01".parse().unwrap()).unwrap();
    let content = Content::Bytes(bytes.to_vec());
    host.with(|machine| {
        let files = &mut machine.state.files;
        files.write(&path(file), content, UnixMillis(0)).unwrap();
    });
}

/// The whole proposal: a component that is converted after the Synchronization Service is in it too.
fn with_recipient(mut intent: Intent) -> Intent {
    for conversion in &mut intent.conversions {
        if conversion.component.as_str() == "sync" {
            conversion.recipient = vec![RECIPIENT.parse().unwrap()];
        }
    }
    intent
}

#[tokio::test(flavor = "multi_thread")]
async fn an_estate_is_converted_with_a_sealed_key_set_and_taken_back_when_it_is_opened() {
    let (folder, global) = (tempfile::tempdir().unwrap(), no_options());
    let (stage, intent) = proposed(&global, folder.path()).await;
    let start = stage.lab.snapshot().unwrap();
    let (plan, run) = convert(&stage, &with_recipient(intent)).await;
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.kind.as_str()).collect();
    assert_eq!(kinds.last(), Some(&"remove-key-set"));
    assert!(kinds.contains(&"seal-key-set"));

    assert_eq!(content(&stage, FILE), None);
    let sealed = content(&stage, &format!("{FILE}.age")).unwrap();
    let identities = Identities::parse(IDENTITY).unwrap();
    let opened = sealed_file::open(&sealed, &identities).unwrap();
    let domain = &stage.session.estate.domain.name;
    let [exported] = &exported_key_sets(&stage.journal, domain).unwrap()[..] else {
        panic!("one export");
    };
    assert!(exported.removed);
    assert_eq!(exported.facts.size, opened.len() as u64);

    let report = roll_back(&stage, &run, None).await;
    assert_eq!(report.outcome, Outcome::Stuck, "{report:?}");
    put(&stage, FILE, &opened);
    let report = roll_back(&stage, &run, None).await;
    assert_eq!(report.outcome, Outcome::Unwound, "{report:?}");
    let left = start.differences(&stage.lab.snapshot().unwrap());
    assert_eq!(left, Vec::<String>::new());
}
