//! The Synchronization Service's life: export, change of account, restore, standby, setup.

use std::sync::Arc;

use agent_protocol::{
    AccountName, Failure, HostPath, Reply, Request, RunOutcome, Secret, SecretUse, ServiceName,
    ServiceState,
};

use model::inventory;

use super::installation::{FOLDER, SYNC_DATABASE, SYNC_SERVICE};
use super::mim_service::{Credential, MIM_SERVICE, PAM_COMPONENT, PAM_REST_POOL, RESET_POOL};
use super::sync_service::{KEYS_NOT_ACCESSIBLE, LOGIN_FAILED};
use super::{KeySetId, Preparation, Role, SqlServer, reference_hosts};
use crate::hosts::domain::{AccountKind, DomainView};
use crate::hosts::files::Content;
use crate::hosts::memory_domain::MemoryDomain;
use crate::hosts::rights::Right;
use crate::hosts::{HostState, LabHost, NamedFault, WindowsRelease};

const USER: &str = r"CONTOSO\svc-mimsync";
const GMSA: &str = r"CONTOSO\MIMSyncGMSA$";
const FILE: &str = r"C:\MIMBackup\miiskeys-1.bin";

struct World {
    domain: Arc<MemoryDomain>,
    sql: Arc<SqlServer>,
    active: LabHost,
    standby: LabHost,
}

fn world() -> World {
    let domain = Arc::new(MemoryDomain::new());
    let sql = Arc::new(SqlServer::default());
    domain.add("svc-mimsync", AccountKind::User, "Pa55word!");
    let gmsa = domain.add("MIMSyncGMSA$", AccountKind::Gmsa, "");
    for host in ["MIMSYNC01", "MIMSYNC02"] {
        let computer = domain.add(&format!("{host}$"), AccountKind::Computer, "");
        domain.allow("MIMSyncGMSA$", computer);
    }
    let host = |name: &str| {
        let state = HostState::new(name.parse().unwrap(), WindowsRelease::server_2019());
        let host = LabHost::new(state, domain.clone(), sql.clone());
        host.with(|machine| {
            machine.install_sync("4.6.34.0", USER, Some(&Secret::copy_of(b"Pa55word!")));
            machine.state.rights.grant(Right::LogOnAsService, gmsa);
            machine.state.files.put(r"C:\MIMBackup", Content::Directory);
        });
        host.boot();
        host
    };
    let (active, standby) = (host("MIMSYNC01"), host("MIMSYNC02"));
    World {
        domain,
        sql,
        active,
        standby,
    }
}

impl World {
    fn let_gmsa_into_sql(&self) {
        let gmsa = self.domain.find(&"MIMSyncGMSA$".parse().unwrap()).unwrap();
        self.sql.grant(SYNC_DATABASE, gmsa.sid, Role::Owner);
    }
}

fn tool(host: &LabHost, file: &str, arguments: &[&str], stdin: Option<&str>) -> RunOutcome {
    let program = HostPath::parse(format!(r"{FOLDER}\Synchronization Service\Bin\{file}")).unwrap();
    run(host, program, arguments, stdin)
}

fn run(host: &LabHost, program: HostPath, arguments: &[&str], stdin: Option<&str>) -> RunOutcome {
    let request = Request::Run {
        program,
        arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        stdin: if stdin.is_some() {
            SecretUse::InFrame
        } else {
            SecretUse::Absent
        },
        timeout_ms: 1_000,
    };
    match host.handle(
        request,
        &Secret::copy_of(stdin.unwrap_or_default().as_bytes()),
    ) {
        Ok(Reply::Ran(outcome)) => outcome,
        other => panic!("{other:?}"),
    }
}

fn export(host: &LabHost, user: &str, password: Option<&str>) -> RunOutcome {
    tool(
        host,
        "miiskmu.exe",
        &["/e", FILE, &format!("/u:{user}"), "*", "/q"],
        password,
    )
}

fn start(host: &LabHost, service: &str) -> Result<Reply, Failure> {
    let name = ServiceName::parse(service).unwrap();
    host.handle(
        Request::StartService {
            name,
            timeout_ms: 1_000,
        },
        &Secret::none(),
    )
}

