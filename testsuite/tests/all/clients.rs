//! Clients that others wrote, against `gmsactl lab start`: OpenLDAP's ldapsearch, Python's ldap3, Samba's libraries, MIT's kinit.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::cli::binaries;

mod databases;

/// A started lab, which ends with the test, and the folder with what clients need.
struct Lab {
    process: Child,
    document: Value,
    folder: TempDir,
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Lab {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Command::new(binaries::gmsactl())
            .args(["--json", "lab", "start"])
            .arg(folder.path().join("lab"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut text = String::new();
        for line in lines.map(Result::unwrap) {
            text += &line;
            if line == "}" {
                break;
            }
        }
        Self {
            process,
            document: serde_json::from_str(&text).unwrap(),
            folder,
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("lab").join(name)
    }

    /// `ldap://127.0.0.1:…` or `ldaps://127.0.0.1:…`
    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.document[scheme].as_str().unwrap())
    }

    /// The name that there are tickets for; OpenLDAP makes the machine's own name of it, but for `-N`.
    fn kerberos_url(&self) -> String {
        self.url("ldap").replace("127.0.0.1", "localhost")
    }

    /// A program with the lab's realm, an own cache of tickets, and trust in the lab's certificate.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        let cache = format!("FILE:{}", self.folder.path().join("tickets").display());
        command
            .env("KRB5_CONFIG", self.file("krb5.conf"))
            .env("KRB5CCNAME", cache)
            .env("LDAPTLS_CACERT", self.file("ca.pem"))
            .env("LDAPCONF", "/dev/null");
        command
    }
}

/// What a program says; the test fails when it is not installed, or fails.
#[track_caller]
fn said(command: &mut Command, package: &str) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap_or_else(|error| {
        let program = command.get_program().display();
        panic!("{program}: {error}; apt-get install {package}")
    });
    let said = String::from_utf8_lossy(&stdout).into_owned();
    assert!(
        status.success(),
        "{command:?}: {status} (is the package {package} there?)\n{said}{}",
        String::from_utf8_lossy(&stderr)
    );
    said
}

const ADMINISTRATOR: &str = "Administrator@contoso.com";
const FOUND: &str = "dn: CN=svc-mimsync,CN=Users,DC=contoso,DC=com";

#[test]
fn ldapsearch_binds_inside_tls() {
    let lab = Lab::start();
    for (scheme, start_tls) in [("ldap", true), ("ldaps", false)] {
        let mut search = lab.program("ldapsearch");
        search.args(["-LLL", "-x", "-H", &lab.url(scheme), "-D", ADMINISTRATOR]);
        search.arg("-y").arg(lab.file("administrator.password"));
        search.args(["-b", "DC=contoso,DC=com", "-E", "pr=2/noprompt"]);
        if start_tls {
            search.arg("-ZZ");
        }
        search.args(["(sAMAccountName=svc-*)", "memberOf"]);
        let found = said(&mut search, "ldap-utils");
        assert!(found.contains(FOUND), "{found}");
        assert_eq!(found.matches("dn: CN=svc-").count(), 7, "{found}");
    }
}

#[test]
fn a_keytab_of_ours_is_enough_for_kinit_and_a_sealed_search() {
    let lab = Lab::start();
    let mut kinit = lab.program("kinit");
    kinit.arg("-kt").arg(lab.file("MIMSYNC01.keytab"));
    said(kinit.arg("MIMSYNC01$"), "krb5-user");
    let tickets = said(&mut lab.program("klist"), "krb5-user");
    assert!(tickets.contains("MIMSYNC01$@CONTOSO.COM"), "{tickets}");
    assert!(
        tickets.contains("krbtgt/CONTOSO.COM@CONTOSO.COM"),
        "{tickets}"
    );

    // With a security factor above 1 it is encrypted, not only signed.
    let mut search = lab.program("ldapsearch");
    search.args(["-LLL", "-N", "-Y", "GSSAPI", "-O", "minssf=56"]);
    search.args(["-H", &lab.kerberos_url(), "-b", "DC=contoso,DC=com"]);
    search.args(["(sAMAccountName=svc-mimsync)", "cn"]);
    let found = said(&mut search, "ldap-utils libsasl2-modules-gssapi-mit");
    assert!(found.contains(FOUND), "{found}");
    let tickets = said(&mut lab.program("klist"), "krb5-user");
    assert!(tickets.contains("ldap/localhost@CONTOSO.COM"), "{tickets}");

    let mut who = lab.program("ldapwhoami");
    who.args(["-N", "-Y", "GSSAPI", "-Q", "-H", &lab.kerberos_url()]);
    let who = said(&mut who, "ldap-utils libsasl2-modules-gssapi-mit");
    assert!(who.to_lowercase().contains("mimsync01$"), "{who}");
}

#[test]
fn kinit_takes_a_password_and_refuses_a_wrong_one() {
    let lab = Lab::start();
    let kinit = |password: Vec<u8>| {
        use std::io::Write as _;
        let mut kinit = lab
            .program("kinit")
            .arg("Administrator")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("kinit: apt-get install krb5-user");
        kinit.stdin.take().unwrap().write_all(&password).unwrap();
        kinit.wait().unwrap()
    };
    let password = std::fs::read(lab.file("administrator.password")).unwrap();
    assert!(kinit([&password[..], b"\n"].concat()).success());
    assert!(!kinit(b"not the password\n".to_vec()).success());
}

