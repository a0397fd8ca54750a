//! The file format of MIT's ticket caches, versions 3 and 4: all numbers big-endian.
//!
//! ```text
//! file       = 05 04 · u16 length · header of `length` bytes · principal · credential…     (03: without header)
//! principal  = u32 name type · u32 components · realm · component…
//! credential = client · server · u16 key type · [u16 again, version 3] · key
//!            · u32 authenticated · u32 starts · u32 ends · u32 renewable until · u8 is session key · u32 flags
//!            · u32 addresses · { u16 kind · data }… · u32 authorization data · { u16 kind · data }…
//!            · ticket · second ticket
//! realm, component, key, data, ticket = u32 length · bytes
//! ```

use std::fmt;

use crate::secret::{EncryptionType, KerberosKey};

/// A principal name with its realm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Principal {
    /// KRB_NT_PRINCIPAL (1) …
    pub(crate) name_type: u32,
    pub(crate) components: Vec<String>,
    pub(crate) realm: String,
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.components.join("/"), self.realm)
    }
}

/// What a cache holds.
pub(crate) struct TicketFile {
    pub(crate) holder: Principal,
    pub(crate) tickets: Vec<CachedTicket>,
}

/// One ticket, of whatever service.
pub(crate) struct CachedTicket {
    pub(crate) client: Principal,
    pub(crate) server: Principal,
    /// The number in the Kerberos encryption type registry.
    pub(crate) key_type: u16,
    /// `None` for a key of another type than AES.
    pub(crate) session_key: Option<KerberosKey>,
    /// Seconds since 1970, as the other times.
    pub(crate) auth_time: u32,
    pub(crate) start_time: u32,
    pub(crate) end_time: u32,
    pub(crate) renew_till: u32,
    pub(crate) flags: u32,
    /// The ticket itself (RFC 4120 section 5.3, "Tickets"), in DER.
    pub(crate) ticket: Vec<u8>,
}

/// Why bytes are no ticket cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends in the middle.
    #[error("it is cut short")]
    Truncated,
    /// Not one of the versions in use.
    #[error("it is no cache of version 3 or 4")]
    Version,
    /// A name is not UTF-8.
    #[error("a name in it is not UTF-8")]
    Name,
}

pub(crate) fn parse(bytes: &[u8]) -> Result<TicketFile, Malformed> {
    let mut reader = Reader(bytes);
    let version = reader.u16()?;
    match version {
        0x0504 => {
            let length = reader.u16()?;
            reader.take(length.into())?;
        }
        0x0503 => {}
        _ => return Err(Malformed::Version),
    }
    let holder = reader.principal()?;
    let mut tickets = Vec::new();
    while !reader.0.is_empty() {
        let ticket = reader.credential(version == 0x0503)?;
        // Settings of the library live among the tickets, under a realm of their own.
        if ticket.server.realm != "X-CACHECONF:" {
            tickets.push(ticket);
        }
    }
    Ok(TicketFile { holder, tickets })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        let bytes = self.take(2)?.first_chunk().ok_or(Malformed::Truncated)?;
        Ok(u16::from_be_bytes(*bytes))
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        let bytes = self.take(4)?.first_chunk().ok_or(Malformed::Truncated)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    fn data(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()?;
        self.take(usize::try_from(length).map_err(|_| Malformed::Truncated)?)
    }

    fn text(&mut self) -> Result<String, Malformed> {
        String::from_utf8(self.data()?.to_vec()).map_err(|_| Malformed::Name)
    }

    fn principal(&mut self) -> Result<Principal, Malformed> {
        let (name_type, count) = (self.u32()?, self.u32()?);
        let realm = self.text()?;
        let components = (0..count).map(|_| self.text()).collect::<Result<_, _>>()?;
        Ok(Principal {
            name_type,
            components,
            realm,
        })
    }

    fn credential(&mut self, key_type_twice: bool) -> Result<CachedTicket, Malformed> {
        let (client, server) = (self.principal()?, self.principal()?);
        let key_type = self.u16()?;
        if key_type_twice {
            self.u16()?;
        }
        let key = self.data()?;
        let session_key = [EncryptionType::Aes128, EncryptionType::Aes256]
            .into_iter()
            .find(|known| known.number() == key_type)
            .and_then(|known| KerberosKey::new(known, key.to_vec()));
        let [auth_time, start_time, end_time, renew_till] =
            [self.u32()?, self.u32()?, self.u32()?, self.u32()?];
        self.take(1)?;
        let flags = self.u32()?;
        for _ in ["addresses", "authorization data"] {
            for _ in 0..self.u32()? {
                self.u16()?;
                self.data()?;
            }
        }
        let ticket = self.data()?.to_vec();
        self.data()?;
        Ok(CachedTicket {
            client,
            server,
            key_type,
            session_key,
            auth_time,
            start_time,
            end_time,
            renew_till,
            flags,
            ticket,
        })
    }
}

