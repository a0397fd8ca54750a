//! Every request and reply survives the wire, byte for byte and value for value.

use crate::win32::Win32Code;
use crate::*;
use security::Sid;
use serde::{Serialize, de::DeserializeOwned};

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(message: T) {
    let bytes = Frame::of(&message, Secret::copy_of(b"pw"))
        .unwrap()
        .to_bytes();
    let frames = Decoder::default().push(&bytes).unwrap();
    let [frame] = frames.as_slice() else {
        panic!("{} frames of {message:?}", frames.len())
    };
    assert_eq!(frame.message::<T>().unwrap(), message);
    assert_eq!(frame.secret.expose_bytes(), b"pw");
}

fn service() -> ServiceName {
    ServiceName::parse("FIMSynchronizationService").unwrap()
}

fn account() -> AccountName {
    AccountName::parse(r"CONTOSO\MIMSyncGMSAsvc$").unwrap()
}

fn path() -> HostPath {
    HostPath::parse(r"C:\keys\miiskeys-1.bin").unwrap()
}

fn digest() -> FileDigest {
    FileDigest {
        path: path(),
        size: u64::MAX,
        sha256: "00".repeat(32),
    }
}

fn key() -> RegistryKey {
    RegistryKey::local_machine(r"SYSTEM\CurrentControlSet\Services\FIMSynchronizationService")
        .unwrap()
}

fn sid() -> Sid {
    "S-1-5-21-1-2-3-1104".parse().unwrap()
}

fn task() -> ScheduledTask {
    ScheduledTask {
        path: TaskPath::parse(r"\Contoso\Delta import").unwrap(),
        principal: TaskPrincipal {
            account: account(),
            logon: TaskLogon::Password,
        },
        enabled: true,
        last_result: Some(0x8007_0569),
    }
}

