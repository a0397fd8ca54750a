//! Puts a seed's objects into an empty store.

use security::{Guid, Sid};

use super::{LabSeed, SeedObject, SeedRight, SeedRootKey, base, random_password};
use crate::LabError;
use crate::directory::Directory;
use crate::forest::Forest;
use crate::random;
use crate::rules::access::DefaultDescriptors;
use crate::rules::refusal::Refusal;
use crate::rules::token::Token;
use crate::rules::{Caller, add, descriptors, locate, passwords, values};
use crate::store::Store;
use crate::store::class::{Class, ROOT_KEY};
use crate::store::dn;
use crate::store::object::{ObjectId, Value};
use crate::store::schema::Attr;

/// The relative identifier of the first account after the domain was made.
const FIRST_RID: u32 = 1103;

/// `userAccountControl` of domain controllers ([MS-ADTS] 6.1.1.3.1 "Writable Domain Controller Object"):
/// SERVER_TRUST_ACCOUNT and TRUSTED_FOR_DELEGATION.
const OF_CONTROLLERS: &str = "532480";
/// The same of read-only ones (6.1.1.3.2): PARTIAL_SECRETS_ACCOUNT, TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION and
/// WORKSTATION_TRUST_ACCOUNT.
const OF_READ_ONLY_CONTROLLERS: &str = "83890176";

/// Makes the directory that a seed describes.
pub(crate) fn build(seed: &LabSeed) -> Result<Directory, LabError> {
    use model::ports::Clock as _;
    let domain_sid = seed.domain_sid.map_or_else(domain_sid, Ok)?;
    let forest = Forest::new(
        &seed.dns_name,
        &seed.netbios_name,
        &seed.controller,
        domain_sid,
    );
    let unusable = || LabError::Seed("the domain's name cannot be used".to_owned());
    let defaults = DefaultDescriptors::new(&domain_sid).ok_or_else(unusable)?;
    let saved = seed.store.clone();
    let was_saved = saved.is_some();
    let mut store = saved.unwrap_or_else(|| Store::new(base::CONTROLLER_RID));
    let token = Token::system();
    let caller = Caller {
        forest: &forest,
        defaults: &defaults,
        token: &token,
        confidential: true,
        of_global_catalog: false,
        now: seed.clock.now(),
    };
    let mut builder = Builder {
        forest: &forest,
        caller,
        store: &mut store,
    };
    if was_saved {
        builder.controllers(seed).ok_or_else(unusable)?;
        return Ok(Directory::new(forest, defaults, store, seed.clock.clone()));
    }
    base::put(&mut builder).ok_or_else(unusable)?;
    builder
        .store
        .reserve_rids(highest_forced_rid(seed).max(FIRST_RID - 1));
    builder.controllers(seed).ok_or_else(unusable)?;
    builder.password("Administrator", seed.administrator_password())?;
    for key in &seed.root_keys {
        builder
            .root_key(key)
            .ok_or_else(|| LabError::Seed("a root key cannot be made".to_owned()))?;
    }
    let new = |object: &&SeedObject| !object.attributes.is_empty();
    for object in seed.objects.iter().filter(new) {
        let name = format!("{},{}", object.name, forest.domain);
        let added = add::add(&caller, builder.store, &name, &object.attributes).and_then(|id| {
            let password = object.password.as_ref();
            password.map_or(Ok(()), |password| {
                passwords::set(&caller, builder.store, id, password)
            })
        });
        added.map_err(|refusal| refused(&name, &refusal))?;
    }
    for object in &seed.objects {
        let name = format!("{},{}", object.name, forest.domain);
        builder
            .force(&name, &object.forced)
            .map_err(|refusal| refused(&name, &refusal))?;
    }
    for (group, member) in &seed.memberships {
        // A member of another domain has no object here.
        builder.member(group, member);
    }
    for right in &seed.rights {
        builder.right(right);
    }
    Ok(Directory::new(forest, defaults, store, seed.clock.clone()))
}

/// Of all accounts whose SIDs are given: those that are not get others.
fn highest_forced_rid(seed: &LabSeed) -> u32 {
    let forced = seed.objects.iter().flat_map(|object| &object.forced);
    let sids = forced.filter(|(attribute, _)| attribute.eq_ignore_ascii_case("objectSid"));
    let sids = sids.flat_map(|(_, values)| values);
    let rids = sids.filter_map(|bytes| Sid::from_bytes(bytes).ok()?.rid());
    rids.max().unwrap_or(0)
}

fn refused(name: &str, refusal: &Refusal) -> LabError {
    LabError::Seed(format!("{name}: {}", refusal.diagnostic))
}

