//! Key sets and their exports.

use super::Paint;
use super::mim::lines_of;
use crate::documents::keyset::{ExportNow, KeysetDocument, KeysetVerification};

/// The services that have one, and the exports that the journal knows.
pub fn keysets(document: &KeysetDocument, paint: &Paint) -> String {
    let mut text = format!("{}\n", paint.strong("Services with a key set"));
    if document.services.is_empty() {
        text += "  none was found\n";
    }
    for node in &document.services {
        text += &lines_of(node, paint);
    }
    text += &format!("\n{}\n", paint.strong("Exports in this journal"));
    text + &exports(&document.exports, paint)
}

/// Whether they are still whole.
pub fn keyset_verification(verification: &KeysetVerification, paint: &Paint) -> String {
    let mut text = exports(&verification.exports, paint);
    if let Some(copy) = &verification.copy {
        text += &match &copy.copy_of {
            Some(of) => format!(
                "  {} {} is a copy of {} on {}\n",
                paint.good("holds  "),
                copy.path,
                of.file,
                of.host
            ),
            None => format!(
                "  {} {} is no export of this journal: SHA-256 {}\n",
                paint.bad("differs"),
                copy.path,
                copy.facts.sha256
            ),
        };
    }
    text
}

fn exports(exports: &[ExportNow], paint: &Paint) -> String {
    if exports.is_empty() {
        return "  none: gmsactl keyset export makes one\n".to_owned();
    }
    let line = |export: &ExportNow| {
        let word = match export.holds {
            true => paint.good("holds  "),
            false => paint.bad("differs"),
        };
        let of = &export.exported;
        format!(
            "  {word} {} on {}, run {}\n          {}\n",
            of.file,
            of.host,
            of.run,
            paint.dim(&export.detail)
        )
    };
    exports.iter().map(line).collect()
}
