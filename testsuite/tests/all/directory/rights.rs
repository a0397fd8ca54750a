//! Rights on containers: entries in access lists.

use ldap::{Control, Modification, SdFlags, Search};
use model::names::Dn;
use model::ports::{Directory, ErrorKind};
use security::{AccessMask, Ace, SecurityDescriptor, Sid};

use super::scratch::{Scratch, USER_PASSWORD, in_scratch};

const USER: &str = "bf967aba-0de6-11d0-a285-00aa003049e2";
const GROUP: &str = "bf967a9c-0de6-11d0-a285-00aa003049e2";
const MEMBER: &str = "bf9679c0-0de6-11d0-a285-00aa003049e2";

/// What is delegated to somebody for privileged access management, and a denial.
fn delegated(sid: &Sid) -> Vec<Ace> {
    [
        format!("(OD;CIIO;WP;{MEMBER};{GROUP};{sid})"),
        format!("(A;CI;CCDCLCRPWPRC;;;{sid})"),
        format!("(OA;CI;CCDC;{USER};;{sid})"),
        format!("(OA;CIIO;RPWP;{MEMBER};{GROUP};{sid})"),
    ]
    .iter()
    .map(|text| text.parse().unwrap())
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_are_added_found_and_taken_back_one_by_one() {
    in_scratch(|scratch| async move {
        let (directory, object) = (&scratch.directory, &scratch.container);
        let [old, new] = [sid(&scratch, "o").await, sid(&scratch, "n").await];
        let (of_old, of_new) = (delegated(&old), delegated(&new));
        directory.add_rights(object, &of_old).await.unwrap();
        let start = explicit(&list(&scratch, object).await);
        assert_eq!(directory.rights_on(object, &old).await.unwrap(), of_old);

        for _ in 0..2 {
            directory.add_rights(object, &of_new).await.unwrap();
        }
        assert_eq!(directory.rights_on(object, &new).await.unwrap(), of_new);
        let whole = list(&scratch, object).await;
        assert!(is_canonical(&whole), "{}", whole.to_sddl());
        let found = directory.rights_of(&[new]).await.unwrap();
        assert_eq!(found.unreadable, 0);
        let mut found: Vec<_> = found
            .entries
            .into_iter()
            .map(|right| (right.object, right.ace))
            .collect();
        let mut expected: Vec<_> = of_new
            .iter()
            .map(|ace| (object.clone(), ace.clone()))
            .collect();
        for rights in [&mut found, &mut expected] {
            rights.sort_by_key(|(_, ace)| ace.to_string());
        }
        assert_eq!(found, expected);

        // Somebody else was there in between.
        let theirs = Ace::allow(Sid::AUTHENTICATED_USERS, AccessMask::READ_PROPERTY);
        directory
            .add_rights(object, std::slice::from_ref(&theirs))
            .await
            .unwrap();
        for _ in 0..2 {
            directory.take_rights(object, &of_new).await.unwrap();
        }
        let mut left = explicit(&list(&scratch, object).await);
        let position = left.iter().position(|ace| *ace == theirs);
        left.remove(position.unwrap());
        assert_eq!(left, start);
    })
    .await;
}

/// Owner, group and what a list is protected from are not ours to write.
#[tokio::test(flavor = "multi_thread")]
async fn only_the_list_is_written() {
    in_scratch(|scratch| async move {
        let object = &scratch.container;
        let sid = sid(&scratch, "o").await;
        let protected =
            format!("D:PAI(A;;GA;;;SY)(A;;CCDCLCSWRPWPDTLOCRSDRCWDWO;;;BA)(A;;RPLCLORC;;;{sid})");
        let protected = SecurityDescriptor::from_sddl(&protected).unwrap();
        let change = [Modification::replace(
            "nTSecurityDescriptor",
            [protected.to_bytes()],
        )];
        let parts = [Control::sd_flags(SdFlags::DACL)];
        let name = ldap::Dn::from(object.as_str());
        scratch.raw.modify(&name, &change, &parts).await.unwrap();
        let before = list(&scratch, object).await;
        assert!(before.owner().is_some());
        scratch
            .directory
            .add_rights(object, &delegated(&sid))
            .await
            .unwrap();
        scratch
            .directory
            .take_rights(object, &delegated(&sid))
            .await
            .unwrap();
        assert_eq!(list(&scratch, object).await.to_sddl(), before.to_sddl());
        assert!(before.control().contains(security::Control::DACL_PROTECTED));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_change_a_list_is_told_what_is_missing() {
    in_scratch(|scratch| async move {
        let (name, _) = scratch.user("u", &[]).await;
        let sid = sid(&scratch, "o").await;
        let options = scratch
            .site
            .options(name.as_str(), USER_PASSWORD.as_bytes());
        let stranger = directory::ActiveDirectory::connect(options).await.unwrap();
        let object = &scratch.container;
        let error = stranger
            .add_rights(object, &delegated(&sid))
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::Denied, "{error}");
        let advice = error.advice.unwrap();
        assert!(advice.contains("Modify permissions"), "{advice}");

        let nowhere = format!("OU=nowhere,{object}").parse().unwrap();
        let error = scratch
            .directory
            .rights_on(&nowhere, &sid)
            .await
            .unwrap_err();
        assert_eq!(error.kind, ErrorKind::NotFound, "{error}");
    })
    .await;
}

async fn sid(scratch: &Scratch, prefix: &str) -> Sid {
    let (name, _) = scratch.user(prefix, &[]).await;
    scratch.directory.account(&name).await.unwrap().unwrap().sid
}

/// The descriptor without the port in between, audit rules left out.
async fn list(scratch: &Scratch, object: &Dn) -> SecurityDescriptor {
    let search = Search::entry(object.as_str())
        .attributes(["nTSecurityDescriptor"])
        .control(Control::sd_flags(SdFlags::OWNER_GROUP_DACL));
    let entry = scratch.raw.read_as(&search).await.unwrap().unwrap();
    SecurityDescriptor::from_bytes(entry.value("nTSecurityDescriptor").unwrap()).unwrap()
}

fn explicit(list: &SecurityDescriptor) -> Vec<Ace> {
    let aces = list.dacl().unwrap().aces().iter();
    aces.filter(|ace| !ace.is_inherited()).cloned().collect()
}

/// Whether explicit denials come first, then what is allowed, then what is inherited.
fn is_canonical(list: &SecurityDescriptor) -> bool {
    let rank = |ace: &Ace| match ace.ace_type().name() {
        _ if ace.is_inherited() => 2,
        name if name.starts_with("access-denied") => 0,
        _ => 1,
    };
    let aces = list.dacl().unwrap().aces();
    aces.iter().map(rank).is_sorted()
}
