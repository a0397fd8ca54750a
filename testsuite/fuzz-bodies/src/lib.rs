//! What the fuzz targets in `fuzz/` do with their bytes: a function for each, which panics where something is wrong.
//!
//! The servers run as they do behind sockets, on a reference estate in memory; what a request changed is taken back
//! before the next. What must hold whatever comes: nothing panics, and every answer is whole.

#![allow(
    clippy::panic,
    reason = "how a fuzz target says that something is wrong"
)]

use agent_protocol::Decoder;
use kds::{FfcDhParameters, GroupKeyEnvelope, KdfParameters};
use lab::LabSeed;
use lab::in_memory::{InMemory, Peer};
use managed_password::{Keytab, ManagedPasswordBlob, ManagedPasswordId};
use security::{SecurityDescriptor, Sid};

thread_local! {
    static LAB: Option<InMemory> = InMemory::new(&LabSeed::reference_estate(b"Fuzz-Admin-Pa55", b"Fuzz-Service-Pa55")).ok();
}

fn with_lab<T>(act: impl FnOnce(&InMemory) -> T) -> T {
    LAB.with(|lab| match lab {
        Some(lab) => act(lab),
        None => panic!("the reference estate does not start"),
    })
}

/// A client of the directory: the first byte says who it is, what follows comes over the connection. Frame, decoder,
/// filter evaluation, rules and encoder take part.
pub fn directory(bytes: &[u8]) {
    let Some((first, rest)) = bytes.split_first() else {
        return;
    };
    let peer = match first & 1 {
        0 => Peer::Stranger,
        _ => Peer::Administrator,
    };
    let mut answers = with_lab(|lab| lab.directory_answers(peer, rest)).into_iter();
    while let Some(tag) = answers.next() {
        assert_eq!(tag, 0x30, "an answer is no LDAP message");
        let length = ber_length(&mut answers);
        assert!(answers.len() >= length, "an answer ends too early");
        answers.by_ref().take(length).for_each(drop);
    }
}

fn ber_length(bytes: &mut impl Iterator<Item = u8>) -> usize {
    match bytes.next() {
        Some(short @ ..=0x7f) => usize::from(short),
        Some(long) => bytes
            .take(usize::from(long & 0x7f))
            .fold(0, |length, digit| length << 8 | usize::from(digit)),
        None => panic!("an answer has no length"),
    }
}

/// A client whose connection is sealed. The first byte is odd: what follows comes as it is. Even: `EC` and `RRC` of a
/// genuine token, then what is sealed in it.
pub fn sasl(bytes: &[u8]) {
    let sent = |lab: &InMemory| match bytes {
        [first, rest @ ..] if first & 1 == 1 => rest.to_vec(),
        [_, ec0, ec1, rrc0, rrc1, plain @ ..] => {
            let numbers = [[*ec0, *ec1], [*rrc0, *rrc1]].map(u16::from_be_bytes);
            lab.sealed(plain, numbers[0], numbers[1])
        }
        _ => Vec::new(),
    };
    let answers = with_lab(|lab| lab.directory_answers(Peer::SealedAdministrator, &sent(lab)));
    let mut rest = &answers[..];
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        match after.split_at_checked(length) {
            Some((_, after)) => rest = after,
            None => panic!("a sealed answer ends too early"),
        }
    }
    assert!(rest.is_empty(), "a sealed answer has no length");
}

/// One request to the key distribution centre: whatever it is, there is an answer.
pub fn kdc(bytes: &[u8]) {
    let answer = with_lab(|lab| lab.kdc_answer(bytes));
    assert!(answer.is_some_and(|answer| !answer.is_empty()));
}

/// A client of a simulated host: the agent's frames.
pub fn host(bytes: &[u8]) {
    let answers = with_lab(|lab| lab.host_answers(bytes));
    let mut decoder = Decoder::default();
    let whole = decoder.push(&answers).is_ok() && decoder.finish().is_ok();
    assert!(whole, "an answer is no frame");
}

/// Everything that reads bytes of others; what was read must be read again from what is written of it.
pub fn parsers(bytes: &[u8]) {
    if let Ok(sid) = Sid::from_bytes(bytes) {
        assert_eq!(Sid::from_bytes(&sid.to_bytes()).ok(), Some(sid));
        assert_eq!(sid.to_string().parse::<Sid>().ok(), Some(sid));
    }
    if let Ok(descriptor) = SecurityDescriptor::from_bytes(bytes) {
        let written = descriptor.to_bytes();
        let again = SecurityDescriptor::from_bytes(&written).map(|it| it.to_bytes());
        assert_eq!(again.ok(), Some(written));
    }
    if let Ok(id) = ManagedPasswordId::from_bytes(bytes) {
        let written = id.to_bytes();
        let again = ManagedPasswordId::from_bytes(&written).map(|it| it.to_bytes());
        assert_eq!(again.ok(), Some(written));
    }
    if let Ok(blob) = ManagedPasswordBlob::from_bytes(bytes) {
        assert!(ManagedPasswordBlob::from_bytes(&blob.to_bytes()).is_ok());
    }
    if let Ok(envelope) = GroupKeyEnvelope::from_bytes(bytes) {
        assert!(GroupKeyEnvelope::from_bytes(&envelope.to_bytes()).is_ok());
    }
    if let Ok(parameters) = KdfParameters::from_bytes(bytes) {
        assert!(KdfParameters::from_bytes(&parameters.to_bytes()).is_ok());
    }
    if let Ok(parameters) = FfcDhParameters::from_bytes(bytes) {
        assert!(FfcDhParameters::from_bytes(&parameters.to_bytes()).is_ok());
    }
    if let Ok(keytab) = Keytab::from_bytes(bytes) {
        assert!(
            keytab
                .to_bytes()
                .is_ok_and(|it| Keytab::from_bytes(&it).is_ok())
        );
    }
    let whole = Decoder::default().push(bytes).map(|frames| frames.len());
    let mut pieces = Decoder::default();
    let in_pieces: Result<usize, _> = bytes
        .chunks(7)
        .map(|piece| pieces.push(piece).map(|frames| frames.len()))
        .sum();
    assert_eq!(
        whole.ok(),
        in_pieces.ok(),
        "frames depend on how they arrive"
    );
}
