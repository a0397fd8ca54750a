//! The request that a client of the Group Key Distribution Protocol sends.

use security::Guid;

use crate::root_key::RootKeyId;

/// [MS-GKDI] 3.1.4.1 GetKey (Opnum 0), the stub of a request in the NDR64 transfer syntax.
///
/// ```text
/// u32 cbTargetSD, to 8 · u64 size · pbTargetSD, to 8 · u64 referent of pRootKeyID · GUID · i32 L0 · i32 L1 · i32 L2
/// ```
///
/// The indexes are as the caller has them: (−1, −1, −1) asks for the latest key.
#[must_use]
pub fn get_key_request_ndr64(
    target: &[u8],
    root_key_id: Option<RootKeyId>,
    indexes: [i32; 3],
) -> Vec<u8> {
    const REFERENT: u64 = 0x0002_0000;
    let target_len = target.len() as u64;
    let mut stub = Vec::new();
    stub.extend(target_len.to_le_bytes()); // cbTargetSD and its padding
    stub.extend(target_len.to_le_bytes());
    stub.extend(target);
    stub.resize(stub.len().next_multiple_of(8), 0);
    let guid = root_key_id.map(RootKeyId::guid);
    stub.extend(guid.map_or(0, |_| REFERENT).to_le_bytes());
    stub.extend(guid.map(Guid::to_bytes).iter().flatten());
    stub.extend(indexes.iter().flat_map(|index| index.to_le_bytes()));
    stub
}