fn stop(host: &LabHost) {
    let name = ServiceName::parse(SYNC_SERVICE).unwrap();
    host.handle(
        Request::StopService {
            name,
            with_dependants: true,
            timeout_ms: 1,
        },
        &Secret::none(),
    )
    .unwrap();
}

fn set_account(host: &LabHost, account: &str, password: Option<&str>) {
    let service = ServiceName::parse(SYNC_SERVICE).unwrap();
    let account = AccountName::parse(account).unwrap();
    let managed = password.is_none();
    let use_of = if managed {
        SecretUse::Absent
    } else {
        SecretUse::InFrame
    };
    let request = Request::SetLogonAccount {
        service: service.clone(),
        account,
        password: use_of,
    };
    host.handle(
        request,
        &Secret::copy_of(password.unwrap_or_default().as_bytes()),
    )
    .unwrap();
    host.handle(
        Request::SetManagedAccount { service, managed },
        &Secret::none(),
    )
    .unwrap();
}

fn state(host: &LabHost) -> ServiceState {
    host.state().services.get(SYNC_SERVICE).unwrap().state
}

#[test]
fn a_conversion_and_its_way_back() {
    let World { active: host, .. } = &*convert_and_check();
    stop(host);
    set_account(host, USER, Some("Pa55word!"));
    assert!(start(host, SYNC_SERVICE).is_err());
    let back = tool(
        host,
        "miisactivate.exe",
        &[FILE, USER, "*", "/q"],
        Some("Pa55word!\r\n"),
    );
    assert_eq!(back.exit_code, Some(0), "{back:?}");
    start(host, SYNC_SERVICE).unwrap();
}

/// Exports, stops, sets the gMSA, restores, starts; checks every step, and what fails before its time.
fn convert_and_check() -> Box<World> {
    let world = world();
    let host = &world.active;
    assert_eq!(state(host), ServiceState::Running);
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    stop(host);
    set_account(host, GMSA, None);

    let failure = start(host, SYNC_SERVICE).unwrap_err();
    assert_eq!(
        failure.service_specific_code,
        Some(LOGIN_FAILED),
        "{failure}"
    );
    world.let_gmsa_into_sql();
    let failure = start(host, SYNC_SERVICE).unwrap_err();
    assert_eq!(
        (failure.code.unwrap().0, failure.service_specific_code),
        (1066, Some(KEYS_NOT_ACCESSIBLE))
    );
    assert!(host.state().events.has(KEYS_NOT_ACCESSIBLE));

    let restored = tool(
        host,
        "miisactivate.exe",
        &[FILE, r"contoso\mimsyncgmsa", "/q"],
        None,
    );
    assert_eq!(restored.exit_code, Some(0), "{restored:?}");
    start(host, SYNC_SERVICE).unwrap();
    Box::new(world)
}

#[test]
fn exports_need_the_account_and_its_password() {
    let world = world();
    for (user, password, why) in [
        (USER, Some("wrong\n"), "logon failure"),
        (USER, None, "logon failure"),
        (r"CONTOSO\nobody", Some("Pa55word!\n"), "not the account"),
        (GMSA, None, "not the account"),
    ] {
        let outcome = export(&world.active, user, password);
        assert_eq!(outcome.exit_code, Some(1), "{user}");
        assert!(outcome.stderr.text.contains(why), "{}", outcome.stderr.text);
    }
    world.active.suffer(NamedFault::DiskFull, &[]);
    let outcome = export(&world.active, USER, Some("Pa55word!\n"));
    assert!(outcome.stderr.text.contains("DISK_FULL"), "{outcome:?}");
}

#[test]
fn tools_take_only_what_is_documented() {
    let world = world();
    let user = format!("/u:{USER}");
    let lines: [(&str, &[&str]); 12] = [
        ("miiskmu.exe", &[]),
        ("miiskmu.exe", &["/?"]),
        ("miiskmu.exe", &["/e"]),
        ("miiskmu.exe", &["/e", "/q"]),
        ("miiskmu.exe", &["/e", FILE, "/u:svc", "pw"]),
        ("miiskmu.exe", &["/e", FILE, &user, "pw", "more"]),
        (
            "miiskmu.exe",
            &["/c", "0E19E162-827E-4077-82D4-E6ABD531636E"],
        ),
        ("miiskmu.exe", &["/a", "now"]),
        ("miisactivate.exe", &["k"]),
        ("miisactivate.exe", &["k", "b", "pw"]),
        ("miisactivate.exe", &["k", USER, "pw", "more"]),
        ("miisactivate.exe", &["/a", USER]),
    ];
    for (program, line) in lines {
        let outcome = tool(&world.active, program, line, None);
        assert_eq!(
            outcome.exit_code,
            Some(2),
            "{program} {line:?}: {outcome:?}"
        );
    }
}

