//! Folders and registry keys of a host where access lists may name the accounts that run there.

use model::host::AccessTree;
use model::inventory::{HostInventory, registry_path};
use model::names::LogonAccount;

use super::super::Questions;

/// Where Windows keeps the private keys of the machine's certificates, one in a file ("Key Storage and Retrieval").
const PRIVATE_KEYS: [&str; 2] = [
    r"C:\ProgramData\Microsoft\Crypto\RSA\MachineKeys",
    r"C:\ProgramData\Microsoft\Crypto\Keys",
];
/// What paths of services and web applications may begin with.
const VARIABLES: [(&str, &str); 6] = [
    ("SystemDrive", "C:"),
    ("SystemRoot", r"C:\Windows"),
    ("windir", r"C:\Windows"),
    ("ProgramFiles", r"C:\Program Files"),
    ("ProgramFiles(x86)", r"C:\Program Files (x86)"),
    ("ProgramData", r"C:\ProgramData"),
];
/// Where Windows keeps what it knows of services.
const SERVICES: &str = r"HKLM\SYSTEM\CurrentControlSet\Services";

/// What belongs to whatever runs there under an account of a domain: the folders of programs and web applications,
/// the services' keys, what the catalogue names, and the machine's private keys. None where nothing does.
pub(super) fn of(host: &HostInventory, questions: &Questions) -> Vec<AccessTree> {
    let in_domain = |account: &LogonAccount| matches!(account, LogonAccount::Domain { .. });
    let services = host.services.iter();
    let services: Vec<_> = services
        .filter(|service| in_domain(&service.logon_account))
        .collect();
    let pools = host.app_pools.iter();
    let pools: Vec<_> = pools.filter(|pool| in_domain(&pool.account)).collect();
    if services.is_empty() && pools.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let programs = services.iter().filter_map(|service| {
        let (folder, _) = service.program().rsplit_once('\\')?;
        Some(folder.to_owned())
    });
    let served = pools.iter().flat_map(|pool| pool.folders.iter().cloned());
    let here = questions.components.iter();
    let here: Vec<_> = here
        .filter(|probe| host.components.contains(&probe.component))
        .collect();
    let named = here.iter().flat_map(|probe| &probe.folders);
    let named = named.filter_map(|(key, value)| host.registry.get(&registry_path(key, value)));
    let folders = programs.chain(served).chain(named.cloned());
    found.extend(folders.filter_map(|folder| of_its_own(&folder)));
    let keys = services
        .iter()
        .map(|service| format!(r"{SERVICES}\{}", service.name));
    found.extend(keys.filter_map(|key| key.parse().ok()));
    found.extend(here.iter().flat_map(|probe| probe.trees.iter().cloned()));
    found.extend(PRIVATE_KEYS.iter().filter_map(|path| path.parse().ok()));
    outermost(found)
}

/// A folder that belongs to a program: not Windows' own, nor one that many programs share.
fn of_its_own(folder: &str) -> Option<AccessTree> {
    let tree: AccessTree = expanded(folder).parse().ok()?;
    let AccessTree::Folder(path) = &tree else {
        return None;
    };
    let lower = path.as_str().to_lowercase();
    let parts: Vec<_> = lower.split('\\').skip(1).collect();
    let shared = matches!(
        parts.as_slice(),
        [""] | ["windows", ..]
            | ["program files" | "program files (x86)" | "programdata" | "users"]
    );
    (!shared).then_some(tree)
}

/// A path that begins with a variable of Windows, with what that is unless somebody set it otherwise.
fn expanded(folder: &str) -> String {
    let named = folder
        .strip_prefix('%')
        .and_then(|rest| rest.split_once('%'));
    let found = named.and_then(|(name, rest)| {
        let mut known = VARIABLES.iter();
        let (_, value) = known.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(format!("{value}{rest}"))
    });
    found.unwrap_or_else(|| folder.to_owned())
}

/// Those that are in no other one, each once.
fn outermost(mut trees: Vec<AccessTree>) -> Vec<AccessTree> {
    trees.sort_by_key(|tree| tree.to_string().len());
    let mut kept: Vec<AccessTree> = Vec::new();
    for tree in trees {
        if !kept.iter().any(|outer| outer.has(&tree.top())) {
            kept.push(tree);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_that_is_in_another_one_is_not_looked_at_twice() {
        let trees = |texts: &[&str]| -> Vec<AccessTree> {
            texts.iter().map(|text| text.parse().unwrap()).collect()
        };
        let all = trees(&[
            r"C:\MIM\Service\Bin",
            r"C:\MIM\Service",
            r"c:\mim\service",
            r"C:\MIM\ServiceX",
            r"HKLM\SYSTEM\X",
        ]);
        let kept = outermost(all);
        let texts: Vec<_> = kept.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [r"HKLM\SYSTEM\X", r"C:\MIM\Service", r"C:\MIM\ServiceX"]
        );
    }

    #[test]
    fn folders_of_windows_belong_to_no_service() {
        for (folder, own) in [
            (r"C:\Program Files\Contoso\Agent", true),
            (r"D:\Contoso\", true),
            (r"C:\Windows\System32", false),
            (r"C:\WINDOWS", false),
            (r"C:\Program Files", false),
            (r"C:\", false),
            ("C:", false),
            (r"\\server\share", false),
            ("%ProgramFiles%", false),
            (r"%programfiles%\Contoso", true),
            (r"%SystemDrive%\inetpub\wwwroot", true),
            (r"%windir%\Web", false),
            (r"%CONTOSO%\Web", false),
        ] {
            assert_eq!(of_its_own(folder).is_some(), own, "{folder}");
        }
    }
}
