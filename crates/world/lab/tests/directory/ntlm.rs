//! NTLM with crate `ldap`: sealed, bound to TLS, and why it is refused.

use ldap::{
    Auth, Client, ConnectOptions, Error, Filter, LogonFailure, Modification, Password, TlsRoots,
    Transport,
};

use crate::world::{ADMINISTRATOR, DOMAIN, SERVICE, administrator, in_users, lab, search};

fn ntlm(lab: &lab::Lab, user: &str, password: &[u8], transport: Transport) -> ConnectOptions {
    let auth = Auth::Ntlm {
        user: user.to_owned(),
        password: Password::new(password.to_vec()),
    };
    let address = match transport {
        Transport::Ldaps => lab.addresses().ldaps,
        _ => lab.addresses().ldap,
    };
    let mut options = ConnectOptions::new(lab.controller(), address, transport, auth);
    options.roots = TlsRoots::Pem(lab.authority_pem().as_bytes().to_vec());
    options
}

async fn refusal(options: &ConnectOptions) -> LogonFailure {
    match Client::connect(options).await {
        Err(Error::Authentication { failure, .. }) => failure,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("logged on"),
    }
}

#[tokio::test]
async fn it_logs_on_sealed_and_bound_to_tls() {
    let lab = lab().await;
    for transport in [Transport::Sealed, Transport::StartTls, Transport::Ldaps] {
        for user in ["CONTOSO\\administrator", "Administrator@contoso.com"] {
            let options = ntlm(&lab, user, ADMINISTRATOR, transport);
            let client = Client::connect(&options).await.unwrap();
            for _ in 0..3 {
                let found = search(&client, Filter::equal("sAMAccountName", "svc-mimsync")).await;
                assert_eq!(found, ["svc-mimsync"]);
            }
            let description = [Modification::replace("description", ["by NTLM"])];
            let name = in_users("svc-mimsync");
            client.modify(&name, &description, &[]).await.unwrap();
        }
    }
}

#[tokio::test]
async fn wrong_passwords_count_towards_a_lock_out() {
    let lab = lab().await;
    let threshold = [Modification::replace("lockoutThreshold", ["2"])];
    let client = administrator(&lab).await;
    client
        .modify(&DOMAIN.into(), &threshold, &[])
        .await
        .unwrap();
    let log_on = |password: &[u8]| ntlm(&lab, "CONTOSO\\svc-mimsync", password, Transport::Sealed);
    for _ in 0..2 {
        let failure = refusal(&log_on(b"wrong-password")).await;
        assert_eq!(failure, LogonFailure::WrongPassword);
    }
    assert_eq!(refusal(&log_on(SERVICE)).await, LogonFailure::Locked);
}

#[tokio::test]
async fn refused_log_ons_say_why() {
    let lab = lab().await;
    let client = administrator(&lab).await;
    let disable = [Modification::replace("userAccountControl", ["66050"])];
    let name = in_users("svc-pamrest");
    client.modify(&name, &disable, &[]).await.unwrap();
    for (user, password, failure) in [
        (
            "CONTOSO\\svc-mimsync",
            b"wrong-password".as_slice(),
            LogonFailure::WrongPassword,
        ),
        ("CONTOSO\\nobody", SERVICE, LogonFailure::UnknownUser),
        ("ELSEWHERE\\svc-mimsync", SERVICE, LogonFailure::UnknownUser),
        ("CONTOSO\\svc-pamrest", SERVICE, LogonFailure::Disabled),
    ] {
        for transport in [Transport::Sealed, Transport::Ldaps] {
            let options = ntlm(&lab, user, password, transport);
            assert_eq!(refusal(&options).await, failure, "{user}");
        }
    }
}
