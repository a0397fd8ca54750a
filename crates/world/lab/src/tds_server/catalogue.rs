//! The answers to the questions that are known.

use std::collections::{BTreeMap, BTreeSet};

use model::database::{Permission, PermissionState, Securable};
use planner::database::questions::{self, Question};
use security::Sid;

use super::changes::{Actor, MASTER, find};
use super::names;
use super::request::Argument;
use super::tokens::{Cell, Kind, PRODUCT_VERSION, Refusal, Table};
use crate::mim::{Role, SqlContent};

/// The question that a text asks, whatever its white space.
pub(super) fn known(sql: &str) -> Option<&'static Question> {
    let words = || sql.split_whitespace();
    questions::ALL
        .iter()
        .find(|question| question.sql.split_whitespace().eq(words()))
}

/// Everything that an answer is made of.
pub(super) struct Asked<'a> {
    pub(super) actor: &'a Actor<'a>,
    /// The operator's login name.
    pub(super) user: &'a str,
    pub(super) server: &'a str,
    pub(super) content: &'a SqlContent,
    pub(super) parameters: &'a BTreeMap<String, Argument>,
}

impl Asked<'_> {
    pub(super) fn answer(&self, question: &Question) -> Result<Table, Refusal> {
        Ok(match *question {
            questions::SERVER => self.server(),
            questions::SID_OF => {
                let sid = names::sid_of(self.actor.directory, self.text("@account")?);
                let cell = sid.map_or(Cell::Null, |sid| Cell::Bytes(sid.to_bytes()));
                table(&[("sid", Kind::Bytes)], vec![vec![cell]])
            }
            questions::DATABASE => self.database()?,
            questions::LOGINS => {
                let (sid, name) = (self.bytes("@sid")?, self.text("@account")?);
                self.logins(|it, known| it.to_bytes() == sid || names::same(known, name))
            }
            questions::GROUP_LOGINS => {
                self.logins(|it, _| names::is_group(self.actor.directory, it))
            }
            questions::SERVER_ROLES => {
                let held = self.login()?.and_then(|it| self.content.details.get(&it));
                roles(held.into_iter().flat_map(|it| it.roles.iter().cloned()))
            }
            questions::SERVER_PERMISSIONS => {
                let login = self.login()?;
                let held = login.and_then(|it| self.content.details.get(&it));
                let held = held.map(|it| &it.permissions);
                permissions(login.is_some(), "CONNECT SQL", "SERVER", held)
            }
            questions::DATABASE_RIGHTS => {
                let owns = self.actor.owns(self.content, &self.actor.database);
                table(
                    &[
                        ("alters_users", Kind::Number),
                        ("owns_database", Kind::Number),
                    ],
                    vec![vec![owns.into(), owns.into()]],
                )
            }
            questions::USERS => self.users()?,
            questions::DATABASE_ROLES => {
                let database = find(self.content, &self.actor.database);
                let user = self.user()?;
                let fixed = database
                    .zip(user)
                    .and_then(|(it, user)| it.roles.get(&user));
                let fixed = fixed
                    .into_iter()
                    .flatten()
                    .map(|role: &Role| role.name().to_owned());
                let others = database
                    .zip(user)
                    .and_then(|(it, user)| it.users.get(&user));
                let others = others.into_iter().flat_map(|it| it.roles.iter().cloned());
                roles(fixed.chain(others))
            }
            questions::DATABASE_PERMISSIONS => {
                let user = self.user()?;
                let database = find(self.content, &self.actor.database);
                let held = database
                    .zip(user)
                    .and_then(|(it, user)| it.users.get(&user));
                let held = held.map(|it| &it.permissions);
                permissions(user.is_some(), "CONNECT", "DATABASE", held)
            }
            questions::SCHEMAS => {
                let database = find(self.content, &self.actor.database);
                let user = self.user()?;
                let held = database
                    .zip(user)
                    .and_then(|(it, user)| it.users.get(&user));
                let names = held.into_iter().flat_map(|it| &it.schemas);
                let rows = names.map(|name| vec![name.as_str().into()]);
                table(&[("name", Kind::Text)], rows.collect())
            }
            questions::JOBS => self.jobs()?,
            _ => return Err(unknown()),
        })
    }

    fn server(&self) -> Table {
        let administers = self.actor.is_sysadmin(self.content);
        table(
            &[
                ("server", Kind::Text),
                ("version", Kind::Text),
                ("operator", Kind::Text),
                ("sysadmin", Kind::Number),
                ("sees_logins", Kind::Number),
                ("alters_logins", Kind::Number),
            ],
            vec![vec![
                self.server.into(),
                PRODUCT_VERSION.into(),
                self.user.into(),
                administers.into(),
                administers.into(),
                administers.into(),
            ]],
        )
    }

    fn database(&self) -> Result<Table, Refusal> {
        let wanted = self.text("@database")?;
        let mut all: BTreeSet<&str> = self.content.databases.keys().map(String::as_str).collect();
        all.insert(MASTER);
        let found = all.into_iter().filter(|name| names::same(name, wanted));
        let rows = found.map(|name| {
            let accessible = self.actor.has_access(self.content, name);
            vec![
                name.into(),
                "ONLINE".into(),
                accessible.into(),
                false.into(),
            ]
        });
        let columns = &[
            ("name", Kind::Text),
            ("state", Kind::Text),
            ("accessible", Kind::Number),
            ("read_only", Kind::Number),
        ];
        Ok(table(columns, rows.collect()))
    }

    /// Without VIEW ANY DEFINITION only one's own logins are shown.
    fn logins(&self, wanted: impl Fn(&Sid, &str) -> bool) -> Table {
        let sees_all = self.actor.is_sysadmin(self.content);
        let shown = |sid: &&Sid| sees_all || self.actor.sids.contains(sid);
        let mut rows = Vec::new();
        for sid in self.content.logins.iter().filter(shown) {
            let name = names::of_login(self.actor.directory, self.content, sid);
            if wanted(sid, &name) {
                let details = self.content.details.get(sid);
                let disabled = details.is_some_and(|it| it.disabled);
                let kind = self.kind(sid);
                rows.push(vec![
                    Cell::Text(name),
                    Cell::Bytes(sid.to_bytes()),
                    kind.into(),
                    disabled.into(),
                ]);
            }
        }
        let columns = &[
            ("name", Kind::Text),
            ("sid", Kind::Bytes),
            ("kind", Kind::Text),
            ("disabled", Kind::Number),
        ];
        table(columns, rows)
    }

    fn users(&self) -> Result<Table, Refusal> {
        let (sid, name) = (self.bytes("@sid")?, self.text("@account")?);
        let mut rows = Vec::new();
        if let Some(database) = find(self.content, &self.actor.database) {
            for user in database.roles.keys() {
                let known = names::of_user(self.actor.directory, self.content, database, user);
                if user.to_bytes() == sid || names::same(&known, name) {
                    let details = database.users.get(user);
                    let schema = details.and_then(|it| it.default_schema.as_deref());
                    rows.push(vec![
                        Cell::Text(known),
                        Cell::Bytes(user.to_bytes()),
                        self.kind(user).into(),
                        schema.unwrap_or("dbo").into(),
                    ]);
                }
            }
        }
        let columns = &[
            ("name", Kind::Text),
            ("sid", Kind::Bytes),
            ("kind", Kind::Text),
            ("default_schema", Kind::Text),
        ];
        Ok(table(columns, rows))
    }

    /// There are none; and nobody but an administrator may look.
    fn jobs(&self) -> Result<Table, Refusal> {
        if !self.actor.is_sysadmin(self.content) {
            let text = "The SELECT permission was denied on the object 'sysjobs', database 'msdb', schema 'dbo'.";
            return Err(Refusal::new(229, text).class(14));
        }
        Ok(table(&[("name", Kind::Text)], Vec::new()))
    }

    fn kind(&self, sid: &Sid) -> &'static str {
        match names::is_group(self.actor.directory, sid) {
            true => "G",
            false => "U",
        }
    }

    /// The login that `@name` means.
    fn login(&self) -> Result<Option<Sid>, Refusal> {
        let name = self.text("@name")?;
        let of = |sid: &Sid| names::of_login(self.actor.directory, self.content, sid);
        let mut logins = self.content.logins.iter();
        Ok(logins.find(|sid| names::same(&of(sid), name)).copied())
    }

    /// The user that `@name` means.
    fn user(&self) -> Result<Option<Sid>, Refusal> {
        let name = self.text("@name")?;
        let Some(database) = find(self.content, &self.actor.database) else {
            return Ok(None);
        };
        let of = |sid: &Sid| names::of_user(self.actor.directory, self.content, database, sid);
        let mut users = database.roles.keys();
        Ok(users.find(|sid| names::same(&of(sid), name)).copied())
    }

    fn text(&self, name: &str) -> Result<&str, Refusal> {
        match self.parameters.get(name) {
            Some(Argument::Text(text)) => Ok(text),
            _ => Err(undeclared(name)),
        }
    }

    fn bytes(&self, name: &str) -> Result<&[u8], Refusal> {
        match self.parameters.get(name) {
            Some(Argument::Bytes(bytes)) => Ok(bytes),
            _ => Err(undeclared(name)),
        }
    }
}

