//! `gmsactl account import` and `account list --class`: many accounts at once.

use serde_json::Value;

use crate::world::World;

const TABLE: &str = "name,group,members,allow,spns,interval-days,description\n\
                     OneGMSA,HostsOfOne,MIMSYNC01,,HTTP/one;HTTP/one.contoso.com,7,of a test\n\
                     TwoGMSA,HostsOfBoth,MIMSYNC01,,HTTP/two,,\n\
                     ThreeGMSA,HostsOfBoth,MIMSVC01,MIMSYNC01,HTTP/three,,\n";

fn with(table: &str) -> World {
    let world = World::new();
    world.write("accounts.csv", table.as_bytes());
    world
}

const IMPORT: [&str; 3] = ["account", "import", "accounts.csv"];

fn kinds(document: &Value) -> Vec<(&str, &str)> {
    let changes = document["changes"].as_array().unwrap().iter();
    changes
        .map(|change| {
            let dn = change["dn"].as_str().unwrap();
            (
                change["change"].as_str().unwrap(),
                dn.split(',').next().unwrap(),
            )
        })
        .collect()
}

#[test]
fn a_table_becomes_groups_accounts_lists_and_spns() {
    let world = with(TABLE);
    let before = world.lab.snapshot();
    let rehearsed = world.json(&[&IMPORT[..], &["--dry-run"]].concat()).done();
    assert_eq!(world.lab.snapshot(), before);
    assert!(
        rehearsed["notes"].to_string().contains("S-1-0-0"),
        "{rehearsed}"
    );
    let done = world.json(&IMPORT).done();
    let expected = [
        ("add", "CN=HostsOfBoth"),
        ("add", "CN=HostsOfOne"),
        ("add", "CN=OneGMSA"),
        ("add", "CN=TwoGMSA"),
        ("add", "CN=ThreeGMSA"),
    ];
    assert_eq!(kinds(&rehearsed), expected);
    assert_eq!(kinds(&done), expected);

    let one = world.json(&["account", "show", "OneGMSA"]).done();
    assert_eq!(one["gmsa"]["interval_days"], 7);
    assert_eq!(one["gmsa"]["principals"][0]["name"], "HostsOfOne");
    assert_eq!(one["spns"].as_array().unwrap().len(), 2);
    let three = world.json(&["account", "show", "ThreeGMSA"]).done();
    assert_eq!(three["gmsa"]["principals"].as_array().unwrap().len(), 2);
    let both = world.json(&["group", "show", "HostsOfBoth"]).done();
    assert_eq!(both["members"].as_array().unwrap().len(), 2, "{both}");

    let again = world.json(&IMPORT).done();
    assert_eq!(again["changed"], false, "{again}");
    assert_eq!(again["notes"].as_array().unwrap().len(), 3, "{again}");
}

#[test]
fn a_longer_table_adds_only_what_is_new() {
    let world = with(TABLE);
    world.json(&IMPORT).done();
    let longer = format!("{TABLE}FourGMSA,HostsOfOne,MIMSVC01;MIMSYNC01,,,,\n");
    world.write("accounts.csv", longer.as_bytes());
    let done = world.changes(&IMPORT);
    assert_eq!(
        kinds(&done),
        [("modify", "CN=HostsOfOne"), ("add", "CN=FourGMSA")]
    );
}

#[test]
fn one_wrong_line_and_nothing_is_changed() {
    let world = with(TABLE);
    world.json(&IMPORT).done();
    let before = world.lab.snapshot();
    for (line, kind, says) in [
        (
            "FiveGMSA,Hosts,nobody,,,,",
            "not-found",
            "line 6: there is no account or group nobody",
        ),
        ("FiveGMSA,,,nobody,,,", "not-found", "nobody"),
        ("FiveGMSA,MIMSYNC01$,,,,,", "exists", "which is no group"),
        ("FiveGMSA,,,,HTTP/pamapi,,", "conflict", "svc-pamrest"),
        ("MIMSYNC01,,,,,,", "exists", "is no gMSA"),
        ("OneGMSA,,,,,9,", "table", "stands there twice"),
        ("FiveGMSA,,,,a,,", "table", "service principal name"),
    ] {
        world.write(
            "accounts.csv",
            format!("{TABLE}Good,,,,,,\n{line}\n").as_bytes(),
        );
        let error = world.json(&IMPORT).refused(kind, says);
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(world.lab.snapshot(), before, "{line}");
    }
}

#[test]
fn a_lost_answer_is_read_back_and_the_rest_done_by_the_next_run() {
    let world = with(TABLE);
    world.lose_the_next_answer();
    let error = world
        .json(&IMPORT)
        .refused("timeout", "cannot create group HostsOfOne");
    assert!(
        error
            .to_string()
            .contains("before that it was done: added CN=HostsOfBoth"),
        "{error}"
    );
    let done = world.json(&IMPORT).done();
    let accounts = kinds(&done)
        .into_iter()
        .filter(|(_, rdn)| rdn.ends_with("GMSA"));
    assert_eq!(accounts.count(), 3, "{done}");
    assert_eq!(world.json(&IMPORT).done()["changed"], false);
}

#[test]
fn accounts_are_listed_by_class_and_place() {
    let world = with(TABLE);
    world.json(&IMPORT).done();
    let names = |line: &[&str]| -> Vec<String> {
        let list = world.json(&[&["account", "list"], line].concat()).done();
        assert_eq!(list["error"], Value::Null);
        let accounts = list["accounts"].as_array().unwrap().iter();
        let names: Vec<_> = accounts
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(list["count"], names.len());
        names
    };
    let users = names(&["--class", "user"]);
    assert!(users.contains(&"svc-mimsync".to_owned()), "{users:?}");
    let computers = names(&["--class", "computer"]);
    assert!(
        computers.contains(&"MIMSYNC01$".to_owned()),
        "{computers:?}"
    );
    let gmsas = names(&["--class", "gmsa"]);
    assert_eq!(gmsas, ["OneGMSA$", "TwoGMSA$", "ThreeGMSA$"]);
    assert_eq!(names(&["--class", "other-managed"]), Vec::<String>::new());
    let all = names(&["--class", "any"]);
    assert_eq!(all.len(), users.len() + computers.len() + gmsas.len());
    let under = "CN=Managed Service Accounts,DC=contoso,DC=com";
    assert_eq!(names(&["--class", "any", "--under", under]), gmsas);

    let text = world.text(&["account", "list", "--class", "gmsa"]);
    assert!(
        text.contains("OneGMSA$  gMSA, 2 SPNs  CN=OneGMSA"),
        "{text}"
    );
    assert!(text.ends_with("3 in all.\n"), "{text}");
    let nowhere = [
        "account",
        "list",
        "--class",
        "user",
        "--under",
        "OU=no,DC=contoso,DC=com",
    ];
    let list = world.json(&nowhere).ended(1);
    assert_eq!(
        (&list["count"], &list["error"]["kind"]),
        (&0.into(), &"not-found".into())
    );
}
