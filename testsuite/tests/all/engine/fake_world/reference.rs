//! The reference estate: CONTOSO with the Synchronization Service under its password account.

use std::collections::{BTreeMap, BTreeSet};

use model::database::{DatabasePlace, Repair};
use model::host::{
    AccountRight, AppPool, PoolApplication, PoolIdentity, PoolName, PoolState, RegistryValue,
    SiteBinding,
};
use model::inventory::{
    Account, AccountClass, Group, Product, RootKeyFacts, Service, ServiceStart, ServiceState,
};
use model::names::{LogonAccount, ServiceName};
use model::ports::Delegation;
use security::{Guid, Interval};

use super::database::{access_of, put};
use super::fault::Faults;
use super::host::HostSettings;
use super::key_set::KeySet;
use super::state::{FakeAccount, FakeService, HostState, State};

pub const OLD_ACCOUNT: &str = r"CONTOSO\svc-mimsync";
pub const OLD_PASSWORD: &str = "Kw7-dream-of-sync";
pub const PLAIN_ACCOUNT: &str = r"CONTOSO\svc-plain";
pub const PLAIN_PASSWORD: &str = "Qx3-quite-plain";
pub const PORTAL_ACCOUNT: &str = r"CONTOSO\svc-reset";
pub const PORTAL_PASSWORD: &str = "Rs5-forgotten";
pub const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
pub const GROUP: &str = "MIMSyncAdmins";
pub const ADMIN_SD_HOLDER: &str = "CN=AdminSDHolder,CN=System,DC=contoso,DC=com";
pub const SYNC_SERVICE: &str = "FIMSynchronizationService";
pub const PLAIN_SERVICE: &str = "PlainService";
pub const PRODUCT_FOLDER: &str =
    r"C:\Program Files\Microsoft Forefront Identity Manager\2010\Synchronization Service\";

/// The domain with one host per name, all under the same password account.
pub fn state(hosts: &[&str]) -> State {
    let now = "2026-11-22T20:00:00Z".parse().unwrap();
    let mut state = State {
        now,
        domain_sid: "S-1-5-21-1004336348-1177238915-682003330".parse().unwrap(),
        root_keys: Vec::new(),
        accounts: BTreeMap::new(),
        groups: BTreeMap::new(),
        access_lists: BTreeMap::new(),
        hosts: BTreeMap::new(),
        databases: BTreeMap::new(),
        records: Vec::new(),
        faults: Faults::default(),
        created: 0,
    };
    let created = now.saturating_sub(Interval::from_hours(100));
    state.root_keys.push(RootKeyFacts {
        id: Guid::from_bytes([0xee; Guid::LEN]),
        domain_controller: "dc1.contoso.com".parse().unwrap(),
        created,
        effective: created,
        usable_from: created.saturating_add(Interval::from_hours(10)),
        defect: None,
    });
    let spns = ["HTTP/other.contoso.com", "PCNSCLNT/mimsync01.contoso.com"];
    add_account(
        &mut state,
        "svc-mimsync",
        AccountClass::User,
        Some(OLD_PASSWORD),
        &spns,
    );
    for host in hosts {
        add_account(
            &mut state,
            &format!("{host}$"),
            AccountClass::Computer,
            None,
            &[],
        );
        state.hosts.insert(host.parse().unwrap(), sync_host(host));
    }
    state
}

/// A user, or a computer where the name ends in `$`.
pub fn add_account(
    state: &mut State,
    name: &str,
    class: AccountClass,
    password: Option<&'static str>,
    spns: &[&str],
) {
    let created = state.create(name, "Users").unwrap();
    let account = Account {
        dn: created.dn,
        name: name.parse().unwrap(),
        sid: created.sid,
        guid: created.guid,
        class,
        enabled: true,
        dns_host_name: None,
        spns: spns.iter().map(|spn| spn.parse().unwrap()).collect(),
        encryption_types: None,
        member_of: Vec::new(),
    };
    let account = FakeAccount {
        account,
        password,
        interval_days: 0,
        delegation: Delegation::default(),
        retrieval_principals: Vec::new(),
    };
    state.accounts.insert(name.to_lowercase(), account);
}

