//! Search requests, encoded before they are sent, and just enough of the answers' form to count them.

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `(sAMAccountName=userN)` in the subtree.
    ByName,
    /// `(servicePrincipalName=http/webN…)` in the subtree.
    BySpn,
    /// `(objectSid=…)` in the subtree; Windows' directories only.
    BySid,
    /// One object by its name.
    Read,
    /// `(&(objectClass=user)(sAMAccountName=userN))`.
    And,
    /// `(member=CN=userN,…)`: the groups of a user.
    GroupsOf,
}

impl Kind {
    /// What every directory can answer.
    pub const EVERYWHERE: [Self; 5] = [
        Self::ByName,
        Self::BySpn,
        Self::Read,
        Self::And,
        Self::GroupsOf,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::ByName => "by sAMAccountName",
            Self::BySpn => "by servicePrincipalName",
            Self::BySid => "by objectSid",
            Self::Read => "one object",
            Self::And => "class and name",
            Self::GroupsOf => "groups of a user",
        }
    }
}

/// A search for one user; each finds one entry.
pub fn search(kind: Kind, id: u32, base: &str, user: usize, sid: &[u8]) -> Vec<u8> {
    const BASE: u8 = 0;
    const SUBTREE: u8 = 2;
    let name = format!("user{user}");
    let dn = format!("CN={name},{base}");
    let present = element(0x87, b"objectClass");
    match kind {
        Kind::ByName => request(id, base, SUBTREE, &equal("sAMAccountName", name.as_bytes())),
        Kind::BySpn => {
            let spn = crate::content::spn(user);
            request(
                id,
                base,
                SUBTREE,
                &equal("servicePrincipalName", spn.as_bytes()),
            )
        }
        Kind::BySid => request(id, base, SUBTREE, &equal("objectSid", sid)),
        Kind::Read => request(id, &dn, BASE, &present),
        Kind::And => {
            let both = [
                equal("objectClass", b"user"),
                equal("sAMAccountName", name.as_bytes()),
            ];
            request(id, base, SUBTREE, &element(0xa0, &both.concat()))
        }
        Kind::GroupsOf => request(id, base, SUBTREE, &equal("member", dn.as_bytes())),
    }
}

/// RFC 4511 section 4.5.1, "Search Request", for two attributes.
fn request(id: u32, base: &str, scope: u8, filter: &[u8]) -> Vec<u8> {
    let fields = [
        element(0x04, base.as_bytes()),
        element(0x0a, &[scope]),
        element(0x0a, &[0]),
        element(0x02, &[0]),
        element(0x02, &[0]),
        element(0x01, &[0]),
        filter.to_vec(),
        element(
            0x30,
            &[element(0x04, b"cn"), element(0x04, b"sAMAccountName")].concat(),
        ),
    ];
    message(id, 0x63, &fields.concat())
}

/// RFC 4511 section 4.2, "Bind Operation": simple.
pub fn bind(id: u32, name: &str, password: &[u8]) -> Vec<u8> {
    let fields = [
        element(0x02, &[3]),
        element(0x04, name.as_bytes()),
        element(0x80, password),
    ];
    message(id, 0x60, &fields.concat())
}

fn equal(attribute: &str, value: &[u8]) -> Vec<u8> {
    element(
        0xa3,
        &[element(0x04, attribute.as_bytes()), element(0x04, value)].concat(),
    )
}

fn message(id: u32, tag: u8, content: &[u8]) -> Vec<u8> {
    element(
        0x30,
        &[element(0x02, &id.to_be_bytes()), element(tag, content)].concat(),
    )
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap();
    let mut bytes = vec![tag];
    match u8::try_from(length) {
        Ok(short @ ..0x80) => bytes.push(short),
        _ => {
            bytes.push(0x84);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes.extend_from_slice(content);
    bytes
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Entry,
    /// The result code of a bind or of a search.
    Result(u8),
    Other,
}

/// The first answer and its length, once it is complete.
pub fn first_answer(bytes: &[u8]) -> Option<(Answer, usize)> {
    let (_, content, length) = header(bytes)?;
    if bytes.len() < length {
        return None;
    }
    let message = bytes.get(content..length)?;
    let (_, _, id) = header(message)?;
    let operation = message.get(id..)?;
    let (tag, content, _) = header(operation)?;
    let answer = match tag {
        0x64 => Answer::Entry,
        // Its first field is the ENUMERATED with the code.
        0x61 | 0x65 => Answer::Result(*operation.get(content + 2)?),
        _ => Answer::Other,
    };
    Some((answer, length))
}

/// Tag, where the content begins, and where it ends.
fn header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (&tag, &first) = (bytes.first()?, bytes.get(1)?);
    if first < 0x80 {
        return Some((tag, 2, 2 + usize::from(first)));
    }
    let count = usize::from(first & 0x7f);
    let digits = bytes.get(2..2 + count)?;
    let length = digits
        .iter()
        .fold(0, |length, digit| length << 8 | usize::from(*digit));
    Some((tag, 2 + count, 2 + count + length))
}

/// How many entries stand in answers.
pub fn entries(mut answers: &[u8]) -> usize {
    let mut found = 0;
    while let Some((answer, length)) = first_answer(answers) {
        found += usize::from(answer == Answer::Entry);
        answers = answers.get(length..).unwrap_or_default();
    }
    found
}