#[test]
fn activation_refuses_whatever_does_not_fit() {
    let world = world();
    let host = &world.active;
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    let refused = |file: &str, account: &str, argument: &[&str], why: &str| {
        let outcome = tool(
            host,
            "miisactivate.exe",
            &[&[file, account], argument].concat(),
            Some("Pa55word!\n"),
        );
        assert_eq!(outcome.exit_code, Some(1), "{why}: {outcome:?}");
        assert!(
            outcome.stderr.text.contains(why),
            "{why}: {}",
            outcome.stderr.text
        );
    };
    refused(FILE, USER, &["*"], "running");
    stop(host);
    refused(FILE, GMSA, &[], "without its $");
    refused(FILE, r"CONTOSO\MIMSyncGMSA", &[], "does not log on as");
    refused(FILE, USER, &["wrong"], "logon failure");
    refused(FILE, USER, &[], "is needed");
    refused(r"C:\none.bin", USER, &["*"], "cannot read");
    host.edit(|state| {
        state.files.put(
            r"C:\other.bin",
            Content::Bytes(KeySetId::of_seed("other").to_file()),
        )
    });
    refused(r"C:\other.bin", USER, &["*"], "another key set");
    host.edit(|state| state.files.put(r"C:\bad.bin", Content::Bytes(vec![1; 88])));
    refused(r"C:\bad.bin", USER, &["*"], "not a key set file");
    set_account(host, GMSA, None);
    refused(
        FILE,
        r"CONTOSO\MIMSyncGMSA",
        &["pw"],
        "no password can be given",
    );
}

#[test]
fn a_standby_starts_only_once_it_is_activated() {
    let world = convert_and_check();
    let standby = &world.standby;
    assert_eq!(state(standby), ServiceState::Stopped);
    assert!(start(standby, SYNC_SERVICE).is_err());
    let Some(Content::Bytes(keys)) = world
        .active
        .state()
        .files
        .get(&HostPath::parse(FILE).unwrap())
        .cloned()
    else {
        panic!("no export");
    };
    standby.edit(|state| state.files.put(FILE, Content::Bytes(keys)));
    set_account(standby, GMSA, None);
    let activated = tool(
        standby,
        "miisactivate.exe",
        &[FILE, r"CONTOSO\MIMSyncGMSA", "/q"],
        None,
    );
    assert_eq!(activated.exit_code, Some(0), "{activated:?}");
    start(standby, SYNC_SERVICE).unwrap();
    stop(&world.active);
    assert!(
        start(&world.active, SYNC_SERVICE).is_err(),
        "another server is the active one"
    );
}

#[test]
fn an_abandoned_key_set_runs_on_but_old_exports_are_worthless() {
    let world = world();
    let host = &world.active;
    assert_eq!(export(host, USER, Some("Pa55word!\n")).exit_code, Some(0));
    assert_eq!(
        tool(host, "miiskmu.exe", &["/a", "/q"], None).exit_code,
        Some(0)
    );
    stop(host);
    let outcome = tool(host, "miisactivate.exe", &[FILE, USER, "Pa55word!"], None);
    assert!(
        outcome.stderr.text.contains("another key set"),
        "{outcome:?}"
    );
    assert!(world.sql.sync(SYNC_DATABASE).unwrap().abandoned);
}

