//! The log-on's own security: tokens during the bind, sealing after it (over `sspi`).

use std::time::SystemTime;

use picky_krb::crypto::CipherSuite;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, Credentials,
    CredentialsBuffers, Kerberos, KerberosConfig, KeytabIdentity, Negotiate, NegotiateConfig, Ntlm,
    SecurityBuffer, SspiEx as _, Username,
};
use zeroize::Zeroizing;

use crate::failure::{LogonError, LogonFailure};
use crate::granted::Granted;
use crate::kdc::Kdc;
use crate::logged_on::LoggedOnUser;
use crate::package::{Centre, drive, open, seal};
use crate::secret::{EncryptionType, KerberosKey, LogonSecret, Password};

/// Kerberos only: sspi would otherwise fall back to NTLM by itself when the key distribution centre fails.
const KERBEROS_ONLY: &str = "kerberos,!ntlm,!pku2u";
/// A name for this program where the protocols want one.
const WORKSTATION: &str = "gmsactl";

/// SASL mechanism that carries Kerberos.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mechanism {
    /// `GSS-SPNEGO` ([MS-SPNG]), as Windows uses it.
    #[default]
    GssSpnego,
    /// `GSSAPI` (RFC 4752).
    Gssapi,
}

impl Mechanism {
    /// Its registered SASL name.
    pub fn name(self) -> &'static str {
        match self {
            Self::GssSpnego => "GSS-SPNEGO",
            Self::Gssapi => "GSSAPI",
        }
    }
}

/// One log-on: first exchanges tokens, then seals and opens messages.
pub struct SecurityContext {
    package: Package,
    service: String,
    flags: ClientRequestFlags,
    /// SEC_CHANNEL_BINDINGS of the TLS channel underneath.
    channel_binding: Option<Vec<u8>>,
    /// Stands in for the AS exchange.
    granted: Option<Granted>,
}

enum Package {
    Kerberos(Box<Kerberos>, Option<CredentialsBuffers>),
    Negotiate(Box<Negotiate>, Option<CredentialsBuffers>),
    Ntlm(Box<Ntlm>, Option<AuthIdentityBuffers>),
    LoggedOn(LoggedOnUser),
}

/// A sealed message.
pub struct Sealed {
    /// What the receiver needs to check and open it.
    pub token: Vec<u8>,
    /// The encrypted bytes.
    pub data: Vec<u8>,
}

/// What one step of the log-on gave.
pub struct Step {
    /// To be sent, unless empty.
    pub token: Vec<u8>,
    /// Both sides are authenticated.
    pub complete: bool,
}

impl SecurityContext {
    /// Kerberos that will seal.
    pub fn kerberos(
        mechanism: Mechanism,
        user: &str,
        secret: &LogonSecret,
        service: &str,
    ) -> Result<Self, LogonError> {
        if let LogonSecret::LoggedOnUser = secret {
            return Self::logged_on(user, service);
        }
        let config = KerberosConfig::new_with_kdc_url(Kdc::URL, WORKSTATION.into());
        let (credentials, granted) = credentials(user, secret)?;
        let buffers = Some(
            CredentialsBuffers::try_from(credentials.clone()).map_err(|e| internal(user, &e))?,
        );
        let package = match mechanism {
            Mechanism::Gssapi => {
                let kerberos =
                    Kerberos::new_client_from_config(config).map_err(|e| internal(user, &e))?;
                Package::Kerberos(Box::new(kerberos), buffers)
            }
            Mechanism::GssSpnego => {
                let config = NegotiateConfig::new(
                    Box::new(config),
                    Some(KERBEROS_ONLY.into()),
                    WORKSTATION.into(),
                );
                let mut negotiate =
                    Negotiate::new_client(config).map_err(|e| internal(user, &e))?;
                // A key from a keytab is taken from here only, not from the credentials handle.
                negotiate
                    .custom_set_auth_identity(credentials)
                    .map_err(|e| internal(user, &e))?;
                Package::Negotiate(Box::new(negotiate), buffers)
            }
        };
        Ok(Self {
            package,
            service: service.to_owned(),
            flags: sealing(),
            channel_binding: None,
            granted,
        })
    }

