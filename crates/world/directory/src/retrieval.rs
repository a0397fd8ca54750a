//! Who may retrieve the managed password of a gMSA: `msDS-GroupMSAMembership`, one entry at a time.

use model::names;
use model::ports::WorldError;
use security::{AccessMask, Sid};

use crate::ActiveDirectory;
use crate::descriptors::Descriptor;

/// The attribute, and what changing it is called.
pub(crate) const RETRIEVAL: Descriptor = Descriptor {
    attribute: "msDS-GroupMSAMembership",
    change: "change who may retrieve the password of",
    elsewhere: "change it on the domain controller, with its own tools",
    removed_when_empty: false,
};

impl ActiveDirectory {
    pub(crate) async fn grant_retrieval(
        &self,
        gmsa: &names::Dn,
        principal: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_descriptor(gmsa, &RETRIEVAL, |descriptor| {
            descriptor.grant(*principal, AccessMask::FULL_CONTROL)
        })
        .await
    }

    pub(crate) async fn take_retrieval(
        &self,
        gmsa: &names::Dn,
        principal: &Sid,
    ) -> Result<(), WorldError> {
        self.edit_descriptor(gmsa, &RETRIEVAL, |descriptor| {
            descriptor.revoke(*principal, AccessMask::FULL_CONTROL)
        })
        .await
    }
}
