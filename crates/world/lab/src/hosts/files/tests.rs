//! What Windows answers for files, and a disk that is full.

use agent_protocol::FailureKind;

use super::*;

const NOW: UnixMillis = UnixMillis(1);

fn path(text: &str) -> HostPath {
    HostPath::parse(text).unwrap()
}

fn files() -> Files {
    let mut files = Files::default();
    files.put(r"C:\Keys\a.bin", Content::Bytes(b"abc".to_vec()));
    files
}

#[test]
fn paths_are_compared_as_windows_does() {
    let files = files();
    for same in [
        r"c:\keys\A.BIN",
        "C:/Keys/a.bin",
        r"C:\Keys\.\x\..\a.bin",
        r"\\?",
    ] {
        let found = files.digest(&path(same));
        assert_eq!(found.is_ok(), !same.starts_with(r"\\"), "{same}");
    }
    for (wrong, code) in [
        (r"C:\Keys\b.bin", 2),
        (r"C:\None\b.bin", 3),
        (r"C:\Keys", 5),
        (r"D:\b.bin", 3),
        (r"C:\Keys\a*", 123),
        (r"\\server\share\a", 53),
        (&format!(r"C:\{}", "x".repeat(300)), 206),
    ] {
        assert_eq!(
            files.digest(&path(wrong)).unwrap_err().code,
            Some(Win32Code(code)),
            "{wrong}"
        );
    }
}

#[test]
fn a_copy_has_the_digest_of_the_original_and_replaces_only_when_asked() {
    let mut files = files();
    let (from, to) = (path(r"C:\Keys\a.bin"), path(r"C:\Keys\b.bin"));
    let copied = files.copy(&from, &to, false, NOW).unwrap();
    // FIPS 180-4 example: SHA-256 of "abc".
    assert_eq!(
        copied.sha256,
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(
        files.copy(&from, &to, false, NOW).unwrap_err().kind,
        FailureKind::Exists
    );
    assert!(files.copy(&from, &to, true, NOW).is_ok());
}

#[test]
fn a_full_disk_takes_nothing_and_keeps_no_partial_copy() {
    let mut files = files();
    files.set_free(2);
    let (from, to) = (path(r"C:\Keys\a.bin"), path(r"C:\Keys\b.bin"));
    let failure = files.copy(&from, &to, false, NOW).unwrap_err();
    assert_eq!(failure.code, Some(DISK_FULL));
    assert_eq!(files.metadata(&to).unwrap(), None);
    assert!(files.delete(&from).unwrap());
    assert_eq!(
        files.write(&to, Content::Bytes(b"12345".to_vec()), NOW),
        Ok(())
    );
}

#[test]
fn directories_come_and_go() {
    let mut files = files();
    let deep = path(r"C:\Backup\deep");
    assert!(!files.create_directory(&deep, NOW).unwrap());
    assert!(files.create_directory(&deep, NOW).unwrap());
    assert!(files.create_directory(&path(r"D:\x"), NOW).is_err());
    let not_empty = files
        .delete_empty_directory(&path(r"C:\Backup"))
        .unwrap_err();
    assert_eq!(not_empty.kind, FailureKind::Busy);
    assert!(files.delete_empty_directory(&deep).unwrap());
    assert!(!files.delete_empty_directory(&deep).unwrap());
    assert!(
        files
            .create_directory(&path(r"C:\Keys\a.bin"), NOW)
            .is_err()
    );
    assert!(files.delete(&path(r"C:\Keys")).is_err());
    assert!(files.delete_empty_directory(&path(r"C:\")).is_err());
}

#[test]
fn a_sealed_copy_opens_to_the_original_and_replaces_nothing() {
    let recipients = [
        "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk"
            .parse()
            .unwrap(),
    ];
    let identity = "AGE-SECRET-KEY-13XNA04C0S6PWLPY0Y84MGS6TRQ0E3Y5J3Q4ZYFAWJZJA5CEHFCTQKT64NP";
    let mut files = files();
    let (from, to) = (path(r"C:\Keys\a.bin"), path(r"C:\Keys\a.bin.age"));
    let done = files.seal(&from, &to, &recipients, NOW).unwrap();
    assert_eq!(done.plain, files.digest(&from).unwrap());
    assert_eq!(done.sealed, files.digest(&to).unwrap());
    let Some(Content::Bytes(sealed)) = files.get(&to) else {
        panic!("no copy");
    };
    let opened = sealed_file::open(sealed, &sealed_file::Identities::parse(identity).unwrap());
    assert_eq!(**opened.unwrap(), *b"abc");
    assert_eq!(
        files.seal(&from, &to, &recipients, NOW).unwrap_err().kind,
        FailureKind::Exists
    );
    files.set_free(10);
    let other = path(r"C:\Keys\b.bin.age");
    assert_eq!(
        files
            .seal(&from, &other, &recipients, NOW)
            .unwrap_err()
            .code,
        Some(DISK_FULL)
    );
    assert_eq!(files.get(&other), None);
}
