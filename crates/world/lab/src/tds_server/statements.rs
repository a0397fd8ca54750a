//! The statements that are understood, read from a batch. Whatever else a batch has in it, it is refused as a whole
//! before anything is done, as a server does with what it cannot parse.

use model::database::{Permission, PermissionState, Securable};

use super::tokens::Refusal;

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Statement {
    /// `SET` of an option; that of `XACT_ABORT` is taken for granted.
    Set,
    Begin,
    Commit,
    Use(String),
    If(Condition, Box<Statement>),
    CreateLogin(String),
    DropLogin(String),
    EnableLogin(String, bool),
    AddToServerRole {
        role: String,
        member: String,
    },
    LeaveServerRole {
        role: String,
        member: String,
    },
    CreateUser {
        user: String,
        login: String,
    },
    MapUser {
        user: String,
        login: String,
    },
    SetDefaultSchema {
        user: String,
        schema: String,
    },
    AddToRole {
        role: String,
        member: String,
    },
    LeaveRole {
        role: String,
        member: String,
    },
    DropUser(String),
    Give {
        permission: Permission,
        to: String,
    },
    /// Whatever way the right was given.
    Revoke {
        name: String,
        on: Securable,
        from: String,
    },
}

/// `[NOT] EXISTS (SELECT 1 FROM … WHERE …)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) exists: bool,
    /// `sys.server_principals`, and not those of the database.
    pub(super) logins: bool,
    pub(super) name: Option<String>,
    /// The SID, and whether it is to be equal.
    pub(super) sid: Option<(bool, Vec<u8>)>,
}

/// Reads a batch.
pub(super) fn parse(batch: &str) -> Result<Vec<Statement>, Refusal> {
    let words = words(batch)?;
    let mut statements = Vec::new();
    for sentence in words.split(|word| *word == Word::Sign(';')) {
        if !sentence.is_empty() {
            let mut reader = Reader(sentence);
            let statement = reader.statement().filter(|_| reader.0.is_empty());
            let near = reader.0.first().or(sentence.last());
            let near = near.map_or_else(String::new, Word::text);
            let refused =
                || Refusal::new(102, format!("Incorrect syntax near '{near}'.")).class(15);
            statements.push(statement.ok_or_else(refused)?);
        }
    }
    Ok(statements)
}

/// A word of Transact-SQL.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A keyword or a bare name.
    Bare(String),
    /// `[name]` or `"name"`.
    Name(String),
    /// `N'text'`
    Text(String),
    /// `0x…`
    Binary(Vec<u8>),
    /// Anything else, such as `<>`.
    Sign(char),
}

impl Word {
    fn text(&self) -> String {
        match self {
            Self::Bare(text) | Self::Name(text) | Self::Text(text) => text.clone(),
            Self::Binary(_) => "0x".to_owned(),
            Self::Sign(sign) => sign.to_string(),
        }
    }
}

fn words(batch: &str) -> Result<Vec<Word>, Refusal> {
    let mut words = Vec::new();
    let mut rest = batch.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '[' => quoted(rest, ']').map(|(text, after)| (Word::Name(text), after))?,
            '"' => quoted(rest, '"').map(|(text, after)| (Word::Name(text), after))?,
            '\'' => quoted(rest, '\'').map(|(text, after)| (Word::Text(text), after))?,
            'N' if rest.starts_with("N'") => {
                let (text, after) = quoted(rest.strip_prefix('N').unwrap_or(rest), '\'')?;
                (Word::Text(text), after)
            }
            c if c.is_alphanumeric() || "_@#".contains(c) => {
                let end = rest.find(|c: char| !c.is_alphanumeric() && !"_@#$".contains(c));
                let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
                let binary = word
                    .strip_prefix("0x")
                    .and_then(|digits| hex::decode(digits).ok());
                let bare = || Word::Bare(word.to_ascii_uppercase());
                (binary.map_or_else(bare, Word::Binary), after)
            }
            sign => (
                Word::Sign(sign),
                rest.strip_prefix(sign).unwrap_or_default(),
            ),
        };
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}

