//! Random bytes: keys, GUIDs, nonces.

/// Bytes nobody can guess.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        tracing::error!(%error, "the system gave no random bytes: what is made now can be guessed");
    }
    bytes
}
