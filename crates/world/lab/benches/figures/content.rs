//! The same users and groups for every directory that is measured.

use std::fmt::Write as _;

use lab::LabSeed;

/// Users of one group.
const PER_GROUP: usize = 50;

pub const PASSWORD: &[u8] = b"Bench-Pa55word-of-the-lab";

/// The service principal name of a user.
pub fn spn(user: usize) -> String {
    format!("http/web{user}.contoso.com")
}

/// A lab with `users` users, and a group for every 50 of them.
pub fn seed(users: usize) -> LabSeed {
    let mut seed = LabSeed::reference_estate(PASSWORD, PASSWORD);
    for user in 0..users {
        seed.user(&format!("user{user}"), PASSWORD, &[&spn(user)]);
    }
    for (group, members) in groups(users) {
        let members: Vec<String> = members
            .map(|user| format!("CN=user{user},CN=Users"))
            .collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        seed.group(&format!("group{group}"), &members);
    }
    seed
}

/// Each group's number and its members.
fn groups(users: usize) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> {
    (0..users.div_ceil(PER_GROUP)).map(move |group| {
        let first = group * PER_GROUP;
        (group, first..(first + PER_GROUP).min(users))
    })
}

/// The same below `base`, which is there already, as LDIF.
pub fn ldif(users: usize, base: &str) -> String {
    let mut text = String::new();
    for user in 0..users {
        let spn = spn(user);
        writeln!(
            text,
            "dn: CN=user{user},{base}\nobjectClass: user\ncn: user{user}\nsAMAccountName: user{user}\n\
             userPrincipalName: user{user}@contoso.com\nservicePrincipalName: {spn}\n"
        )
        .unwrap();
    }
    for (group, members) in groups(users) {
        writeln!(
            text,
            "dn: CN=group{group},{base}\nobjectClass: group\ncn: group{group}\nsAMAccountName: group{group}"
        )
        .unwrap();
        for user in members {
            writeln!(text, "member: CN=user{user},{base}").unwrap();
        }
        writeln!(text).unwrap();
    }
    text
}
