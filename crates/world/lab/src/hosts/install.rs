//! What every setup does on a host: services, and the list of products.

use agent_protocol::{AccountName, RegistryValue, Secret, ServiceName};

use super::domain::AccountKind;
use super::logon::{Principal, principal};
use super::machine::Machine;
use super::rights::Right;
use super::services::LabService;

impl Machine<'_> {
    /// Lists a product as installed.
    pub fn install_product(&mut self, code: &str, name: &str, version: &str) {
        let key = format!(r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\{code}");
        let values = [
            ("DisplayName", name),
            ("DisplayVersion", version),
            ("Publisher", "Microsoft Corporation"),
        ];
        for (value, text) in values {
            self.state.registry.set_text(&key, value, text);
        }
        self.state
            .registry
            .set(&key, "WindowsInstaller", RegistryValue::Dword(1));
    }

    /// Creates an automatic service of an account that may log on as one; names must be well formed.
    pub fn install_service(
        &mut self,
        name: &str,
        title: &str,
        image_path: &str,
        account: &str,
        password: Option<&Secret>,
    ) {
        let (Ok(name), Ok(account)) = (ServiceName::parse(name), AccountName::parse(account))
        else {
            return;
        };
        let mut service = LabService::new(name.clone(), title, image_path, account.clone());
        if let Some(Principal::Domain(found)) = principal(account.as_str(), self.domain) {
            self.state.rights.grant(Right::LogOnAsService, found.sid);
            service.managed = found.kind == AccountKind::Gmsa;
        }
        service.save(&mut self.state.registry);
        self.state.services.insert(service);
        // An account that Windows does not take keeps the service from starting, as it should.
        let _ = self.set_logon_account(&name, &account, password);
    }
}
