//! Steps about KDS root keys: create one where there is none; gate: one is usable on every domain controller.

use async_trait::async_trait;
use model::inventory::RootKeyFacts;
use model::names::DnsName;
use security::FileTime;

use crate::step::{Check, Scene, StepError, StepWithoutPrior};

pub(crate) struct CreateRootKey;

/// Its way back is none: passwords may have been made from the key since, and could not be derived without it.
#[async_trait]
impl StepWithoutPrior for CreateRootKey {
    /// One that somebody else made meanwhile, or that this run made before a crash, will do: a forest needs one.
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        if sound_key(scene).await?.is_some() {
            return Ok(());
        }
        let now = scene.world.clock.now();
        let id = scene.world.directory.create_root_key(now).await?;
        tracing::info!(%id, "a KDS root key was created");
        Ok(())
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match sound_key(scene).await? {
            Some(key) => Check::Holds(format!("{} can be used from {}", key.id, key.usable_from)),
            None => Check::Differs("no KDS root key that can be used".to_owned()),
        })
    }
}

async fn sound_key(scene: &Scene<'_>) -> Result<Option<RootKeyFacts>, StepError> {
    let keys = scene.world.directory.root_keys().await?;
    Ok(keys.into_iter().find(|key| key.defect.is_none()))
}

pub(crate) struct AwaitRootKey;

#[async_trait]
impl StepWithoutPrior for AwaitRootKey {
    async fn apply(&self, scene: &Scene<'_>) -> Result<(), StepError> {
        match look(scene).await? {
            Usable::Now(_) => Ok(()),
            Usable::From(from) => Err(StepError::Waiting {
                why: format!("no KDS root key is usable before {from}"),
                advice: Some(format!(
                    "apply the plan again after {from}: it goes on from here"
                )),
            }),
            Usable::NotOn(controller) => Err(StepError::Waiting {
                why: format!("{controller} has no KDS root key: they have not come to it yet"),
                advice: Some(
                    "see to replication (repadmin /showrepl), then apply the plan again: it goes on from here"
                        .to_owned(),
                ),
            }),
            Usable::Never => Err(StepError::refused(
                "there is no KDS root key that domain controllers can use",
                "create one (Add-KdsRootKey) and wait 10 hours",
            )),
        }
    }

    async fn check(&self, scene: &Scene<'_>) -> Result<Check, StepError> {
        Ok(match look(scene).await? {
            Usable::Now(from) => Check::Holds(format!("usable since {from}")),
            Usable::From(from) => Check::Differs(format!("usable from {from} on")),
            Usable::NotOn(controller) => {
                Check::Differs(format!("{controller} has no KDS root key"))
            }
            Usable::Never => Check::Differs("no KDS root key".to_owned()),
        })
    }
}

/// Whether some sound key is usable on every domain controller that answers.
enum Usable {
    /// Since then.
    Now(FileTime),
    /// Not before.
    From(FileTime),
    /// This one has none, others have.
    NotOn(DnsName),
    /// There is none.
    Never,
}

async fn look(scene: &Scene<'_>) -> Result<Usable, StepError> {
    let keys = scene.world.directory.root_keys().await?;
    let domain = scene.world.directory.domain().await?;
    let asked: Vec<_> = domain
        .domain_controllers
        .into_iter()
        .map(|controller| controller.dns_name)
        .collect();
    Ok(usable(&keys, &asked, scene.world.clock.now()))
}

fn usable(keys: &[RootKeyFacts], asked: &[DnsName], now: FileTime) -> Usable {
    let on = |controller: &DnsName| {
        let keys = keys
            .iter()
            .filter(|key| key.domain_controller == *controller);
        keys.collect::<Vec<_>>()
    };
    let has_none = |controller: &&DnsName| on(controller).is_empty();
    if keys.is_empty() {
        return Usable::Never;
    }
    if let Some(controller) = asked.iter().find(has_none) {
        return Usable::NotOn(controller.clone());
    }
    let earliest = |controller: &DnsName| {
        let sound = on(controller)
            .into_iter()
            .filter(|key| key.defect.is_none());
        sound.map(|key| key.usable_from).min()
    };
    let from = keys.iter().map(|key| earliest(&key.domain_controller));
    let from = from
        .collect::<Option<Vec<_>>>()
        .and_then(|all| all.into_iter().max());
    match from {
        None => Usable::Never,
        Some(from) if from <= now => Usable::Now(from),
        Some(from) => Usable::From(from),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use security::Guid;

    #[test]
    fn every_domain_controller_counts() {
        let time = FileTime::from_ticks;
        let name = |text: &str| text.parse::<DnsName>().unwrap();
        let key = |controller: &str, usable_from, defect: Option<&str>| RootKeyFacts {
            id: Guid::from_bytes([1; 16]),
            domain_controller: name(controller),
            created: time(0),
            effective: time(0),
            usable_from: time(usable_from),
            defect: defect.map(str::to_owned),
        };
        let both = [name("dc1.contoso.com"), name("dc2.contoso.com")];
        let (here, there) = (
            key("dc1.contoso.com", 5, None),
            key("dc2.contoso.com", 50, None),
        );
        let broken = key("dc2.contoso.com", 5, Some("its version is 2"));
        let look = |keys: &[RootKeyFacts], now| usable(keys, &both, time(now));
        assert!(matches!(look(&[], 10), Usable::Never));
        assert!(
            matches!(look(std::slice::from_ref(&here), 10), Usable::NotOn(who) if who == both[1])
        );
        assert!(
            matches!(look(&[here.clone(), there.clone()], 10), Usable::From(from) if from == time(50))
        );
        assert!(matches!(look(&[here.clone(), there], 60), Usable::Now(from) if from == time(50)));
        assert!(matches!(look(&[here, broken], 60), Usable::Never));
    }
}
