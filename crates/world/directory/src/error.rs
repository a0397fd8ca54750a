//! From the LDAP client's errors to what the operator can do about them.

use ldap::{Error, LogonFailure, Refusal, ResultCode, TlsFailure};
use model::ports::{ErrorKind, WorldError};

/// `cannot_do` is what was tried, from "cannot" on: "cannot create group X in CN=Users,…".
pub(crate) fn world_error(cannot_do: impl AsRef<str>, error: Error) -> WorldError {
    let (kind, advice) = match &error {
        Error::Connect { .. } => (ErrorKind::Unreachable, Some(CHECK_NETWORK.to_owned())),
        Error::Tls { reason, .. } => (ErrorKind::Untrusted, tls_advice(reason)),
        Error::Authentication { failure, .. } => (logon_kind(failure), logon_advice(failure)),
        Error::Refused(refusal) => (refusal_kind(refusal), refusal_advice(refusal)),
        Error::Timeout { .. } | Error::Closed { .. } => (ErrorKind::Timeout, None),
        Error::Protocol { .. } => (ErrorKind::Protocol, None),
        Error::Unsupported(_) => (ErrorKind::NotSupported, Some(SEALED.to_owned())),
        Error::Input { .. } => (ErrorKind::Failed, None),
    };
    let mut world = WorldError::new(kind, format!("{}: {}", cannot_do.as_ref(), reason(&error)));
    if let Some(advice) = advice {
        world = world.advise(advice);
    }
    world.ambiguous(error.is_ambiguous()).caused_by(error)
}

/// An entry that lacks what every entry of its class has.
pub(crate) fn malformed(dn: &str, what: &str) -> WorldError {
    WorldError::new(ErrorKind::Protocol, format!("cannot use {dn}: {what}"))
        .advise("the operator may lack the right to read this object, or it is damaged: look at it with another tool")
}

/// Whether a log-on failed because the two clocks differ too much for Kerberos.
#[must_use]
pub fn is_clock_skew(error: &WorldError) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref());
    matches!(
        cause,
        Some(Error::Authentication {
            failure: LogonFailure::ClockSkew { .. },
            ..
        })
    )
}

/// The Windows error code in the server's words.
pub(crate) fn windows_code(error: &Error) -> Option<u32> {
    match error {
        Error::Refused(refusal) => refusal.windows.map(|windows| windows.code),
        _ => None,
    }
}

/// The server's own words.
pub(crate) fn diagnostic(error: &Error) -> &str {
    match error {
        Error::Refused(refusal) => &refusal.diagnostic,
        _ => "",
    }
}

const CHECK_NETWORK: &str =
    "check the server's name and address, that it runs, and that no firewall is between";

const ENCRYPTED_TO_THE_END: &str = "use transport \"sealed\", which nothing between can end; inside TLS name the domain \
    controller itself: a load balancer or proxy that ends TLS before it makes the connection an open one";

const SEALED: &str = "use transport \"sealed\" with auth \"kerberos\": it needs no certificate";

/// What came back, without what the caller says already: for a refusal the codes only, its words are in the source.
fn reason(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => match refusal.windows {
            Some(windows) => format!("{}, {windows}", refusal.code),
            None => refusal.code.to_string(),
        },
        other => other.to_string(),
    }
}

fn logon_kind(failure: &LogonFailure) -> ErrorKind {
    match failure {
        LogonFailure::KdcUnreachable { .. } => ErrorKind::Unreachable,
        LogonFailure::WrongRealm(_) | LogonFailure::ServicePrincipal(_) => ErrorKind::Untrusted,
        _ => ErrorKind::Credential,
    }
}

/// [MS-ERREF] 2.2 "Win32 Error Codes": ERROR_DS_CONFIDENTIALITY_REQUIRED.
const CONFIDENTIALITY_REQUIRED: u32 = 8237;

fn is_about_encryption(refusal: &Refusal) -> bool {
    let windows = refusal.windows.map(|windows| windows.code);
    windows == Some(CONFIDENTIALITY_REQUIRED)
}

fn refusal_kind(refusal: &Refusal) -> ErrorKind {
    match refusal.code {
        _ if is_about_encryption(refusal) => ErrorKind::NotConfidential,
        ResultCode::INSUFFICIENT_ACCESS_RIGHTS => ErrorKind::Denied,
        ResultCode::NO_SUCH_OBJECT => ErrorKind::NotFound,
        ResultCode::ENTRY_ALREADY_EXISTS => ErrorKind::Exists,
        ResultCode::INVALID_CREDENTIALS => ErrorKind::Credential,
        ResultCode::STRONGER_AUTH_REQUIRED => ErrorKind::Protocol,
        ResultCode::CONSTRAINT_VIOLATION
        | ResultCode::ATTRIBUTE_OR_VALUE_EXISTS
        | ResultCode::NO_SUCH_ATTRIBUTE
        | ResultCode::NOT_ALLOWED_ON_NON_LEAF
        | ResultCode::UNWILLING_TO_PERFORM => ErrorKind::Conflict,
        ResultCode::TIME_LIMIT_EXCEEDED => ErrorKind::Timeout,
        _ => ErrorKind::Failed,
    }
}

