//! The agent's program, as gmsactl carries it.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// More than any build of the agent has, in bytes.
const LARGEST: usize = 64 << 20;

/// A Windows program, and its hash, which is part of its name on a host.
pub struct AgentFile {
    bytes: Vec<u8>,
    sha256: String,
}

/// Why a file cannot be the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoAgentFile(&'static str);

impl AgentFile {
    /// Takes the bytes of `gmsactl-agent.exe`.
    ///
    /// # Errors
    /// When they are no Windows program for x64 ("PE Format", "COFF File Header", machine type 0x8664).
    pub fn new(bytes: Vec<u8>) -> Result<Self, NoAgentFile> {
        if bytes.len() > LARGEST {
            return Err(NoAgentFile("it is larger than any agent"));
        }
        if !is_program(&bytes) {
            return Err(NoAgentFile("it is no Windows program for x64"));
        }
        Ok(Self::hashed(bytes))
    }

    fn hashed(bytes: Vec<u8>) -> Self {
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes, sha256 }
    }

    /// Any bytes.
    #[cfg(test)]
    pub(crate) fn for_tests(bytes: &[u8]) -> Self {
        Self::hashed(bytes.to_vec())
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, 64 hexadecimal digits in lower case.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Its name on a host.
    pub fn name(&self) -> String {
        format!("gmsactl-agent-{}.exe", self.sha256)
    }

    /// Its name while it is on its way.
    pub(crate) fn part_name(&self) -> String {
        format!("{}.part", self.name())
    }
}

impl fmt::Debug for AgentFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AgentFile").field(&self.sha256).finish()
    }
}

fn is_program(bytes: &[u8]) -> bool {
    let header = bytes
        .get(0x3c..)
        .and_then(<[u8]>::first_chunk)
        .and_then(|at| usize::try_from(u32::from_le_bytes(*at)).ok());
    let header = header.and_then(|at| bytes.get(at..));
    bytes.starts_with(b"MZ") && header.is_some_and(|header| header.starts_with(b"PE\0\0\x64\x86"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_programs_are_refused() {
        let mut program = vec![0; 0x80];
        program[..2].copy_from_slice(b"MZ");
        program[0x3c] = 0x40;
        program[0x40..0x46].copy_from_slice(b"PE\0\0\x64\x86");
        let agent = AgentFile::new(program.clone()).unwrap();
        assert!(agent.name().starts_with("gmsactl-agent-") && agent.name().len() == 14 + 64 + 4);
        let arm = [&program[..0x44], b"\x64\xaa", &program[0x46..]].concat();
        let nowhere = [&program[..0x3c], b"\xff\xff\xff\xff", &program[0x40..]].concat();
        for bytes in [arm, nowhere, b"\x7fELF".to_vec(), b"MZ".to_vec(), vec![]] {
            assert!(AgentFile::new(bytes).is_err());
        }
    }
}