#[test]
fn setup_in_change_mode_wants_every_setting_and_no_left_over_helper() {
    let world = world();
    let host = &world.active;
    let gmsa = world.domain.add("MIMSrvGMSA$", AccountKind::Gmsa, "");
    let computer = world
        .domain
        .find(&"MIMSYNC01$".parse().unwrap())
        .unwrap()
        .sid;
    world.domain.allow("MIMSrvGMSA$", computer);
    world.domain.add("svc-mim", AccountKind::User, "pw");
    host.with(|machine| {
        let secret = Secret::copy_of(b"pw");
        let who = || Credential {
            account: r"CONTOSO\svc-mim",
            password: Some(&secret),
        };
        machine.install_mim_service("4.6.34.0", &who());
        machine.install_portals(&who(), &who());
        machine.install_pam(&who(), &who(), &who());
        machine
            .state
            .files
            .put(r"D:\MIM\Service and Portal.msi", Content::Bytes(vec![0]));
        machine.state.rights.grant(Right::LogOnAsService, gmsa);
    });
    start(host, MIM_SERVICE).unwrap();
    start(host, PAM_COMPONENT).unwrap();
    let whole = [
        "/i",
        r"D:\MIM\Service and Portal.msi",
        "SQLSERVER_SERVER=SQL01",
        "SQLSERVER_DATABASE=FIMService",
        "EXISTINGDATABASE=1",
        "MAIL_SERVER=mail",
        "SERVICEADDRESS=mim",
        "SYNCHRONIZATION_SERVER=MIMSYNC01",
        "SERVICE_ACCOUNT_NAME=MIMSrvGMSA$",
        "SERVICE_ACCOUNT_DOMAIN=CONTOSO",
        "USE_MANAGED_ACCOUNT_FOR_SERVICE=1",
        "RESET_ACCOUNT=CONTOSO\\MIMSrvGMSA$",
        "PAM_REST_API_APPPOOL_ACCOUNT_NAME=MIMSrvGMSA$",
        "PAM_REST_API_APPPOOL_ACCOUNT_DOMAIN=CONTOSO",
        "REBOOT=ReallySuppress",
        "/qn",
    ];
    let msiexec = |line: &[&str]| {
        run(
            host,
            HostPath::parse(r"C:\Windows\System32\msiexec.exe").unwrap(),
            line,
            None,
        )
    };
    for left_out in [
        "/qn",
        "EXISTINGDATABASE=1",
        "MAIL_SERVER=mail",
        "USE_MANAGED_ACCOUNT_FOR_SERVICE=1",
    ] {
        let line: Vec<&str> = whole.into_iter().filter(|word| *word != left_out).collect();
        assert!(
            matches!(msiexec(&line).exit_code, Some(1602 | 1603)),
            "{left_out}"
        );
    }
    let sc = HostPath::parse(r"C:\Windows\System32\sc.exe").unwrap();
    let helper = ["create", "MIMKeyProtectService", "binPath=", r"C:\x.exe"];
    assert_eq!(run(host, sc.clone(), &helper, None).exit_code, Some(0));
    assert_eq!(msiexec(&whole).exit_code, Some(1603));
    assert_eq!(
        run(host, sc, &["delete", "MIMKeyProtectService"], None).exit_code,
        Some(0)
    );

    assert_eq!(msiexec(&whole).exit_code, Some(3010));
    let state = host.state();
    let service = state.services.get(MIM_SERVICE).unwrap();
    assert_eq!(
        (service.account.as_str(), service.managed, service.state),
        (r"CONTOSO\MIMSrvGMSA$", true, ServiceState::Running)
    );
    for pool in [RESET_POOL, PAM_REST_POOL] {
        let pool = state
            .app_pools
            .iter()
            .find(|found| found.name == pool)
            .unwrap();
        assert_eq!(
            pool.account.as_ref().unwrap().as_str(),
            r"CONTOSO\MIMSrvGMSA$"
        );
    }
}

#[test]
fn a_host_is_the_same_after_it_was_saved_and_loaded() {
    let world = convert_and_check();
    let saved = serde_json::to_string(&world.active.state()).unwrap();
    let loaded: HostState = serde_json::from_str(&saved).unwrap();
    assert_eq!(loaded, world.active.state());
    let content = serde_json::to_string(&world.sql.content()).unwrap();
    assert!(
        !saved.contains("Pa55word!") && !content.contains("Pa55word!"),
        "no password is kept"
    );
}

