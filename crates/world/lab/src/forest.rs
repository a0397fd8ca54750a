//! The names of the lab's forest: one domain, and one of its domain controllers.

use security::Sid;

/// What everything is called.
#[derive(Debug, Clone)]
pub(crate) struct Forest {
    /// `contoso.com`
    pub(crate) dns_name: String,
    /// `CONTOSO`
    pub(crate) netbios_name: String,
    /// `DC=contoso,DC=com`
    pub(crate) domain: String,
    pub(crate) sid: Sid,
    /// `DC1`
    pub(crate) controller: String,
    /// It takes no changes, and has no secrets ([MS-ADTS] 6.1.1.3.2 "Read-Only Domain Controller Object").
    pub(crate) read_only: bool,
    /// [MS-ADTS] 6.1.4.2 "msDS-Behavior-Version: Forest Functional Level"; 7 is Windows Server 2016.
    pub(crate) functional_level: u8,
}

impl Forest {
    pub(crate) fn new(dns_name: &str, netbios_name: &str, controller: &str, sid: Sid) -> Self {
        Self {
            dns_name: dns_name.to_owned(),
            netbios_name: netbios_name.to_owned(),
            domain: domain_dn(dns_name),
            sid,
            controller: controller.to_owned(),
            read_only: false,
            functional_level: 7,
        }
    }

    /// The same forest, as another of its domain controllers sees it.
    pub(crate) fn at(&self, controller: &str, read_only: bool) -> Self {
        Self {
            controller: controller.to_owned(),
            read_only,
            ..self.clone()
        }
    }

    pub(crate) fn lost_and_found(&self) -> String {
        format!("CN=LostAndFound,{}", self.domain)
    }

    pub(crate) fn realm(&self) -> String {
        self.dns_name.to_uppercase()
    }

    pub(crate) fn configuration(&self) -> String {
        format!("CN=Configuration,{}", self.domain)
    }

    pub(crate) fn schema(&self) -> String {
        format!("CN=Schema,CN=Configuration,{}", self.domain)
    }

    /// `dc1.contoso.com`
    pub(crate) fn controller_dns_name(&self) -> String {
        format!("{}.{}", self.controller.to_lowercase(), self.dns_name)
    }

    pub(crate) fn controller_settings(&self) -> String {
        format!(
            "CN=NTDS Settings,CN={},CN=Servers,CN=Default-First-Site-Name,CN=Sites,{}",
            self.controller,
            self.configuration()
        )
    }

    pub(crate) fn root_keys(&self) -> String {
        format!(
            "CN=Master Root Keys,CN=Group Key Distribution Service,CN=Services,{}",
            self.configuration()
        )
    }
}

/// `DC=contoso,DC=com`
pub(crate) fn domain_dn(dns_name: &str) -> String {
    let labels: Vec<String> = dns_name
        .split('.')
        .map(|label| format!("DC={label}"))
        .collect();
    labels.join(",")
}
