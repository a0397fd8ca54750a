//! The table of `account import`: a gMSA each line.

use std::collections::HashSet;
use std::path::Path;
use std::str::FromStr;

use csv::{ReaderBuilder, StringRecord, Trim};
use model::names::{Dn, DnsName, GmsaName, SamAccountName, Spn};

use crate::cmd::changing::{Who, name, who};
use crate::error::Failure;

/// A gMSA that is wanted.
#[derive(Debug)]
pub struct Row {
    /// Where in the file.
    pub line: u64,
    /// Its name.
    pub name: GmsaName,
    /// The group that may retrieve its password; made where it is not there.
    pub group: Option<SamAccountName>,
    /// Who is to be in that group.
    pub members: Vec<SamAccountName>,
    /// Who else may retrieve its password.
    pub allow: Vec<Who>,
    /// SPNs.
    pub spns: Vec<Spn>,
    /// `dNSHostName`.
    pub dns_host_name: Option<DnsName>,
    /// Days.
    pub interval_days: u32,
    /// Its container.
    pub path: Option<Dn>,
    /// The group's container.
    pub group_path: Option<Dn>,
    /// What it is for.
    pub description: String,
}

const COLUMNS: [&str; 10] = [
    "name",
    "group",
    "members",
    "allow",
    "spns",
    "dns-host-name",
    "interval-days",
    "path",
    "group-path",
    "description",
];

/// Between several values in one cell: no account name and no SPN holds it.
const SEPARATOR: char = ';';

const DEFAULT_INTERVAL: u32 = 30;

/// Reads the table; everything that is wrong in it is told at once.
pub fn read(path: &Path) -> Result<Vec<Row>, Failure> {
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|error| Failure::file("table", "the table", path, &error))?;
    parse(&text).map_err(|mut wrong| {
        let message = format!("{}: {}", path.display(), wrong.remove(0));
        let mut failure = Failure::new("table", message).hint(
            "the first line names the columns, gmsactl account import --help says which; nothing was changed",
        );
        failure.causes = wrong;
        failure
    })
}

fn parse(text: &str) -> Result<Vec<Row>, Vec<String>> {
    // Excel puts a byte order mark before UTF-8.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .trim(Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| vec![error.to_string()])?;
    let header = header.clone();
    let unknown = header.iter().filter(|name| !COLUMNS.contains(name));
    let mut wrong: Vec<String> = unknown
        .map(|name| format!("line 1: there is no column {name:?}"))
        .collect();
    if !header.iter().any(|name| name == "name") {
        wrong.push("line 1: the column name is missing".to_owned());
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut rows = Vec::new();
    let (mut names, mut spns) = (HashSet::new(), HashSet::new());
    for record in reader.records() {
        let row = record
            .map_err(|error| error.to_string())
            .and_then(|record| row(&header, &record, line_of(text, &record)));
        match row {
            Ok(row) => {
                let line = row.line;
                if !names.insert(row.name.as_str().to_lowercase()) {
                    wrong.push(format!("line {line}: {} stands there twice", row.name));
                }
                let twice = row
                    .spns
                    .iter()
                    .filter(|spn| !spns.insert(spn.as_str().to_lowercase()));
                wrong.extend(twice.map(|spn| format!("line {line}: {spn} stands there twice")));
                rows.push(row);
            }
            Err(what) => wrong.push(what),
        }
    }
    if rows.is_empty() && wrong.is_empty() {
        wrong.push("there is no line below the first".to_owned());
    }
    if wrong.is_empty() {
        Ok(rows)
    } else {
        Err(wrong)
    }
}

/// The line that a record begins on. Its position is where the one before it ended: remarks and empty lines may follow.
fn line_of(text: &str, record: &StringRecord) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let rest = usize::try_from(position.byte())
        .ok()
        .and_then(|at| text.get(at..));
    let passed_over = |line: &&str| line.is_empty() || line.starts_with('#');
    let lines = rest.unwrap_or_default().lines().take_while(passed_over);
    position.line() + lines.count() as u64
}

