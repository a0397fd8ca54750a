//! Who a client is: a Windows log-on's token, or the password of `sa`.

use super::Server;
use super::request::Login;
use super::tokens::Refusal;
use crate::gss::{acceptor, spnego};
use security::Sid;

/// A client that is in.
#[derive(Debug)]
pub(super) struct Client {
    /// Its login's name, or the Windows account's.
    pub(super) user: String,
    /// Its SIDs; none for `sa`.
    pub(super) sids: Vec<Sid>,
    pub(super) is_sa: bool,
    /// The token that answers its own.
    pub(super) reply: Vec<u8>,
}

/// Lets somebody in, or not.
pub(super) fn admit(server: &Server, login: &Login) -> Result<Client, Refusal> {
    if login.token.is_empty() {
        return with_password(server, login);
    }
    let computer = format!("{}$", server.options.computer);
    let accepted = spnego::open(&login.token).and_then(|offer| match offer {
        Some(offer) => acceptor::accept_as(&server.directory, &computer, offer.token)
            .map(|it| (it, Some(offer.mechanism))),
        None => {
            acceptor::accept_as(&server.directory, &computer, &login.token).map(|it| (it, None))
        }
    });
    let Ok((accepted, mechanism)) = accepted else {
        let text = "Login failed. The login is from an untrusted domain and cannot be used with Integrated authentication.";
        return Err(Refusal::new(18452, text).class(14));
    };
    let content = server.sql.content();
    let sids = accepted.token.sids;
    if !sids.iter().any(|sid| content.lets_in(sid)) || is_shut_out(server, &sids) {
        return Err(failed(&accepted.user));
    }
    Ok(Client {
        reply: match mechanism {
            Some(mechanism) => spnego::accepted(mechanism, &accepted.reply),
            None => accepted.reply,
        },
        user: accepted.user,
        sids,
        is_sa: false,
    })
}

/// CONNECT SQL denied to one of the SIDs, or the account's own login disabled.
fn is_shut_out(server: &Server, sids: &[Sid]) -> bool {
    use model::database::PermissionState::Denied;
    let content = server.sql.content();
    let details = |sid: &Sid| content.details.get(sid);
    let own_disabled = sids.first().and_then(details).is_some_and(|it| it.disabled);
    let denied = sids.iter().filter_map(details).any(|it| {
        let mut permissions = it.permissions.iter();
        permissions.any(|it| it.name == "CONNECT SQL" && it.state == Denied)
    });
    own_disabled || denied
}

fn with_password(server: &Server, login: &Login) -> Result<Client, Refusal> {
    let sa = server.options.sa_password.as_ref();
    let proved = sa.is_some_and(|password| password[..] == login.password[..]);
    if !login.user.eq_ignore_ascii_case("sa") || !proved {
        return Err(failed(&login.user));
    }
    Ok(Client {
        user: "sa".to_owned(),
        sids: Vec::new(),
        is_sa: true,
        reply: Vec::new(),
    })
}

/// What strangers are told, whatever it was.
fn failed(user: &str) -> Refusal {
    Refusal::new(18456, format!("Login failed for user '{user}'.")).class(14)
}