/// Everything that a script does with a directory. Arguments: both addresses, the certificate, the password's file.
const LDAP3: &str = r#"
import ssl, sys
import ldap3

ldap, ldaps, authority, password_file = sys.argv[1:]
password = open(password_file).read()
tls = ldap3.Tls(ca_certs_file=authority, validate=ssl.CERT_REQUIRED, valid_names=["127.0.0.1"])
port = lambda url: int(url.rsplit(":", 1)[1])
plain = ldap3.Server("127.0.0.1", port(ldap), tls=tls, get_info=ldap3.DSA)
sealed = ldap3.Server("127.0.0.1", port(ldaps), use_ssl=True, tls=tls, get_info=ldap3.DSA)

def connect(server, user="CONTOSO\\Administrator", password=password):
    connection = ldap3.Connection(server, user, password, raise_exceptions=False)
    if server is plain:
        connection.open()
        assert connection.start_tls(), connection.result
    assert connection.bind(), connection.result
    return connection

for server in (plain, sealed):
    connection = connect(server)
    assert server.info.other["defaultNamingContext"] == ["DC=contoso,DC=com"], server.info.other
    base = "DC=contoso,DC=com"
    pages = connection.extend.standard.paged_search(base, "(sAMAccountName=svc-*)", attributes=["cn"], paged_size=2)
    assert len([entry for entry in pages if entry["type"] == "searchResEntry"]) == 7
    name = "CN=ldap3,CN=Users," + base
    assert connection.add(name, "group", {"sAMAccountName": "ldap3"}), connection.result
    assert not connection.add(name, "group", {"sAMAccountName": "ldap3"})
    assert connection.result["description"] == "entryAlreadyExists", connection.result
    member = "CN=svc-mimsync,CN=Users," + base
    assert connection.modify(name, {"member": [(ldap3.MODIFY_ADD, [member])]}), connection.result
    assert connection.compare(name, "member", member), connection.result
    assert connection.modify_dn(name, "CN=ldap3 renamed"), connection.result
    assert connection.search(member, "(objectClass=*)", ldap3.BASE, attributes=["memberOf", "objectSid"])
    entry = connection.entries[0]
    assert entry.memberOf.value == "CN=ldap3 renamed,CN=Users," + base, entry
    assert entry.objectSid.raw_values[0][:8] == b"\x01\x05\0\0\0\0\0\x05", entry
    assert connection.delete("CN=ldap3 renamed,CN=Users," + base), connection.result
    connection.unbind()

wrong = ldap3.Connection(sealed, "CONTOSO\\Administrator", "not the password")
assert not wrong.bind() and wrong.result["description"] == "invalidCredentials", wrong.result
assert "data 52e" in wrong.result["message"], wrong.result
print("done")
"#;

#[test]
fn ldap3_reads_and_writes_inside_tls() {
    let lab = Lab::start();
    let mut python = lab.program("/usr/bin/python3"); // Debian's own, which has Debian's ldap3.
    python.args(["-c", LDAP3, &lab.url("ldap"), &lab.url("ldaps")]);
    python
        .arg(lab.file("ca.pem"))
        .arg(lab.file("administrator.password"));
    assert_eq!(said(&mut python, "python3-ldap3"), "done\n");
}

/// NTLM as Samba speaks it: inside a negotiation, whose mechanisms both sides sign. Arguments: the address, the
/// password's file.
const SAMBA: &str = r#"
import sys
from samba import Ldb
from samba.credentials import Credentials, DONT_USE_KERBEROS
from samba.param import LoadParm

url, password_file = sys.argv[1:]
base = "DC=contoso,DC=com"

def connect(user, password, wrapping):
    settings = LoadParm()
    settings.set("client ldap sasl wrapping", wrapping)
    who = Credentials()
    who.set_workstation("SCRIPT")
    who.set_username(user)
    who.set_domain("CONTOSO")
    who.set_password(password)
    who.set_kerberos_state(DONT_USE_KERBEROS)
    return Ldb(url=url, credentials=who, lp=settings)

password = open(password_file).read()
for wrapping in ("sign", "seal"):
    directory = connect("Administrator", password, wrapping)
    found = directory.search(base, expression="(sAMAccountName=svc-*)", attrs=["cn"])
    assert len(found) == 7, found
    directory.modify_ldif("dn: CN=svc-mimsync,CN=Users," + base + "\nchangetype: modify\nreplace: description\ndescription: " + wrapping + "\n")
    found = directory.search("CN=svc-mimsync,CN=Users," + base, attrs=["description"])
    assert str(found[0]["description"]) == wrapping, found
try:
    connect("Administrator", "not the password", "seal")
except Exception as refused:
    assert "LDAP_INVALID_CREDENTIALS" in str(refused) and "data 52e" in str(refused), refused
else:
    raise AssertionError("logged on with a wrong password")
print("done")
"#;

#[test]
fn samba_logs_on_by_ntlm_signed_and_sealed() {
    let lab = Lab::start();
    let mut python = lab.program("/usr/bin/python3"); // Debian's own, which has Debian's Samba.
    python.args(["-c", SAMBA, &lab.url("ldap")]);
    python.arg(lab.file("administrator.password"));
    assert_eq!(said(&mut python, "python3-samba"), "done\n");
}