#[test]
fn requests_survive() {
    let name = || "Db Näme".to_owned();
    let requests = [
        Request::Facts,
        Request::Services,
        Request::Service { name: service() },
        Request::SetLogonAccount {
            service: service(),
            account: account(),
            password: SecretUse::Absent,
        },
        Request::SetManagedAccount {
            service: service(),
            managed: true,
        },
        Request::StopService {
            name: service(),
            with_dependants: true,
            timeout_ms: 30_000,
        },
        Request::StartService {
            name: service(),
            timeout_ms: 30_000,
        },
        Request::ReadValue {
            key: key(),
            name: name(),
        },
        Request::ReadKey { key: key() },
        Request::WriteValue {
            key: key(),
            name: name(),
            value: RegistryValue::Dword(1),
            create_key: false,
        },
        Request::DeleteValue {
            key: key(),
            name: name(),
        },
        Request::Run {
            program: path(),
            arguments: vec![
                String::new(),
                r#"a "quoted" \ back\"#.into(),
                "line\nend".into(),
            ],
            stdin: SecretUse::InFrame,
            timeout_ms: 1,
        },
        Request::RunSetup(SetupRun {
            package: path(),
            sha256: Some("00".repeat(32)),
            properties: vec![SetupProperty {
                name: PropertyName::parse("SERVICE_ACCOUNT_NAME").unwrap(),
                value: PropertyValue::parse(r#"a "quoted" $"#).unwrap(),
            }],
            secret_property: Some(PropertyName::parse("MAIL_PASSWORD").unwrap()),
            log: path(),
            busy_ms: 1,
            timeout_ms: 1,
        }),
        Request::CopyFile {
            from: path(),
            to: path(),
            overwrite: false,
        },
        Request::SealFile {
            from: path(),
            to: path(),
            recipients: vec![
                "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk"
                    .parse()
                    .unwrap(),
            ],
        },
        Request::HashFile { path: path() },
        Request::Metadata { path: path() },
        Request::CreateDirectory { path: path() },
        Request::DeleteFile { path: path() },
        Request::DeleteEmptyDirectory { path: path() },
        Request::Products,
        Request::QueryServiceAccount { account: account() },
        Request::ResolveAccount { account: account() },
        Request::Rights(RightsRequest::Grant {
            right: AccountRight::LogOnAsService,
            sid: sid(),
        }),
        Request::AppPools(AppPoolRequest::SetIdentity {
            pool: PoolName::parse("MIM Portal").unwrap(),
            identity: PoolIdentity::SpecificUser(account()),
            password: SecretUse::InFrame,
        }),
        Request::AppPools(AppPoolRequest::Control {
            pool: PoolName::parse("MIM Portal").unwrap(),
            control: PoolControl::Recycle,
            timeout_ms: 1,
        }),
        Request::Tasks(TaskRequest::SetPrincipal {
            path: TaskPath::parse(r"\Contoso\Delta import").unwrap(),
            principal: task().principal,
            password: SecretUse::Absent,
        }),
        Request::Triggers(TriggerRequest::Add {
            service: service(),
            trigger: ServiceTrigger::start_with_network(),
        }),
        Request::LocalGroup(LocalGroupRequest::Remove {
            group: GroupName::parse("Administrators").unwrap(),
            member: sid(),
        }),
        Request::Events(EventQuery {
            log: "System".into(),
            provider: None,
            ids: vec![7041],
            since: Some(UnixMillis(0)),
            limit: 10,
        }),
        Request::PurgeTickets,
        Request::Converse {
            pipe: PipeName::parse("keypipe").unwrap(),
            timeout_ms: 30_000,
        },
        Request::Reboot { delay_seconds: 5 },
        Request::FetchSealed { path: path() },
        Request::AccessLists(AccessListRequest::Find {
            namespaces: vec![Namespace::parse(r"root\CIMV2").unwrap()],
        }),
        Request::AccessLists(AccessListRequest::FindBelow {
            trees: vec![
                r"C:\Däta".parse().unwrap(),
                r"HKLM\SOFTWARE\Contoso".parse().unwrap(),
            ],
        }),
        Request::AccessLists(AccessListRequest::FindUrls),
        Request::AccessLists(AccessListRequest::Read {
            list: AccessList::Machine(MachineList::DefaultAccess),
        }),
        Request::AccessLists(AccessListRequest::Write {
            list: AccessList::Application(
                security::Guid::from_bytes([7; 16]),
                ApplicationList::Access,
            ),
            descriptor: Descriptor(vec![1, 0, 4, 0x80]),
        }),
        Request::Batch(vec![Request::Facts, Request::Rights(RightsRequest::Read)]),
    ];
    for request in requests {
        survives(ClientMessage {
            id: u64::MAX,
            body: ClientBody::Request(request),
        });
    }
}

#[test]
fn replies_survive() {
    let failure = Failure {
        kind: FailureKind::Failed,
        code: Some(Win32Code(1066)),
        service_specific_code: Some(0x8023_0714),
        message: "start".into(),
    };
    let flag = ManagedAccountFlag {
        set: true,
        store: FlagStore::Registry,
    };
    let found = Service {
        name: service(),
        display_name: "Forefront Identity Manager Synchronization Service".into(),
        logon_account: Some(account()),
        managed_account: flag,
        start: StartType::AutomaticDelayed,
        state: ServiceState::StopPending,
        image_path: r#""C:\Program Files\miiserver.exe""#.into(),
        depends_on: vec!["winmgmt".into(), "+group".into()],
        dependants: vec![service()],
    };
    let unreadable = UnreadableService {
        name: "odd".into(),
        failure: failure.clone(),
    };
    let written = |text: &str| Captured {
        text: text.into(),
        truncated: true,
    };
    let replies = [
        Reply::Done,
        Reply::Facts(HostFacts {
            os_name: "Windows Server 2019".into(),
            os_version: "10.0".into(),
            os_build: "17763.1".into(),
            computer_name: "MIMSYNC01".into(),
            dns_domain: None,
            joined_domain: Some("CONTOSO".into()),
            booted_at: Some(UnixMillis(-1)),
            now: UnixMillis(i64::MAX),
            elevated: true,
        }),
        Reply::Services(ServiceList {
            services: vec![found.clone()],
            unreadable: vec![unreadable],
        }),
        Reply::Service(found),
        Reply::ManagedAccount(flag),
        Reply::Stopped(vec![StoppedService {
            name: service(),
            prior: ServiceState::Paused,
        }]),
        Reply::Key(RegistryKeyContent {
            values: vec![
                (String::new(), RegistryValue::Text("x".into())),
                (
                    "a".into(),
                    RegistryValue::ExpandableText("%SystemRoot%".into()),
                ),
                (
                    "b".into(),
                    RegistryValue::MultiText(vec!["x".into(), String::new()]),
                ),
                ("c".into(), RegistryValue::Qword(u64::MAX)),
                (
                    "d".into(),
                    RegistryValue::Other {
                        kind: 0,
                        data: vec![0xff],
                    },
                ),
            ],
            subkeys: vec!["Parameters".into()],
        }),
        Reply::Value(RegistryValue::Binary(vec![])),
        Reply::Existed(false),
        Reply::Ran(RunOutcome {
            exit_code: None,
            stdout: written("é"),
            stderr: written(""),
        }),
        Reply::Digest(digest()),
        Reply::Sealed(SealedDigest {
            plain: digest(),
            sealed: digest(),
        }),
        Reply::Metadata(Some(FileMetadata {
            kind: FileKind::Directory,
            size: 0,
            modified: None,
        })),
        Reply::Metadata(None),
        Reply::Products(vec![Product {
            code: "{5A7CB0A3-7AA2-4F40-8899-02B83694085F}".into(),
            name: "Synchronization Service".into(),
            version: Some("4.6.34.0".into()),
            publisher: None,
            install_location: None,
            install_date: None,
            view: RegistryView::Bits64,
        }]),
        Reply::ServiceAccount(ServiceAccountState::CannotInstall),
        Reply::Sid(sid()),
        Reply::AccessList(None),
        Reply::SealedContent(SealedContent(b"age-encryption.org/v1".to_vec())),
        Reply::AccessLists(AccessLists {
            lists: vec![FoundAccessList {
                list: r"root\CIMV2".parse().unwrap(),
                title: Some("Db Näme".to_owned()),
                descriptor: Descriptor(vec![1, 0, 4, 0x80]),
            }],
            unreadable: vec![(
                AccessList::Machine(MachineList::DefaultLaunch),
                Failure::from_code(Win32Code(5), "open it"),
            )],
        }),
        Reply::Rights(vec![RightHolders {
            right: AccountRight::DenyRemoteDesktop,
            holders: vec![Trustee {
                sid: sid(),
                name: None,
            }],
            policies: vec![PolicyDefinition {
                template: "gpt00000.inf".into(),
                sids: vec![sid()],
                names: vec!["x".into()],
            }],
        }]),
        Reply::AppPools(vec![AppPool {
            name: PoolName::parse("MIM Portal").unwrap(),
            identity: PoolIdentity::ApplicationPoolIdentity,
            state: PoolState::Started,
            auto_start: false,
            applications: vec![],
        }]),
        Reply::AppPoolWas(PoolState::Unknown),
        Reply::Tasks(TaskList {
            tasks: vec![task()],
            unreadable: vec![("x".into(), failure.clone())],
        }),
        Reply::Task(TaskDefinition {
            task: task(),
            xml: "<Task/>".into(),
        }),
        Reply::Triggers(vec![ServiceTrigger {
            kind: 20,
            action: TriggerAction::Stop,
            subtype: security::Guid::from_bytes([7; 16]),
            data: vec![TriggerData::new(1, b"x")],
        }]),
        Reply::Members(vec![]),
        Reply::SetupEnded(SetupEnd {
            code: 3010,
            log: vec!["Action ended".to_owned()],
            attempts: 2,
        }),
        Reply::Said("AQAAANCMnd8=".to_owned()),
        Reply::Events(EventPage {
            events: vec![Event {
                time: UnixMillis(1),
                record: u64::MAX,
                provider: "Service Control Manager".into(),
                id: 7041,
                level: EventLevel::Error,
                message: None,
            }],
            more: true,
        }),
        Reply::Batch(vec![Ok(Reply::Done), Err(failure.clone())]),
    ];
    for reply in replies {
        survives(AgentMessage {
            id: 0,
            body: AgentBody::Done(reply),
        });
    }
    survives(AgentMessage {
        id: 0,
        body: AgentBody::Failed(failure),
    });
}
