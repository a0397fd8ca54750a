//! One client, from its first byte to its last.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tds_protocol::{EncryptionLevel, PacketType, PreLogin};

use super::Server;
use super::catalogue::{self, Asked};
use super::changes::{Actor, MASTER};
use super::channel::{Channel, malformed};
use super::logon::{self, Client};
use super::request::{self, Request};
use super::statements::{self, Statement};
use super::tokens::{End, Refusal, Tokens, VERSION};
use crate::visitors::Pulse;

/// How long a client has until it is in.
const LOG_ON: Duration = Duration::from_secs(15);

/// A connection and who is on it.
pub(super) struct Session {
    channel: Channel,
    server: Arc<Server>,
    pulse: Pulse,
    database: String,
}

impl Session {
    pub(super) fn new(channel: Channel, server: Arc<Server>, pulse: Pulse) -> Self {
        Self {
            channel,
            server,
            pulse,
            database: MASTER.to_owned(),
        }
    }

    pub(super) async fn run(mut self) -> io::Result<()> {
        let logged_on = tokio::time::timeout(LOG_ON, self.log_on()).await;
        let client = logged_on.map_err(|_| io::ErrorKind::TimedOut)??;
        let Some(client) = client else {
            return Ok(());
        };
        loop {
            let (kind, message) = self.channel.message().await?;
            self.pulse.beat(true);
            let answer = self.answer(kind, &message, &client)?;
            self.channel
                .send(PacketType::TabularResult, &answer.0)
                .await?;
        }
    }

    /// `None`: the client was refused.
    async fn log_on(&mut self) -> io::Result<Option<Client>> {
        let strict = self.channel.begins_with_tls().await?;
        if strict {
            let config = Arc::clone(&self.server.outer_tls);
            self.channel.outer_handshake(config).await?;
        }
        let (kind, message) = self.channel.message().await?;
        let asked = PreLogin::decode(&message[..]);
        let asked = asked.map_err(|error| malformed(error.to_string()))?;
        if kind != PacketType::PreLogin {
            return Err(malformed("the client does not begin with PRELOGIN"));
        }
        // Who comes without encryption is told that it is required; who cannot, has to go.
        let level = match asked.encryption {
            EncryptionLevel::On => EncryptionLevel::On,
            _ => EncryptionLevel::Required,
        };
        let answer = prelogin(level);
        self.channel
            .send(PacketType::TabularResult, &answer)
            .await?;
        if !strict && asked.encryption == EncryptionLevel::NotSupported {
            return Ok(None);
        }
        if !strict {
            let config = Arc::clone(&self.server.inner_tls);
            self.channel.inner_handshake(config).await?;
        }
        let (kind, message) = self.channel.message().await?;
        let login = request::login(&message).filter(|_| kind == PacketType::Tds7Login);
        let login = login.ok_or_else(|| malformed("LOGIN7 is malformed"))?;
        let admitted = logon::admit(&self.server, &login).and_then(|client| {
            if !login.database.is_empty() {
                self.database = self.entered(&client, &login.database)?;
            }
            Ok(client)
        });
        let mut tokens = Tokens::default();
        let name = &self.server.options.computer;
        match &admitted {
            Ok(client) => {
                if !client.reply.is_empty() {
                    tokens.sspi(&client.reply);
                }
                tokens.welcome(&self.database, name);
            }
            Err(refusal) => {
                tokens.refusal(refusal, name);
                tokens.end(End::Done, true, None);
            }
        }
        self.channel
            .send(PacketType::TabularResult, &tokens.0)
            .await?;
        Ok(admitted.ok())
    }

    /// The database that LOGIN7 names.
    fn entered(&self, client: &Client, database: &str) -> Result<String, Refusal> {
        let mut actor = self.actor(client);
        let entered = actor.enter(&self.server.sql.content(), database);
        entered.map(|()| actor.database).map_err(|_| {
            let text = format!(
                "Cannot open database \"{database}\" requested by the login. The login failed."
            );
            Refusal::new(4060, text).class(11)
        })
    }

