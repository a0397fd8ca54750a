//! A copy of a file that only the holders of the recipients' identities can read.

use agent_protocol::{
    Failure, FailureKind, HostPath, Recipient, SealedContent, SealedDigest, UnixMillis,
};

use super::{Content, FILE_EXISTS, Files, Place};

impl Files {
    /// The content of a sealed file, and of no other.
    pub fn fetch(&self, path: &HostPath) -> Result<SealedContent, Failure> {
        let file = self
            .file(path)
            .map_err(|code| Failure::from_code(code, format!("read {path}")))?;
        let content = file.bytes().unwrap_or_default();
        match sealed_file::is_sealed(&content) {
            true => Ok(SealedContent(content.to_vec())),
            false => Err(Failure::new(
                FailureKind::Invalid,
                format!("fetch {path}: it is no sealed file"),
            )),
        }
    }

    /// Seals a file and digests both; a copy that fails is removed.
    pub fn seal(
        &mut self,
        from: &HostPath,
        to: &HostPath,
        recipients: &[Recipient],
        now: UnixMillis,
    ) -> Result<SealedDigest, Failure> {
        let source = self
            .file(from)
            .map_err(|code| Failure::from_code(code, format!("read {from}")))?;
        let plain = source.bytes().unwrap_or_default();
        let sealed = sealed_file::seal(&plain, recipients)
            .map_err(|error| Failure::new(FailureKind::Invalid, format!("seal {from}: {error}")))?;
        let create = |code| Failure::from_code(code, format!("create {to}"));
        let place = Place::of(to).map_err(create)?;
        self.writable(&place).map_err(create)?;
        if self.entries.contains_key(place.key()) {
            return Err(create(FILE_EXISTS));
        }
        if let Err(code) = self.write(to, Content::Bytes(sealed), now) {
            self.entries.remove(place.key());
            return Err(Failure::from_code(code, format!("write {to}")));
        }
        Ok(SealedDigest {
            plain: self.digest(from)?,
            sealed: self.digest(to)?,
        })
    }
}
