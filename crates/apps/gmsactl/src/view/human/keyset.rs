//! Key sets and their exports.

use super::Paint;
use super::mim::lines_of;
use crate::documents::keyset::{
    ExportNow, FetchedCopies, KeysetDocument, KeysetVerification, OpenedKeySet,
};

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
    text += &exports(&document.exports, paint);
    if !document.saved_by_setup.is_empty() {
        let title = "Saved by setup itself: nothing is restored from these";
        text += &format!("\n{}\n", paint.strong(title));
    }
    for found in &document.saved_by_setup {
        let saved = &found.saved;
        let word = match found.holds {
            true => paint.good("holds  "),
            false => paint.bad("differs"),
        };
        let same = match found.same_as_an_export {
            true => "the content of an export",
            false => "not an export",
        };
        text += &format!(
            "  {word} {} on {}, run {}: {same}\n          {}\n",
            saved.file,
            saved.host,
            saved.run,
            paint.dim(&found.detail)
        );
    }
    text
}

/// Sealed copies, and where they are here.
pub fn fetched_copies(document: &FetchedCopies, paint: &Paint) -> String {
    let mut text = String::new();
    for copy in &document.copies {
        let (word, rest) = match (&copy.failed, copy.fetched) {
            (Some(why), _) => (paint.bad("not here"), format!(": {why}")),
            (None, true) => (paint.good("fetched "), String::new()),
            (None, false) => (paint.dim("is here "), String::new()),
        };
        text += &format!(
            "  {word} {} of {} on {}{rest}\n",
            copy.path, copy.copy.file, copy.host
        );
    }
    if document.copies.is_empty() {
        text += "  no run of this journal made a sealed copy that it did not take back\n";
    }
    text
}

/// Whether they are still whole.
pub fn keyset_verification(verification: &KeysetVerification, paint: &Paint) -> String {
    let mut text = exports(&verification.exports, paint);
    if let Some(copy) = &verification.copy {
        text += &match &copy.copy_of {
            Some(of) => format!(
                "  {} {} is {} of {} on {}\n",
                paint.good("holds  "),
                copy.path,
                match (copy.sealed, &copy.content) {
                    (false, _) => "a copy",
                    (true, None) => "the sealed copy",
                    (true, Some(_)) => "a sealed copy, and opens to the content,",
                },
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

/// What was opened.
pub fn opened_keyset(opened: &OpenedKeySet, paint: &Paint) -> String {
    let of = &opened.copy_of;
    format!(
        "{} {} is {} of {}, as run {} exported it\n        SHA-256 {}\n",
        paint.good("written"),
        opened.file,
        of.file,
        of.host,
        of.run,
        opened.facts.sha256
    )
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
        let mut text = format!(
            "  {word} {} on {}, run {}\n          {}\n",
            of.file,
            of.host,
            of.run,
            paint.dim(&export.detail)
        );
        if let Some((sealed, now)) = of.sealed.as_ref().zip(export.sealed_now.as_ref()) {
            let recipients: Vec<_> = sealed.recipients.iter().map(ToString::to_string).collect();
            text += &format!(
                "          sealed copy {} for {}\n          {}\n",
                sealed.file,
                recipients.join(", "),
                paint.dim(&now.detail)
            );
        }
        text
    };
    exports.iter().map(line).collect()
}
