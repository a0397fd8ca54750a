//! A database server: what accounts have in each database.

use async_trait::async_trait;
use model::database::{
    Database, DatabaseAccess, DatabaseFacts, DatabasePlace, DatabaseServer, DatabaseUser, Login,
    OperatorRights, PrincipalKind, Repair,
};
use model::names::LogonAccount;
use model::ports::{DatabaseAccount, Databases, ErrorKind, WorldError};
use security::Sid;

use super::FakeWorld;
use super::state::{State, error};

#[async_trait]
impl Databases for FakeWorld {
    async fn look(
        &self,
        place: &DatabasePlace,
        accounts: &[DatabaseAccount],
    ) -> Result<DatabaseFacts, WorldError> {
        self.read(&format!("look at {place}"), |state| {
            let found = state.databases.get(place);
            let found = found.ok_or_else(|| error(ErrorKind::Unreachable, "no such server"))?;
            let access = accounts.iter().map(|account| {
                let known = found.get(&account.account.to_lowercase());
                known
                    .cloned()
                    .unwrap_or_else(|| nothing(&account.account, account.sid))
            });
            Ok(DatabaseFacts {
                place: place.clone(),
                server: server(),
                database: Some(Database {
                    name: place.database.clone(),
                    state: "ONLINE".to_owned(),
                    accessible: true,
                    read_only: false,
                }),
                access: access.collect(),
            })
        })
    }

    async fn lacking(
        &self,
        place: &DatabasePlace,
        account: &str,
        wanted: &[Repair],
    ) -> Result<Vec<Repair>, WorldError> {
        self.read(&format!("what {account} lacks in {place}"), |state| {
            let known = state.databases[place].get(&account.to_lowercase());
            let access = known.cloned().unwrap_or_else(|| access_of(state, account));
            if access.sid == Sid::NOBODY {
                return Err(error(ErrorKind::NotFound, "no such account"));
            }
            Ok(planner::database::lacking(&access, wanted))
        })
    }

    async fn give(
        &self,
        place: &DatabasePlace,
        account: &str,
        repairs: &[Repair],
    ) -> Result<(), WorldError> {
        self.change(place, account, "give", |access| {
            repairs.iter().for_each(|repair| put(access, repair));
        })
    }

    async fn take_back(
        &self,
        place: &DatabasePlace,
        account: &str,
        given: &[Repair],
    ) -> Result<(), WorldError> {
        self.change(place, account, "take back", |access| {
            for repair in given {
                match repair {
                    Repair::CreateLogin => access.logins.clear(),
                    Repair::CreateUser => access.users.clear(),
                    Repair::AddToRole { role, .. } => {
                        let users = access.users.iter_mut();
                        users.for_each(|user| user.roles.retain(|held| held != role));
                    }
                    other => panic!("{other} is not planned in these tests"),
                }
            }
        })
    }
}

impl FakeWorld {
    fn change(
        &self,
        place: &DatabasePlace,
        account: &str,
        what: &str,
        change: impl FnOnce(&mut DatabaseAccess),
    ) -> Result<(), WorldError> {
        self.write(&format!("{what} {account} in {place}"), |state| {
            let access = access_of(state, account);
            let accounts = state.databases.get_mut(place).unwrap();
            let access = accounts.entry(account.to_lowercase()).or_insert(access);
            change(access);
            Ok(())
        })
    }
}

fn server() -> DatabaseServer {
    DatabaseServer {
        name: "SQL01".to_owned(),
        version: "15.0.2000.5".to_owned(),
        operator: r"CONTOSO\Administrator".to_owned(),
        rights: OperatorRights {
            sysadmin: true,
            ..OperatorRights::default()
        },
    }
}

/// An account that has nothing yet.
pub fn access_of(state: &State, account: &str) -> DatabaseAccess {
    let known = state.logon(&LogonAccount::from(account.to_owned()));
    nothing(
        account,
        known.map_or(Sid::NOBODY, |known| known.account.sid),
    )
}

fn nothing(account: &str, sid: Sid) -> DatabaseAccess {
    DatabaseAccess {
        account: account.to_owned(),
        sid,
        logins: Vec::new(),
        users: Vec::new(),
        jobs: None,
        groups: Vec::new(),
    }
}

pub fn put(access: &mut DatabaseAccess, repair: &Repair) {
    let (name, sid, kind) = (
        access.account.clone(),
        Some(access.sid),
        PrincipalKind::WindowsUser,
    );
    match repair {
        Repair::CreateLogin => access.logins.push(Login {
            name,
            sid,
            kind,
            enabled: true,
            roles: Vec::new(),
            permissions: Vec::new(),
        }),
        Repair::CreateUser => access.users.push(DatabaseUser {
            name,
            sid,
            kind,
            default_schema: None,
            roles: Vec::new(),
            permissions: Vec::new(),
            schemas: Vec::new(),
        }),
        Repair::AddToRole { role, .. } => access.users[0].roles.push(role.clone()),
        other => panic!("{other} is not planned in these tests"),
    }
}
