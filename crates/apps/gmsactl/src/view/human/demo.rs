//! The lab: what the demo showed, and where a started one is.

use model::run::Outcome;

use super::Paint;
use crate::documents::DemoDocument;

/// In short.
pub fn demo(demo: &DemoDocument, paint: &Paint) -> String {
    let names: Vec<_> = demo
        .converted
        .iter()
        .map(|component| component.as_str())
        .collect();
    let verdict = |holds: bool, yes: &str, no: &str| {
        if holds {
            paint.good(yes)
        } else {
            paint.bad(no)
        }
    };
    let converted = match demo.outcome {
        Outcome::Done => format!(
            "{} ({} steps, {} hosts)",
            names.join(", "),
            demo.steps,
            demo.hosts
        ),
        outcome => paint.bad(&format!("nothing: the run ended as {outcome}")),
    };
    let mut text = format!("\n{} {converted}\n", paint.strong("Converted:  "));
    for failure in &demo.failures {
        text += &format!("             {failure}\n");
    }
    text += &format!(
        "{} {}\n",
        paint.strong("Verified:   "),
        verdict(
            demo.verified,
            "everything holds; planned again, nothing is left to do",
            "not everything holds"
        )
    );
    text += &format!(
        "{} {}\n",
        paint.strong("Rolled back:"),
        verdict(
            demo.rolled_back_clean,
            "clean: directory, hosts and databases are as before",
            "not clean"
        )
    );
    for difference in &demo.differences {
        text += &format!("              {difference}\n");
    }
    for left in &demo.left {
        text += &format!("{} {}\n", paint.strong("Left:       "), paint.dim(left));
    }
    text + &format!(
        "{} {} ({:.1} s in all)\n",
        paint.strong("Report:     "),
        demo.report.display(),
        demo.seconds
    )
}
