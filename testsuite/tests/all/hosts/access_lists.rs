//! Access lists: of DCOM and of WMI's namespaces, of keys, files and reserved URLs.

use std::slice;

use model::host::{AccessList, AccessTree, FoundAccessList, Namespace, RegistryValue};
use model::ports::ErrorKind;
use security::{AccessMask, SecurityDescriptor, Sid};

use super::scratch::{FOLDER, PROBED_LISTS, Scratch, in_scratch};

/// An account that nobody has.
const SOMEBODY: &str = "S-1-5-21-1-2-3-1104";

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_dcom_is_the_value_in_the_registry() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        for (name, key, value) in PROBED_LISTS {
            let list: AccessList = name.parse().unwrap();
            let sid: Sid = SOMEBODY.parse().unwrap();
            assert_eq!(host.access_list(&list).await.unwrap(), None, "{name}");
            assert!(!found(&scratch).await.contains(&list));

            let sddl = format!("O:BAG:BAD:(D;;CCDC;;;{sid})(A;;CCDCLC;;;BA)");
            let mut written = SecurityDescriptor::from_sddl(&sddl).unwrap();
            host.write_access_list(&list, &written).await.unwrap();
            let bytes = host.registry_value(key, value).await.unwrap();
            assert_eq!(bytes, Some(RegistryValue::Binary(written.to_bytes())));
            assert_eq!(
                host.access_list(&list).await.unwrap(),
                Some(written.clone())
            );
            assert!(found(&scratch).await.contains(&list));

            assert!(written.grant(sid, AccessMask(0x1)).unwrap());
            host.write_access_list(&list, &written).await.unwrap();
            assert_eq!(host.access_list(&list).await.unwrap(), Some(written));

            let text = RegistryValue::Text("no list".to_owned());
            host.write_registry_value(key, value, &text).await.unwrap();
            let read = host.access_list(&list).await;
            scratch.refused(None, ErrorKind::Conflict, "not binary", read);
            let lists = host.access_lists(&[]).await.unwrap();
            let mut unreadable = lists.unreadable.iter();
            assert!(unreadable.any(|(unread, _)| *unread == list));
            assert!(host.delete_registry_value(key, value).await.unwrap());
        }
        let none = r"AppID\{00000000-0000-0000-0000-000000000000}\LaunchPermission";
        let none: AccessList = none.parse().unwrap();
        assert_eq!(host.access_list(&none).await.unwrap(), None);
        let descriptor = SecurityDescriptor::from_sddl("O:BAG:BAD:(A;;CC;;;BA)").unwrap();
        let written = host.write_access_list(&none, &descriptor).await;
        scratch.refused(None, ErrorKind::NotFound, "2 ERROR_FILE_NOT_FOUND", written);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_its_own_list() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let list: AccessList = r"root\CIMV2".parse().unwrap();
        let before = host.access_list(&list).await.unwrap().unwrap();
        let dacl = before.dacl().unwrap();
        assert!(
            dacl.trustees_allowed(AccessMask(0x1))
                .contains(&Sid::BUILTIN_ADMINISTRATORS)
        );
        assert!(found(&scratch).await.contains(&list));
        let none: AccessList = r"root\GmsaProbeNone".parse().unwrap();
        assert_eq!(host.access_list(&none).await.unwrap(), None);
        assert!(!found(&scratch).await.contains(&none));

        let mut edited = before.clone();
        let somebody: Sid = SOMEBODY.parse().unwrap();
        assert!(edited.grant(somebody, AccessMask(0x21)).unwrap());
        let written = host.write_access_list(&list, &edited).await;
        if scratch
            .given("namespaces-keep-their-security", written)
            .is_none()
        {
            assert_eq!(host.access_list(&list).await.unwrap(), Some(before));
            return;
        }
        assert_eq!(host.access_list(&list).await.unwrap(), Some(edited.clone()));
        host.write_access_list(&list, &before).await.unwrap();
        assert_eq!(host.access_list(&list).await.unwrap(), Some(before));
        let written = host.write_access_list(&none, &edited).await;
        scratch.refused(None, ErrorKind::NotFound, "GmsaProbeNone", written);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_has_its_own_list() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let made = scratch.service("Guarded", &[]).await;
        let key = format!(r"HKLM\SYSTEM\CurrentControlSet\Services\{made}");
        let (list, tree) = (key.parse().unwrap(), key.parse().unwrap());
        let before = host.access_list(&list).await.unwrap().unwrap();
        let somebody: Sid = SOMEBODY.parse().unwrap();
        assert_eq!(below(&scratch, &tree).await, []);

        let mut edited = before.clone();
        assert!(edited.grant(somebody, AccessMask(0x2_0019)).unwrap());
        host.write_access_list(&list, &edited).await.unwrap();
        let read = host.access_list(&list).await.unwrap().unwrap();
        assert_eq!(
            read.explicit_aces_of(&somebody).count(),
            1,
            "{}",
            read.to_sddl()
        );
        assert_eq!(below(&scratch, &tree).await, slice::from_ref(&list));
        let all = r"HKLM\SYSTEM\CurrentControlSet\Services".parse().unwrap();
        assert_eq!(below(&scratch, &all).await, slice::from_ref(&list));

        host.write_access_list(&list, &before).await.unwrap();
        let read = host.access_list(&list).await.unwrap().unwrap();
        assert_eq!(read.explicit_aces_of(&somebody).count(), 0);
        let none = format!("{key}None").parse().unwrap();
        assert_eq!(host.access_list(&none).await.unwrap(), None);
        let written = host.write_access_list(&none, &before).await;
        scratch.refused(None, ErrorKind::NotFound, "2 ERROR_FILE_NOT_FOUND", written);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_its_own_list() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        host.create_folder(FOLDER).await.unwrap();
        let (list, tree) = (FOLDER.parse().unwrap(), FOLDER.parse().unwrap());
        let before = host.access_list(&list).await.unwrap().unwrap();
        assert!(before.dacl().is_some());
        assert_eq!(below(&scratch, &tree).await, []);
        let none: AccessList = format!(r"{FOLDER}\None").parse().unwrap();
        assert_eq!(host.access_list(&none).await.unwrap(), None);
        assert_eq!(
            below(&scratch, &r"C:\GmsaProbeNone".parse().unwrap()).await,
            []
        );

        let somebody: Sid = SOMEBODY.parse().unwrap();
        let mut edited = before.clone();
        assert!(edited.grant(somebody, AccessMask(0x12_00A9)).unwrap());
        host.write_access_list(&list, &edited).await.unwrap();
        let read = host.access_list(&list).await.unwrap().unwrap();
        let entries = read.explicit_aces_of(&somebody).count();
        if scratch.same("files-keep-entries", entries, 1) {
            assert_eq!(below(&scratch, &tree).await, slice::from_ref(&list));
            host.write_access_list(&list, &before).await.unwrap();
            assert_eq!(below(&scratch, &tree).await, []);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reserved_url_has_its_own_list() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let none: AccessList = "http://+:59999/none/".parse().unwrap();
        assert_eq!(host.access_list(&none).await.unwrap(), None);
        let list = SecurityDescriptor::from_sddl("D:(A;;GX;;;NS)").unwrap();
        let written = host.write_access_list(&none, &list).await;
        scratch.refused(None, ErrorKind::NotFound, "59999", written);
        let found = host.url_reservations().await.unwrap();
        assert!(found.unreadable.is_empty(), "{found:?}");
        assert!(found.lists.iter().all(|found| found.list != none));
    })
    .await;
}

/// The lists in a tree that name somebody; on Wine those that the user has made name him.
async fn below(scratch: &Scratch, tree: &AccessTree) -> Vec<AccessList> {
    let trees = slice::from_ref(tree);
    let found = scratch.host.access_lists_below(trees).await.unwrap();
    assert!(found.unreadable.is_empty(), "{found:?}");
    let somebody: Sid = SOMEBODY.parse().unwrap();
    let names = |found: &FoundAccessList| {
        let descriptor = SecurityDescriptor::from_bytes(&found.descriptor.0).unwrap();
        descriptor.explicit_aces_of(&somebody).next().is_some()
    };
    let lists = found.lists.into_iter().filter(names);
    lists.map(|found| found.list).collect()
}

/// The lists that are there, of two namespaces of which one is not.
async fn found(scratch: &Scratch) -> Vec<AccessList> {
    let namespaces = [r"root\CIMV2", r"root\GmsaProbeNone"];
    let namespaces = namespaces.map(|path| Namespace::parse(path).unwrap());
    let found = scratch.host.access_lists(&namespaces).await.unwrap();
    found.lists.into_iter().map(|found| found.list).collect()
}
