//! An entry of the manual, for people.

use super::Paint;
use crate::cmd::explain::Explanation;

/// Its id, then what is said, one thing a line.
pub fn explanation(explanation: &Explanation, paint: &Paint) -> String {
    let mut text = format!("{} ({})\n", paint.strong(&explanation.id), explanation.kind);
    for said in &explanation.says {
        text += &format!(
            "  {} {}\n",
            paint.dim(&format!("{}:", said.about)),
            said.text
        );
    }
    text
}
