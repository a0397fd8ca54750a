//! Entries in access lists, of hosts and in the directory: only ours come, only ours go.

use model::host::AccountRight;
use model::run::Outcome;
use security::{AccessMask, Ace, SecurityDescriptor, Sid};

use super::drift::first_host;
use super::fake_world::{State, named};
use super::scenario::Scenario;

/// Lists of DCOM and WMI, and whose entry is the gMSA's in each once it has its own: denials first, then what is
/// allowed, then what is inherited.
const LISTS: [(&str, &[bool]); 3] = [
    ("MachineLaunchRestriction", &[false, false, false, true]),
    (
        r"AppID\{f4f2f7f0-8c0f-11d3-af7b-00c04f79f6b1}\AccessPermission",
        &[false, false, true],
    ),
    (r"root\CIMV2", &[false, true, false, false, true, false]),
];

/// Somebody else edits the access lists meanwhile: their entries stay, ours go.
#[tokio::test]
async fn entries_of_others_in_an_access_list_stay() {
    let scenario = Scenario::rich();
    let entries = |name: &str| {
        let (list, mut state) = (name.parse().unwrap(), scenario.world.state());
        let (_, descriptor) = &first_host(&mut state).settings.access_lists[&list];
        descriptor.dacl().unwrap().aces().to_vec()
    };
    let before = LISTS.map(|(name, _)| entries(name));
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let gmsa = scenario.world.state().accounts["mimsyncgmsasvc$"]
        .account
        .sid;
    let theirs = Ace::allow(Sid::AUTHENTICATED_USERS, AccessMask(0x1F));
    for (name, whose) in LISTS {
        let entries = entries(name);
        let of_gmsa = entries.iter().map(|ace| ace.sid() == Some(gmsa));
        assert_eq!(of_gmsa.collect::<Vec<_>>(), whose, "{name}");
        let (list, mut state) = (name.parse().unwrap(), scenario.world.state());
        let lists = &mut first_host(&mut state).settings.access_lists;
        let (_, descriptor) = lists.get_mut(&list).unwrap();
        assert!(descriptor.add(theirs.clone()).unwrap());
    }
    assert_eq!(scenario.rollback().await.unwrap().outcome, Outcome::Unwound);
    for ((name, _), before) in LISTS.into_iter().zip(before) {
        let mut left = entries(name);
        let with_theirs = left.len();
        left.retain(|ace| *ace != theirs);
        assert_eq!((left.len() + 1, &left), (with_theirs, &before), "{name}");
    }
}

/// Folders, keys, private keys and reserved URLs: each list gets the same entries for the gMSA, and has its own again
/// afterwards.
#[tokio::test]
async fn what_is_guarded_on_a_host_comes_and_goes_with_the_gmsa() {
    let scenario = Scenario::sync();
    named::add_guarded_objects(&mut scenario.world.state());
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    let copied = plan
        .steps
        .iter()
        .filter(|step| step.kind == "copy-host-access");
    let subjects: Vec<_> = copied.map(|step| step.subject.as_str()).collect();
    for what in [
        "the reserved URL https://+:5725/",
        r"the private key C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys\one",
        r"the registry key HKLM\SYSTEM\CurrentControlSet\Services\FIMSynchronizationService",
        r"2010\Synchronization Service on MIMSYNC01",
    ] {
        let found = subjects.iter().filter(|subject| subject.contains(what));
        assert_eq!(found.count(), 1, "{what}: {subjects:#?}");
    }
    scenario.apply_to_the_end(&plan, "apply").await;
    {
        let mut state = scenario.world.state();
        let of = |name: &str| state.accounts[name].account.sid;
        let (old, gmsa) = (of("svc-mimsync"), of("mimsyncgmsasvc$"));
        for (list, (_, descriptor)) in &first_host(&mut state).settings.access_lists {
            let entries = |sid| descriptor.explicit_aces_of(sid).count();
            assert_eq!(entries(&old), entries(&gmsa), "{list}");
            assert!(entries(&gmsa) > 0, "{list}");
        }
    }
    assert!(!scenario.plan().await.has_changes(), "planned again");
    scenario.rollback_to(&start, "taken back").await;
}

