//! The connection ends after a request, in each verb that writes: what it did is read back, and nothing is done twice.

use crate::world::World;

#[test]
fn every_verb_reads_back_what_a_lost_answer_did() {
    let world = World::new();
    world.write("accounts.csv", b"name,spns\nTableGMSA,HTTP/table\n");
    for line in [
        &["group", "create", "Hosts", "--description", "of a test"][..],
        &["group", "add", "Hosts", "MIMSYNC01"],
        &["group", "add", "Hosts", "MIMSYNC02"],
        &["group", "remove", "Hosts", "MIMSYNC02"],
        &[
            "account",
            "create",
            "SyncGMSA",
            "--allow",
            "Hosts",
            "--spn",
            "HTTP/sync",
        ],
        &["account", "import", "accounts.csv"],
        &[
            "account",
            "set",
            "SyncGMSA",
            "--description",
            "new",
            "--enabled",
            "off",
        ],
        &["account", "allow", "SyncGMSA", "MIMSYNC01"],
        &["account", "deny", "SyncGMSA", "MIMSYNC01"],
        &["account", "allow", "SyncGMSA", "MIMSYNC02", "--replace"],
        &["spn", "add", "SyncGMSA", "HTTP/more"],
        &["spn", "move", "HTTP/more", "--to", "TableGMSA"],
        &["spn", "remove", "TableGMSA", "HTTP/more"],
        &["delegation", "set", "SyncGMSA", "--to", "HTTP/pamapi"],
        &["account", "delete", "SyncGMSA", "--yes"],
        &["kds", "add", "--another", "--yes"],
    ] {
        world.lose_the_next_answer();
        let done = world.json(line).done();
        assert_eq!(done["changed"], true, "{line:?}: {done}");
        if line[0] != "kds" {
            let again = world.json(line).done();
            assert_eq!(again["changed"], false, "{line:?} again");
        }
    }
}
