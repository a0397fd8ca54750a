//! Access lists of DCOM and of WMI's namespaces.

use model::host::{AccessList, Namespace, RegistryValue};
use model::ports::ErrorKind;
use security::{AccessMask, SecurityDescriptor, Sid};

use super::scratch::{PROBED_LISTS, Scratch, in_scratch};

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

/// The lists that are there, of two namespaces of which one is not.
async fn found(scratch: &Scratch) -> Vec<AccessList> {
    let namespaces = [r"root\CIMV2", r"root\GmsaProbeNone"];
    let namespaces = namespaces.map(|path| Namespace::parse(path).unwrap());
    let found = scratch.host.access_lists(&namespaces).await.unwrap();
    found.lists.into_iter().map(|found| found.list).collect()
}