/// A gMSA with an SPN of its own and another group that may retrieve its password; and its `_Hosts` group, with a
/// member, that may not yet.
pub fn add_gmsa_in_use(state: &mut State, name: &str) {
    let (gmsa, spns) = (format!("{name}$"), ["HTTP/farm.contoso.com"]);
    add_account(state, &gmsa, AccountClass::Gmsa, None, &spns);
    add_account(state, "WEB01$", AccountClass::Computer, None, &[]);
    let member = state.accounts["web01$"].account.dn.clone();
    let mut sids = Vec::new();
    for group in [format!("{name}_Farm"), format!("{name}_Hosts")] {
        let created = state.create(&group, "Users").unwrap();
        sids.push(created.sid);
        let found = Group {
            dn: created.dn,
            name: group.parse().unwrap(),
            sid: created.sid,
            guid: created.guid,
            members: vec![member.clone()],
        };
        state.groups.insert(group.to_lowercase(), found);
    }
    let found = state.accounts.get_mut(&gmsa.to_lowercase()).unwrap();
    found.interval_days = 30;
    found.retrieval_principals.push(sids[0]);
}

/// Delegation of every sort for the old account, and a group with a member of its own.
pub fn add_rights_of_the_old_account(state: &mut State) {
    let created = state.create(GROUP, "Users").unwrap();
    let found = state.accounts.get_mut("svc-mimsync").unwrap();
    found.delegation = Delegation {
        protocol_transition: true,
        services: vec!["FIMService/mim.contoso.com".parse().unwrap()],
        callers: vec![created.sid],
        ..Delegation::default()
    };
    let group = Group {
        dn: created.dn,
        name: GROUP.parse().unwrap(),
        sid: created.sid,
        guid: created.guid,
        members: vec![found.account.dn.clone()],
    };
    state.groups.insert(GROUP.to_lowercase(), group);
}

