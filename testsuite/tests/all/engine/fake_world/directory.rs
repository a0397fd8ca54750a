//! The directory port: uniqueness of names and SPNs, existence of everything that is named.

use async_trait::async_trait;
use model::inventory::{
    Account, AccountClass, DirectoryRights, Domain, DomainController, Gmsa, Group, RootKeyFacts,
};
use model::names::{Dn, HostName, LogonAccount, SamAccountName, Spn};
use model::ports::{
    AccountControl, CreatedObject, Delegation, Directory, ErrorKind, NewGmsa, NewGroup,
    PasswordProof, Proof, WorldError,
};
use model::secret::Password;
use security::{Ace, FileTime, Guid, Interval, Sid};

use super::FakeWorld;
use super::rights;
use super::state::{FakeAccount, State, error};

#[async_trait]
impl Directory for FakeWorld {
    async fn domain(&self) -> Result<Domain, WorldError> {
        self.read("read the domain", |state| {
            Ok(Domain {
                dns_name: "contoso.com".parse().unwrap(),
                netbios_name: "CONTOSO".to_owned(),
                forest: "contoso.com".parse().unwrap(),
                sid: state.domain_sid,
                functional_level: 7,
                domain_controllers: vec![DomainController {
                    dns_name: "dc1.contoso.com".parse().unwrap(),
                    clock_skew_seconds: 0,
                }],
            })
        })
    }

    async fn root_keys(&self) -> Result<Vec<RootKeyFacts>, WorldError> {
        self.read("read the root keys", |state| Ok(state.root_keys.clone()))
    }

    async fn account(&self, name: &SamAccountName) -> Result<Option<Account>, WorldError> {
        self.read(&format!("read account {name}"), |state| {
            Ok(state.account(name).map(|found| shown(state, found)))
        })
    }

    async fn gmsa(&self, name: &SamAccountName) -> Result<Option<Gmsa>, WorldError> {
        self.read(&format!("read gMSA {name}"), |state| {
            let found = state.account(name);
            let found = found.filter(|found| found.account.class == AccountClass::Gmsa);
            Ok(found.map(|found| Gmsa {
                account: shown(state, found),
                interval_days: found.interval_days,
                retrieval_principals: found.retrieval_principals.clone(),
            }))
        })
    }

    async fn group(&self, name: &SamAccountName) -> Result<Option<Group>, WorldError> {
        self.read(&format!("read group {name}"), |state| {
            Ok(state.groups.get(&name.as_str().to_lowercase()).cloned())
        })
    }

    async fn create_group(&self, group: &NewGroup) -> Result<CreatedObject, WorldError> {
        self.write(&format!("create group {}", group.name), |state| {
            let created = state.create(group.name.as_str(), "Users")?;
            let group = Group {
                dn: created.dn.clone(),
                name: group.name.clone(),
                sid: created.sid,
                guid: created.guid,
                members: Vec::new(),
            };
            state
                .groups
                .insert(group.name.as_str().to_lowercase(), group);
            Ok(created)
        })
    }

    async fn add_member(&self, group: &Dn, member: &Dn) -> Result<(), WorldError> {
        self.write(&format!("add {member} to {group}"), |state| {
            state.by_dn(member)?;
            let members = &mut group_of(state, group)?.members;
            if !members.contains(member) {
                members.push(member.clone());
            }
            Ok(())
        })
    }

    async fn remove_member(&self, group: &Dn, member: &Dn) -> Result<(), WorldError> {
        self.write(&format!("remove {member} from {group}"), |state| {
            group_of(state, group)?.members.retain(|dn| dn != member);
            Ok(())
        })
    }

    async fn create_gmsa(&self, gmsa: &NewGmsa) -> Result<CreatedObject, WorldError> {
        self.write(&format!("create gMSA {}", gmsa.name), |state| {
            create_gmsa(state, gmsa)
        })
    }

    async fn allow_retrieval(&self, gmsa: &Dn, principal: &Sid) -> Result<(), WorldError> {
        self.write(&format!("allow {principal} at {gmsa}"), |state| {
            let principals = &mut state.by_dn(gmsa)?.retrieval_principals;
            if !principals.contains(principal) {
                principals.push(*principal);
                principals.sort();
            }
            Ok(())
        })
    }

    async fn revoke_retrieval(&self, gmsa: &Dn, principal: &Sid) -> Result<(), WorldError> {
        self.write(&format!("revoke {principal} at {gmsa}"), |state| {
            let principals = &mut state.by_dn(gmsa)?.retrieval_principals;
            principals.retain(|sid| sid != principal);
            Ok(())
        })
    }