fn row(header: &StringRecord, record: &StringRecord, line: u64) -> Result<Row, String> {
    let cells = Cells { header, record };
    let row = || {
        let group = cells.one("group", name)?;
        let members = cells.many("members", name)?;
        if group.is_none() && !members.is_empty() {
            return Err("there are members, but no group".to_owned());
        }
        let interval = cells.one("interval-days", |text| match text.parse() {
            Ok(days @ 1..=9999) => Ok(days),
            _ => Err(format!("{text:?} is no number of days from 1 to 9999")),
        });
        Ok(Row {
            line,
            name: cells.one("name", parsed)?.ok_or("the name is missing")?,
            group,
            members,
            allow: cells.many("allow", who)?,
            spns: cells.many("spns", parsed)?,
            dns_host_name: cells.one("dns-host-name", parsed)?,
            interval_days: interval?.unwrap_or(DEFAULT_INTERVAL),
            path: cells.one("path", parsed)?,
            group_path: cells.one("group-path", parsed)?,
            description: cells.text("description").to_owned(),
        })
    };
    row().map_err(|what: String| format!("line {line}: {what}"))
}

struct Cells<'a> {
    header: &'a StringRecord,
    record: &'a StringRecord,
}

impl<'a> Cells<'a> {
    /// Empty where the cell is, or the column is not there.
    fn text(&self, column: &str) -> &'a str {
        let position = self.header.iter().position(|name| name == column);
        position
            .and_then(|at| self.record.get(at))
            .unwrap_or_default()
    }

    fn one<T>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        let text = self.text(column);
        (!text.is_empty()).then(|| parse(text)).transpose()
    }

    fn many<T>(
        &self,
        column: &str,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let values = self.text(column).split(SEPARATOR).map(str::trim);
        values
            .filter(|value| !value.is_empty())
            .map(parse)
            .collect()
    }
}

fn parsed<T: FromStr<Err = model::names::InvalidName>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_with_its_lists_and_defaults() {
        let text = "\u{feff}name,group,members,spns,path,interval-days\n\
                    # a remark\n\
                    OneGMSA$,Hosts,A ; B$;,HTTP/one;HTTP/one.contoso.com,\"OU=a,DC=contoso,DC=com\",7\n\
                    TwoGMSA,,,,,\n";
        let rows = parse(text).unwrap();
        let [one, two] = &rows[..] else {
            panic!("{rows:?}")
        };
        assert_eq!(
            (one.line, one.name.as_str(), one.interval_days),
            (3, "OneGMSA", 7)
        );
        assert_eq!((one.members.len(), one.spns.len()), (2, 2));
        assert_eq!(
            one.path.as_ref().unwrap().as_str(),
            "OU=a,DC=contoso,DC=com"
        );
        assert_eq!((two.group.as_ref(), two.interval_days), (None, 30));
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_line() {
        let text = "name,group,members,spns,interval-days\n\
                    far-too-long-a-name,,,,\n\
                    OneGMSA,,A,,\n\
                    TwoGMSA,,,HTTP/a,0\n\
                    ,Hosts,,,\n\
                    Three,,,HTTP/b;http/B,\n\
                    three$,,,,\n\
                    short,\n";
        let wrong = parse(text).unwrap_err();
        let says = [
            "line 2: gMSA name",
            "line 3: there are members",
            "line 4: \"0\"",
            "line 5: the name is missing",
            "line 6: http/B stands there twice",
            "line 7: three stands there twice",
            "line: 8",
        ];
        assert_eq!(wrong.len(), says.len(), "{wrong:#?}");
        for (what, says) in wrong.iter().zip(says) {
            assert!(what.contains(says), "not said: {says}; {what}");
        }
        for (text, says) in [
            ("", "column name is missing"),
            ("name\n", "no line"),
            ("name,spn\nA,\n", "\"spn\""),
        ] {
            assert!(parse(text).unwrap_err()[0].contains(says), "{text}");
        }
    }
}
