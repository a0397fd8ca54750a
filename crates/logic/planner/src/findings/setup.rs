//! Findings about a product's key set and its setup.

use model::finding::FindingKind;

use super::{DESIGN, blocks, warns};

/// The product's version, key set or folder: for profiles.
pub const KEY_SET_UNKNOWN: FindingKind = blocks(
    "GMSA-080",
    "without an exported key set the service would never start under another account",
    DESIGN,
);
/// The key-set file is there already.
pub const KEY_SET_FILE_EXISTS: FindingKind = blocks(
    "GMSA-081",
    "an older export may be the only copy of a key set and is never overwritten",
    DESIGN,
);
/// Nothing is known of the product's setup.
pub const STRATEGY_UNKNOWN: FindingKind = blocks(
    "GMSA-082",
    "a person needs to be told what to enter where, and gmsactl what to look at afterwards",
    DESIGN,
);

/// The package that setup is to run from will not do.
pub const SETUP_PACKAGE: FindingKind = blocks(
    "GMSA-083",
    "setup in change mode works only from the package of the very product that is installed",
    DESIGN,
);

/// A setting that setup would reset.
pub const SETUP_SETTING: FindingKind = blocks(
    "GMSA-084",
    "in change mode setup resets every setting that it is not told",
    DESIGN,
);

/// Another component must have its gMSA first.
pub const SETUP_ORDER: FindingKind = blocks(
    "GMSA-085",
    "setup is told the accounts of all its components, and a password account's password would have to be told too",
    DESIGN,
);

/// Accounts of other components that setup is not told.
pub const SETUP_UNTOLD: FindingKind = warns(
    "GMSA-086",
    "what setup does with the account of a component that it is not told of is not published",
    DESIGN,
);

/// Fields of the package's pages that setup is not told.
pub const SETUP_FIELDS: FindingKind = warns(
    "GMSA-087",
    "a page shows what is set; a silent run has what the package begins with where it is not told",
    DESIGN,
);
/// A key set is spoken of, and the component has none.
pub const KEY_SET_NONE: FindingKind = blocks(
    "GMSA-088",
    "what is asked for would not happen, and the plan would not show that",
    DESIGN,
);
