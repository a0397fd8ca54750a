//! The domain controller's certificate, made when the lab starts.

use std::sync::Arc;

use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::LabError;

/// The server's side of TLS, and the authority that a client has to trust.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) acceptor: TlsAcceptor,
    pub(crate) authority_pem: String,
    /// What a log-on inside TLS is bound to: RFC 5929 section 4, "The 'tls-server-end-point' Channel Binding Type".
    pub(crate) end_point: Arc<[u8]>,
    issuer: Arc<rcgen::Issuer<'static, rcgen::KeyPair>>,
}

/// A certificate with its key.
pub(crate) struct Identity {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

impl Certificate {
    /// A new authority and, signed by it, a certificate for these host names and addresses.
    pub(crate) fn new(names: Vec<String>) -> Result<Self, LabError> {
        let failed = |error: rcgen::Error| LabError::Certificate(error.to_string());
        let authority_key = rcgen::KeyPair::generate().map_err(failed)?;
        let mut authority = rcgen::CertificateParams::new(Vec::new()).map_err(failed)?;
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority
            .distinguished_name
            .push(rcgen::DnType::CommonName, "lab certificate authority");
        let authority_certificate = authority.self_signed(&authority_key).map_err(failed)?;
        let issuer = Arc::new(rcgen::Issuer::new(authority, authority_key));
        let own = identity(&issuer, names)?;

        let end_point = end_point(&own.certificate);
        let unusable = |error: rustls::Error| LabError::Certificate(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unusable)?
            .with_no_client_auth()
            .with_single_cert(vec![own.certificate], own.key)
            .map_err(unusable)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority_pem: authority_certificate.pem(),
            end_point,
            issuer,
        })
    }

    /// Another server's, signed by the same authority.
    pub(crate) fn of_another(&self, names: Vec<String>) -> Result<Identity, LabError> {
        identity(&self.issuer, names)
    }
}

/// Our certificates are signed with SHA-256.
fn end_point(certificate: &CertificateDer<'_>) -> Arc<[u8]> {
    let hash = Sha256::digest(certificate);
    [&b"tls-server-end-point:"[..], &hash].concat().into()
}

fn identity(
    issuer: &rcgen::Issuer<'static, rcgen::KeyPair>,
    names: Vec<String>,
) -> Result<Identity, LabError> {
    let failed = |error: rcgen::Error| LabError::Certificate(error.to_string());
    let key = rcgen::KeyPair::generate().map_err(failed)?;
    let mut server = rcgen::CertificateParams::new(names.clone()).map_err(failed)?;
    if let Some(first) = names.first() {
        server
            .distinguished_name
            .push(rcgen::DnType::CommonName, first.as_str());
    }
    let certificate = server.signed_by(&key, issuer).map_err(failed)?;
    Ok(Identity {
        certificate: certificate.der().clone(),
        key: PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
    })
}