    /// Kerberos of Windows, as whoever is logged on; it asks the key distribution centre itself.
    fn logged_on(user: &str, service: &str) -> Result<Self, LogonError> {
        let package = LoggedOnUser::new(service).map_err(|failure| LogonError::Refused {
            user: user.to_owned(),
            failure,
        })?;
        Ok(Self {
            package: Package::LoggedOn(package),
            service: service.to_owned(),
            flags: sealing(),
            channel_binding: None,
            granted: None,
        })
    }

    /// Leaves the seal to the TLS channel underneath, and binds the log-on to it.
    #[must_use]
    pub fn bound_to(self, channel_binding: Vec<u8>) -> Self {
        Self {
            flags: ClientRequestFlags::MUTUAL_AUTH,
            channel_binding: Some(channel_binding),
            ..self
        }
    }

    /// NTLM: seals, or is bound to the TLS channel underneath when there is one.
    pub fn ntlm(
        user: &str,
        password: &Password,
        service: &str,
        channel_binding: Option<Vec<u8>>,
    ) -> Result<Self, LogonError> {
        let flags = if channel_binding.is_some() {
            ClientRequestFlags::MUTUAL_AUTH
        } else {
            sealing()
        };
        let package = Package::Ntlm(
            Box::new(Ntlm::new()),
            Some(identity(user, password)?.into()),
        );
        Ok(Self {
            package,
            service: service.to_owned(),
            flags,
            channel_binding,
            granted: None,
        })
    }

    /// Takes the server's token (empty at first) and makes the next one.
    pub async fn step(&mut self, token: &[u8], kdc: &mut Kdc<'_>) -> Result<Step, LogonFailure> {
        let step = self.advance(token, kdc).await?;
        step.ok_or_else(|| LogonFailure::Other("the log-on ended without a token".into()))
    }

    /// Gets a ticket-granting ticket, and no more.
    pub(crate) async fn log_on(&mut self, kdc: &mut Kdc<'_>) -> Result<(), LogonFailure> {
        kdc.logon_only = true;
        self.advance(&[], kdc).await.map(|_| ())
    }