/// Cache files for tests.
#[cfg(test)]
pub(crate) mod testing {
    pub(crate) struct Content<'a> {
        pub(crate) realm: &'a str,
        pub(crate) key_type: u16,
        pub(crate) key: &'a [u8],
        pub(crate) end_time: u32,
        pub(crate) ticket: &'a [u8],
    }

    impl Default for Content<'_> {
        fn default() -> Self {
            Self {
                realm: "CONTOSO.COM",
                key_type: 18,
                key: &[0xab; 32],
                end_time: 2_000,
                ticket: b"ticket",
            }
        }
    }

    fn data(bytes: &[u8]) -> Vec<u8> {
        [&(bytes.len() as u32).to_be_bytes()[..], bytes].concat()
    }

    fn principal(realm: &str, components: &[&str]) -> Vec<u8> {
        let mut bytes = [1_u32.to_be_bytes(), (components.len() as u32).to_be_bytes()].concat();
        bytes.extend(data(realm.as_bytes()));
        components
            .iter()
            .for_each(|component| bytes.extend(data(component.as_bytes())));
        bytes
    }

    fn credential(content: &Content<'_>, server: Vec<u8>) -> Vec<u8> {
        let mut bytes = [principal(content.realm, &["admin"]), server].concat();
        bytes.extend(content.key_type.to_be_bytes());
        bytes.extend(data(content.key));
        for time in [1_000, 1_000, content.end_time, 9_000] {
            bytes.extend(time.to_be_bytes());
        }
        bytes.push(0);
        bytes.extend(0x40e1_0000_u32.to_be_bytes());
        bytes.extend([0, 0, 0, 1, 0, 2]); // One address,
        bytes.extend(data(&[127, 0, 0, 1]));
        bytes.extend([0; 4]); // no authorization data.
        bytes.extend(data(content.ticket));
        bytes.extend(data(b""));
        bytes
    }

    /// A version 4 cache: a setting of the library, then a ticket-granting ticket.
    pub(crate) fn cache_file(content: &Content<'_>) -> Vec<u8> {
        let mut file = vec![5, 4, 0, 12, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0];
        file.extend(principal(content.realm, &["admin"]));
        let setting = Content {
            key_type: 0,
            key: b"",
            ticket: b"yes",
            ..*content
        };
        file.extend(credential(
            &setting,
            principal("X-CACHECONF:", &["krb5_ccache_conf_data", "fast_avail"]),
        ));
        file.extend(credential(
            content,
            principal(content.realm, &["krbtgt", content.realm]),
        ));
        file
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{Content, cache_file};
    use super::*;

    #[test]
    fn a_cache_is_read_without_its_settings() {
        let cache =
            parse(&cache_file(&Content::default())).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(cache.holder.to_string(), "admin@CONTOSO.COM");
        let [ticket] = &cache.tickets[..] else {
            panic!("{} tickets", cache.tickets.len())
        };
        assert_eq!(ticket.server.to_string(), "krbtgt/CONTOSO.COM@CONTOSO.COM");
        assert_eq!(
            (ticket.start_time, ticket.end_time, ticket.renew_till),
            (1_000, 2_000, 9_000)
        );
        assert_eq!(
            (ticket.flags, &ticket.ticket[..]),
            (0x40e1_0000, &b"ticket"[..])
        );
        assert!(ticket.session_key.is_some());
    }

    #[test]
    fn cut_and_hostile_caches_are_errors() {
        let whole = cache_file(&Content::default());
        let boundary = parse(&whole).map(|_| ()).is_ok();
        assert!(boundary);
        let mut readable = 0;
        for length in 0..whole.len() {
            readable += usize::from(parse(&whole[..length]).is_ok());
        }
        assert_eq!(readable, 2, "only before and after the first credential");
        let endless = [&[5, 4, 0, 0, 0, 0, 0, 1][..], &[0xff; 64]].concat();
        assert_eq!(parse(&endless).map(|_| ()), Err(Malformed::Truncated));
        assert_eq!(parse(b"\x05\x02").map(|_| ()), Err(Malformed::Version));
    }
}
