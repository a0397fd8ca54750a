//! The directory port: every test runs on the embedded lab and on the rig's domain controller.

mod operator;
mod proofs;
mod rights;
mod scratch;
mod searches;
mod settings;
mod site;
mod two_controllers;

use directory::ActiveDirectory;
use ldap::{Attribute, Modification};
use model::inventory::AccountClass;
use model::ports::{Directory, ErrorKind};
use security::{AccessMask, Interval, SecurityDescriptor};

use scratch::in_scratch;
use site::{Site, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn discovery_finds_the_domain() {
    on_both(|site| async move {
        let directory = ActiveDirectory::connect(site.administrator())
            .await
            .unwrap();
        let domain = directory.domain().await.unwrap();
        assert_eq!(domain.dns_name.as_str(), "contoso.com");
        assert_eq!(domain.netbios_name, "CONTOSO");
        assert_eq!(domain.forest, domain.dns_name);
        assert!(domain.functional_level >= 7, "{}", domain.functional_level);
        let [controller] = &domain.domain_controllers[..] else {
            panic!("{:?}", domain.domain_controllers)
        };
        assert_eq!(controller.dns_name.as_str(), site.controller());
        assert!(controller.clock_skew_seconds.abs() <= 2, "{controller:?}");

        // Samba waits 5 minutes longer than Windows.
        let margin = Interval::from_hours(10)
            .checked_add(Interval::from_minutes(5))
            .unwrap();
        let key = &directory.root_keys().await.unwrap()[0];
        assert_eq!(key.usable_from, key.effective.saturating_add(margin));
        assert!(
            key.usable_from <= site.clock().now() && key.defect.is_none(),
            "{key:?}"
        );

        let names = [
            "MIMSYNC01$",
            "svc-mimsync",
            "Domain Admins",
            "no such ünï (c)",
            "Administrator",
        ];
        let found = directory
            .look_up(&names.map(|name| name.parse().unwrap()))
            .await
            .unwrap();
        assert_eq!(found.accounts.len(), 3);
        assert_eq!(found.groups[0].name.as_str(), "Domain Admins");
        let host = found
            .accounts
            .iter()
            .find(|account| account.class == AccountClass::Computer)
            .unwrap();
        assert_eq!(
            host.dns_host_name.as_ref().unwrap().as_str(),
            "mimsync01.contoso.com"
        );
        assert_eq!(host.sid.domain(), Some(domain.sid));
        assert!(directory.gaps().is_empty(), "{:?}", directory.gaps());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_made_once_and_its_members_any_number_of_times() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let group = scratch.group("r").await;
        let (_, user) = scratch.user("u", &[]).await;

        let again = directory
            .create_group(&scratch.new_group("r"))
            .await
            .unwrap_err();
        assert_eq!(again.kind, ErrorKind::Exists);
        assert!(
            again.what.contains(&format!("taken by {}", group.dn)),
            "{again}"
        );
        let mut elsewhere = scratch.new_group("r");
        elsewhere.container = None;
        let elsewhere = directory.create_group(&elsewhere).await.unwrap_err();
        assert_eq!(elsewhere.kind, ErrorKind::Exists, "{elsewhere}");

        for _ in 0..2 {
            directory.add_member(&group.dn, &user).await.unwrap();
            let found = directory
                .group(&scratch.name("r").parse().unwrap())
                .await
                .unwrap()
                .unwrap();
            assert_eq!(
                (found.guid, found.sid, &found.members[..]),
                (group.guid, group.sid, &[user.clone()][..])
            );
        }
        for _ in 0..2 {
            directory.remove_member(&group.dn, &user).await.unwrap();
        }
        for _ in 0..2 {
            directory.delete(&group.guid).await.unwrap();
            assert_eq!(
                directory
                    .group(&scratch.name("r").parse().unwrap())
                    .await
                    .unwrap(),
                None
            );
        }
        let gone = directory.add_member(&group.dn, &user).await.unwrap_err();
        assert_eq!(gone.kind, ErrorKind::NotFound, "{gone}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_go_to_the_domains_own_containers_by_default() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let (mut group, mut gmsa) = (scratch.new_group("d"), scratch.new_gmsa("g", &[]));
        (group.container, gmsa.container) = (None, None);
        let group = directory.create_group(&group).await.unwrap();
        let gmsa = directory.create_gmsa(&gmsa).await;
        directory.delete(&group.guid).await.unwrap();
        let gmsa = gmsa.unwrap();
        directory.delete(&gmsa.guid).await.unwrap();
        assert!(
            group.dn.as_str().ends_with(",CN=Users,DC=contoso,DC=com"),
            "{}",
            group.dn
        );
        assert!(
            gmsa.dn
                .as_str()
                .ends_with(",CN=Managed Service Accounts,DC=contoso,DC=com"),
            "{}",
            gmsa.dn
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gmsa_is_enabled_and_has_aes_keys_only() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let group = scratch.group("r").await;
        let new = scratch.new_gmsa("g", &[group.sid]);
        let created = directory.create_gmsa(&new).await.unwrap();

        let gmsa = directory
            .gmsa(&new.name.sam_account_name())
            .await
            .unwrap()
            .unwrap();
        assert!(gmsa.account.enabled);
        assert_eq!(
            (gmsa.account.guid, gmsa.account.sid, &gmsa.account.dn),
            (created.guid, created.sid, &created.dn)
        );
        assert_eq!(gmsa.account.class, AccountClass::Gmsa);
        assert_eq!(gmsa.account.encryption_types, Some(0x18));
        assert_eq!(gmsa.account.dns_host_name, Some(new.dns_host_name.clone()));
        assert_eq!(
            (gmsa.interval_days, &gmsa.retrieval_principals[..]),
            (7, &[group.sid][..])
        );

        let again = directory.create_gmsa(&new).await.unwrap_err();
        assert_eq!(again.kind, ErrorKind::Exists, "{again}");
        let (user, _) = scratch.user("u", &[]).await;
        assert_eq!(directory.gmsa(&user).await.unwrap(), None);
        assert!(directory.account(&user).await.unwrap().is_some());
        let nowhere = model::ports::NewGmsa {
            container: Some("OU=none,DC=contoso,DC=com".parse().unwrap()),
            ..scratch.new_gmsa("n", &[])
        };
        assert_eq!(
            directory.create_gmsa(&nowhere).await.unwrap_err().kind,
            ErrorKind::NotFound
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retrieval_principals_are_edited_one_at_a_time() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let (first, second) = (scratch.group("a").await, scratch.group("b").await);
        let new = scratch.new_gmsa("g", &[]);
        let gmsa = directory.create_gmsa(&new).await.unwrap();

        // Somebody else's list: a denial, an object entry, and the second group in another shape.
        let theirs = format!(
            "O:SYD:(D;;RP;;;AN)(OA;;RP;e362ed86-b728-0842-b27d-2dea7a9df218;;BA)(A;;RP;;;{})",
            second.sid
        );
        let theirs = SecurityDescriptor::from_sddl(&theirs).unwrap();
        scratch
            .modify(
                &gmsa.dn,
                Modification::replace("msDS-GroupMSAMembership", [theirs.to_bytes()]),
            )
            .await;

        for _ in 0..2 {
            directory
                .allow_retrieval(&gmsa.dn, &first.sid)
                .await
                .unwrap();
        }
        let found = directory
            .gmsa(&new.name.sam_account_name())
            .await
            .unwrap()
            .unwrap();
        let mut both = [first.sid, second.sid];
        both.sort();
        assert_eq!(found.retrieval_principals, both);
        let mut expected = theirs.clone();
        assert!(expected.grant(first.sid, AccessMask::FULL_CONTROL).unwrap());
        assert_eq!(membership(&scratch, &gmsa.dn).await, expected.to_bytes());

        for _ in 0..2 {
            directory
                .revoke_retrieval(&gmsa.dn, &first.sid)
                .await
                .unwrap();
            directory
                .revoke_retrieval(&gmsa.dn, &second.sid)
                .await
                .unwrap();
        }
        assert_eq!(
            membership(&scratch, &gmsa.dn).await,
            theirs.to_bytes(),
            "taken back: ours, and nothing that resembles it"
        );
    })
    .await;
}

async fn membership(scratch: &scratch::Scratch, gmsa: &model::names::Dn) -> Vec<u8> {
    let entry = scratch
        .raw
        .read(&ldap::Dn::from(gmsa.as_str()), ["msDS-GroupMSAMembership"])
        .await
        .unwrap()
        .unwrap();
    entry.value("msDS-GroupMSAMembership").unwrap().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_spn_moves_from_one_account_to_another() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let spn = scratch.spn("PCNSCLNT");
        let (user, user_dn) = scratch
            .user(
                "u",
                &[Attribute::new("servicePrincipalName", [spn.as_str()])],
            )
            .await;
        let new = scratch.new_gmsa("g", &[]);
        let gmsa = directory.create_gmsa(&new).await.unwrap();

        let taken = directory.add_spn(&gmsa.dn, &spn).await.unwrap_err();
        assert_eq!(taken.kind, ErrorKind::Conflict);
        assert!(
            taken.what.contains(&format!("held by {user_dn}")),
            "{taken}"
        );

        let other_case = spn.as_str().to_uppercase().parse().unwrap();
        for _ in 0..2 {
            directory.remove_spn(&user_dn, &other_case).await.unwrap();
            assert_eq!(directory.spn_holders(&spn).await.unwrap(), []);
        }
        for _ in 0..2 {
            directory.add_spn(&gmsa.dn, &spn).await.unwrap();
            let holders = directory.spn_holders(&other_case).await.unwrap();
            assert_eq!(holders.len(), 1);
            assert_eq!(
                (&holders[0].dn, &holders[0].spns[..]),
                (&gmsa.dn, &[spn.clone()][..])
            );
        }
        // Taking it from the account that lost it is no error, although another one holds it now.
        directory.remove_spn(&user_dn, &spn).await.unwrap();
        assert_eq!(directory.spn_holders(&spn).await.unwrap().len(), 1);
        if let Site::Rig = *scratch.site {
            // The lab's global catalog has another port than every other one; its own tests ask it.
            let catalog = directory.global_catalog_holders(&spn).await.unwrap();
            assert_eq!(
                catalog.iter().map(|holder| &holder.dn).collect::<Vec<_>>(),
                [&gmsa.dn]
            );
        }
        assert!(
            directory
                .account(&user)
                .await
                .unwrap()
                .unwrap()
                .spns
                .is_empty()
        );
    })
    .await;
}