    async fn advance(
        &mut self,
        token: &[u8],
        kdc: &mut Kdc<'_>,
    ) -> Result<Option<Step>, LogonFailure> {
        let mut input = vec![SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        let binding = self.channel_binding.iter();
        input.extend(
            binding.map(|bytes| SecurityBuffer::new(bytes.clone(), BufferType::ChannelBindings)),
        );
        let (service, flags) = (&self.service, self.flags);
        let mut centre = Centre {
            granted: self.granted.as_ref(),
            kdc,
        };
        let kdc = &mut centre;
        match &mut self.package {
            Package::Kerberos(kerberos, credentials) => {
                drive(&mut **kerberos, credentials, flags, service, input, kdc).await
            }
            Package::Negotiate(negotiate, credentials) => {
                drive(&mut **negotiate, credentials, flags, service, input, kdc).await
            }
            Package::Ntlm(ntlm, credentials) => {
                drive(&mut **ntlm, credentials, flags, service, input, kdc).await
            }
            Package::LoggedOn(user) => user.step(token, self.channel_binding.as_deref()).map(Some),
        }
    }

    /// Encrypts and signs one SASL buffer's worth of bytes.
    pub fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, String> {
        let sealed = self.seal_apart(plain)?;
        Ok([sealed.token, sealed.data].concat())
    }

    /// The same with token and data apart, for protocols that write the token's length.
    pub fn seal_apart(&mut self, plain: &[u8]) -> Result<Sealed, String> {
        match &mut self.package {
            Package::Kerberos(kerberos, _) => seal(&mut **kerberos, plain),
            Package::Negotiate(negotiate, _) => seal(&mut **negotiate, plain),
            Package::Ntlm(ntlm, _) => seal(&mut **ntlm, plain),
            Package::LoggedOn(user) => return user.seal(plain),
        }
        .map_err(|error| error.to_string())
    }

    /// Verifies and decrypts one SASL buffer.
    pub fn open(&mut self, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        match &mut self.package {
            Package::Kerberos(kerberos, _) => open(&mut **kerberos, sealed),
            Package::Negotiate(negotiate, _) => open(&mut **negotiate, sealed),
            Package::Ntlm(ntlm, _) => open(&mut **ntlm, sealed),
            Package::LoggedOn(user) => return user.open(sealed),
        }
        .map_err(|error| error.to_string())
    }
}

fn sealing() -> ClientRequestFlags {
    ClientRequestFlags::MUTUAL_AUTH
        | ClientRequestFlags::INTEGRITY
        | ClientRequestFlags::CONFIDENTIALITY
        | ClientRequestFlags::REPLAY_DETECT
        | ClientRequestFlags::SEQUENCE_DETECT
}

fn credentials(
    user: &str,
    secret: &LogonSecret,
) -> Result<(Credentials, Option<Granted>), LogonError> {
    match secret {
        LogonSecret::Password(password) => {
            Ok((Credentials::AuthIdentity(identity(user, password)?), None))
        }
        LogonSecret::Key(key) => Ok((keytab(user, key)?, None)),
        LogonSecret::LoggedOnUser => Err(LogonError::Input {
            what: "these credentials cannot be used here",
            detail: "Windows keeps those of who is logged on to itself".into(),
        }),
        LogonSecret::TicketCache(cache) => {
            let refused = |failure| LogonError::Refused {
                user: user.to_owned(),
                failure,
            };
            let ticket = cache
                .granting_ticket(SystemTime::now())
                .map_err(|error| refused(error.into()))?;
            let granted = Granted::new(ticket).ok_or_else(|| {
                refused(LogonFailure::Other(
                    "the system gives no random bytes".into(),
                ))
            })?;
            let credentials = keytab(&granted.holder(), granted.key())?;
            Ok((credentials, Some(granted)))
        }
    }
}

fn keytab(user: &str, key: &KerberosKey) -> Result<Credentials, LogonError> {
    Ok(Credentials::Keytab(KeytabIdentity {
        principal: user_name(user)?,
        key: key.expose_bytes().to_vec().into(),
        key_enctype: cipher_suite(key.encryption_type()),
    }))
}

pub(crate) fn cipher_suite(kind: EncryptionType) -> CipherSuite {
    match kind {
        EncryptionType::Aes128 => CipherSuite::Aes128CtsHmacSha196,
        EncryptionType::Aes256 => CipherSuite::Aes256CtsHmacSha196,
    }
}

fn identity(user: &str, password: &Password) -> Result<AuthIdentity, LogonError> {
    let password = std::str::from_utf8(password.expose_bytes()).map_err(|_| LogonError::Input {
        what: "the password cannot be used",
        detail: "it is not UTF-8".into(),
    })?;
    Ok(AuthIdentity {
        username: user_name(user)?,
        password: password.to_owned().into(),
    })
}

fn user_name(user: &str) -> Result<Username, LogonError> {
    let malformed = |detail: String| LogonError::Input {
        what: "the user name cannot be used",
        detail,
    };
    if !user.contains(['@', '\\']) {
        return Err(malformed(format!(
            "{user} is neither name@REALM nor DOMAIN\\name"
        )));
    }
    Username::parse(user).map_err(|error| malformed(error.to_string()))
}

fn internal(user: &str, error: &sspi::Error) -> LogonError {
    LogonError::Refused {
        user: user.to_owned(),
        failure: LogonFailure::Other(error.to_string()),
    }
}