    async fn delete(&self, guid: &Guid) -> Result<(), WorldError> {
        self.write(&format!("delete {guid}"), |state| {
            let mut accounts = state.accounts.values();
            let found = accounts.find(|found| found.account.guid == *guid);
            let dn = found.map(|found| found.account.dn.clone());
            state
                .accounts
                .retain(|_, found| found.account.guid != *guid);
            state.groups.retain(|_, found| found.guid != *guid);
            for group in state.groups.values_mut() {
                group.members.retain(|member| Some(member) != dn.as_ref());
            }
            Ok(())
        })
    }

    async fn spn_holders(&self, spn: &Spn) -> Result<Vec<Account>, WorldError> {
        self.read(&format!("search {spn}"), |state| {
            let accounts = state.accounts.values().filter(|found| has(found, spn));
            Ok(accounts.map(|found| shown(state, found)).collect())
        })
    }

    async fn add_spn(&self, account: &Dn, spn: &Spn) -> Result<(), WorldError> {
        self.write(&format!("add {spn} to {account}"), |state| {
            let mut others = state
                .accounts
                .values()
                .filter(|found| found.account.dn != *account);
            if let Some(other) = others.find(|found| has(found, spn)) {
                let what = format!("{spn} is not unique: {} has it", other.account.dn);
                return Err(error(ErrorKind::Conflict, what));
            }
            let found = state.by_dn(account)?;
            if !has(found, spn) {
                found.account.spns.push(spn.clone());
                found.account.spns.sort();
            }
            Ok(())
        })
    }

    async fn remove_spn(&self, account: &Dn, spn: &Spn) -> Result<(), WorldError> {
        self.write(&format!("remove {spn} from {account}"), |state| {
            let spns = &mut state.by_dn(account)?.account.spns;
            spns.retain(|had| !had.same_as(spn));
            Ok(())
        })
    }

    async fn delegation(&self, account: &Dn) -> Result<Delegation, WorldError> {
        self.read(&format!("read the delegation of {account}"), |state| {
            let mut accounts = state.accounts.values();
            let found = accounts.find(|found| found.account.dn == *account);
            found
                .map(|found| found.delegation.clone())
                .ok_or_else(|| error(ErrorKind::NotFound, format!("no such object: {account}")))
        })
    }

    async fn allow_delegation_to(&self, account: &Dn, service: &Spn) -> Result<(), WorldError> {
        self.write(&format!("let {account} delegate to {service}"), |state| {
            let services = &mut state.by_dn(account)?.delegation.services;
            if !services.iter().any(|had| had.same_as(service)) {
                services.push(service.clone());
                services.sort();
            }
            Ok(())
        })
    }

    async fn revoke_delegation_to(&self, account: &Dn, service: &Spn) -> Result<(), WorldError> {
        self.write(
            &format!("let {account} delegate to {service} no more"),
            |state| {
                let services = &mut state.by_dn(account)?.delegation.services;
                services.retain(|had| !had.same_as(service));
                Ok(())
            },
        )
    }

    async fn allow_delegation_from(&self, account: &Dn, caller: &Sid) -> Result<(), WorldError> {
        self.write(&format!("let {caller} delegate to {account}"), |state| {
            let callers = &mut state.by_dn(account)?.delegation.callers;
            if !callers.contains(caller) {
                callers.push(*caller);
                callers.sort();
            }
            Ok(())
        })
    }

    async fn revoke_delegation_from(&self, account: &Dn, caller: &Sid) -> Result<(), WorldError> {
        self.write(
            &format!("let {caller} delegate to {account} no more"),
            |state| {
                let callers = &mut state.by_dn(account)?.delegation.callers;
                callers.retain(|had| had != caller);
                Ok(())
            },
        )
    }

    async fn rights_of(&self, principals: &[Sid]) -> Result<DirectoryRights, WorldError> {
        self.read("search for rights", |state| {
            Ok(rights::of(state, principals))
        })
    }

    async fn rights_on(&self, object: &Dn, principal: &Sid) -> Result<Vec<Ace>, WorldError> {
        self.read(&format!("read the rights on {object}"), |state| {
            rights::on(state, object, principal)
        })
    }

    async fn add_rights(&self, object: &Dn, aces: &[Ace]) -> Result<(), WorldError> {
        self.write(&format!("add rights on {object}"), |state| {
            rights::add(state, object, aces)
        })
    }

    async fn take_rights(&self, object: &Dn, aces: &[Ace]) -> Result<(), WorldError> {
        self.write(&format!("take rights on {object}"), |state| {
            rights::take(state, object, aces)
        })
    }

