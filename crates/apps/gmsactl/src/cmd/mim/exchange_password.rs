//! The password of the MIM Service's mailbox, stored anew under the gMSA.

use clap::{Args, ValueEnum};
use model::intent::{Conversion, DelegationWish, Exchange, Intent, Mailbox, Strategy};
use model::inventory::{AccountClass, Inventory};
use model::names::{ComponentId, HostName, LogonAccount};
use model::plan::Plan;

use crate::cmd::Done;
use crate::cmd::own_run::OwnRun;
use crate::error::Failure;
use crate::options::Global;
use crate::session::Session;
use crate::view::Output;

const COMPONENT: &str = "service";

/// Arguments of `mim exchange-password`.
#[derive(Debug, Args)]
#[command(
    after_help = "The password comes from the account's [[credential]] in estate.toml, or is asked for. A run that was \
                  interrupted goes on when the command is repeated; gmsactl rollback takes it back.\n\n\
                  Example:\n  gmsactl mim exchange-password --account 'CONTOSO\\svc-mimmail' --estate estate.toml"
)]
pub struct ExchangePassword {
    /// The account that logs on to the mailbox: DOMAIN\\name, or what the mail server knows it by.
    #[arg(long, value_name = "ACCOUNT")]
    account: String,
    /// Where the mailbox is; not needed where a password is stored for one of both already.
    #[arg(long, value_name = "WHERE")]
    mailbox: Option<Where>,
    /// On this host only; may be repeated. Otherwise on every host of the MIM Service.
    #[arg(long, value_name = "HOST")]
    host: Vec<HostName>,
    /// Show what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Where a mailbox is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Where {
    /// With Exchange Online.
    Online,
    /// With an Exchange of one's own.
    OnPremise,
}

impl ExchangePassword {
    /// Plans it and carries it out.
    pub async fn run(&self, global: &Global, output: &Output) -> Done {
        let own = OwnRun {
            is_own: &planner::is_of_passwords,
            names: &[],
            plan: &|session, inventory| self.plan(session, inventory),
        };
        own.run(self.dry_run, global, output).await
    }

    fn plan(&self, session: &Session<'_>, inventory: &Inventory) -> Result<Plan, Failure> {
        let intent = Intent::of(self.conversions(session, inventory)?);
        let plan = session.plan_of_passwords(inventory, &intent);
        let nodes = intent.conversions.iter().map(|wanted| wanted.hosts.len());
        let stored = plan
            .steps
            .iter()
            .filter(|step| step.kind == "store-password");
        if stored.count() != nodes.sum::<usize>() {
            let what = "the folder of the MIM Service is not in the registry of every host";
            return Err(
                Failure::new("not-found", what).hint("repair the installation of the product")
            );
        }
        Ok(plan)
    }

    /// One for each gMSA: the nodes of a MIM Service usually share theirs.
    fn conversions(
        &self,
        session: &Session<'_>,
        inventory: &Inventory,
    ) -> Result<Vec<Conversion>, Failure> {
        let detection = session.detect(inventory);
        let component: ComponentId =
            COMPONENT
                .parse()
                .map_err(|error: model::names::InvalidName| {
                    Failure::new("internal", error.to_string())
                })?;
        let mut found = detection.components.iter();
        let found = found.find(|found| found.component == component);
        let nodes = found
            .map(|found| found.nodes.as_slice())
            .unwrap_or_default();
        let wanted = |name: &HostName| self.host.is_empty() || self.host.contains(name);
        let nodes: Vec<_> = nodes.iter().filter(|node| wanted(&node.host)).collect();
        if let Some(missing) = self
            .host
            .iter()
            .find(|name| !nodes.iter().any(|node| node.host == **name))
        {
            let what = format!("{missing}: there is no MIM Service, or the host did not answer");
            return Err(
                Failure::new("not-found", what).hint("gmsactl mim detect shows what is where")
            );
        }
        if nodes.is_empty() {
            return Err(
                Failure::new("not-found", "no host of the estate has a MIM Service")
                    .hint("gmsactl mim detect shows what is where"),
            );
        }
        let mut conversions: Vec<Conversion> = Vec::new();
        for node in nodes {
            let account = node.account.in_domain(&inventory.domain.netbios_name);
            let account = account.and_then(|name| inventory.account(name));
            let gmsa = account.filter(|account| account.class == AccountClass::Gmsa);
            let Some(Ok(gmsa)) = gmsa.map(|account| account.name.as_str().parse()) else {
                let what = format!(
                    "{}: {} runs as {}, which is no gMSA",
                    node.host, node.name, node.account
                );
                return Err(Failure::new("conflict", what).hint(
                    "a password account's password is encrypted under that account: Microsoft's own script does it, run as that account",
                ));
            };
            let exchange = Exchange {
                mailbox: self.mailbox(inventory, &node.host)?,
                account: Some(LogonAccount::from(self.account.clone())),
            };
            let mut others = conversions.iter_mut();
            let same = others
                .find(|other| other.gmsa == gmsa && other.exchange.as_ref() == Some(&exchange));
            match same {
                Some(same) => same.hosts.push(node.host.clone()),
                None => conversions.push(Conversion {
                    component: component.clone(),
                    hosts: vec![node.host.clone()],
                    retrieval_group: gmsa_group(&gmsa)?,
                    gmsa,
                    strategy: Strategy::Direct,
                    interval_days: 30,
                    group_container: None,
                    gmsa_container: None,
                    key_set: None,
                    recipient: Vec::new(),
                    groups: Vec::new(),
                    spns: None,
                    delegation: DelegationWish::default(),
                    exchange: Some(exchange),
                    setup: None,
                }),
            }
        }
        Ok(conversions)
    }

    /// What was said; otherwise the mailbox that a password is stored for already.
    fn mailbox(&self, inventory: &Inventory, host: &HostName) -> Result<Mailbox, Failure> {
        match self.mailbox {
            Some(Where::Online) => Ok(Mailbox::Online),
            Some(Where::OnPremise) => Ok(Mailbox::OnPremise),
            None => inventory
                .host(host)
                .and_then(mim::mailbox_of)
                .ok_or_else(|| {
                    let what =
                        format!("{host}: a password is stored for neither or for both mailboxes");
                    Failure::new("usage", what)
                        .hint("say which: --mailbox online, or --mailbox on-premise")
                }),
        }
    }
}

/// An intent has to name a group; nothing of this plan looks at it.
fn gmsa_group(gmsa: &model::names::GmsaName) -> Result<model::names::SamAccountName, Failure> {
    format!("{gmsa}_Hosts")
        .parse()
        .map_err(|error: model::names::InvalidName| Failure::new("internal", error.to_string()))
}
