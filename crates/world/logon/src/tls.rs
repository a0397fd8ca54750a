//! TLS: whom to trust, what went wrong, and the channel's binding to a log-on.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use rustls_platform_verifier::Verifier;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::signature_algorithm::RsaSsaPssParams;

/// Certificate authorities that are trusted.
#[derive(Debug, Clone)]
pub enum TlsRoots {
    /// PEM text of one or more certificates: only these count.
    Pem(Vec<u8>),
    /// What the operating system trusts.
    Platform,
    /// Any certificate of anybody, because the operator asked for it by a name with `danger` in it: what listens on
    /// the way can read along.
    DangerAnybody,
}

/// What a protocol wants of TLS beside a certificate.
#[derive(Debug, Clone, Copy, Default)]
pub struct Terms {
    /// Nothing newer than TLS 1.2: after its handshake the server says nothing on its own.
    pub at_most_tls12: bool,
    /// The protocol's name for ALPN (RFC 7301), where it has one.
    pub alpn: Option<&'static str>,
}

/// Starts TLS on a stream; the certificate must be valid for the server's host name. `limit` bounds the handshake.
///
/// # Errors
/// Why the server cannot be trusted, or TLS failed.
pub async fn start<S: AsyncRead + AsyncWrite + Unpin>(
    server: &str,
    roots: &TlsRoots,
    stream: S,
    limit: Duration,
) -> Result<TlsStream<S>, TlsFailure> {
    start_on(Terms::default(), server, roots, stream, limit).await
}

/// The same on a protocol's own terms.
///
/// # Errors
/// As [`start`].
pub async fn start_on<S: AsyncRead + AsyncWrite + Unpin>(
    terms: Terms,
    server: &str,
    roots: &TlsRoots,
    stream: S,
    limit: Duration,
) -> Result<TlsStream<S>, TlsFailure> {
    let mut config = config(roots, terms)?;
    config.alpn_protocols = terms
        .alpn
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    let name = ServerName::try_from(server.to_owned())
        .map_err(|error| TlsFailure::Other(format!("{server}: {error}")))?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, stream);
    match tokio::time::timeout(limit, handshake).await {
        Ok(stream) => stream.map_err(|error| failure(&error)),
        Err(_) => Err(TlsFailure::Timeout(limit)),
    }
}

fn config(roots: &TlsRoots, terms: Terms) -> Result<ClientConfig, TlsFailure> {
    let unusable = |error: String| TlsFailure::Roots(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = match terms.at_most_tls12 {
        true => &[&rustls::version::TLS12][..],
        false => rustls::DEFAULT_VERSIONS,
    };
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(versions)
        .map_err(|error| unusable(error.to_string()))?;
    match roots {
        TlsRoots::Pem(pem) => {
            let mut store = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
                store
                    .add(certificate)
                    .map_err(|error| unusable(error.to_string()))?;
            }
            if store.is_empty() {
                return Err(unusable("there is none in the PEM text".into()));
            }
            Ok(builder.with_root_certificates(store).with_no_client_auth())
        }
        TlsRoots::Platform => {
            let verifier = Verifier::new(provider).map_err(|error| unusable(error.to_string()))?;
            Ok(builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth())
        }
        TlsRoots::DangerAnybody => Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
            .with_no_client_auth()),
    }
}

/// Takes every certificate; that the server has its key is still checked.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

fn failure(error: &io::Error) -> TlsFailure {
    match error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>())
    {
        Some(rustls::Error::InvalidCertificate(certificate)) => refused(certificate),
        Some(tls) => TlsFailure::Other(tls.to_string()),
        None => TlsFailure::Other(error.to_string()),
    }
}

fn refused(certificate: &CertificateError) -> TlsFailure {
    match certificate {
        CertificateError::Expired
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => TlsFailure::Expired { not_after: None },
        CertificateError::ExpiredContext { not_after, .. } => TlsFailure::Expired {
            not_after: Some(UNIX_EPOCH + Duration::from_secs(not_after.as_secs())),
        },
        CertificateError::NotValidForName => TlsFailure::WrongName {
            presented: Vec::new(),
        },
        CertificateError::NotValidForNameContext { presented, .. } => TlsFailure::WrongName {
            presented: presented.iter().map(|name| bare(name).to_owned()).collect(),
        },
        // A bad signature: another authority of the same name, as after a domain was set up anew.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsFailure::UnknownAuthority
        }
        other => TlsFailure::Other(other.to_string()),
    }
}