/// The same in the directory, where the list keeps its order and what we do not know.
#[tokio::test]
async fn entries_of_others_in_the_directory_stay() {
    let scenario = Scenario::rich();
    let head = "DC=contoso,DC=com".parse().unwrap();
    let list = |state: &mut State| state.access_lists[&head].dacl().unwrap().aces().to_vec();
    let before = list(&mut scenario.world.state());
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let gmsa = scenario.world.state().accounts["mimsyncgmsasvc$"]
        .account
        .sid;
    let with_ours = list(&mut scenario.world.state());
    let whose: Vec<_> = with_ours
        .iter()
        .map(|ace| ace.sid() == Some(gmsa))
        .collect();
    // Denials first, then what is allowed, then what is inherited.
    assert_eq!(whose, [false, true, false, false, false, true, true, false]);
    let theirs = Ace::allow(Sid::AUTHENTICATED_USERS, AccessMask(0x1));
    let own = before[2].for_trustee(gmsa).unwrap();
    {
        let mut state = scenario.world.state();
        let edited = state.access_lists.get_mut(&head).unwrap();
        edited.add(theirs.clone()).unwrap();
        // Somebody else takes one of ours: undo does not miss it.
        assert!(edited.take(&own).unwrap());
    }
    assert_eq!(scenario.rollback().await.unwrap().outcome, Outcome::Unwound);
    let mut left = list(&mut scenario.world.state());
    left.retain(|ace| *ace != theirs);
    assert_eq!(left, before, "theirs came, ours went");
}

/// What the gMSA may do already stays on the way back.
#[tokio::test]
async fn a_right_that_the_gmsa_had_before_stays() {
    let scenario = Scenario::sync_with_a_gmsa_in_use();
    let head = "DC=contoso,DC=com".parse().unwrap();
    let had = {
        let mut state = scenario.world.state();
        named::add_directory_rights(&mut state);
        let gmsa = state.accounts["mimsyncgmsasvc$"].account.sid;
        let list = state.access_lists.get_mut(&head).unwrap();
        let had = list.dacl().unwrap().aces()[2].for_trustee(gmsa).unwrap();
        list.add(had.clone()).unwrap();
        had
    };
    let start = scenario.world.snapshot();
    let plan = scenario.sound_plan().await;
    scenario.apply_to_the_end(&plan, "apply").await;
    let aces = |list: &SecurityDescriptor| list.explicit_aces_of(&had.sid().unwrap()).count();
    assert_eq!(aces(&scenario.world.state().access_lists[&head]), 3);
    scenario.rollback_to(&start, "taken back").await;
}

/// Rights and denials of the password account go to the gMSA, and back only as far as it had them not.
#[tokio::test]
async fn log_on_rights_come_and_go_with_the_gmsa() {
    let (batch, denied) = (
        AccountRight::LogOnAsBatchJob,
        AccountRight::DenyNetworkLogon,
    );
    let scenario = Scenario::sync_with_a_gmsa_in_use();
    {
        let mut state = scenario.world.state();
        named::add_logon_rights(&mut state);
        let gmsa = state.accounts["mimsyncgmsasvc$"].account.sid;
        let rights = &mut first_host(&mut state).settings.rights;
        rights.get_mut(&denied).unwrap().insert(gmsa);
    }
    let start = scenario.world.snapshot();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    {
        let mut state = scenario.world.state();
        let gmsa = state.accounts["mimsyncgmsasvc$"].account.sid;
        let rights = &first_host(&mut state).settings.rights;
        assert!(
            [batch, denied]
                .iter()
                .all(|right| rights[right].contains(&gmsa))
        );
        assert_eq!(rights[&batch].len(), 2, "the other one keeps its own");
    }
    scenario.rollback_to(&start, "taken back").await;
}
