//! The key derivation function.

use hmac::digest::OutputSizeUser;
use hmac::digest::common::Key;
use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroize;

use crate::KEY_LEN;
use crate::kdf_parameters::KdfHash;

/// [SP800-108] 5.1 KDF in Counter Mode, with HMAC and r = 32, as [MS-GKDI] 3.1.4.1.2 Generating a Group Key uses it.
///
/// ```text
/// K(i) = HMAC(KI, [i] ‖ Label ‖ 0x00 ‖ Context ‖ [L])      [i], [L]: 32 bits, big-endian; L counts bits
/// out  = the first L bits of K(1) ‖ K(2) ‖ …
/// ```
///
/// The labels of [MS-GKDI] end in a UTF-16 NUL of their own; 0x00 still follows. `context` is given in pieces.
pub(crate) fn derive<const N: usize>(
    hash: KdfHash,
    key: &[u8; KEY_LEN],
    label: &[u8],
    context: [&[u8]; 2],
    out: &mut [u8; N],
) {
    match hash {
        KdfHash::Sha1 => derive_with::<Sha1, N>(key, label, context, out),
        KdfHash::Sha256 => derive_with::<Sha256, N>(key, label, context, out),
        KdfHash::Sha384 => derive_with::<Sha384, N>(key, label, context, out),
        KdfHash::Sha512 => derive_with::<Sha512, N>(key, label, context, out),
    }
}

fn derive_with<H: EagerHash, const N: usize>(
    key: &[u8; KEY_LEN],
    label: &[u8],
    context: [&[u8]; 2],
    out: &mut [u8; N],
) {
    const { assert!(N <= 0x1000, "L, in bits, is far below 2^32") };
    let keyed = keyed_hmac::<H>(key);
    let output_len = <Hmac<H> as OutputSizeUser>::output_size();
    for (counter, block) in (1u32..).zip(out.chunks_mut(output_len)) {
        let mut hmac = keyed.clone();
        hmac.update(&counter.to_be_bytes());
        hmac.update(label);
        hmac.update(&[0x00]);
        context.iter().for_each(|piece| hmac.update(piece));
        hmac.update(&(8 * N as u32).to_be_bytes());
        let mut code = hmac.finalize().into_bytes();
        block
            .iter_mut()
            .zip(&code)
            .for_each(|(out, code)| *out = *code);
        code.as_mut_slice().zeroize();
    }
}

/// HMAC after its first block: the key is absorbed once, however many blocks of output follow.
///
/// A key of 64 bytes is never longer than a block of the hash, so it is padded with zeros and never hashed.
fn keyed_hmac<H: EagerHash>(key: &[u8; KEY_LEN]) -> Hmac<H> {
    let mut block = Key::<Hmac<H>>::default();
    block
        .iter_mut()
        .zip(key)
        .for_each(|(slot, byte)| *slot = *byte);
    let keyed = Hmac::<H>::new(&block);
    block.as_mut_slice().zeroize();
    keyed
}
