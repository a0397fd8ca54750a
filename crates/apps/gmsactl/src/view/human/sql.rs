//! An account's way into a database, for people.

use crate::documents::{SqlCheck, SqlSweep};
use crate::view::paint::Paint;

/// One line for each thing that was looked at; then what was done, or the T-SQL that would do it.
pub fn sql_check(document: &SqlCheck, paint: &Paint) -> String {
    let server = &document.server;
    let mut text = format!(
        "{} in {} on {} (SQL Server {}), as {}\n",
        paint.strong(&document.account),
        document.database,
        server.name,
        server.version,
        server.operator
    );
    for check in &document.checks {
        let word = match check.holds {
            true => paint.good("ok  "),
            false => paint.bad("fail"),
        };
        text += &format!("{word} {}: {}\n", check.id, check.detail);
        if let Some(advice) = check.advice.as_ref().filter(|_| !check.holds) {
            text += &format!("     {} {advice}\n", paint.strong("what to do:"));
        }
    }
    for line in &document.not_copied {
        text += &format!("{} {line}\n", paint.warn("not copied:"));
    }
    for line in &document.notes {
        text += &format!("{} {line}\n", paint.warn("note:"));
    }
    match (document.script.is_empty(), document.changed) {
        (true, _) => {}
        (false, true) => text += &format!("Repaired:\n{}", paint.dim(&document.script)),
        (false, false) => text += &format!("T-SQL of the repair:\n{}", document.script),
    }
    text
}

/// One line for each database, with what is missing below it.
pub fn sql_sweep(document: &SqlSweep, paint: &Paint) -> String {
    let mut text = String::new();
    for found in &document.databases {
        let word = match found.holds() {
            true => paint.good("ok  "),
            false => paint.bad("fail"),
        };
        text += &format!(
            "{word} {}: {} in {}\n",
            found.component, found.account, found.database
        );
        let lacks = found.lacks.iter().map(|lacks| format!("lacks {lacks}"));
        let obstacle = found.obstacle.iter().cloned();
        let unknown = found.unknown.iter();
        let unknown = unknown.map(|why| format!("not known: {why}"));
        let others = found.not_copied.iter();
        let others = others.map(|what| format!("not copied: {what}"));
        for line in unknown.chain(lacks).chain(obstacle).chain(others) {
            text += &format!("     {line}\n");
        }
    }
    if document.databases.is_empty() {
        text += "No component of these conversions has a database that its hosts name.\n";
    }
    text
}
