//! Application pools in the configuration, and what a web server does with one.

use crate::element::Element;

/// Path of the sections in the file.
pub const HOST: &str = "system.applicationHost";
/// The value of `state` for a pool that answers.
pub const STARTED: u32 = 1;
/// The value of `state` for a pool that does not.
pub const STOPPED: u32 = 3;
/// In the order of their numbers.
pub const IDENTITY_TYPES: [&str; 5] = [
    "LocalSystem",
    "LocalService",
    "NetworkService",
    "SpecificUser",
    "ApplicationPoolIdentity",
];

/// What the web server's host does.
pub trait Machine: Send + Sync {
    /// Writes the file.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save(&self, configuration: &Element) -> anyhow::Result<()>;
    /// A password as the file keeps it.
    ///
    /// # Errors
    /// When it cannot be encrypted.
    fn protect(&self, password: &str) -> anyhow::Result<String>;
    /// Logs on whom a pool runs as, with the password that the file keeps.
    ///
    /// # Errors
    /// Why it does not log on.
    fn log_on(&self, user: &str, kept: &str) -> anyhow::Result<()>;
    /// What a pool does.
    fn state(&self, pool: &str) -> u32;
    /// Remembers what a pool does.
    ///
    /// # Errors
    /// When it cannot be kept.
    fn set_state(&self, pool: &str, state: u32) -> anyhow::Result<()>;
}

/// What setup adds for a product.
pub struct Installed<'a> {
    /// Name of the pool.
    pub pool: &'a str,
    /// Name of the site.
    pub site: &'a str,
    /// Where the site listens.
    pub port: &'a str,
    /// The folder that it serves.
    pub folder: &'a str,
    /// `DOMAIN\name`
    pub account: &'a str,
    /// Empty for a managed account.
    pub password: &'a str,
}

/// Adds pool and site, or sets whom the pool that is there runs as and where the site listens; then starts it.
///
/// # Errors
/// When something cannot be written, or the account does not log on.
pub fn install(
    configuration: &mut Element,
    machine: &dyn Machine,
    new: &Installed<'_>,
) -> anyhow::Result<()> {
    let host = configuration.child_or_new(HOST);
    let pools = &mut host.child_or_new("applicationPools").children;
    let known = |pool: &Element| pool.attribute("name") == Some(new.pool);
    let place = pools.iter().position(known).unwrap_or_else(|| {
        pools.push(Element::new("add", &[("name", new.pool)]));
        pools.len() - 1
    });
    let model = pools[place].child_or_new("processModel");
    model.set("identityType", "SpecificUser");
    model.set("userName", new.account);
    let kept = machine.protect(new.password)?;
    model.set("password", &kept);

    let sites = &mut host.child_or_new("sites").children;
    let known = |site: &&mut Element| site.attribute("name") == Some(new.site);
    match sites.iter_mut().find(known) {
        // Setup in change mode: what it is not told is as the package begins.
        Some(site) => *site.child_or_new("bindings") = bindings(new),
        None => {
            let id = (sites.len() + 1).to_string();
            sites.push(site(new, &id));
        }
    }
    machine.save(configuration)?;
    start(machine, new.pool, new.account, &kept)
}

/// Starts a pool: its worker process logs on first.
///
/// # Errors
/// When it does not; the pool is stopped then.
pub fn start(machine: &dyn Machine, pool: &str, user: &str, kept: &str) -> anyhow::Result<()> {
    let logged_on = machine.log_on(user, kept);
    machine.set_state(pool, if logged_on.is_ok() { STARTED } else { STOPPED })?;
    logged_on
}

fn site(new: &Installed<'_>, id: &str) -> Element {
    let folder = Element::new(
        "virtualDirectory",
        &[("path", "/"), ("physicalPath", new.folder)],
    );
    let application = Element::new(
        "application",
        &[("path", "/"), ("applicationPool", new.pool)],
    );
    let children = vec![application.with(vec![folder]), bindings(new)];
    Element::new("site", &[("name", new.site), ("id", id)]).with(children)
}

fn bindings(new: &Installed<'_>) -> Element {
    let binding = format!("*:{}:", new.port);
    let binding = [
        ("protocol", "http"),
        ("bindingInformation", binding.as_str()),
    ];
    Element::new("bindings", &[]).with(vec![Element::new("binding", &binding)])
}
