//! Files, folders, programs.

use model::ports::ErrorKind;
use model::secret::Password;

use super::scratch::{FOLDER, Scratch, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn folders_are_made_with_their_parents_and_taken_away_when_empty() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        let (outer, inner) = (format!(r"{FOLDER}\one"), format!(r"{FOLDER}\one\two"));
        assert!(!host.folder_exists(FOLDER).await.unwrap());
        for _ in 0..2 {
            host.create_folder(&inner).await.unwrap();
            assert!(host.folder_exists(&inner.to_uppercase()).await.unwrap());
        }
        host.delete_empty_folder(&outer).await.unwrap();
        assert!(host.folder_exists(&outer).await.unwrap(), "not empty");
        for _ in 0..2 {
            host.delete_empty_folder(&inner).await.unwrap();
            assert!(!host.folder_exists(&inner).await.unwrap());
        }
        // A folder is no file.
        assert!(host.folder_exists(&outer).await.unwrap());
        let denied = (ErrorKind::Denied, "5 ERROR_ACCESS_DENIED");
        scratch.refused(None, denied.0, denied.1, host.file(&outer).await);
        scratch.refused(None, denied.0, denied.1, host.delete_file(&outer).await);
        assert!(host.folder_exists(&outer).await.unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_not_there_is_none_and_can_be_deleted() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        host.create_folder(FOLDER).await.unwrap();
        for path in [r"\keys.bin", r"\one\keys.bin"] {
            let path = format!("{FOLDER}{path}");
            assert_eq!(host.file(&path).await.unwrap(), None);
            assert!(!host.folder_exists(&path).await.unwrap());
            host.delete_file(&path).await.unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_reads_the_password_and_leaves_a_file() {
    in_scratch(|scratch| async move {
        let host = &scratch.host;
        host.create_folder(FOLDER).await.unwrap();
        let file = format!(r"{FOLDER}\keys.bin");
        let right = scratch.site.service_password();
        let wrong = Password::new(b"not the password 7".to_vec());

        let refused = export(&scratch, &file, &wrong).await;
        assert_ne!(refused, 0);
        assert_eq!(host.file(&file).await.unwrap(), None);

        assert_eq!(export(&scratch, &file, &right).await, 0);
        let made = host.file(&file).await.unwrap().unwrap();
        let is_hex = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        assert!(made.size > 0 && made.sha256.len() == 64, "{made:?}");
        assert!(made.sha256.bytes().all(is_hex), "{made:?}");
        assert_eq!(host.file(&file.to_uppercase()).await.unwrap(), Some(made));

        // A file is no folder, nor a program.
        assert!(!host.folder_exists(&file).await.unwrap());
        let words = "183 ERROR_ALREADY_EXISTS";
        let created = host.create_folder(&file).await;
        scratch.refused(None, ErrorKind::Exists, words, created);
        let words = "193 ERROR_BAD_EXE_FORMAT";
        let ran = scratch.run(&file, &[], None).await;
        scratch.refused(None, ErrorKind::Conflict, words, ran);
        host.delete_empty_folder(FOLDER).await.unwrap();
        assert!(host.folder_exists(FOLDER).await.unwrap(), "not empty");

        only_what_is_sealed_is_told(&scratch, &file).await;
        for _ in 0..2 {
            host.delete_file(&file).await.unwrap();
            assert_eq!(host.file(&file).await.unwrap(), None);
        }
    })
    .await;
}

async fn only_what_is_sealed_is_told(scratch: &Scratch, file: &str) {
    const RECIPIENT: &str = "age1sfjyc2h656ntzam9lhmcqwdxkenvkmjf8lphuap8kgg5qvu9u3fsyaxnfk";
    let host = &scratch.host;
    host.create_folder(&format!(r"{FOLDER}\one")).await.unwrap();
    let sealed = format!(r"{FOLDER}\one\keys.bin");
    let recipients = [RECIPIENT.parse().unwrap()];
    let made = host.seal_file(file, &sealed, &recipients).await.unwrap();
    let content = host.fetch_sealed(&sealed).await.unwrap();
    assert_eq!(content.len() as u64, made.sealed.size);
    assert!(content.starts_with(b"age-encryption.org/v1\n"));
    let plain = host.fetch_sealed(file).await;
    scratch.refused(None, ErrorKind::Conflict, "no sealed file", plain);
    host.delete_file(&sealed).await.unwrap();
    let gone = host.fetch_sealed(&sealed).await;
    scratch.refused(None, ErrorKind::NotFound, "2 ERROR_FILE_NOT_FOUND", gone);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_not_there_does_not_run() {
    in_scratch(|scratch| async move {
        let ran = scratch
            .run(r"C:\Windows\System32\gmsactl-none.exe", &[], None)
            .await;
        let words = "2 ERROR_FILE_NOT_FOUND";
        scratch.refused(None, ErrorKind::NotFound, words, ran);
        let said = scratch.sc_query("GmsaProbeNone").await;
        assert_ne!(said.exit_code, 0, "{said:?}");
        let said = scratch.sc_query("FIMSynchronizationService").await;
        assert_eq!(said.exit_code, 0, "{said:?}");
        let found = "SERVICE_NAME: FIMSynchronizationService";
        assert!(said.stdout.contains(found), "{said:?}");
    })
    .await;
}

/// Exports the key set; the tool's exit code.
async fn export(scratch: &Scratch, file: &str, password: &Password) -> i32 {
    let tool = scratch.tool("miiskmu.exe");
    let args = ["/e", file, r"/u:CONTOSO\svc-mimsync", "*", "/q"];
    let ran = scratch.run(&tool, &args, Some(password)).await;
    ran.unwrap().exit_code
}
