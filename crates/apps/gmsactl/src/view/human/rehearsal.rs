//! A rehearsal for people.

use model::run::Outcome;

use crate::documents::{Downtime, RehearsalDocument, RehearsedRun};
use crate::view::paint::Paint;

/// What would happen.
pub fn rehearsal(rehearsal: &RehearsalDocument, paint: &Paint) -> String {
    let mut text = format!("\n{}\n", paint.strong("Rehearsed"));
    for run in &rehearsal.runs {
        text += &lines(run, paint);
    }
    text += &format!("\n{}\n", paint.strong("Taken to be so"));
    for assumed in &rehearsal.assumed {
        text += &format!("  {}\n", paint.dim(assumed));
    }
    for left_out in &rehearsal.not_taken_over {
        text += &format!("  {} {left_out}\n", paint.warn("not taken over:"));
    }
    let verdict = match rehearsal.passed {
        true => paint.good("The plan comes through; every fault ends clean."),
        false => paint.bad("The plan does not pass: see above."),
    };
    text += &format!("\n{verdict} ({:.1} s)\n", rehearsal.seconds);
    if let Some(report) = &rehearsal.report {
        text += &format!("{} {}\n", paint.strong("Report:"), report.display());
    }
    text
}

fn lines(run: &RehearsedRun, paint: &Paint) -> String {
    let name = run.fault.unwrap_or("without a fault");
    let clean = match (run.outcome, run.rolled_back, run.clean) {
        (Outcome::Done, None, _) => paint.good("the plan comes through"),
        (Outcome::Done, Some(_), true) => {
            paint.good("the plan comes through, and can be taken back")
        }
        (_, _, true) => paint.good("everything is as it was before"),
        (_, _, false) => paint.bad("not everything is as it was before"),
    };
    let mut text = format!("  {name:<24} {:<8} {clean}\n", run.outcome.to_string());
    let mut line = |line: String| text += &format!("    {line}\n");
    if let (Some(step), Some(why)) = (&run.step, &run.why) {
        line(format!("{step}: {why}"));
    } else if let Some(why) = &run.why {
        line(why.clone());
    }
    if let Some(advice) = &run.advice {
        line(format!("{} {advice}", paint.strong("what to do:")));
    }
    for done in &run.by_hand {
        line(format!("{} {done}", paint.dim("by hand:")));
    }
    if let (Some(outcome), true) = (run.rolled_back, run.fault.is_some()) {
        line(format!("{} {outcome}", paint.dim("gmsactl rollback:")));
    }
    if run.verified == Some(false) {
        line(paint.bad("not everything was seen to hold afterwards"));
    }
    for left in run.left.iter().chain(&run.differences) {
        line(paint.bad(left));
    }
    let was_down = |down: &&Downtime| down.simulated_seconds > 0.0 || !down.runs;
    for down in run.downtime.iter().filter(was_down) {
        let ends = if down.runs { "" } else { ", and stays down" };
        line(paint.dim(&format!(
            "{} on {} is down for {:.0} s by assumed times{ends}; the plan expects about {} s",
            down.service, down.host, down.simulated_seconds, down.expected_seconds
        )));
    }
    text
}
