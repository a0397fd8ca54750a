//! Labs for people.

use crate::documents::{LabChanged, LabControllerStatus, LabDocument, LabHostStatus, LabStatus};
use crate::view::paint::Paint;

/// Where a started lab is.
pub fn lab(lab: &LabDocument, paint: &Paint) -> String {
    let hosts: Vec<_> = lab.hosts.iter().map(|host| host.as_str()).collect();
    let folder = lab.folder.display();
    format!(
        "{} {} with {}\n  ldap://{}  ldaps://{}  Kerberos {}  SQL Server {}\n{}  gmsactl: --estate {}\n  \
         others: Administrator@{}, {folder}/administrator.password, {folder}/ca.pem, {folder}/krb5.conf\n\
         Up until it is interrupted, or gmsactl lab stop {folder}.\n",
        paint.strong("Lab"),
        lab.domain,
        hosts.join(", "),
        lab.ldap,
        lab.ldaps,
        lab.kdc,
        lab.sql,
        others(&lab.domain_controllers),
        lab.estate.display(),
        lab.domain.to_uppercase()
    )
}

/// The domain controllers after the first.
fn others(controllers: &[LabControllerStatus]) -> String {
    let line = |one: &LabControllerStatus| {
        let how = if one.read_only { ", read-only" } else { "" };
        format!("  ldap://{}  {}{how}\n", one.ldap, one.name)
    };
    controllers.iter().skip(1).map(line).collect()
}

/// What is up.
pub fn lab_status(lab: &LabStatus, paint: &Paint) -> String {
    let mut text = format!(
        "{} {}, process {}\n  ldap://{}  ldaps://{}  Kerberos {}  SQL Server {}  {} requests\n",
        paint.strong("Lab"),
        lab.domain,
        lab.process,
        lab.ldap,
        lab.ldaps,
        lab.kdc,
        lab.sql,
        lab.directory_requests
    );
    text += &others(&lab.domain_controllers);
    for LabHostStatus { name, up, requests } in &lab.hosts {
        let up = if *up { "up" } else { "down" };
        text += &format!("  {:<15} {up:<4}  {requests} requests\n", name.as_str());
    }
    for fault in &lab.faults {
        text += &format!("  {} {fault}\n", paint.warn("fault"));
    }
    text
}

/// What was done with a lab.
pub fn lab_changed(changed: &LabChanged, paint: &Paint) -> String {
    let folder = changed.folder.display();
    match &changed.file {
        Some(file) => format!(
            "saved: {}; it holds the lab's secrets. gmsactl lab start --seed {} starts it again\n",
            file.display(),
            file.display()
        ),
        None if changed.what == "stopped" => {
            format!("The lab in {folder} was stopped; its folder is gone.\n")
        }
        None => lab_status(&changed.lab, paint),
    }
}