/// Up to the closing sign, which stands twice where it is part of the text.
fn quoted(text: &str, close: char) -> Result<(String, &str), Refusal> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c != close {
            content.push(c);
        } else if chars.next_if(|(_, next)| *next == close).is_some() {
            content.push(close);
        } else {
            let after = text.get(index + close.len_utf8()..).unwrap_or_default();
            return Ok((content, after));
        }
    }
    let unclosed = format!("Unclosed quotation mark after the character string '{content}'.");
    Err(Refusal::new(105, unclosed).class(15))
}

/// Reads words from the front; `None` is a syntax error, with what is left standing where it is.
struct Reader<'a>(&'a [Word]);

impl Reader<'_> {
    fn statement(&mut self) -> Option<Statement> {
        if self.are("SET") {
            self.0 = &[];
            return Some(Statement::Set);
        }
        if self.are("BEGIN TRANSACTION") || self.are("BEGIN TRAN") {
            return Some(Statement::Begin);
        }
        if self.are("COMMIT TRANSACTION") || self.are("COMMIT TRAN") {
            return Some(Statement::Commit);
        }
        if self.are("USE") {
            return Some(Statement::Use(self.name()?));
        }
        if self.are("IF") {
            let condition = self.condition()?;
            return Some(Statement::If(condition, Box::new(self.statement()?)));
        }
        self.about_logins()
            .or_else(|| self.about_users())
            .or_else(|| self.give())
            .or_else(|| self.revoke())
    }

    fn about_logins(&mut self) -> Option<Statement> {
        if self.are("CREATE LOGIN") {
            let login = self.name()?;
            return self
                .are("FROM WINDOWS")
                .then_some(Statement::CreateLogin(login));
        }
        if self.are("DROP LOGIN") {
            return Some(Statement::DropLogin(self.name()?));
        }
        if self.are("ALTER LOGIN") {
            let login = self.name()?;
            let enable = self.are("ENABLE");
            return (enable || self.are("DISABLE"))
                .then_some(Statement::EnableLogin(login, enable));
        }
        if self.are("ALTER SERVER ROLE") {
            let (role, member, joins) = self.membership()?;
            return Some(match joins {
                true => Statement::AddToServerRole { role, member },
                false => Statement::LeaveServerRole { role, member },
            });
        }
        None
    }

    fn about_users(&mut self) -> Option<Statement> {
        if self.are("CREATE USER") {
            let user = self.name()?;
            let login = self.are("FOR LOGIN").then(|| self.name())??;
            return Some(Statement::CreateUser { user, login });
        }
        if self.are("DROP USER") {
            return Some(Statement::DropUser(self.name()?));
        }
        if self.are("ALTER USER") {
            let user = self.name()?;
            if self.are("WITH LOGIN") {
                let login = self.is('=').then(|| self.name())??;
                return Some(Statement::MapUser { user, login });
            }
            let schema = self.are("WITH DEFAULT_SCHEMA") && self.is('=');
            let schema = schema.then(|| self.name())??;
            return Some(Statement::SetDefaultSchema { user, schema });
        }
        if self.are("ALTER ROLE") {
            let (role, member, joins) = self.membership()?;
            return Some(match joins {
                true => Statement::AddToRole { role, member },
                false => Statement::LeaveRole { role, member },
            });
        }
        None
    }

    /// Role, member, and whether it comes or goes.
    fn membership(&mut self) -> Option<(String, String, bool)> {
        let role = self.name()?;
        let joins = self.are("ADD MEMBER");
        let member = (joins || self.are("DROP MEMBER")).then(|| self.name())??;
        Some((role, member, joins))
    }

    /// `GRANT RIGHT [ON CLASS::name[.name]] TO name [WITH GRANT OPTION]`
    fn give(&mut self) -> Option<Statement> {
        let denies = self.are("DENY");
        if !denies && !self.are("GRANT") {
            return None;
        }
        let (name, on) = self.right("TO")?;
        let to = self.are("TO").then(|| self.name())??;
        let state = match (denies, self.are("WITH GRANT OPTION")) {
            (true, false) => PermissionState::Denied,
            (true, true) => return None,
            (false, false) => PermissionState::Granted,
            (false, true) => PermissionState::GrantedToPassOn,
        };
        let permission = Permission { state, name, on };
        Some(Statement::Give { permission, to })
    }

    /// `REVOKE RIGHT [ON CLASS::name[.name]] FROM name [CASCADE]`
    fn revoke(&mut self) -> Option<Statement> {
        if !self.are("REVOKE") {
            return None;
        }
        let (name, on) = self.right("FROM")?;
        let from = self.are("FROM").then(|| self.name())??;
        self.are("CASCADE");
        Some(Statement::Revoke { name, on, from })
    }

    /// A right's name, and what it is on; what stands behind it is not read.
    fn right(&mut self, behind: &str) -> Option<(String, Securable)> {
        let mut name = Vec::new();
        while let [Word::Bare(word), rest @ ..] = self.0
            && !["ON", behind].contains(&word.as_str())
        {
            name.push(word.as_str());
            self.0 = rest;
        }
        let on = if self.are("ON SCHEMA") {
            self.colons()?;
            Securable::Schema(self.name()?)
        } else if self.are("ON OBJECT") {
            self.colons()?;
            let schema = self.name()?;
            let name = self.is('.').then(|| self.name())??;
            Securable::Object { schema, name }
        } else {
            Securable::Whole
        };
        let name = (!name.is_empty()).then(|| name.join(" "))?;
        Some((name, on))
    }

    fn condition(&mut self) -> Option<Condition> {
        let exists = !self.are("NOT");
        let begins =
            self.are("EXISTS") && self.is('(') && self.are("SELECT 1 FROM SYS") && self.is('.');
        let logins = begins.then(|| self.are("SERVER_PRINCIPALS"))?;
        let known = logins || self.are("DATABASE_PRINCIPALS");
        if !known || !self.are("WHERE") {
            return None;
        }
        let mut condition = Condition {
            exists,
            logins,
            name: None,
            sid: None,
        };
        loop {
            if self.are("NAME") && self.is('=') {
                condition.name = Some(self.text()?);
            } else if self.are("SID") {
                let equal = self.is('=');
                let _differs = equal || (self.is('<') && self.is('>'));
                condition.sid = Some((equal, self.binary()?));
            } else {
                return None;
            }
            if self.is(')') {
                return Some(condition);
            }
            if !self.are("AND") {
                return None;
            }
        }
    }

    /// Whether these keywords come next; then they are read.
    fn are(&mut self, keywords: &str) -> bool {
        let count = keywords.split(' ').count();
        let Some((next, rest)) = self.0.split_at_checked(count) else {
            return false;
        };
        let mut pairs = next.iter().zip(keywords.split(' '));
        let same = pairs.all(|(word, keyword)| matches!(word, Word::Bare(it) if it == keyword));
        if same {
            self.0 = rest;
        }
        same
    }

    fn is(&mut self, sign: char) -> bool {
        match self.0 {
            [Word::Sign(found), rest @ ..] if *found == sign => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn colons(&mut self) -> Option<()> {
        (self.is(':') && self.is(':')).then_some(())
    }

    /// A name; bare ones lose their case, which does not matter here.
    fn name(&mut self) -> Option<String> {
        let (Word::Name(name) | Word::Bare(name)) = self.0.first()? else {
            return None;
        };
        self.0 = self.0.get(1..)?;
        Some(name.clone())
    }

    fn text(&mut self) -> Option<String> {
        let [Word::Text(text), rest @ ..] = self.0 else {
            return None;
        };
        self.0 = rest;
        Some(text.clone())
    }

    fn binary(&mut self) -> Option<Vec<u8>> {
        let [Word::Binary(bytes), rest @ ..] = self.0 else {
            return None;
        };
        self.0 = rest;
        Some(bytes.clone())
    }
}

#[cfg(test)]
mod tests;
