//! Log-ons and managed passwords, proved.

use directory::ActiveDirectory;
use ldap::{Attribute, Modification};
use model::names::LogonAccount;
use model::ports::{Directory, ErrorKind, PasswordProof};
use model::secret::Password;

use super::scratch::{Scratch, USER_PASSWORD, in_scratch};

#[tokio::test(flavor = "multi_thread")]
async fn a_host_proves_the_password_while_it_is_in_the_retrieval_group() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let group = scratch.group("r").await;
        let new = scratch.new_gmsa("g", &[group.sid]);
        directory.create_gmsa(&new).await.unwrap();
        let computer = directory
            .account(&"MIMSYNC01$".parse().unwrap())
            .await
            .unwrap()
            .unwrap();

        let before = prove(&scratch).await;
        assert!(!before.retrieved.holds, "{before:?}");
        assert!(
            before.retrieved.detail.contains("is not among"),
            "{before:?}"
        );
        assert!(
            before.derivation.is_none() && !before.logon.holds,
            "{before:?}"
        );

        directory.add_member(&group.dn, &computer.dn).await.unwrap();
        let member = prove(&scratch).await;
        assert!(member.retrieved.holds && member.logon.holds, "{member:?}");
        let derivation = member.derivation.as_ref().unwrap();
        assert!(derivation.holds, "{member:?}");
        assert!(member.retrieved.detail.contains("256 bytes"), "{member:?}");

        // An operator who may not read root keys learns the rest all the same.
        let (user, _) = scratch.user("u", &[]).await;
        let plain = scratch
            .site
            .options(user.as_str(), USER_PASSWORD.as_bytes());
        let plain = ActiveDirectory::connect(plain).await.unwrap();
        let name = new.name.sam_account_name();
        let plain = plain
            .prove_password(&name, &"MIMSYNC01".parse().unwrap())
            .await
            .unwrap();
        assert!(
            plain.retrieved.holds && plain.logon.holds && plain.derivation.is_none(),
            "{plain:?}"
        );

        directory
            .remove_member(&group.dn, &computer.dn)
            .await
            .unwrap();
        assert!(!prove(&scratch).await.retrieved.holds);

        // The machine account itself, without a group in between.
        let gmsa = directory
            .gmsa(&new.name.sam_account_name())
            .await
            .unwrap()
            .unwrap();
        directory
            .allow_retrieval(&gmsa.account.dn, &computer.sid)
            .await
            .unwrap();
        assert!(prove(&scratch).await.retrieved.holds);
    })
    .await;
}

async fn prove(scratch: &Scratch) -> PasswordProof {
    let gmsa = scratch.new_gmsa("g", &[]).name.sam_account_name();
    scratch
        .directory
        .prove_password(&gmsa, &"MIMSYNC01".parse().unwrap())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_gmsa_still_logs_on() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let computer = directory
            .account(&"MIMSYNC01$".parse().unwrap())
            .await
            .unwrap()
            .unwrap();
        let new = scratch.new_gmsa("g", &[computer.sid]);
        let gmsa = directory.create_gmsa(&new).await.unwrap();
        // Its keys keep the salt of the old name until the next password.
        let renamed = format!("{}$", scratch.name("n"));
        scratch
            .modify(
                &gmsa.dn,
                Modification::replace("sAMAccountName", [renamed.as_str()]),
            )
            .await;

        let proof = directory
            .prove_password(&renamed.parse().unwrap(), &"MIMSYNC01".parse().unwrap())
            .await
            .unwrap();
        assert!(proof.retrieved.holds && proof.logon.holds, "{proof:?}");
        let old_salt = format!("CONTOSO.COMhost{}.contoso.com", new.name);
        assert!(proof.logon.detail.ends_with(&old_salt), "{proof:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_proved_is_an_error() {
    in_scratch(|scratch| async move {
        let directory = &scratch.directory;
        let new = scratch.new_gmsa("g", &[]);
        directory.create_gmsa(&new).await.unwrap();
        let name = new.name.sam_account_name();
        let no_keytab = directory
            .prove_password(&name, &"OTHERHOST".parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(no_keytab.kind, ErrorKind::NotConfigured, "{no_keytab}");
        let (user, _) = scratch.user("u", &[]).await;
        let no_gmsa = directory
            .prove_password(&user, &"MIMSYNC01".parse().unwrap())
            .await
            .unwrap_err();
        assert_eq!(no_gmsa.kind, ErrorKind::NotFound, "{no_gmsa}");

        let elsewhere = LogonAccount::domain("OTHER", user);
        let elsewhere = directory
            .prove_user_password(&elsewhere, &password(USER_PASSWORD))
            .await
            .unwrap_err();
        assert_eq!(elsewhere.kind, ErrorKind::NotConfigured, "{elsewhere}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_accounts_password_is_proved_and_trouble_is_named() {
    in_scratch(|scratch| async move {
        let expired = Attribute::new("accountExpires", ["116444736000000000"]);
        let must_change = Attribute::new("pwdLastSet", ["0"]);
        scratch.user("good", &[]).await;
        let (_, disabled) = scratch.user("disabled", &[]).await;
        scratch
            .modify(
                &disabled,
                Modification::replace("userAccountControl", ["514"]),
            )
            .await;
        scratch.user("expired", &[expired]).await;
        scratch.user("change", &[must_change]).await;
        for (prefix, password, says) in [
            ("good", USER_PASSWORD, "succeeded"),
            ("good", "something else", "wrong"),
            ("good", "", "empty"),
            ("disabled", USER_PASSWORD, "disabled"),
            ("expired", USER_PASSWORD, "expired"),
            ("change", USER_PASSWORD, "must be changed"),
            ("nobody", USER_PASSWORD, "no such account"),
        ] {
            let account = LogonAccount::domain("contoso", scratch.name(prefix).parse().unwrap());
            let proof = scratch
                .directory
                .prove_user_password(&account, &self::password(password))
                .await
                .unwrap();
            assert_eq!(proof.holds, says == "succeeded", "{prefix}: {proof:?}");
            assert!(proof.detail.contains(says), "{prefix}: {proof:?}");
            assert!(
                password.is_empty() || !proof.detail.contains(password),
                "{proof:?}"
            );
        }
    })
    .await;
}

fn password(text: &str) -> Password {
    Password::new(text.as_bytes().to_vec())
}
