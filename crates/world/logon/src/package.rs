//! Runs one package of sspi: a step of the log-on, sealing, opening.

use sspi::generator::{GeneratorState, NetworkRequest};
use sspi::{
    BufferType, ClientRequestFlags, DataRepresentation, EncryptionFlags, SecurityBuffer,
    SecurityBufferRef, SecurityStatus, Sspi,
};
use zeroize::Zeroizing;

use crate::failure::LogonFailure;
use crate::granted::Granted;
use crate::kdc::Kdc;
use crate::security::{Sealed, Step};

/// Who answers Kerberos requests: the cached ticket where there is one and it can, else the key distribution centre.
pub(crate) struct Centre<'a, 'k> {
    pub(crate) granted: Option<&'a Granted>,
    pub(crate) kdc: &'a mut Kdc<'k>,
}

impl Centre<'_, '_> {
    async fn exchange(
        &mut self,
        request: &NetworkRequest,
    ) -> Result<Option<Vec<u8>>, LogonFailure> {
        match self
            .granted
            .and_then(|granted| granted.answer(&request.data))
        {
            Some(answer) => Ok(Some(answer)),
            None => self.kdc.exchange(request).await,
        }
    }
}

/// Runs one step of a package, carrying its requests to the key distribution centre.
/// `None`: the step went past the log-on, and nothing more was wanted.
pub(crate) async fn drive<P: Sspi>(
    package: &mut P,
    credentials: &mut P::CredentialsHandle,
    flags: ClientRequestFlags,
    service: &str,
    mut input: Vec<SecurityBuffer>,
    kdc: &mut Centre<'_, '_>,
) -> Result<Option<Step>, LogonFailure> {
    let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let status = {
        let mut builder = package
            .initialize_security_context()
            .with_credentials_handle(credentials)
            .with_context_requirements(flags)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(service)
            .with_input(&mut input)
            .with_output(&mut output);
        let mut generator = package
            .initialize_security_context_impl(&mut builder)
            .map_err(failure)?;
        let mut state = generator.start();
        loop {
            match state {
                GeneratorState::Suspended(request) => match kdc.exchange(&request).await? {
                    Some(reply) => state = generator.resume(Ok(reply)),
                    None => return Ok(None),
                },
                GeneratorState::Completed(result) => break result.map_err(failure)?.status,
            }
        }
    };
    if matches!(
        status,
        SecurityStatus::CompleteNeeded | SecurityStatus::CompleteAndContinue
    ) {
        package.complete_auth_token(&mut output).map_err(failure)?;
    }
    let complete = matches!(status, SecurityStatus::Ok | SecurityStatus::CompleteNeeded);
    let token = output.pop().map(|buffer| buffer.buffer).unwrap_or_default();
    Ok(Some(Step { token, complete }))
}

pub(crate) fn seal<P: Sspi>(package: &mut P, plain: &[u8]) -> sspi::Result<Sealed> {
    let mut trailer = vec![0; package.query_context_sizes()?.security_trailer as usize];
    let mut data = plain.to_vec();
    let mut buffers = [
        SecurityBufferRef::token_buf(&mut trailer),
        SecurityBufferRef::data_buf(&mut data),
    ];
    package.encrypt_message(EncryptionFlags::empty(), &mut buffers)?;
    let [token, data] = buffers;
    Ok(Sealed {
        token: token.data().to_vec(),
        data: data.data().to_vec(),
    })
}

pub(crate) fn open<P: Sspi>(package: &mut P, sealed: &[u8]) -> sspi::Result<Zeroizing<Vec<u8>>> {
    let mut stream = Zeroizing::new(sealed.to_vec());
    let mut buffers = [
        SecurityBufferRef::stream_buf(&mut stream),
        SecurityBufferRef::data_buf(&mut []),
    ];
    package.decrypt_message(&mut buffers)?;
    let [_, plain] = buffers;
    Ok(Zeroizing::new(plain.data().to_vec()))
}

/// sspi's own errors; those of the key distribution centre have been read before ([`Kdc::exchange`]).
fn failure(error: sspi::Error) -> LogonFailure {
    match error.error_type {
        // The answer does not decrypt with this key.
        sspi::ErrorKind::MessageAltered | sspi::ErrorKind::DecryptFailure => {
            LogonFailure::WrongPassword
        }
        _ => LogonFailure::Other(error.to_string()),
    }
}
