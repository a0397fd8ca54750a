//! Entries in access lists, of hosts and in the directory: only ours come, only ours go.

use model::host::RegistryValue;
use model::inventory::ComAccessValue;
use model::run::Outcome;
use security::{AccessMask, Ace, SecurityDescriptor, Sid};

use super::drift::first_host;
use super::fake_world::{State, reference};
use super::scenario::Scenario;

/// Somebody else edits the access list meanwhile: their entries stay, ours go.
#[tokio::test]
async fn entries_of_others_in_an_access_list_stay() {
    let scenario = Scenario::rich();
    scenario
        .apply_to_the_end(&scenario.sound_plan().await, "apply")
        .await;
    let value = ComAccessValue::MachineLaunchRestriction;
    let key = (ComAccessValue::KEY.to_owned(), value.name().to_owned());
    let read = |state: &mut State| match &first_host(state).registry[&key] {
        RegistryValue::Binary(bytes) => SecurityDescriptor::from_bytes(bytes).unwrap(),
        other => panic!("{other:?}"),
    };
    let list = |state: &mut State| read(state).dacl().unwrap().aces().to_vec();
    let (everybody, mask) = (Sid::AUTHENTICATED_USERS, AccessMask(0x1F));
    let with_ours = list(&mut scenario.world.state()).len();
    {
        let mut state = scenario.world.state();
        let mut edited = read(&mut state);
        edited.grant(everybody, mask).unwrap();
        let edited = RegistryValue::Binary(edited.to_bytes());
        first_host(&mut state).registry.insert(key.clone(), edited);
    }
    assert_eq!(scenario.rollback().await.unwrap().outcome, Outcome::Unwound);
    let left = list(&mut scenario.world.state());
    assert_eq!(left.len(), with_ours, "theirs came, ours went");
    assert!(left.contains(&Ace::allow(everybody, mask)));
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
        reference::add_directory_rights(&mut state);
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
