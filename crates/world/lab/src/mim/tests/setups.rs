//! Setup in change mode, saved hosts, the reference estate, imported hosts.

use std::sync::Arc;

use agent_protocol::{AccountName, HostPath, Secret, ServiceName, ServiceState};

use model::host::{TaskLogon, TaskPath};
use model::inventory;

use crate::hosts::HostState;
use crate::hosts::domain::{AccountKind, DomainView};
use crate::hosts::files::Content;
use crate::hosts::memory_domain::MemoryDomain;
use crate::hosts::rights::Right;
use crate::mim::installation::SYNC_SERVICE;
use crate::mim::mim_service::{Credential, MIM_SERVICE, PAM_COMPONENT, PAM_REST_POOL, RESET_POOL};
use crate::mim::{Mim, Preparation, SqlServer, reference_hosts};

use super::key_set_life::convert_and_check;
use super::world::{GMSA, USER, World, export, run, set_account, start, state, stop, world};

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
        Mim::on(&world.sql).install_mim_service(machine, "4.6.34.0", &who());
        machine.install_portals(&who(), &who());
        machine.install_pam("4.6.34.0", &who(), &who(), &who());
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
        "RESET_PORT=8089",
        "MIMPAM_REST_API_PORT=18086",
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
        "RESET_PORT=8089",
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
    for (pool, port) in [(RESET_POOL, 8089), (PAM_REST_POOL, 18_086)] {
        let pool = state
            .app_pools
            .iter()
            .find(|found| found.name == pool)
            .unwrap();
        assert_eq!(
            pool.identity.user().unwrap().as_str(),
            r"CONTOSO\MIMSrvGMSA$"
        );
        let ports: Vec<_> = pool.bindings.iter().map(|binding| binding.port()).collect();
        assert_eq!(ports, [Some(port)]);
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
    for (preparation, starts) in [(Preparation::None, false), (Preparation::Logins, true)] {
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
        let gmsa = domain.find(&"MIMSrvGMSA$".parse().unwrap()).unwrap().sid;
        hosts[2].with(|machine| {
            machine.state.rights.grant(Right::LogOnAsService, gmsa);
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
        access: Vec::new(),
        unread_access_lists: Vec::new(),
        app_pools: vec![],
        tasks: vec![inventory::Task {
            path: TaskPath::parse(r"\Contoso\Delta import").unwrap(),
            account: USER.to_owned().into(),
            logon: TaskLogon::Password,
            enabled: true,
        }],
        rights: vec![],
        kdssvc_starts_with_network: None,
        products: vec![],
        registry: [(r"HKLM\SYSTEM\X!Path".to_owned(), "p".to_owned())].into(),
        files: Default::default(),
        components: vec![],
    };
    let (domain, sql): (Arc<dyn DomainView>, _) = (domain, Arc::new(SqlServer::default()));
    let copy = crate::hosts::import(&found, &domain, Mim::on(&sql));
    copy.edit(|state| state.files.put(r"C:\MIMBackup", Content::Directory));
    assert_eq!(copy.state().windows.build, 20_348);
    assert_eq!(
        copy.state().registry.text(r"HKLM\SYSTEM\X", "path"),
        Some("p")
    );
    assert_eq!(copy.state().tasks[0].account.as_str(), USER);
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