    async fn set_account_control(
        &self,
        account: &Dn,
        bit: AccountControl,
        set: bool,
    ) -> Result<(), WorldError> {
        self.write(&format!("set {bit:?} of {account} to {set}"), |state| {
            let found = state.by_dn(account)?;
            match bit {
                AccountControl::Disabled => found.account.enabled = !set,
                AccountControl::NotDelegated => found.delegation.not_delegated = set,
                AccountControl::TrustedForDelegation => found.delegation.unconstrained = set,
                AccountControl::TrustedToAuthForDelegation => {
                    found.delegation.protocol_transition = set;
                }
            }
            Ok(())
        })
    }

    async fn set_encryption_types(
        &self,
        account: &Dn,
        types: Option<u32>,
    ) -> Result<(), WorldError> {
        self.write(&format!("set encryption types of {account}"), |state| {
            state.by_dn(account)?.account.encryption_types = types;
            Ok(())
        })
    }

    async fn create_root_key(&self, effective: FileTime) -> Result<Guid, WorldError> {
        self.write("create a root key", |state| {
            state.created += 1;
            let id = Guid::from_bytes([u8::try_from(state.created).unwrap(); Guid::LEN]);
            let margin = Interval::from_minutes(10 * 60 + 5);
            state.root_keys.push(RootKeyFacts {
                id,
                domain_controller: "dc1.contoso.com".parse().unwrap(),
                created: state.now,
                effective,
                usable_from: effective.saturating_add(margin),
                defect: None,
            });
            Ok(id)
        })
    }

    async fn prove_password(
        &self,
        gmsa: &SamAccountName,
        host: &HostName,
    ) -> Result<PasswordProof, WorldError> {
        self.read(
            &format!("prove the password of {gmsa} on {host}"),
            |state| {
                let holds = state.can_retrieve(gmsa, host);
                let proof = |what: &str| Proof {
                    holds,
                    detail: format!("{what}: {holds}"),
                };
                Ok(PasswordProof {
                    retrieved: proof("retrieved"),
                    derivation: Some(proof("equal to the derived one")),
                    logon: proof("logs on"),
                })
            },
        )
    }

    async fn prove_user_password(
        &self,
        account: &LogonAccount,
        password: &Password,
    ) -> Result<Proof, WorldError> {
        self.read(&format!("log on as {account}"), |state| {
            let password = std::str::from_utf8(password.expose_bytes()).ok();
            let holds = state.is_password(account, password);
            let detail = if holds {
                "logs on"
            } else {
                "pre-authentication failed"
            };
            Ok(Proof {
                holds,
                detail: detail.to_owned(),
            })
        })
    }
}

fn create_gmsa(state: &mut State, gmsa: &NewGmsa) -> Result<CreatedObject, WorldError> {
    if !state.is_root_key_usable() {
        return Err(error(ErrorKind::Failed, "no root key is effective"));
    }
    let known = |sid: &Sid| state.groups.values().any(|group| group.sid == *sid);
    if !gmsa.retrieval_principals.iter().all(known) {
        return Err(error(ErrorKind::NotFound, "a principal does not exist"));
    }
    let name = gmsa.name.sam_account_name();
    let created = state.create(name.as_str(), "Managed Service Accounts")?;
    let account = Account {
        dn: created.dn.clone(),
        name: name.clone(),
        sid: created.sid,
        guid: created.guid,
        class: AccountClass::Gmsa,
        enabled: true,
        dns_host_name: Some(gmsa.dns_host_name.clone()),
        spns: Vec::new(),
        encryption_types: Some(0x18),
        member_of: Vec::new(),
    };
    let account = FakeAccount {
        account,
        password: None,
        interval_days: gmsa.interval_days,
        delegation: Delegation::default(),
        retrieval_principals: gmsa.retrieval_principals.clone(),
    };
    state.accounts.insert(name.as_str().to_lowercase(), account);
    Ok(created)
}

fn group_of<'a>(state: &'a mut State, dn: &Dn) -> Result<&'a mut Group, WorldError> {
    let found = state.groups.values_mut().find(|group| group.dn == *dn);
    found.ok_or_else(|| error(ErrorKind::NotFound, format!("no such object: {dn}")))
}

fn has(found: &FakeAccount, spn: &Spn) -> bool {
    found.account.spns.iter().any(|had| had.same_as(spn))
}

/// An account with its memberships, as the directory constructs them.
fn shown(state: &State, found: &FakeAccount) -> Account {
    let groups = state.groups.values();
    let member_of = groups.filter(|group| group.members.contains(&found.account.dn));
    Account {
        member_of: member_of.map(|group| group.dn.clone()).collect(),
        ..found.account.clone()
    }
}
