//! Result codes of LDAP operations.

use std::fmt;

/// RFC 4511 appendix A, "LDAP Result Codes". Open: a server may answer with a number that has no name here.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// `success`
    pub const SUCCESS: Self = Self(0);
    /// `operationsError`: Active Directory's answer to a request before a bind, among others.
    pub const OPERATIONS_ERROR: Self = Self(1);
    /// `timeLimitExceeded`
    pub const TIME_LIMIT_EXCEEDED: Self = Self(3);
    /// `sizeLimitExceeded`
    pub const SIZE_LIMIT_EXCEEDED: Self = Self(4);
    /// `compareFalse`
    pub const COMPARE_FALSE: Self = Self(5);
    /// `compareTrue`
    pub const COMPARE_TRUE: Self = Self(6);
    /// `strongerAuthRequired`: the server wants the connection signed, sealed or bound to its TLS channel.
    pub const STRONGER_AUTH_REQUIRED: Self = Self(8);
    /// `referral`: another server holds the entry.
    pub const REFERRAL: Self = Self(10);
    /// `saslBindInProgress`
    pub const SASL_BIND_IN_PROGRESS: Self = Self(14);
    /// `noSuchAttribute`: among others, a value to delete is not there.
    pub const NO_SUCH_ATTRIBUTE: Self = Self(16);
    /// `constraintViolation`
    pub const CONSTRAINT_VIOLATION: Self = Self(19);
    /// `attributeOrValueExists`: a value to add is there already.
    pub const ATTRIBUTE_OR_VALUE_EXISTS: Self = Self(20);
    /// `noSuchObject`
    pub const NO_SUCH_OBJECT: Self = Self(32);
    /// `invalidCredentials`
    pub const INVALID_CREDENTIALS: Self = Self(49);
    /// `insufficientAccessRights`
    pub const INSUFFICIENT_ACCESS_RIGHTS: Self = Self(50);
    /// `unwillingToPerform`
    pub const UNWILLING_TO_PERFORM: Self = Self(53);
    /// `notAllowedOnNonLeaf`: the entry to delete has children.
    pub const NOT_ALLOWED_ON_NON_LEAF: Self = Self(66);
    /// `entryAlreadyExists`
    pub const ENTRY_ALREADY_EXISTS: Self = Self(68);

    /// The name in RFC 4511, or `unknown`.
    pub fn name(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            5 => "compareFalse",
            6 => "compareTrue",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            12 => "unavailableCriticalExtension",
            13 => "confidentialityRequired",
            14 => "saslBindInProgress",
            16 => "noSuchAttribute",
            17 => "undefinedAttributeType",
            18 => "inappropriateMatching",
            19 => "constraintViolation",
            20 => "attributeOrValueExists",
            21 => "invalidAttributeSyntax",
            32 => "noSuchObject",
            33 => "aliasProblem",
            34 => "invalidDNSyntax",
            36 => "aliasDereferencingProblem",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            54 => "loopDetect",
            64 => "namingViolation",
            65 => "objectClassViolation",
            66 => "notAllowedOnNonLeaf",
            67 => "notAllowedOnRDN",
            68 => "entryAlreadyExists",
            69 => "objectClassModsProhibited",
            71 => "affectsMultipleDSAs",
            80 => "other",
            118 => "canceled",
            119 => "noSuchOperation",
            120 => "tooLate",
            121 => "cannotCancel",
            _ => "unknown",
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

impl fmt::Debug for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
