//! The shortest sequence that still shows a difference.

use super::accepted::Accepted;
use super::case::{self, Failure, Pair};
use super::operation::Operation;

/// Leaves out whatever is not needed for the same attribute or code to differ. `failing` ends with the operation that
/// showed it.
pub async fn shrink(
    pair: &Pair,
    tag: &str,
    mut failing: Vec<Operation>,
    mut failure: Failure,
    accepted: &'static Accepted,
) -> (Vec<Operation>, Failure) {
    let mut at = failing.len();
    while at > 0 {
        at -= 1;
        let mut shorter = failing.clone();
        shorter.remove(at);
        let Ok(report) = case::run(pair, tag, &shorter, accepted).await else {
            return (failing, failure); // Without a connection this is the shortest that can be had.
        };
        let kind = |operations: &[Operation], failure: &Failure| {
            let operation = operations.get(failure.index);
            operation.map(|operation| operation.request.kind())
        };
        let wanted = kind(&failing, &failure);
        let same = |found: &Failure| {
            found.differences[0] == failure.differences[0] && kind(&shorter, found) == wanted
        };
        if let Some(found) = report.failures.into_iter().find(same) {
            shorter.truncate(found.index + 1);
            at = at.min(shorter.len());
            (failing, failure) = (shorter, found);
        }
    }
    (failing, failure)
}
