//! Errors as people read them.

use agent_protocol::win32::Win32Code;
use model::ports::ErrorKind;

use super::*;

fn world(error: AgentError) -> WorldError {
    error.into_world(&"MIMSYNC01".parse().unwrap())
}

#[test]
fn a_lost_answer_to_a_change_is_ambiguous() {
    let closed = |outcome| AgentError::Closed {
        request: "stop service S".into(),
        outcome,
        said: "it ended with exit code 3".into(),
        source: None,
    };
    let lost = world(closed(Outcome::Unknown));
    assert!(lost.ambiguous && lost.advice.is_some());
    assert_eq!(
        lost.to_string(),
        "MIMSYNC01: the agent closed the connection during \"stop service S\"; \
         whether it was done is unknown; it ended with exit code 3"
    );
    assert!(!world(closed(Outcome::Unchanged)).ambiguous);
}

#[test]
fn windows_codes_keep_name_and_meaning() {
    let failure = Failure::from_code(Win32Code(1060), "open service S");
    let error = world(failure.into());
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "MIMSYNC01: open service S: 1060 ERROR_SERVICE_DOES_NOT_EXIST (no service of that name is installed)"
    );
}

#[test]
fn causes_are_kept() {
    let source = io::Error::other("refused");
    let error = world(AgentError::Unreachable {
        address: "h:22".into(),
        source,
    });
    assert_eq!(
        std::error::Error::source(&error).unwrap().to_string(),
        "refused"
    );
}