/// `DnsName("dc1.contoso.com")` without its wrapping.
fn bare(presented: &str) -> &str {
    presented.split('"').nth(1).unwrap_or(presented)
}

/// The SEC_CHANNEL_BINDINGS structure for `tls-server-end-point` (RFC 5929 section 4): addresses empty, then
/// the application data. `None` when the server showed no certificate.
pub fn channel_binding<S>(stream: &TlsStream<S>) -> Option<Vec<u8>> {
    const HEADER_LEN: u32 = 32;
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates()?.first()?;
    let data = [b"tls-server-end-point:", &end_point_hash(certificate)?[..]].concat();
    let mut binding = vec![0; 24]; // Initiator and acceptor: type, length and offset 0.
    binding.extend(u32::try_from(data.len()).ok()?.to_le_bytes());
    binding.extend(HEADER_LEN.to_le_bytes());
    binding.extend(data);
    Some(binding)
}

/// RFC 5929 section 4.1, "Description": the hash of the certificate's own signature, SHA-256 in place of MD5 and SHA-1.
fn end_point_hash(certificate: &[u8]) -> Option<Vec<u8>> {
    const SHA384: [&str; 3] = [
        "1.2.840.113549.1.1.12",
        "1.2.840.10045.4.3.3",
        "2.16.840.1.101.3.4.2.2",
    ];
    const SHA512: [&str; 3] = [
        "1.2.840.113549.1.1.13",
        "1.2.840.10045.4.3.4",
        "2.16.840.1.101.3.4.2.3",
    ];
    const RSASSA_PSS: &str = "1.2.840.113549.1.1.10";
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let signature = &parsed.signature_algorithm;
    let mut oid = signature.algorithm.to_id_string();
    if oid == RSASSA_PSS {
        let parameters = RsaSsaPssParams::try_from(signature.parameters.as_ref()?).ok()?;
        oid = parameters.hash_algorithm_oid().to_id_string();
    }
    Some(match oid.as_str() {
        oid if SHA384.contains(&oid) => Sha384::digest(certificate).to_vec(),
        oid if SHA512.contains(&oid) => Sha512::digest(certificate).to_vec(),
        _ => Sha256::digest(certificate).to_vec(),
    })
}

/// Why a server's certificate does not do, or TLS failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// The certificate's time is over, or has not come.
    #[error("its certificate is expired or not yet valid{}", Since(.not_after))]
    Expired {
        /// The end of its time, when TLS told.
        not_after: Option<SystemTime>,
    },
    /// The certificate is somebody else's.
    #[error("its certificate does not name this host{}", Names(.presented))]
    WrongName {
        /// The names in the certificate, when TLS told.
        presented: Vec<String>,
    },
    /// No trusted authority has signed the certificate.
    #[error("its certificate is signed by an unknown authority")]
    UnknownAuthority,
    /// The trusted certificates cannot be read.
    #[error("the trusted certificates cannot be used: {0}")]
    Roots(String),
    /// The server has no TLS, or not now.
    #[error("the server did not start TLS: {0}")]
    NotStarted(String),
    /// The handshake was not over in time.
    #[error("the handshake took longer than {0:?}")]
    Timeout(Duration),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

struct Since<'a>(&'a Option<SystemTime>);
impl fmt::Display for Since<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Ok(age)) = self.0.map(|end| end.elapsed()) else {
            return Ok(());
        };
        write!(f, " (for {} hours)", age.as_secs() / 3600)
    }
}

struct Names<'a>(&'a [String]);
impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            Ok(())
        } else {
            write!(f, " but {}", self.0.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    };

    use super::*;

    #[test]
    fn the_end_point_hash_follows_the_signature_algorithm() {
        for (algorithm, hash) in [
            (
                &PKCS_ECDSA_P256_SHA256,
                (|der| Sha256::digest(der).to_vec()) as fn(&[u8]) -> Vec<u8>,
            ),
            (&PKCS_ECDSA_P384_SHA384, |der| Sha384::digest(der).to_vec()),
            (&PKCS_ED25519, |der| Sha256::digest(der).to_vec()),
        ] {
            let key = KeyPair::generate_for(algorithm).unwrap();
            let certificate = CertificateParams::new(vec!["dc1".into()])
                .unwrap()
                .self_signed(&key)
                .unwrap();
            assert_eq!(
                end_point_hash(certificate.der()),
                Some(hash(certificate.der()))
            );
        }
        assert_eq!(end_point_hash(b"no certificate"), None);
    }
}
