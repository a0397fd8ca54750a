//! What is in every domain: containers, well-known accounts, the configuration.

use super::build::Builder;
use crate::forest::Forest;
use crate::rules::uniqueness::HOST_ALIASES;
use crate::store::object::Value;
use crate::store::schema::Attr;

/// [MS-ADTS] 6.1.1.4 "Well-Known Objects".
const WELL_KNOWN: [(&str, &str); 6] = [
    ("A9D1CA15768811D1ADED00C04FD8D5CD", "CN=Users"),
    ("AA312825768811D1ADED00C04FD8D5CD", "CN=Computers"),
    ("A361B2FFFFD211D1AA4B00C04FD7D83A", "OU=Domain Controllers"),
    ("AB1D30F3768811D1ADED00C04FD8D5CD", "CN=System"),
    ("AB8153B7768811D1ADED00C04FD8D5CD", "CN=LostAndFound"),
    (
        "22B70C67D56E4EFB91E9300FCA3DC1AA",
        "CN=ForeignSecurityPrincipals",
    ),
];
const MANAGED_SERVICE_ACCOUNTS: &str = "1EB93889E40C45DF9F0C64D23BBB6237";

const CONTAINERS: [&str; 6] = [
    "Users",
    "Computers",
    "System",
    "ForeignSecurityPrincipals",
    "Managed Service Accounts",
    "Builtin",
];

/// What protected users and groups get their access list from ([MS-ADTS] 3.1.1.6.1 "AdminSDHolder").
pub(super) const ADMIN_SD_HOLDER: &str = "CN=AdminSDHolder,CN=System";

/// Below the configuration, from Windows Server 2016 on.
pub(super) const SHADOW_PRINCIPALS: &str = "CN=Shadow Principal Configuration,CN=Services";

/// The relative identifier of the first domain controller.
pub(super) const CONTROLLER_RID: u32 = 1000;

/// Groups below CN=Users, with their relative identifiers.
const GROUPS: [(&str, u32); 8] = [
    ("Domain Admins", 512),
    ("Domain Users", 513),
    ("Domain Guests", 514),
    ("Domain Computers", 515),
    ("Domain Controllers", 516),
    ("Schema Admins", 518),
    ("Enterprise Admins", 519),
    ("Read-only Domain Controllers", 521),
];

/// Groups below CN=Builtin, with their relative identifiers and who is in them from the start ([MS-ADTS] 6.1.1.4.12
/// "Builtin Container").
const BUILT_IN: [(&str, u32, Option<&str>); 3] = [
    ("Administrators", 544, None),
    ("Users", 545, Some("Domain Users")),
    ("Guests", 546, Some("Domain Guests")),
];

/// The account names that every domain has, in small letters.
pub(super) fn account_names<'a>(
    controllers: impl Iterator<Item = &'a str>,
) -> impl Iterator<Item = String> {
    let others = ["Administrator", "Guest", "krbtgt"];
    let built_in = BUILT_IN.iter().map(|(name, ..)| *name);
    let groups = GROUPS.iter().map(|(name, _)| *name);
    let names = groups.chain(built_in).chain(others);
    names
        .map(str::to_lowercase)
        .chain(controllers.map(|controller| format!("{}$", controller.to_lowercase())))
}

/// The names that every domain has, relative to it and in small letters.
pub(super) fn names<'a>(controllers: impl Iterator<Item = &'a str>) -> Vec<String> {
    let containers = CONTAINERS.iter().map(|name| format!("CN={name}"));
    let groups = GROUPS.iter().map(|(name, _)| *name);
    let users = groups.chain(["Administrator", "Guest", "krbtgt"]);
    let users = users.map(|name| format!("CN={name},CN=Users"));
    let others = [
        ADMIN_SD_HOLDER.to_owned(),
        "CN=LostAndFound".to_owned(),
        "OU=Domain Controllers".to_owned(),
    ];
    let controllers = controllers.map(|name| format!("CN={name},OU=Domain Controllers"));
    let built_in = BUILT_IN.iter();
    let built_in = built_in.map(|(name, ..)| format!("CN={name},CN=Builtin"));
    containers
        .chain(users)
        .chain(built_in)
        .chain(others)
        .chain(controllers)
        .map(|name| name.to_lowercase())
        .collect()
}