/// Windows Server 2012 R2 with rights that can be read, and a portal on an application pool of its own account.
pub fn add_web_server(state: &mut State) {
    let spns = ["HTTP/passwordreset.contoso.com"];
    add_account(
        state,
        "svc-reset",
        AccountClass::User,
        Some(PORTAL_PASSWORD),
        &spns,
    );
    for host in state.hosts.values_mut() {
        host.os_version = "6.3.9600".to_owned();
        host.products.push(Product {
            name: "Microsoft Identity Manager Service and Portal".to_owned(),
            version: "4.6.673.0".to_owned(),
            publisher: "Microsoft Corporation".to_owned(),
            code: "{0782FB14-023A-430F-B0D5-4AE1D1CCFCAA}".to_owned(),
        });
        let key = r"HKLM\SOFTWARE\Microsoft\Forefront Identity Manager\2010\Password Reset Portal";
        let location = RegistryValue::Text(r"C:\MIM\Reset\".to_owned());
        host.registry
            .insert((key.to_owned(), "Location".to_owned()), location);
        let pool = AppPool {
            name: PoolName::parse("ResetPool").unwrap(),
            identity: PoolIdentity::from_configuration("SpecificUser", PORTAL_ACCOUNT).unwrap(),
            state: PoolState::Started,
            auto_start: true,
            applications: vec![PoolApplication {
                site: "Reset".to_owned(),
                path: "/".to_owned(),
                physical_path: r"c:\mim\reset".to_owned(),
                bindings: vec![SiteBinding {
                    protocol: "http".to_owned(),
                    information: "*:8089:".to_owned(),
                }],
            }],
        };
        let portal = host.dns_name.as_str().starts_with("mimsync01");
        host.settings.pools = portal.then(|| vec![(pool, Some(PORTAL_PASSWORD.to_owned()))]);
        add_service(host, "kdssvc", "LocalSystem", None);
        let all_services = "S-1-5-80-0".parse().unwrap();
        host.settings
            .rights
            .insert(AccountRight::LogOnAsService, [all_services].into());
    }
}

/// The Synchronization Service's database, with its password account as owner and in a role of its own.
pub fn add_database(state: &mut State) {
    let place = DatabasePlace {
        server: "SQL01".to_owned(),
        database: "FIMSynchronizationService".to_owned(),
    };
    for host in state.hosts.values_mut() {
        let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{SYNC_SERVICE}\Parameters");
        for (value, text) in [("Server", &place.server), ("DBName", &place.database)] {
            let text = RegistryValue::Text(text.clone());
            host.registry.insert((key.clone(), value.to_owned()), text);
        }
    }
    let mut access = access_of(state, OLD_ACCOUNT);
    let role = |role: &str| Repair::AddToRole {
        user: OLD_ACCOUNT.to_owned(),
        role: role.to_owned(),
    };
    let repairs = [
        Repair::CreateLogin,
        Repair::CreateUser,
        role("db_owner"),
        role("mim_reports"),
    ];
    repairs.iter().for_each(|repair| put(&mut access, repair));
    let accounts = [(OLD_ACCOUNT.to_lowercase(), access)].into();
    state.databases.insert(place, accounts);
}

/// A service without key set, dependants and SPNs, under an account of its own.
pub fn add_plain_service(state: &mut State) {
    add_account(
        state,
        "svc-plain",
        AccountClass::User,
        Some(PLAIN_PASSWORD),
        &[],
    );
    for host in state.hosts.values_mut() {
        add_service(host, PLAIN_SERVICE, PLAIN_ACCOUNT, Some(PLAIN_PASSWORD));
    }
}

fn sync_host(name: &str) -> HostState {
    let mut host = HostState {
        dns_name: format!("{name}.contoso.com").parse().unwrap(),
        os_version: "10.0.20348".to_owned(),
        answers: true,
        services: BTreeMap::new(),
        products: vec![Product {
            name: "Microsoft Identity Manager Synchronization Service".to_owned(),
            version: "4.6.673.0".to_owned(),
            publisher: "Microsoft Corporation".to_owned(),
            code: "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}".to_owned(),
        }],
        registry: BTreeMap::new(),
        settings: HostSettings::default(),
        files: BTreeMap::new(),
        folders: BTreeSet::new(),
        key_set: Some(KeySet {
            service: SYNC_SERVICE.parse().unwrap(),
            folder: PRODUCT_FOLDER.to_owned(),
            id: 7,
            bound_to: OLD_ACCOUNT.to_owned().into(),
            exports: 0,
        }),
        ticket_is_fresh: true,
        knows_retrieval_state: true,
        tools_echo: false,
    };
    let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{SYNC_SERVICE}\Parameters");
    host.registry.insert(
        (key, "Path".to_owned()),
        RegistryValue::Text(PRODUCT_FOLDER.to_owned()),
    );
    add_service(&mut host, SYNC_SERVICE, OLD_ACCOUNT, Some(OLD_PASSWORD));
    for (dependant, state) in [
        ("FIMDependant", ServiceState::Running),
        ("FIMIdle", ServiceState::Stopped),
    ] {
        add_service(&mut host, dependant, "LocalSystem", None);
        let found = host.services.get_mut(&dependant.to_lowercase()).unwrap();
        found.service.state = state;
        found.needs = Some(SYNC_SERVICE.parse().unwrap());
        let dependant: ServiceName = dependant.parse().unwrap();
        let service = host.services.get_mut(&SYNC_SERVICE.to_lowercase()).unwrap();
        service.service.dependants.push(dependant);
    }
    host
}

fn add_service(host: &mut HostState, name: &str, account: &str, password: Option<&str>) {
    let service = Service {
        name: name.parse().unwrap(),
        display_name: name.to_owned(),
        logon_account: LogonAccount::from(account.to_owned()),
        managed_account: Some(false),
        start: ServiceStart::Automatic,
        state: ServiceState::Running,
        image_path: format!(r"{PRODUCT_FOLDER}Bin\{name}.exe"),
        dependants: Vec::new(),
    };
    let service = FakeService {
        service,
        password: password.map(str::to_owned),
        needs: None,
    };
    host.services.insert(name.to_lowercase(), service);
}
