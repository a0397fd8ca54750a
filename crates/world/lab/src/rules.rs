//! Active Directory's rules: what may be added, changed, deleted and read, by whom, and what the domain controller adds.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod add;
pub(crate) mod changes;
pub(crate) mod constructed;
pub(crate) mod delete;
pub(crate) mod descriptors;
pub(crate) mod gmsa;
pub(crate) mod host_names;
pub(crate) mod locate;
pub(crate) mod lockout;
pub(crate) mod modify;
pub(crate) mod passwords;
pub(crate) mod refusal;
pub(crate) mod rename;
pub(crate) mod root_dse;
pub(crate) mod token;
pub(crate) mod uniqueness;
pub(crate) mod values;

use security::FileTime;

use crate::forest::Forest;
use access::DefaultDescriptors;
use token::Token;

/// Who asks, when, and where.
#[derive(Clone, Copy)]
pub(crate) struct Caller<'a> {
    pub(crate) forest: &'a Forest,
    pub(crate) defaults: &'a DefaultDescriptors,
    pub(crate) token: &'a Token,
    /// The connection is encrypted.
    pub(crate) confidential: bool,
    /// It asks the global catalog: what is not in the partial attribute set is not there.
    pub(crate) of_global_catalog: bool,
    pub(crate) now: FileTime,
}