fn table(columns: &'static [(&'static str, Kind)], rows: Vec<Vec<Cell>>) -> Table {
    Table { columns, rows }
}

fn roles(names: impl Iterator<Item = String>) -> Table {
    let names: BTreeSet<String> = names.collect();
    let rows = names.into_iter().map(|name| vec![Cell::Text(name)]);
    table(&[("role", Kind::Text)], rows.collect())
}

/// What was given, and the right that comes with every login and user.
fn permissions(
    there: bool,
    usual: &'static str,
    class: &'static str,
    held: Option<&BTreeSet<Permission>>,
) -> Table {
    let mut rows = Vec::new();
    let held = || held.into_iter().flatten();
    if there && !held().any(|it| it.name == usual) {
        let own = Permission {
            state: PermissionState::Granted,
            name: usual.to_owned(),
            on: Securable::Whole,
        };
        rows.push(permission(&own, class));
    }
    rows.extend(held().map(|it| permission(it, class)));
    let columns = &[
        ("state", Kind::Text),
        ("permission", Kind::Text),
        ("class", Kind::Text),
        ("in_schema", Kind::Text),
        ("object", Kind::Text),
        ("major", Kind::Number),
        ("minor", Kind::Number),
    ];
    table(columns, rows)
}

fn permission(it: &Permission, whole: &'static str) -> Vec<Cell> {
    let state = match it.state {
        PermissionState::Granted => "GRANT",
        PermissionState::GrantedToPassOn => "GRANT_WITH_GRANT_OPTION",
        PermissionState::Denied => "DENY",
    };
    let (class, schema, object) = match &it.on {
        Securable::Whole => (whole, None, None),
        Securable::Schema(name) => ("SCHEMA", Some(name.as_str()), None),
        Securable::Object { schema, name } => (
            "OBJECT_OR_COLUMN",
            Some(schema.as_str()),
            Some(name.as_str()),
        ),
        Securable::Other(_) => ("TYPE", None, None),
    };
    vec![
        state.into(),
        it.name.as_str().into(),
        class.into(),
        schema.into(),
        object.into(),
        Cell::Number(0),
        Cell::Number(0),
    ]
}

pub(super) fn unknown() -> Refusal {
    Refusal::new(208, "Invalid object name.")
}

fn undeclared(name: &str) -> Refusal {
    Refusal::new(137, format!("Must declare the scalar variable \"{name}\".")).class(15)
}
