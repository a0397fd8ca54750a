//! Application pools, through the web server's configuration objects for scripts. Not yet seen on Windows.
//!
//! `Microsoft.ApplicationHost.WritableAdminManager` (ahadmin.idl; "IIS Configuration Reference",
//! system.applicationHost/applicationPools and sites). They know shared configuration and defaults, and take
//! a password without a command line. The property `password` is written and never read.

use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::win32::Win32Code;
use agent_protocol::{
    AppPool, AppPoolRequest, Failure, FailureKind, PoolApplication, PoolControl, PoolIdentity,
    PoolName, PoolState, Reply, Secret, SiteBinding,
};

use super::automation::{Argument, Object};

const ROOT: &str = "MACHINE/WEBROOT/APPHOST";
const ERROR_NOT_FOUND: Win32Code = Win32Code(1168);
/// Pause between two looks at a pool's state.
const POLL: Duration = Duration::from_millis(100);

/// Does a request about application pools.
pub fn handle(request: &AppPoolRequest, secret: &Secret) -> Result<Reply, Failure> {
    let server = Server::open()?;
    match request {
        AppPoolRequest::List => server.pools().map(Reply::AppPools),
        AppPoolRequest::SetIdentity { pool, identity, .. } => {
            let password = match request.takes_secret() {
                false => "",
                true => secret.expose_text().ok_or_else(|| {
                    Failure::new(FailureKind::Invalid, "the password is not UTF-8")
                })?,
            };
            server
                .set_identity(pool, identity, password)
                .map(|()| Reply::Done)
        }
        AppPoolRequest::Control {
            pool,
            control,
            timeout_ms,
        } => {
            let deadline = Instant::now().checked_add(Duration::from_millis(*timeout_ms));
            server
                .control(pool, *control, deadline)
                .map(Reply::AppPoolWas)
        }
    }
}

/// The configuration of the web server.
struct Server(Object);

impl Server {
    fn open() -> Result<Self, Failure> {
        let manager = Object::create("Microsoft.ApplicationHost.WritableAdminManager");
        let manager = manager.map_err(|failure| match failure.kind {
            FailureKind::NotSupported => {
                let what = "there is no web server (IIS) on this host";
                Failure::from_code(ERROR_NOT_FOUND, what)
            }
            _ => failure,
        })?;
        manager.set("CommitPath", Argument::Text(ROOT))?;
        Ok(Self(manager))
    }

    /// The elements of a section's collection.
    fn elements(&self, section: &str) -> Result<Vec<Object>, Failure> {
        let arguments = [Argument::Text(section), Argument::Text(ROOT)];
        let section = self.0.object("GetAdminSection", &arguments)?;
        section.object("Collection", &[])?.members(0)
    }

    fn pools(&self) -> Result<Vec<AppPool>, Failure> {
        let mut pools = Vec::new();
        for element in self.elements("system.applicationHost/applicationPools")? {
            pools.push(read_pool(&element)?);
        }
        for site in self.elements("system.applicationHost/sites")? {
            let name = property(&site, "name")?;
            // Pools matter without them too; what needs one says that it is not told.
            let bindings = read_bindings(&site).unwrap_or_default();
            for application in site.object("Collection", &[])?.members(0)? {
                let served_by = property(&application, "applicationPool")?;
                let mut pools = pools.iter_mut();
                let pool = pools.find(|pool| pool.name.as_str().eq_ignore_ascii_case(&served_by));
                if let Some(pool) = pool {
                    let mut read = read_application(&name, &application)?;
                    read.bindings.clone_from(&bindings);
                    pool.applications.push(read);
                }
            }
        }
        Ok(pools)
    }

    fn pool(&self, wanted: &PoolName) -> Result<Object, Failure> {
        for element in self.elements("system.applicationHost/applicationPools")? {
            if property(&element, "name")?.eq_ignore_ascii_case(wanted.as_str()) {
                return Ok(element);
            }
        }
        let what = format!("look for application pool {wanted}");
        Err(Failure::from_code(ERROR_NOT_FOUND, what))
    }

