//! Names with every character that a distinguished name may hold, and lists longer than a server gives at once.

use lab::{LabSeed, SeedObject};

use crate::world::{ADMINISTRATOR, SERVICE, World};

/// A unit and an account in it, each as it stands in a distinguished name.
const UNITS: [(&str, &str); 8] = [
    (r"OU=Sales\, East", r"CN=Doe\, Jane"),
    (r"OU=a\+b\=c", r"CN=x\+y\=z"),
    (r#"OU=\"quoted\""#, r#"CN=the \"service\""#),
    (r"OU=back\\slash", r"CN=a\\b\\"),
    (r"OU=\<angle\>\;", r"CN=\<a\>\;b"),
    (r"OU=\# first", r"CN=\#1"),
    (r"OU=\ spaces\ ", r"CN=\ both\ "),
    (r"OU=Größe 大", r"CN=Jürgen Ångström 株"),
];

#[test]
fn every_verb_takes_every_name() {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes());
    for (number, (unit, account)) in UNITS.iter().enumerate() {
        seed.objects
            .push(SeedObject::new(unit, "organizationalUnit"));
        let mut user = SeedObject::new(&format!("{account},{unit}"), "user");
        user.set("sAMAccountName", &[&format!("svc-{number}")]);
        user.set("userAccountControl", &["66050"]);
        seed.objects.push(user);
    }
    let world = World::of(seed);
    for (number, (unit, account)) in UNITS.iter().enumerate() {
        let path = format!("{unit},DC=contoso,DC=com");
        let (user, group) = (format!("svc-{number}"), format!("Hosts of {number} # é'&"));
        let (gmsa, spn) = (format!("GMSA{number}"), format!("HTTP/host{number}"));
        let shown = world.json(&["account", "show", &user]).done();
        assert_eq!(shown["dn"], format!("{account},{path}"));

        world.changes(&["group", "create", &group, "--path", &path]);
        world.changes(&["group", "add", &group, &user]);
        let members = world.json(&["group", "show", &group]).done();
        assert_eq!(members["members"][0]["dn"], shown["dn"], "{members}");
        world.changes(&[
            "account", "create", &gmsa, "--path", &path, "--allow", &group,
        ]);
        world.changes(&["account", "allow", &gmsa, &user]);
        world.changes(&["account", "set", &gmsa, "--description", unit]);
        world.changes(&["spn", "add", &user, &spn]);
        world.changes(&["spn", "move", &spn, "--to", &gmsa]);
        let holders = world.json(&["spn", "show", &spn]).done();
        assert_eq!(holders["spns"][0]["dn"], format!("CN={gmsa},{path}"));
        world.changes(&["delegation", "set", &gmsa, "--to", &spn]);
        let below = ["account", "list", "--class", "any", "--under", &path];
        assert_eq!(world.json(&below).done()["count"], 2, "{path}");
        world.changes(&["group", "remove", &group, &user]);
        world.json(&["account", "delete", &gmsa, "--yes"]).done();
    }
}

/// Above what Active Directory gives of an attribute at once (1,500), and of entries in a page (1,000).
const MANY: usize = 3_200;

#[test]
fn long_lists_come_whole() {
    let mut seed = LabSeed::reference_estate(ADMINISTRATOR, SERVICE.as_bytes());
    seed.objects
        .push(SeedObject::new("OU=many", "organizationalUnit"));
    let name = |number: usize| format!("CN=many-{number},OU=many");
    for number in 0..MANY {
        let mut user = SeedObject::new(&name(number), "user");
        user.set("sAMAccountName", &[&format!("many-{number}")]);
        user.set("userAccountControl", &["66050"]);
        user.set("servicePrincipalName", &[&format!("HTTP/many-{number}")]);
        seed.objects.push(user);
    }
    let members: Vec<_> = (0..MANY).map(name).collect();
    seed.group(
        "Crowd",
        &members.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let world = World::of(seed);
    let list = world.json(&[
        "account",
        "list",
        "--class",
        "user",
        "--under",
        "OU=many,DC=contoso,DC=com",
    ]);
    assert_eq!(list.done()["count"], MANY);
    let group = world.json(&["group", "show", "Crowd"]).done();
    assert_eq!(group["members"].as_array().unwrap().len(), MANY);
    let check = world.json(&["spn", "check"]).done();
    assert!(
        check["spns"].as_u64().unwrap() > MANY as u64,
        "{}",
        check["spns"]
    );
    // Whether one is in it already is seen in the whole list.
    let line = ["group", "add", "Crowd", &format!("many-{}", MANY - 1)];
    assert_eq!(world.json(&line).done()["changed"], false);
    world.write(
        "accounts.csv",
        format!("name,group,members\nCrowdGMSA,Crowd,many-{}\n", MANY - 1).as_bytes(),
    );
    let done = world.json(&["account", "import", "accounts.csv"]).done();
    assert_eq!(
        done["changes"].as_array().unwrap().len(),
        1,
        "the account alone: {done}"
    );
}