fn domain_sid() -> Result<Sid, LabError> {
    let [a, b, c] = [(); 3].map(|()| u32::from_le_bytes(random::bytes()));
    let sid = format!("S-1-5-21-{a}-{b}-{c}").parse();
    sid.map_err(|_| LabError::Seed("no identifier for the domain".to_owned()))
}

/// Adds objects as the system does.
pub(super) struct Builder<'a> {
    pub(super) forest: &'a Forest,
    caller: Caller<'a>,
    store: &'a mut Store,
}

impl Builder<'_> {
    /// The domain controllers after the first, as far as they are not there.
    fn controllers(&mut self, seed: &LabSeed) -> Option<()> {
        let writable = seed.other_controllers.iter().map(|name| (name, false));
        let read_only = seed.read_only_controllers.iter().map(|name| (name, true));
        for (controller, read_only) in writable.chain(read_only) {
            let forest = self.forest.at(controller, read_only);
            if self.resolve(&forest.controller_settings()).is_none() {
                base::put_controller(self, &forest)?;
            }
        }
        Some(())
    }

    pub(super) fn context(&mut self, name: &str, class: &str) -> Option<ObjectId> {
        let id = self.store.insert_context(
            name,
            Class::named(class)?,
            Guid::from_bytes(random::bytes()),
        )?;
        self.store.touch(id, self.caller.now);
        Some(id)
    }

    pub(super) fn put(&mut self, name: &str, class: &str) -> Option<ObjectId> {
        self.add(name, class, &[])
    }

    pub(super) fn set(&mut self, id: ObjectId, attribute: Attr, values: Vec<Value>) {
        self.store.set(id, attribute, values);
    }

    pub(super) fn resolve(&self, name: &str) -> Option<ObjectId> {
        self.store.resolve_text(name)
    }

    pub(super) fn group(&mut self, name: &str, account: &str, rid: u32) -> Option<ObjectId> {
        let id = self.add(name, "group", &[("sAMAccountName", account)])?;
        self.well_known(id, self.forest.sid.with_rid(rid).ok()?)
    }

    pub(super) fn user(
        &mut self,
        name: &str,
        account: &str,
        rid: u32,
        control: &str,
    ) -> Option<ObjectId> {
        let id = self.add(
            name,
            "user",
            &[("sAMAccountName", account), ("userAccountControl", control)],
        )?;
        passwords::set(&self.caller, self.store, id, &random_password()).ok()?;
        self.well_known(id, self.forest.sid.with_rid(rid).ok()?)
    }

    /// A local group of the built-in domain.
    pub(super) fn built_in(&mut self, name: &str, account: &str, sid: Sid) -> Option<ObjectId> {
        let attributes = [("sAMAccountName", account), ("groupType", "-2147483643")];
        let id = self.add(name, "group", &attributes)?;
        self.well_known(id, sid)
    }

    /// Puts values past all rules.
    fn force(&mut self, name: &str, forced: &[(String, Vec<Vec<u8>>)]) -> Result<(), Refusal> {
        let id = locate::locate(self.store, name)?;
        for (attribute, bytes) in forced {
            let attribute = values::attribute(attribute)?;
            let parsed = bytes
                .iter()
                .map(|bytes| values::parse(self.store, attribute, bytes));
            let parsed = parsed.collect::<Result<Vec<Value>, Refusal>>()?;
            self.store.set(id, attribute, parsed);
        }
        if let Some(rid) = self.store.get(id).and_then(|object| object.sid()?.rid()) {
            self.store.reserve_rids(rid);
        }
        Ok(())
    }

    pub(super) fn member(&mut self, group: &str, member: &str) -> Option<()> {
        let (group, member) = (self.resolve(group)?, self.resolve(member)?);
        if self.store.is_linked(group, Attr::Member, member) {
            return Some(());
        }
        self.store.link(group, Attr::Member, member);
        Some(())
    }

    fn right(&mut self, right: &SeedRight) -> Option<()> {
        let object = self.resolve(&right.object)?;
        let ace = match &right.account {
            Some(account) => {
                let found = self.store.find(Attr::SamAccountName, account.as_bytes());
                let sid = self.store.get(*found.first()?)?.sid()?;
                right.ace.for_trustee(sid)?
            }
            None => right.ace.clone(),
        };
        descriptors::add(&self.caller, self.store, object, ace);
        Some(())
    }

    /// A domain controller's own account, with the service names that clients ask for.
    pub(super) fn controller(&mut self, forest: &Forest, rid: Option<u32>) -> Option<()> {
        let (host, dns_name) = (&forest.controller, forest.controller_dns_name());
        let name = format!("CN={host},OU=Domain Controllers,{}", forest.domain);
        let (control, group) = match forest.read_only {
            false => (OF_CONTROLLERS, "516"),
            true => (OF_READ_ONLY_CONTROLLERS, "521"),
        };
        let attributes = [
            ("sAMAccountName", &*format!("{host}$")),
            ("userAccountControl", control),
            ("primaryGroupID", group),
            ("dNSHostName", &*dns_name),
            ("operatingSystem", "Windows Server 2016 Standard"),
            ("msDS-SupportedEncryptionTypes", "28"),
        ];
        let id = self.add(&name, "computer", &attributes)?;
        let domain = &forest.dns_name;
        let mut spns = vec![
            format!("ldap/{dns_name}"),
            format!("ldap/{dns_name}/{domain}"),
            format!("ldap/{host}"),
            format!("GC/{dns_name}/{domain}"),
            format!("HOST/{dns_name}"),
            format!("HOST/{host}"),
        ];
        if *host == self.forest.controller {
            spns.push("ldap/localhost".to_owned());
        }
        self.store.set(
            id,
            Attr::ServicePrincipalName,
            spns.iter().map(Value::text).collect(),
        );
        let sid = match rid {
            Some(rid) => forest.sid.with_rid(rid).ok()?,
            None => self.store.get(id)?.sid()?,
        };
        self.well_known(id, sid)?;
        passwords::set(&self.caller, self.store, id, &random_password()).ok()
    }

    fn password(&mut self, account: &str, password: &[u8]) -> Result<(), LabError> {
        let id = self
            .store
            .find(Attr::SamAccountName, account.as_bytes())
            .first()
            .copied();
        let id = id.ok_or_else(|| LabError::Seed(format!("there is no {account}")))?;
        let set = passwords::set(&self.caller, self.store, id, password);
        set.map_err(|_| LabError::Seed(format!("the password of {account} is too short")))
    }

    /// As `Add-KdsRootKey` makes it.
    fn root_key(&mut self, key: &SeedRootKey) -> Option<()> {
        let parent = self.resolve(&self.forest.root_keys())?;
        let id = key.id.unwrap_or_else(|| Guid::from_bytes(random::bytes()));
        let data: [u8; kds::KEY_LEN] = key.data.as_deref().copied().unwrap_or_else(random::bytes);
        let rdn = dn::Rdn::new("CN", &id.to_string());
        let object = self.store.insert(
            parent,
            rdn,
            Class::named(ROOT_KEY)?,
            Guid::from_bytes(random::bytes()),
        );
        let controller = format!(
            "CN={},OU=Domain Controllers,{}",
            self.forest.controller, self.forest.domain
        );
        let controller = self.resolve(&controller)?;
        let parameters = kds::KdfParameters {
            hash: kds::KdfHash::Sha512,
        };
        for (attribute, value) in [
            (Attr::KdsVersion, Value::number(1)),
            (Attr::KdsKdfAlgorithmId, "SP800_108_CTR_HMAC".into()),
            (Attr::KdsKdfParam, parameters.to_bytes().into()),
            (Attr::KdsSecretAgreementAlgorithmId, "DH".into()),
            (Attr::KdsPublicKeyLength, Value::number(2048)),
            (Attr::KdsPrivateKeyLength, Value::number(512)),
            (Attr::KdsRootKeyData, data.to_vec().into()),
            (Attr::KdsDomainId, Value::Object(controller)),
            (
                Attr::KdsUseStartTime,
                Value::text(key.effective.as_ticks().to_string()),
            ),
            (
                Attr::KdsCreateTime,
                Value::text(key.created.as_ticks().to_string()),
            ),
        ] {
            self.store.set(object, attribute, vec![value]);
        }
        self.store.touch(object, self.caller.now);
        Some(())
    }

    fn add(&mut self, name: &str, class: &str, attributes: &[(&str, &str)]) -> Option<ObjectId> {
        let class = [("objectClass", class)];
        let given = class.iter().chain(attributes);
        let given = given
            .map(|(name, value)| ((*name).to_owned(), vec![value.as_bytes().to_vec()]))
            .collect();
        add::add(&self.caller, self.store, name, &given)
            .inspect_err(|refusal| {
                tracing::error!(
                    name,
                    diagnostic = refusal.diagnostic,
                    "a seed object was refused"
                )
            })
            .ok()
    }

    fn well_known(&mut self, id: ObjectId, sid: Sid) -> Option<ObjectId> {
        self.store
            .set(id, Attr::ObjectSid, vec![sid.to_bytes().into()]);
        self.store
            .set(id, Attr::IsCriticalSystemObject, vec!["TRUE".into()]);
        Some(id)
    }
}
