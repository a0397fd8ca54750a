//! The export of a key set for its own sake.

use clap::Args;
use mim::{AccountKind, Node};
use model::host::Recipient;
use model::intent::{Conversion, DelegationWish, Intent, Strategy};
use model::inventory::{Inventory, ServiceState};
use model::names::HostName;
use model::plan::Plan;

use super::{COMPONENT, services};
use crate::cmd::Done;
use crate::cmd::own_run::OwnRun;
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::Output;

/// Arguments of `keyset export`.
#[derive(Debug, Args)]
#[command(
    after_help = "The service goes on meanwhile. The password comes from the account's [[credential]] in estate.toml, or \
                  is asked for, and is proved before anything is touched. gmsactl rollback deletes what was written.\n\n\
                  Example:\n  gmsactl keyset export --file 'C:\\MIMBackup\\before.bin' --estate estate.toml"
)]
pub struct Export {
    /// The file on the host; must not be there yet.
    #[arg(long, value_name = "PATH")]
    file: String,
    /// The host; not needed where one alone runs the service.
    #[arg(long, value_name = "HOST")]
    host: Option<HostName>,
    /// Encrypt a copy, FILE.age, that only the holder of this recipient's identity can read, and remove FILE itself; may
    /// be given several times.
    #[arg(long, value_name = "AGE1")]
    recipient: Vec<Recipient>,
    /// Show what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Export {
    /// Plans it and carries it out.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let own = OwnRun {
            is_own: &planner::is_of_key_sets,
            names: &[],
            plan: &|session, inventory| self.plan(session, inventory),
        };
        own.run(self.dry_run, global, output).await
    }

    fn plan(&self, session: &Session<'_>, inventory: &Inventory) -> Result<Plan, Failure> {
        let node = self.node(services(session, inventory))?;
        let intent = self.intent(session, node.host.clone())?;
        let plan = session.plan_of_key_sets(inventory, &intent);
        if plan.steps.is_empty() {
            let what = format!(
                "{}: {} is no absolute path with a drive, or the product's folder is not in the registry",
                node.host, self.file
            );
            return Err(Failure::new("usage", what)
                .hint("name a file such as C:\\MIMBackup\\before.bin; or repair the installation of the product"));
        }
        Ok(plan)
    }

    /// Where the service runs under a password account.
    fn node(&self, nodes: Vec<Node>) -> Result<Node, Failure> {
        let wanted = |node: &Node| match &self.host {
            Some(host) => node.host == *host,
            None => node.state == ServiceState::Running,
        };
        let mut nodes = nodes.into_iter().filter(wanted);
        let (Some(node), None) = (nodes.next(), nodes.next()) else {
            let what = match &self.host {
                Some(host) => format!(
                    "{host}: there is no Synchronization Service, or the host did not answer"
                ),
                None => "no host, or more than one, runs the Synchronization Service".to_owned(),
            };
            return Err(Failure::new("not-found", what)
                .hint("gmsactl keyset inspect shows what is where; say which: --host HOST"));
        };
        if node.account_kind != AccountKind::Password {
            let what = format!(
                "{} runs as {} on {}, which is no password account",
                node.name, node.account, node.host
            );
            return Err(Failure::new("conflict", what).hint(
                "Microsoft's samples contradict each other on how miiskmu is called for a gMSA: export by hand, with \
                 the Synchronization Service Key Management Utility, and keep the export that was made before",
            ));
        }
        if node.state != ServiceState::Running {
            let what = format!(
                "{} does not run on {}: it is taken for a warm standby",
                node.name, node.host
            );
            return Err(Failure::new("conflict", what).hint(
                "export on the active server: both have the same key set; or start the service",
            ));
        }
        Ok(node)
    }

    /// An intent names a gMSA and a group: those of the proposal, at which nothing of this plan looks.
    fn intent(&self, session: &Session<'_>, host: HostName) -> Result<Intent, Failure> {
        let mut profiles = session.profiles().into_iter();
        let profile = profiles
            .find(|profile| profile.component().as_str() == COMPONENT)
            .ok_or_else(|| Failure::new("internal", format!("the catalogue has no {COMPONENT}")))?;
        let proposed = profile.suggestion();
        Ok(Intent::of(vec![Conversion {
            component: profile.component().clone(),
            hosts: vec![host],
            gmsa: proposed.gmsa,
            retrieval_group: proposed.retrieval_group,
            strategy: Strategy::Direct,
            interval_days: 30,
            group_container: None,
            gmsa_container: None,
            key_set: Some(self.file.clone()),
            recipient: self.recipient.clone(),
            groups: Vec::new(),
            spns: None,
            delegation: DelegationWish::default(),
            exchange: None,
            setup: None,
        }]))
    }
}
