//! TLS: whom to trust, what went wrong, and the channel's binding to a log-on.

use std::io;
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::signature_algorithm::RsaSsaPssParams;

use crate::connection::Stream;
use crate::error::{Error, TlsFailure};
use crate::options::{ConnectOptions, TlsRoots};

/// Starts TLS on a stream; the certificate must be valid for the server's host name.
pub(crate) async fn start(
    options: &ConnectOptions,
    stream: Box<dyn Stream>,
) -> Result<TlsStream<Box<dyn Stream>>, Error> {
    let failed = |reason| Error::Tls {
        server: options.server.clone(),
        reason,
    };
    let config = config(&options.roots).map_err(failed)?;
    let name = ServerName::try_from(options.server.clone())
        .map_err(|error| failed(TlsFailure::Other(format!("{}: {error}", options.server))))?;
    let limit = options.timeouts.connect;
    match tokio::time::timeout(
        limit,
        TlsConnector::from(Arc::new(config)).connect(name, stream),
    )
    .await
    {
        Ok(stream) => stream.map_err(|error| failed(failure(&error))),
        Err(_) => Err(failed(TlsFailure::Timeout(limit))),
    }
}

fn config(roots: &TlsRoots) -> Result<ClientConfig, TlsFailure> {
    let unusable = |error: String| TlsFailure::Roots(error);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
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
pub(crate) fn channel_binding(stream: &TlsStream<Box<dyn Stream>>) -> Option<Vec<u8>> {
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