/// Builds the three naming contexts.
pub(super) fn put(builder: &mut Builder<'_>) -> Option<()> {
    put_domain(builder)?;
    put_accounts(builder)?;
    put_configuration(builder)?;
    put_site(builder)
}

fn put_domain(builder: &mut Builder<'_>) -> Option<()> {
    let forest = builder.forest.clone();
    let (domain, head) = (
        forest.domain.clone(),
        builder.context(&forest.domain, "domainDNS")?,
    );
    let level = forest.functional_level.to_string();
    builder.set(head, Attr::ObjectSid, vec![forest.sid.to_bytes().into()]);
    let well_known =
        WELL_KNOWN.map(|(guid, name)| Value::text(format!("B:32:{guid}:{name},{domain}")));
    builder.set(head, Attr::WellKnownObjects, well_known.into());
    let managed = format!("B:32:{MANAGED_SERVICE_ACCOUNTS}:CN=Managed Service Accounts,{domain}");
    builder.set(
        head,
        Attr::OtherWellKnownObjects,
        vec![Value::text(managed)],
    );
    for (attribute, value) in [
        (Attr::BehaviorVersion, level.as_str()),
        (Attr::MixedDomain, "0"),
        (Attr::MinPwdLength, "7"),
        (Attr::MaxPwdAge, "-36288000000000"),
        (Attr::PwdProperties, "1"),
        (Attr::LockoutThreshold, "0"),
        (Attr::LockoutDuration, "-18000000000"),
        (Attr::MachineAccountQuota, "10"),
    ] {
        builder.set(head, attribute, vec![value.into()]);
    }
    for container in CONTAINERS {
        builder.put(&format!("CN={container},{domain}"), "container")?;
    }
    builder.put(&format!("{ADMIN_SD_HOLDER},{domain}"), "container")?;
    builder.put(&forest.lost_and_found(), "lostAndFound")?;
    builder
        .put(
            &format!("OU=Domain Controllers,{domain}"),
            "organizationalUnit",
        )
        .map(drop)
}

fn put_accounts(builder: &mut Builder<'_>) -> Option<()> {
    let domain = builder.forest.domain.clone();
    let users = |name: &str| format!("CN={name},CN=Users,{domain}");
    for (name, rid) in GROUPS {
        builder.group(&users(name), name, rid)?;
    }
    builder.user(&users("Administrator"), "Administrator", 500, "66048")?;
    builder.user(&users("Guest"), "Guest", 501, "66082")?;
    builder.user(&users("krbtgt"), "krbtgt", 502, "514")?;
    let administrators = put_built_in(builder)?;
    for group in ["Domain Admins", "Enterprise Admins", "Schema Admins"] {
        builder.member(&users(group), &users("Administrator"))?;
    }
    for member in ["Domain Admins", "Enterprise Admins", "Administrator"] {
        builder.member(&administrators, &users(member))?;
    }
    let forest = builder.forest.clone();
    builder.controller(&forest, Some(CONTROLLER_RID))
}

/// The local groups of every domain controller; the name of the administrators' one.
fn put_built_in(builder: &mut Builder<'_>) -> Option<String> {
    let domain = builder.forest.domain.clone();
    let of = |name: &str| format!("CN={name},CN=Builtin,{domain}");
    for (name, rid, member) in BUILT_IN {
        let sid = format!("S-1-5-32-{rid}").parse().ok()?;
        builder.built_in(&of(name), name, sid)?;
        if let Some(member) = member {
            builder.member(&of(name), &format!("CN={member},CN=Users,{domain}"))?;
        }
    }
    Some(of("Administrators"))
}

