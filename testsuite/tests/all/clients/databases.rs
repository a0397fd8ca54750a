//! Other people's clients of SQL Server against the lab's: FreeTDS with a password and with MIT's Kerberos, python-tds.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use model::database::Repair;
use planner::database::{questions, script};

use super::{Lab, said};
use crate::rig::Rig;

/// What the database server says of itself and of whoever asks.
fn server(operator: &str) -> String {
    format!("SQL01\t15.0.2000.5\t{operator}\t1\t1\t1\n")
}

/// FreeTDS's tsql, which must verify the certificate; `arguments` say who logs on.
fn tsql(lab: &Lab, arguments: &[&str], batches: &[&str]) -> Output {
    let port = lab.document["sql"].as_str().unwrap().rsplit(':').next();
    let settings = format!(
        "[global]\n tds version = 7.4\n encryption = require\n ca file = {}\n check certificate hostname = yes\n\
         [SQL01]\n host = localhost\n port = {}\n spn = MSSQLSvc/sql01.contoso.com:1433\n",
        lab.file("ca.pem").display(),
        port.unwrap(),
    );
    let file = lab.folder.path().join("freetds.conf");
    std::fs::write(&file, settings).unwrap();
    let mut client = lab
        .program("tsql")
        .args(["-S", "SQL01"])
        .args(arguments)
        .env("FREETDSCONF", file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("tsql: {error}; apt-get install freetds-bin"));
    let batches: String = batches
        .iter()
        .map(|batch| format!("{batch}\ngo\n"))
        .collect();
    let mut input = client.stdin.take().unwrap();
    input.write_all(batches.as_bytes()).unwrap();
    drop(input);
    client.wait_with_output().unwrap()
}

#[test]
fn freetds_logs_on_inside_tls_and_asks() {
    let lab = Lab::start();
    let password = std::fs::read_to_string(lab.file("administrator.password")).unwrap();
    let output = tsql(
        &lab,
        &["-U", "sa", "-P", &password],
        &[questions::SERVER.sql, "USE [FIMService]", "SELECT 1"],
    );
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(out.contains(&server("sa")), "{out}{err}");
    assert!(
        err.contains("Msg 102 (severity 15, state 1) from SQL01"),
        "{err}"
    );
    let wrong = tsql(&lab, &["-U", "sa", "-P", "wrong"], &[]);
    assert!(text(&wrong.stderr).contains("18456"), "{wrong:?}");
}

#[test]
fn freetds_logs_on_with_the_tickets_of_mit() {
    let lab = Lab::start();
    let mut kinit = lab
        .program("kinit")
        .arg("Administrator")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("kinit: {error}; apt-get install krb5-user"));
    let password = std::fs::read(lab.file("administrator.password")).unwrap();
    let line = [&password[..], b"\n"].concat();
    kinit.stdin.take().unwrap().write_all(&line).unwrap();
    assert!(kinit.wait().unwrap().success());
    let output = tsql(&lab, &[], &[questions::SERVER.sql]);
    let out = text(&output.stdout);
    assert!(
        out.contains(&server(r"CONTOSO\Administrator")),
        "{output:?}"
    );
}

/// Arguments: port, certificate, the password's file, the question.
const PYTHON_TDS: &str = r#"
import sys
import pytds

port, authority, password_file, question = sys.argv[1:]
password = open(password_file).read()

def connect(password=password, cafile=authority):
    return pytds.connect("localhost", port=int(port), user="sa", password=password, cafile=cafile,
                         validate_host=True, autocommit=True, login_timeout=30, timeout=30)

with connect() as connection, connection.cursor() as cursor:
    cursor.callproc("sp_executesql", {"@stmt": question, "@params": "@database nvarchar(128)", "@database": "FIMService"})
    assert [column[0] for column in cursor.description] == ["name", "state", "accessible", "read_only"]
    assert cursor.fetchall() == [("FIMService", "ONLINE", 1, 0)]
    cursor.execute("USE [FIMService]")
    try:
        cursor.execute("SELECT name FROM sys.objects")
        raise AssertionError("answered")
    except pytds.DatabaseError as error:
        assert error.msg_no in (102, 208), error
try:
    connect(password="wrong")
    raise AssertionError("let in")
except pytds.DatabaseError as error:
    assert error.msg_no == 18456, error
print("done")
"#;

#[test]
fn python_tds_asks_with_parameters() {
    let lab = Lab::start();
    let port = lab.document["sql"].as_str().unwrap().rsplit(':').next();
    let mut python = Command::new(Rig::get().path("RIG_PYTHON"));
    python.args(["-W", "ignore", "-c", PYTHON_TDS, port.unwrap()]);
    python
        .arg(lab.file("ca.pem"))
        .arg(lab.file("administrator.password"))
        .arg(questions::DATABASE.sql);
    assert_eq!(said(&mut python, "cargo xtask rig peers"), "done\n");
}

/// Arguments: batches of Transact-SQL. Says how many statements each has.
const SQLGLOT: &str = r#"
import sys
import sqlglot
from sqlglot import exp

for batch in sys.argv[1:]:
    statements = sqlglot.parse(batch, read="tsql", error_level=sqlglot.ErrorLevel.RAISE)
    selects = [statement for statement in statements if isinstance(statement, exp.Select)]
    print(len(statements), len(selects))
"#;

#[test]
fn somebody_elses_grammar_of_transact_sql_takes_the_questions() {
    let mut python = Command::new(Rig::get().path("RIG_PYTHON"));
    python.args(["-c", SQLGLOT]);
    python.args(questions::ALL.map(|question| question.sql));
    let expected = "1 1\n".repeat(questions::ALL.len());
    assert_eq!(said(&mut python, "cargo xtask rig peers"), expected);
    // The tester itself sees a mistake.
    let mut python = Command::new(Rig::get().path("RIG_PYTHON"));
    python.args(["-c", SQLGLOT, "SELECT CAST(name AS FROM sys.databases"]);
    assert!(!python.output().unwrap().status.success());
}

#[test]
fn freetds_runs_the_script_of_a_repair() {
    let lab = Lab::start();
    let password = std::fs::read_to_string(lab.file("administrator.password")).unwrap();
    let account = r"CONTOSO\svc-pamrest";
    let repairs = [
        Repair::CreateLogin,
        Repair::CreateUser,
        Repair::AddToRole {
            user: account.to_owned(),
            role: "db_owner".to_owned(),
        },
    ];
    let (estate, base) = (lab.file("estate.toml"), "FIMService");
    let check = |lines: &[&str]| {
        let mut gmsactl = Command::new(crate::cli::binaries::gmsactl());
        gmsactl
            .args(["--json", "--non-interactive", "--estate"])
            .arg(&estate);
        gmsactl.args([
            "sql",
            "check",
            "SQL01",
            "--database",
            base,
            "--account",
            account,
        ]);
        gmsactl.args(lines);
        let output = gmsactl.output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let sid = check(&[])["sid"].as_str().unwrap().parse().unwrap();
    let batch = script(account, &sid, base, &repairs);
    for _ in 0..2 {
        let output = tsql(&lab, &["-U", "sa", "-P", &password], &[&batch]);
        assert!(!text(&output.stderr).contains("Msg "), "{output:?}");
    }
    let found = check(&["--role", "db_owner"]);
    assert_eq!(found["holds"], true, "{found}");
    let detail = found["checks"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("has a login"), "{detail}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
