//! Asks a database server what the planner judges by.

use std::collections::BTreeSet;

use model::database::{
    Database, DatabaseAccess, DatabaseServer, DatabaseUser, GroupAccess, Login, OperatorRights,
    Permission, PermissionState, PrincipalKind, Securable,
};
use planner::database::questions::{self, Question};
use planner::database::quoted_name;
use security::Sid;

use crate::client::{Client, Parameter};
use crate::error::Error;
use crate::row::Row;

/// A client that is asked.
pub struct Asker {
    client: Client,
    /// Whether the database is the present one.
    inside: bool,
}

/// Whose access is asked for.
pub struct Whose<'a> {
    /// `DOMAIN\name`
    pub account: &'a str,
    /// Its SID.
    pub sid: Sid,
    /// What its token has besides.
    pub groups: &'a BTreeSet<Sid>,
}

impl Asker {
    /// Nothing was asked yet.
    pub fn new(client: Client) -> Self {
        let inside = false;
        Self { client, inside }
    }

    /// Runs a batch.
    ///
    /// # Errors
    /// As [`Client::run`].
    pub async fn run(&mut self, doing: &'static str, batch: &str) -> Result<(), Error> {
        self.client.run(doing, batch).await
    }

    /// The server and the database, which is entered where that is possible.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn look(
        &mut self,
        database: &str,
    ) -> Result<(DatabaseServer, Option<Database>), Error> {
        let rows = self.ask(questions::SERVER, &[]).await?;
        let row = rows.first();
        let text = |name| {
            row.and_then(|row| row.text(name))
                .unwrap_or_default()
                .to_owned()
        };
        let may = |name| row.is_some_and(|row| is_set(row, name));
        let mut server = DatabaseServer {
            name: text("server"),
            version: text("version"),
            operator: text("operator"),
            rights: OperatorRights {
                sysadmin: may("sysadmin"),
                sees_logins: may("sees_logins"),
                alters_logins: may("alters_logins"),
                ..OperatorRights::default()
            },
        };
        let named = [("@database", Parameter::Text(database))];
        let rows = self.ask(questions::DATABASE, &named).await?;
        let found = rows.first().map(|row| Database {
            name: row.text("name").unwrap_or(database).to_owned(),
            state: row.text("state").unwrap_or_default().to_owned(),
            accessible: is_set(row, "accessible"),
            read_only: is_set(row, "read_only"),
        });
        if let Some(found) = found.as_ref().filter(|it| it.accessible) {
            let enter = format!("USE {};", quoted_name(&found.name));
            self.client.run("enter the database", &enter).await?;
            self.inside = true;
            let rows = self.ask(questions::DATABASE_RIGHTS, &[]).await?;
            let may = |name| rows.first().is_some_and(|row| is_set(row, name));
            server.rights.alters_users = may("alters_users");
            server.rights.owns_database = may("owns_database");
        }
        Ok((server, found))
    }

    /// The SID that the server's own Windows gives for an account.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn sid_of(&mut self, account: &str) -> Result<Option<Sid>, Error> {
        let named = [("@account", Parameter::Text(account))];
        let rows = self.ask(questions::SID_OF, &named).await?;
        Ok(rows.first().and_then(sid))
    }

    /// What the server and the database have of an account.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn access(&mut self, whose: &Whose<'_>) -> Result<DatabaseAccess, Error> {
        let sid = whose.sid.to_bytes();
        let named = [
            ("@sid", Parameter::Sid(&sid)),
            ("@account", Parameter::Text(whose.account)),
        ];
        let mut logins = Vec::new();
        for row in self.ask(questions::LOGINS, &named).await? {
            logins.push(self.login(&row).await?);
        }
        let users = self.users(whose.account, &whose.sid).await?;
        let owned = self
            .ask(questions::JOBS, &[("@sid", Parameter::Sid(&sid))])
            .await;
        let jobs = match owned {
            Ok(rows) => Some(names(&rows, "name")),
            // Express editions have no jobs, and not everybody may look.
            Err(error) if error.server_error().is_some() => None,
            Err(error) => return Err(error),
        };
        Ok(DatabaseAccess {
            account: whose.account.to_owned(),
            sid: whose.sid,
            logins,
            users,
            jobs,
            groups: self.groups(whose.groups).await?,
        })
    }

    async fn groups(&mut self, token: &BTreeSet<Sid>) -> Result<Vec<GroupAccess>, Error> {
        let mut groups = Vec::new();
        for row in self.ask(questions::GROUP_LOGINS, &[]).await? {
            let Some(group) = sid(&row).filter(|it| token.contains(it)) else {
                continue;
            };
            let login = self.login(&row).await?;
            let users = self.users(&login.name, &group).await?;
            let user = users.into_iter().find(|it| it.sid == Some(group));
            groups.push(GroupAccess { login, user });
        }
        Ok(groups)
    }

    async fn login(&mut self, row: &Row) -> Result<Login, Error> {
        let name = row.text("name").unwrap_or_default().to_owned();
        let named = [("@name", Parameter::Text(&name))];
        let roles = self.ask(questions::SERVER_ROLES, &named).await?;
        let given = self.ask(questions::SERVER_PERMISSIONS, &named).await?;
        Ok(Login {
            sid: sid(row),
            kind: kind(row),
            enabled: !is_set(row, "disabled"),
            roles: names(&roles, "role"),
            permissions: given.iter().filter_map(permission).collect(),
            name,
        })
    }

    async fn users(&mut self, account: &str, of: &Sid) -> Result<Vec<DatabaseUser>, Error> {
        let mut users = Vec::new();
        if !self.inside {
            return Ok(users);
        }
        let sid_bytes = of.to_bytes();
        let named = [
            ("@sid", Parameter::Sid(&sid_bytes)),
            ("@account", Parameter::Text(account)),
        ];
        for row in self.ask(questions::USERS, &named).await? {
            let name = row.text("name").unwrap_or_default().to_owned();
            let named = [("@name", Parameter::Text(&name))];
            let roles = self.ask(questions::DATABASE_ROLES, &named).await?;
            let given = self.ask(questions::DATABASE_PERMISSIONS, &named).await?;
            let schemas = self.ask(questions::SCHEMAS, &named).await?;
            users.push(DatabaseUser {
                sid: sid(&row),
                kind: kind(&row),
                default_schema: row.text("default_schema").map(str::to_owned),
                roles: names(&roles, "role"),
                permissions: given.iter().filter_map(permission).collect(),
                schemas: names(&schemas, "name"),
                name,
            });
        }
        Ok(users)
    }

    async fn ask(
        &mut self,
        question: Question,
        parameters: &[(&str, Parameter<'_>)],
    ) -> Result<Vec<Row>, Error> {
        self.client
            .ask(question.doing, question.sql, parameters)
            .await
    }
}

fn is_set(row: &Row, column: &str) -> bool {
    row.number(column) == Some(1)
}

fn sid(row: &Row) -> Option<Sid> {
    row.bytes("sid")
        .and_then(|bytes| Sid::from_bytes(bytes).ok())
}

fn kind(row: &Row) -> PrincipalKind {
    match row.text("kind") {
        Some("U") => PrincipalKind::WindowsUser,
        Some("G") => PrincipalKind::WindowsGroup,
        Some("S") => PrincipalKind::Sql,
        _ => PrincipalKind::Other,
    }
}

fn names(rows: &[Row], column: &str) -> Vec<String> {
    let texts = rows.iter().filter_map(|row| row.text(column));
    texts.map(str::to_owned).collect()
}

/// A row of the questions for rights. A revoked one says that there is none.
fn permission(row: &Row) -> Option<Permission> {
    let state = match row.text("state")? {
        "GRANT" => PermissionState::Granted,
        "GRANT_WITH_GRANT_OPTION" => PermissionState::GrantedToPassOn,
        "DENY" => PermissionState::Denied,
        _ => return None,
    };
    let class = row.text("class").unwrap_or_default();
    let (schema, object) = (row.text("in_schema"), row.text("object"));
    let whole_object = row.number("minor") == Some(0);
    let on = match (class, schema, object) {
        ("SERVER" | "DATABASE", _, _) => Securable::Whole,
        ("SCHEMA", Some(schema), _) => Securable::Schema(schema.to_owned()),
        ("OBJECT_OR_COLUMN", Some(schema), Some(name)) if whole_object => Securable::Object {
            schema: schema.to_owned(),
            name: name.to_owned(),
        },
        ("OBJECT_OR_COLUMN", Some(schema), Some(name)) => {
            Securable::Other(format!("a column of {schema}.{name}"))
        }
        (class, _, _) => {
            let number = row.number("major").unwrap_or_default();
            Securable::Other(format!("{} {number}", class.to_lowercase()))
        }
    };
    let name = row.text("permission")?.to_owned();
    Some(Permission { state, name, on })
}
