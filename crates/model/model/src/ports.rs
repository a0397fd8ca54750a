//! The ports: what the logic needs of the world, and what can go wrong there.

mod clock;
mod databases;
mod directory;
mod error;
mod host;
mod journal;
mod secrets;

pub use clock::Clock;
pub use databases::{DatabaseAccount, Databases};
pub use directory::{
    AccountControl, CreatedObject, Delegation, Directory, LookedUp, NewGmsa, NewGroup,
    PasswordProof, Proof,
};
pub use error::{ErrorKind, WorldError};
pub use host::{
    AccessControl, AccountRights, FileFacts, Host, Hosts, Installer, OperatingSystem,
    ProgramOutput, ProgramRun, Reads, RetrievalState, SealedFacts, Settings, StoppedService,
    TaskScheduler, WebServer,
};
pub use journal::{Journal, JournalError, LockHolder, RunLock};
pub use secrets::Secrets;
