//! `gmsactl delegation`: in whose name an account may act, and towards what.

use clap::{Args, Subcommand};
use directory::{ActiveDirectory, Settings};
use model::names::{SamAccountName, Spn};
use model::ports::{AccountControl, Directory};

use super::Done;
use super::changing::{Changing, Who, account, name, sids, who};
use crate::documents::{DelegationDocument, named};
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// What to do with delegation.
#[derive(Debug, Subcommand)]
pub enum DelegationVerb {
    /// Show towards what an account may act in users' names, and who may towards it.
    #[command(
        after_help = "Example:\n  gmsactl delegation show MIMPortalGMSA --estate estate.toml"
    )]
    Show {
        /// The account's sAMAccountName.
        #[arg(value_name = "NAME", value_parser = name)]
        name: SamAccountName,
    },
    /// Change it: lists are changed entry by entry, what is not named stays as it is.
    #[command(
        after_help = "Constrained delegation and the two bits need SeEnableDelegationPrivilege, which domain \
                            administrators have; --from needs the right to write to the account only.\n\n\
                            Example:\n  gmsactl delegation set MIMPortalGMSA --to http/mimservice.contoso.com \
                            --protocol-transition on --estate estate.toml"
    )]
    Set(Box<Set>),
}

/// Arguments of `delegation set`.
#[derive(Debug, Args)]
#[group(id = "what", multiple = true, required = true, args = ["to", "not_to", "from", "not_from", "protocol_transition", "sensitive", "danger_unconstrained"])]
pub struct Set {
    /// The account's sAMAccountName.
    #[arg(value_name = "NAME", value_parser = name)]
    name: SamAccountName,
    /// A service that it may act towards (constrained delegation); may be repeated.
    #[arg(long, value_name = "SPN")]
    to: Vec<Spn>,
    /// A service that it may act towards no more; may be repeated.
    #[arg(long, value_name = "SPN")]
    not_to: Vec<Spn>,
    /// Who may act towards it in users' names (resource-based delegation); may be repeated.
    #[arg(long, value_name = "NAME", value_parser = who)]
    from: Vec<Who>,
    /// Who may do so no more; may be repeated.
    #[arg(long, value_name = "NAME", value_parser = who)]
    not_from: Vec<Who>,
    /// Whether it may act in the name of users who did not log on to it by Kerberos.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    protocol_transition: Option<bool>,
    /// Whether nobody may act in this account's own name.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    sensitive: Option<bool>,
    /// Whether it may act in the name of anybody towards anything: whoever gets hold of it has the domain.
    #[arg(long, value_name = "on|off", value_parser = on_off)]
    danger_unconstrained: Option<bool>,
    #[command(flatten)]
    changing: Changing,
}

/// Reads a switch.
pub fn on_off(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "yes" | "true" => Ok(true),
        "off" | "no" | "false" => Ok(false),
        _ => Err("say on or off".to_owned()),
    }
}

/// Shows or changes.
pub async fn run(verb: &DelegationVerb, global: &Global, output: &Output) -> Done {
    match verb {
        DelegationVerb::Show { name } => {
            let directory = Session::new(global)?.directory().await?;
            let account = account(&directory, name).await?;
            let delegation = directory.delegation(&account.dn).await?;
            let callers = named(&directory, &delegation.callers).await?;
            let document = DelegationDocument {
                dn: account.dn,
                name: account.name,
                delegation,
                callers,
            };
            output.document(&document, human::delegation);
            Ok(0)
        }
        DelegationVerb::Set(args) => {
            let directory = args.changing.directory(global).await?;
            args.changing
                .shown(set(args, &directory).await, &directory, output)
                .await
        }
    }
}

async fn set(args: &Set, directory: &ActiveDirectory) -> Result<Vec<String>, Failure> {
    let account = account(directory, &args.name).await?;
    let (from, not_from) = (
        sids(directory, &args.from).await?,
        sids(directory, &args.not_from).await?,
    );
    let switches = [
        (
            AccountControl::TrustedToAuthForDelegation,
            args.protocol_transition,
        ),
        (AccountControl::NotDelegated, args.sensitive),
        (
            AccountControl::TrustedForDelegation,
            args.danger_unconstrained,
        ),
    ];
    for spn in &args.to {
        directory.allow_delegation_to(&account.dn, spn).await?;
    }
    for spn in &args.not_to {
        directory.revoke_delegation_to(&account.dn, spn).await?;
    }
    for sid in &from {
        directory.allow_delegation_from(&account.dn, sid).await?;
    }
    for sid in &not_from {
        directory.revoke_delegation_from(&account.dn, sid).await?;
    }
    let set = switches
        .into_iter()
        .filter_map(|(bit, set)| Some((bit, set?)));
    let settings = Settings {
        controls: set.collect(),
        ..Settings::default()
    };
    directory.set(&account.dn, &settings).await?;
    let mut notes = Vec::new();
    if args.protocol_transition == Some(true) && args.to.is_empty() {
        notes.push("protocol transition does something only together with services (--to)".into());
    }
    if args.danger_unconstrained == Some(true) {
        notes.push(
            "unconstrained delegation: constrained delegation (--to) does the same for named services only".into(),
        );
    }
    Ok(notes)
}