    fn answer(&mut self, kind: PacketType, message: &[u8], client: &Client) -> io::Result<Tokens> {
        let wrong = || malformed("a request is malformed");
        let mut tokens = Tokens::default();
        let name = self.server.options.computer.clone();
        match kind {
            PacketType::SqlBatch => {
                let request = request::batch(message).ok_or_else(wrong)?;
                match catalogue::known(&request.sql) {
                    Some(_) => self.ask(&request, client, End::Done, &mut tokens),
                    None => self.batch(&request.sql, client, &mut tokens),
                }
                let changes = request.sql.contains("COMMIT TRANSACTION");
                if changes && self.server.sql.loses_this_answer() {
                    return Err(malformed("the answer is lost"));
                }
            }
            PacketType::Rpc => match request::call(message).ok_or_else(wrong)? {
                Some(request) => self.ask(&request, client, End::DoneProc, &mut tokens),
                None => {
                    let refusal = Refusal::new(2812, "Could not find stored procedure.");
                    tokens.refusal(&refusal, &name);
                    tokens.end(End::DoneProc, true, None);
                }
            },
            // Nothing takes long enough to be given up: the answer to that is an empty one.
            PacketType::Attention => tokens.attention(),
            _ => return Err(malformed("a request of this kind is not known")),
        }
        Ok(tokens)
    }

    fn ask(&self, request: &Request, client: &Client, end: End, tokens: &mut Tokens) {
        let content = self.server.sql.content();
        let asked = Asked {
            actor: &self.actor(client),
            user: &client.user,
            server: &self.server.options.computer,
            content: &content,
            parameters: &request.parameters,
        };
        let question = catalogue::known(&request.sql).ok_or_else(catalogue::unknown);
        match question.and_then(|question| asked.answer(question)) {
            Ok(table) => {
                tokens.table(&table);
                tokens.end(end, false, Some(table.rows.len()));
            }
            Err(refusal) => {
                tokens.refusal(&refusal, &self.server.options.computer);
                tokens.end(end, true, None);
            }
        }
    }

    /// A batch with a transaction is done whole or not at all; without one, each statement by itself.
    fn batch(&mut self, sql: &str, client: &Client, tokens: &mut Tokens) {
        let server = Arc::clone(&self.server);
        let name = &server.options.computer;
        let statements = match statements::parse(sql) {
            Ok(statements) => statements,
            Err(refusal) => {
                tokens.refusal(&refusal, name);
                return tokens.end(End::Done, true, None);
            }
        };
        let mut actor = self.actor(client);
        let whole = statements.contains(&Statement::Begin);
        let mut refused = Vec::new();
        if whole {
            let done = server.sql.transact(|content| {
                let mut statements = statements.iter();
                statements.try_for_each(|statement| actor.run(content, statement))
            });
            refused.extend(done.err());
        } else {
            for statement in &statements {
                let done = server.sql.transact(|content| actor.run(content, statement));
                refused.extend(done.err());
            }
        }
        let database = actor.database;
        for refusal in &refused {
            tokens.refusal(refusal, name);
        }
        if database != self.database {
            tokens.database_changed(&self.database, &database, name);
            self.database = database;
        }
        tokens.end(End::Done, !refused.is_empty(), None);
    }

    fn actor<'a>(&'a self, client: &'a Client) -> Actor<'a> {
        Actor {
            directory: &self.server.directory,
            sids: &client.sids,
            is_sa: client.is_sa,
            database: self.database.clone(),
        }
    }
}

/// [MS-TDS] 2.2.6.5, "PRELOGIN": version and encryption; the rest is not there.
fn prelogin(level: EncryptionLevel) -> Vec<u8> {
    let mut answer = vec![0, 0, 16, 0, 6, 1, 0, 22, 0, 1, 4, 0, 23, 0, 1, 0xFF];
    answer.extend(VERSION);
    answer.extend([level as u8, 0]);
    answer
}