fn tls_advice(reason: &TlsFailure) -> Option<String> {
    let advice = match reason {
        TlsFailure::Expired { .. } => {
            "renew the domain controller's certificate, or use transport \"sealed\", which needs none"
        }
        TlsFailure::WrongName { .. } => "name the domain controller as its certificate does",
        TlsFailure::UnknownAuthority => "give the certificate authority's certificate as ca-file",
        TlsFailure::Roots(_) => "ca-file must hold certificates in PEM form",
        TlsFailure::NotStarted(_) => {
            "the domain controller may have no certificate: transport \"sealed\" needs none"
        }
        TlsFailure::Timeout(_) => CHECK_NETWORK,
        TlsFailure::Other(_) => return None,
    };
    Some(advice.to_owned())
}

fn logon_advice(failure: &LogonFailure) -> Option<String> {
    let advice = match failure {
        LogonFailure::WrongPassword => {
            "check the password; every further attempt with a wrong one counts towards a lock-out"
        }
        LogonFailure::UnknownUser => "check the user's name and the domain",
        LogonFailure::ClockSkew { .. } => {
            "set this machine's clock by the domain controller's: Kerberos allows 5 minutes"
        }
        LogonFailure::Disabled | LogonFailure::Expired | LogonFailure::Revoked => {
            "enable the account, or use another"
        }
        LogonFailure::Locked => "unlock the account, or wait until the lock-out ends",
        LogonFailure::PasswordExpired | LogonFailure::PasswordMustChange => {
            "change the account's password first"
        }
        LogonFailure::ServicePrincipal(_) => {
            "name the domain controller by its full DNS name, and check that it belongs to this domain"
        }
        LogonFailure::WrongRealm(_) => {
            "check the domain's name, and that the server is a domain controller of it"
        }
        LogonFailure::KdcUnreachable { .. } => CHECK_NETWORK,
        LogonFailure::EncryptionType => {
            "allow AES for the account (msDS-SupportedEncryptionTypes 0x18) and set its password anew"
        }
        LogonFailure::TicketCache(error) => return Some(error.advice()),
        LogonFailure::TicketRefused => "run kinit again",
        LogonFailure::Protection(_) => "use transport \"sealed\" with Kerberos",
        LogonFailure::Forbidden | LogonFailure::Kerberos { .. } | LogonFailure::Other(_) => {
            return None;
        }
    };
    Some(advice.to_owned())
}

fn refusal_advice(refusal: &Refusal) -> Option<String> {
    match refusal.code {
        _ if is_about_encryption(refusal) => Some(ENCRYPTED_TO_THE_END.to_owned()),
        ResultCode::REFERRAL => Some(format!(
            "another server has it, or may change it ({}): name that one, or a domain controller of that domain, as \
             server under [domain] or with --server",
            refusal.referrals.join(", ")
        )),
        ResultCode::STRONGER_AUTH_REQUIRED => {
            Some("use transport \"sealed\" or \"ldaps\"".to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::error::Error as _;
    use std::time::Duration;

    use ldap::{Operation, WindowsError};

    use super::*;

    pub(crate) fn refused(code: ResultCode, diagnostic: &str) -> Error {
        Error::Refused(Box::new(Refusal {
            operation: Operation::Add,
            dn: "CN=x".into(),
            code,
            diagnostic: diagnostic.into(),
            windows: WindowsError::from_diagnostic(diagnostic),
            matched_dn: String::new(),
            referrals: vec!["ldap://child.contoso.com".into()],
        }))
    }

    #[test]
    fn refusals_are_sorted_by_what_the_operator_can_do() {
        let words = "0000202D: SvcErr: DSID-1, problem 5012 (DIR_ERROR), data 0";
        let open = world_error("cannot do it", refused(ResultCode(1), words));
        assert_eq!(open.kind, ErrorKind::NotConfidential);
        assert!(open.advice.unwrap().contains("sealed"));
        for (code, kind) in [
            (50, ErrorKind::Denied),
            (32, ErrorKind::NotFound),
            (68, ErrorKind::Exists),
            (19, ErrorKind::Conflict),
            (1, ErrorKind::Failed),
        ] {
            assert_eq!(
                world_error("cannot do it", refused(ResultCode(code), "")).kind,
                kind,
                "{code}"
            );
        }
        let referral = world_error("cannot do it", refused(ResultCode::REFERRAL, ""));
        assert!(referral.advice.unwrap().contains("child.contoso.com"));
    }

    #[test]
    fn one_line_says_what_was_tried_and_the_source_keeps_the_servers_words() {
        let error = world_error(
            "cannot add x",
            refused(ResultCode(50), "00002098: SecErr: DSID-1,\n problem 4003"),
        );
        assert_eq!(error.what.lines().count(), 1);
        assert!(
            error
                .what
                .starts_with("cannot add x: insufficientAccessRights (50)"),
            "{error}"
        );
        assert!(error.what.contains("8344"), "{error}");
        assert!(error.source().unwrap().to_string().contains("DSID-1"));
    }

    #[test]
    fn an_unknown_outcome_stays_unknown() {
        let lost = Error::Timeout {
            operation: Operation::Add,
            after: Duration::from_secs(1),
            ambiguous: true,
        };
        let error = world_error("cannot add x", lost);
        assert!(error.ambiguous && error.kind == ErrorKind::Timeout);
    }

    #[test]
    fn a_wrong_realm_is_not_our_credential() {
        let logon = |failure| {
            world_error(
                "cannot log on",
                Error::Authentication {
                    user: "a".into(),
                    failure,
                },
            )
            .kind
        };
        assert_eq!(
            logon(LogonFailure::WrongRealm("a@B".into())),
            ErrorKind::Untrusted
        );
        assert_eq!(logon(LogonFailure::WrongPassword), ErrorKind::Credential);
    }
}
