//! Delegation, account control, encryption types and root keys.

use model::names::Dn;
use model::ports::{AccountControl, Delegation, Directory, ErrorKind};

use super::scratch::in_scratch;
use super::site::Site;

#[tokio::test(flavor = "multi_thread")]
async fn delegation_is_set_and_taken_back() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let (_, account) = scratch.user("a", &[]).await;
        let service = scratch.spn("http");
        let bits = [
            AccountControl::TrustedToAuthForDelegation,
            AccountControl::NotDelegated,
        ];
        for _ in 0..2 {
            directory
                .allow_delegation_to(&account, &service)
                .await
                .unwrap();
            for bit in bits {
                directory
                    .set_account_control(&account, bit, true)
                    .await
                    .unwrap();
            }
        }
        let expected = Delegation {
            unconstrained: false,
            protocol_transition: true,
            not_delegated: true,
            services: vec![service.clone()],
            callers: Vec::new(),
            other_entries: false,
        };
        assert_eq!(directory.delegation(&account).await.unwrap(), expected);
        for _ in 0..2 {
            directory
                .revoke_delegation_to(&account, &service)
                .await
                .unwrap();
            for bit in bits {
                directory
                    .set_account_control(&account, bit, false)
                    .await
                    .unwrap();
            }
        }
        assert_eq!(
            directory.delegation(&account).await.unwrap(),
            Delegation::default()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_are_let_in_where_the_domain_controller_lets_administrators() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let (_, account) = scratch.user("a", &[]).await;
        let (caller, _) = scratch.user("c", &[]).await;
        let caller = directory.account(&caller).await.unwrap().unwrap().sid;
        if let Site::Rig = *scratch.site {
            // Samba keeps this attribute to its own tool.
            let refused = directory.allow_delegation_from(&account, &caller).await;
            let refused = refused.unwrap_err();
            assert_eq!(refused.kind, ErrorKind::NotSupported, "{refused}");
            assert!(refused.advice.unwrap().contains("samba-tool delegation"));
            return;
        }
        for _ in 0..2 {
            directory
                .allow_delegation_from(&account, &caller)
                .await
                .unwrap();
        }
        assert_eq!(
            directory.delegation(&account).await.unwrap().callers,
            [caller]
        );
        for _ in 0..2 {
            directory
                .revoke_delegation_from(&account, &caller)
                .await
                .unwrap();
        }
        assert_eq!(
            directory.delegation(&account).await.unwrap(),
            Delegation::default()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_disabled_and_their_encryption_types_set() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let (name, account) = scratch.user("a", &[]).await;
        for (disabled, types) in [(true, Some(0x18)), (false, None)] {
            for _ in 0..2 {
                directory
                    .set_account_control(&account, AccountControl::Disabled, disabled)
                    .await
                    .unwrap();
                directory
                    .set_encryption_types(&account, types)
                    .await
                    .unwrap();
            }
            let found = directory.account(&name).await.unwrap().unwrap();
            assert_eq!((found.enabled, found.encryption_types), (!disabled, types));
        }
        let nobody: Dn = "CN=nobody,DC=contoso,DC=com".parse().unwrap();
        let refused = directory.set_encryption_types(&nobody, None).await;
        assert_eq!(refused.unwrap_err().kind, ErrorKind::NotFound);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_root_key_is_what_the_domain_controller_makes_itself() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let id = directory
            .create_root_key(scratch.site.clock().now())
            .await
            .unwrap();
        let listed = directory.listed_root_keys().await.unwrap();
        let key = |id| listed.iter().find(move |key| key.facts.id == id).unwrap();
        let made = key(id).clone();
        let container = "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,\
                         CN=Configuration,DC=contoso,DC=com";
        let dn = ldap::Dn::from(container).child("CN", &id.to_string());
        scratch.raw.delete(&dn, &[]).await.unwrap();

        assert_eq!(made.facts.defect, None);
        let theirs = listed.iter().find(|key| key.facts.id != id).unwrap();
        let described = made.description.unwrap();
        let expected = kds::RootKeyDescription {
            id: described.id,
            use_start_time: described.use_start_time,
            create_time: described.create_time,
            private_key_length: described.private_key_length, // Windows' 512, Samba writes 256
            ..theirs.description.clone().unwrap()
        };
        assert_eq!(described, expected);
    })
    .await;
}
