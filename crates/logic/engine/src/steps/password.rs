//! Proofs about a managed password: the host can retrieve it; it is the right one and works.

use async_trait::async_trait;
use model::names::{GmsaName, HostName};
use model::ports::{ErrorKind, PasswordProof, RetrievalState};

use crate::step::{Check, Scene, StepError, StepWithoutPrior};

/// What to do when the host's domain controller does not know the account.
const AWAIT_REPLICATION: &str = "see to replication to the domain controller that the host asks (nltest /dsgetdc:, \
     repadmin /showrepl); then apply the plan again, it goes on from here";
/// What to do when a host cannot retrieve a password although it is (or was just made) a member of the group.
const REFRESH_TICKETS: &str = "a membership counts from the host's next Kerberos ticket on: restart the host, or run \
     klist -li 0x3e7 purge on it as an administrator; then apply the plan again, it goes on from here";

pub(crate) struct ProveRetrieval {
    pub gmsa: GmsaName,
    pub host: HostName,
}

impl ProveRetrieval {
    /// Windows' own word where it has one, otherwise a proof over LDAP as the machine account.
    /// With it, what to do where it does not hold.
    async fn look(&self, scene: &Scene<'_>) -> Result<(Check, &'static str), StepError> {
        let gmsa = self.gmsa.sam_account_name();
        let host = scene.world.host(&self.host).await?;
        match host.retrieval_state(&gmsa).await {
            Ok(RetrievalState::CanInstall | RetrievalState::Installed) => {
                let holds = format!("Windows on {} can use {gmsa}", self.host);
                Ok((Check::Holds(holds), REFRESH_TICKETS))
            }
            Ok(state) => {
                let what = format!(
                    "Windows on {} says of {gmsa}: {}",
                    self.host,
                    in_words(state)
                );
                let advice = match state {
                    RetrievalState::NotExist => AWAIT_REPLICATION,
                    _ => REFRESH_TICKETS,
                };
                Ok((Check::Differs(what), advice))
            }
            Err(error) if error.kind == ErrorKind::NotSupported => {
                let proof = scene
                    .world
                    .directory
                    .prove_password(&gmsa, &self.host)
                    .await?;
                let check = as_check(proof.retrieved.holds, proof.retrieved.detail);
                Ok((check, REFRESH_TICKETS))
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl StepWithoutPrior for ProveRetrieval {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        match self.look(scene).await? {
            (Check::Holds(_), _) => Ok(()),
            (Check::Differs(why) | Check::CannotTell(why), advice) => Err(StepError::Waiting {
                why,
                advice: Some(advice.to_owned()),
            }),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(self.look(scene).await?.0)
    }
}

pub(crate) struct ProveLogon {
    pub gmsa: GmsaName,
    pub host: HostName,
}

#[async_trait]
impl StepWithoutPrior for ProveLogon {
    async fn apply(&self, _scene: &Scene<'_>) -> Result<(), StepError> {
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        match scene
            .world
            .directory
            .prove_password(&self.gmsa.sam_account_name(), &self.host)
            .await
        {
            Ok(proof) => Ok(summary(&proof)),
            // On real Windows the host's keytab is Windows' own: the running service is the proof then.
            Err(error) if error.kind == ErrorKind::NotConfigured => {
                Ok(Check::CannotTell(error.what))
            }
            Err(error) => Err(error.into()),
        }
    }
}

fn summary(proof: &PasswordProof) -> Check {
    let parts = [
        Some(&proof.retrieved),
        proof.derivation.as_ref(),
        Some(&proof.logon),
    ];
    let holds = parts.iter().flatten().all(|part| part.holds);
    let details: Vec<_> = parts
        .iter()
        .flatten()
        .map(|part| part.detail.as_str())
        .collect();
    as_check(holds, details.join("; "))
}

fn as_check(holds: bool, detail: String) -> Check {
    if holds {
        Check::Holds(detail)
    } else {
        Check::Differs(detail)
    }
}

fn in_words(state: RetrievalState) -> &'static str {
    match state {
        RetrievalState::NotExist => "the domain has no such account (not replicated yet?)",
        RetrievalState::NotService => "the account is no managed service account",
        RetrievalState::CannotInstall => {
            "this host may not retrieve the password, or they share no encryption type"
        }
        RetrievalState::CanInstall => "this host can retrieve the password",
        RetrievalState::Installed => "it is in use here",
    }
}