    fn set_identity(
        &self,
        pool: &PoolName,
        identity: &PoolIdentity,
        password: &str,
    ) -> Result<(), Failure> {
        let pool = self.pool(pool)?;
        let model = process_model(&pool)?;
        let set = |name: &str, value: Argument<'_>| item(&model, name)?.set("Value", value);
        set("identityType", Argument::Text(identity.kind()))?;
        let user = identity.user().map_or("", |user| user.as_str());
        set("userName", Argument::Text(user))?;
        set("password", Argument::Secret(password))?;
        self.0.call("CommitChanges", &[]).map(drop)
    }

    fn control(
        &self,
        name: &PoolName,
        control: PoolControl,
        deadline: Option<Instant>,
    ) -> Result<PoolState, Failure> {
        let pool = self.pool(name)?;
        let before = state(&pool);
        let (method, wanted) = match control {
            PoolControl::Start => ("Start", PoolState::Started),
            PoolControl::Stop => ("Stop", PoolState::Stopped),
            PoolControl::Recycle => ("Recycle", PoolState::Started),
        };
        if control == PoolControl::Recycle || before != wanted {
            let methods = pool.object("Methods", &[])?;
            let method = methods.object("Item", &[Argument::Text(method)])?;
            method.object("CreateInstance", &[])?.call("Execute", &[])?;
        }
        loop {
            let now = state(&self.pool(name)?);
            if now == wanted {
                return Ok(before);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                let what = format!("application pool {name} is still {now:?}");
                return Err(Failure::new(FailureKind::Timeout, what));
            }
            thread::sleep(POLL);
        }
    }
}

fn read_pool(element: &Object) -> Result<AppPool, Failure> {
    let name = property(element, "name")?;
    let name = PoolName::parse(name)
        .map_err(|error| Failure::new(FailureKind::Failed, error.to_string()))?;
    let model = process_model(element)?;
    let (kind, user) = (
        property(&model, "identityType")?,
        property(&model, "userName")?,
    );
    let identity = PoolIdentity::from_configuration(&kind, &user).ok_or_else(|| {
        let what = format!("application pool {name} has the unknown identity {kind} {user}");
        Failure::new(FailureKind::Failed, what)
    })?;
    Ok(AppPool {
        identity,
        state: state(element),
        auto_start: !["0", "false", "False"].contains(&property(element, "autoStart")?.as_str()),
        applications: Vec::new(),
        name,
    })
}

fn read_application(site: &str, application: &Object) -> Result<PoolApplication, Failure> {
    let mut physical_path = String::new();
    for folder in application.object("Collection", &[])?.members(0)? {
        if property(&folder, "path")? == "/" {
            physical_path = property(&folder, "physicalPath")?;
        }
    }
    Ok(PoolApplication {
        site: site.to_owned(),
        path: property(application, "path")?,
        physical_path,
        bindings: Vec::new(),
    })
}

fn read_bindings(site: &Object) -> Result<Vec<SiteBinding>, Failure> {
    let children = site.object("ChildElements", &[])?;
    let bindings = children.object("Item", &[Argument::Text("bindings")])?;
    let bindings = bindings.object("Collection", &[])?.members(0)?;
    let read = |binding: &Object| {
        Ok(SiteBinding {
            protocol: property(binding, "protocol")?,
            information: property(binding, "bindingInformation")?,
        })
    };
    bindings.iter().map(read).collect()
}

/// `state` is there while the web server's services run.
fn state(pool: &Object) -> PoolState {
    property(pool, "state").map_or(PoolState::Unknown, |text| {
        PoolState::from_configuration(&text)
    })
}

fn process_model(pool: &Object) -> Result<Object, Failure> {
    let children = pool.object("ChildElements", &[])?;
    children.object("Item", &[Argument::Text("processModel")])
}

fn item(element: &Object, name: &str) -> Result<Object, Failure> {
    let properties = element.object("Properties", &[])?;
    properties.object("Item", &[Argument::Text(name)])
}

fn property(element: &Object, name: &str) -> Result<String, Failure> {
    item(element, name)?.text("Value")
}