#[test]
fn the_reference_estate_runs_and_can_be_prepared() {
    for (preparation, starts) in [
        (Preparation::None, false),
        (Preparation::RightsAndLogins, true),
    ] {
        let domain = Arc::new(MemoryDomain::new());
        for user in [
            "svc-mimsync",
            "svc-mimservice",
            "svc-pamrest",
            "svc-pammon",
            "svc-pamcomp",
            "svc-ssprreg",
            "svc-sspreset",
        ] {
            domain.add(user, AccountKind::User, "pw");
        }
        domain.add("MIMSrvGMSA$", AccountKind::Gmsa, "");
        for host in ["MIMSYNC01", "MIMSYNC02", "MIMSVC01", "MIMSVC02", "MIMPAM01"] {
            let computer = domain.add(&format!("{host}$"), AccountKind::Computer, "");
            domain.allow("MIMSrvGMSA$", computer);
        }
        let (domain, sql): (Arc<dyn DomainView>, _) = (domain, Arc::new(SqlServer::default()));
        let hosts = reference_hosts(&domain, &sql, preparation, &|_| {
            Some(Secret::copy_of(b"pw"))
        });
        let running = |at: usize, service: &str| {
            hosts[at].state().services.get(service).unwrap().state == ServiceState::Running
        };
        assert!(
            running(0, SYNC_SERVICE) && !running(1, SYNC_SERVICE),
            "one active, one standby"
        );
        assert!(running(2, MIM_SERVICE) && running(3, MIM_SERVICE) && running(4, PAM_COMPONENT));
        assert!(
            hosts[0]
                .state()
                .registry
                .products()
                .iter()
                .any(|product| product.name.ends_with("Synchronization Service"))
        );

        let service = ServiceName::parse(MIM_SERVICE).unwrap();
        hosts[2].with(|machine| {
            machine.stop(&service, true, 1).unwrap();
            machine
                .set_logon_account(
                    &service,
                    &AccountName::parse(r"CONTOSO\MIMSrvGMSA$").unwrap(),
                    None,
                )
                .unwrap();
        });
        assert_eq!(start(&hosts[2], MIM_SERVICE).is_ok(), starts);
    }
}

#[test]
fn an_imported_host_behaves_like_the_one_that_was_discovered() {
    let World { domain, active, .. } = world();
    let service = active.state().services.get(SYNC_SERVICE).unwrap().clone();
    let found = inventory::HostInventory {
        name: "MIMSYNC01".parse().unwrap(),
        dns_name: "mimsync01.contoso.com".parse().unwrap(),
        facts: inventory::HostFacts {
            computer_name: "MIMSYNC01".into(),
            os_name: "Windows Server 2022 Datacenter".into(),
            os_version: "10.0.20348.2700".into(),
            booted: None,
            clock_skew_seconds: 2,
            agent_version: "0.1.0".into(),
        },
        services: vec![inventory::Service {
            name: SYNC_SERVICE.parse().unwrap(),
            display_name: service.display_name.clone(),
            logon_account: USER.to_owned().into(),
            managed_account: Some(false),
            start: inventory::ServiceStart::Automatic,
            state: inventory::ServiceState::Running,
            image_path: service.image_path,
            dependants: vec![],
        }],
        products: vec![],
        registry: [(r"HKLM\SYSTEM\X!Path".to_owned(), "p".to_owned())].into(),
        files: Default::default(),
        components: vec![],
    };
    let (domain, sql): (Arc<dyn DomainView>, _) = (domain, Arc::new(SqlServer::default()));
    let copy = crate::hosts::import(&found, &domain, &sql);
    copy.edit(|state| state.files.put(r"C:\MIMBackup", Content::Directory));
    assert_eq!(copy.state().windows.build, 20_348);
    assert_eq!(
        copy.state().registry.text(r"HKLM\SYSTEM\X", "path"),
        Some("p")
    );
    assert_eq!(state(&copy), ServiceState::Running);
    assert_eq!(export(&copy, USER, Some("Pa55word!\n")).exit_code, Some(0));
    stop(&copy);
    start(&copy, SYNC_SERVICE).unwrap();
    stop(&copy);
    set_account(&copy, GMSA, None);
    assert_eq!(
        start(&copy, SYNC_SERVICE).unwrap_err().code.unwrap().0,
        1069,
        "the gMSA has no right yet"
    );
}