fn put_configuration(builder: &mut Builder<'_>) -> Option<()> {
    let forest = builder.forest.clone();
    let (configuration, schema) = (forest.configuration(), forest.schema());
    builder.context(&configuration, "configuration")?;
    builder.context(&schema, "dMD")?;
    builder.put(&format!("CN=Aggregate,{schema}"), "subSchema")?;
    let below = |path: &str| format!("{path},{configuration}");

    builder.put(&below("CN=Partitions"), "crossRefContainer")?;
    // [MS-ADTS] 2.2.10 "System Flags": FLAG_CR_NTDS_NC, FLAG_CR_NTDS_DOMAIN.
    for (name, context, flags) in [
        (forest.netbios_name.as_str(), &forest.domain, "3"),
        ("Enterprise Configuration", &configuration, "1"),
        ("Enterprise Schema", &schema, "1"),
    ] {
        let cross_ref = builder.put(&below(&format!("CN={name},CN=Partitions")), "crossRef")?;
        let context = builder.resolve(context)?;
        builder.set(cross_ref, Attr::NcName, vec![Value::Object(context)]);
        builder.set(cross_ref, Attr::SystemFlags, vec![flags.into()]);
        builder.set(
            cross_ref,
            Attr::DnsRoot,
            vec![forest.dns_name.as_str().into()],
        );
        if flags == "3" {
            builder.set(cross_ref, Attr::NetBiosName, vec![name.into()]);
        }
    }
    builder.put(&below("CN=Services"), "container")?;
    builder.put(&below(SHADOW_PRINCIPALS), "msDS-ShadowPrincipalContainer")?;
    builder.put(&below("CN=Windows NT,CN=Services"), "container")?;
    let service = builder.put(
        &below("CN=Directory Service,CN=Windows NT,CN=Services"),
        "nTDSService",
    )?;
    builder.set(
        service,
        Attr::SpnMappings,
        vec![Value::text(format!("host={HOST_ALIASES}"))],
    );
    let keys = "CN=Group Key Distribution Service,CN=Services";
    builder.put(&below(keys), "container")?;
    builder.put(&below(&format!("CN=Master Root Keys,{keys}")), "container")?;
    builder
        .put(
            &below(&format!("CN=Server Configuration,{keys}")),
            "container",
        )
        .map(drop)
}

fn put_site(builder: &mut Builder<'_>) -> Option<()> {
    let forest = builder.forest.clone();
    let below = |path: &str| format!("{path},{}", forest.configuration());
    builder.put(&below("CN=Sites"), "sitesContainer")?;
    let site = "CN=Default-First-Site-Name,CN=Sites";
    builder.put(&below(site), "site")?;
    builder.put(&below(&format!("CN=Servers,{site}")), "serversContainer")?;
    put_server(builder, &forest)
}

/// Another domain controller of the forest: its account, and its server object in the site.
pub(super) fn put_controller(builder: &mut Builder<'_>, forest: &Forest) -> Option<()> {
    builder.controller(forest, None)?;
    put_server(builder, forest)
}

fn put_server(builder: &mut Builder<'_>, forest: &Forest) -> Option<()> {
    /// nTDSDSA options: NTDSDSA_OPT_IS_GC.
    const GLOBAL_CATALOG: &str = "1";
    let settings = forest.controller_settings();
    let (_, server) = settings.split_once(',')?;
    let server = builder.put(server, "server")?;
    let computer = builder.resolve(&format!(
        "CN={},OU=Domain Controllers,{}",
        forest.controller, forest.domain
    ))?;
    let dns_name = forest.controller_dns_name();
    builder.set(server, Attr::ServerReference, vec![computer.into()]);
    builder.set(server, Attr::DnsHostName, vec![dns_name.as_str().into()]);
    // [MS-ADTS] 6.1.1.2.2.1.2.1.1 "nTDSDSA Object".
    let class = match forest.read_only {
        false => "nTDSDSA",
        true => "nTDSDSARO",
    };
    let settings = builder.put(&settings, class)?;
    builder.set(settings, Attr::Options, vec![GLOBAL_CATALOG.into()]);
    Some(())
}
