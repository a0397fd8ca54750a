//! A small package to read in tests, in the shape of Microsoft's own.

use std::io::Cursor;

use msi::{Category, Column, ColumnBuilder, Insert, PackageType, Value};

/// Stands in the package where it must not be shown.
pub const SECRET: &str = "geheim-1";

/// The package's file.
pub fn bytes() -> Vec<u8> {
    let mut package =
        msi::Package::create(PackageType::Installer, Cursor::new(Vec::new())).unwrap();
    for table in tables() {
        package.create_table(table.name, table.columns).unwrap();
        package
            .insert_rows(Insert::into(table.name).rows(table.rows))
            .unwrap();
    }
    package.into_inner().unwrap().into_inner()
}

struct Table {
    name: &'static str,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
}

fn tables() -> Vec<Table> {
    vec![
        Table::new(
            "Property",
            columns(&["Property"], &["Value"]),
            vec![
                row(&["ProductName", "Sample Service"]),
                row(&["ProductVersion", "4.6.34.0"]),
                row(&["ProductCode", "{0782FB14-023A-430F-B0D5-4AE1D1CCFCAA}"]),
                row(&["SERVICE_ACCOUNT_NAME", "svc-sample"]),
                row(&["SERVICE_ACCOUNT_PASSWORD", SECRET]),
                row(&["MAIL_SECRET", SECRET]),
                row(&["MsiHiddenProperties", "MAIL_SECRET;ConfigureService"]),
                row(&["SecureCustomProperties", "SERVICE_ACCOUNT_NAME"]),
            ],
        ),
        Table::new(
            "Feature",
            with_number(columns(&["Feature"], &["Feature_Parent", "Title"]), "Level"),
            vec![
                vec![
                    "CommonServices".into(),
                    Value::Null,
                    "MIM Service".into(),
                    1.into(),
                ],
                vec![
                    "PAMServices".into(),
                    "CommonServices".into(),
                    "PAM".into(),
                    3.into(),
                ],
            ],
        ),
        Table::new(
            "Dialog",
            columns(&["Dialog"], &["Title"]),
            vec![
                row(&["AccountPage", "[ProductName]"]),
                row(&["ReadyPage", ""]),
            ],
        ),
        Table::new(
            "Control",
            with_number(
                columns(&["Dialog_", "Control"], &["Type", "Property", "Text"]),
                "Attributes",
            ),
            vec![
                field("Name", "SERVICE_ACCOUNT_NAME", 3),
                field("Password", "SERVICE_ACCOUNT_PASSWORD", 0x20_0003),
            ],
        ),
        Table::new(
            "ControlEvent",
            columns(
                &["Dialog_", "Control_", "Event", "Argument"],
                &["Condition"],
            ),
            vec![row(&["AccountPage", "Next", "NewDialog", "ReadyPage", "1"])],
        ),
        Table::new(
            "CustomAction",
            with_number(columns(&["Action"], &["Source", "Target"]), "Type"),
            vec![
                action(
                    "ConfigureService",
                    "Code",
                    SECRET,
                    1 + 0x400 + 0x800 + 0x2000,
                ),
                action("SetData", "ConfigureService", "[SERVICE_ACCOUNT_NAME]", 51),
                action("TestAccount", "Code", "TestAccount", 1),
            ],
        ),
        Table::new(
            "InstallExecuteSequence",
            with_number(columns(&["Action"], &["Condition"]), "Sequence"),
            vec![
                vec!["ConfigureService".into(), "NOT REMOVE".into(), 4000.into()],
                vec!["SetData".into(), Value::Null, 3999.into()],
            ],
        ),
        Table::new(
            "ServiceInstall",
            columns(
                &["ServiceInstall"],
                &["Name", "DisplayName", "StartName", "Password"],
            ),
            vec![row(&[
                "Install",
                "FIMService",
                "Sample",
                "[SERVICE_ACCOUNT_NAME]",
                "[SERVICE_ACCOUNT_PASSWORD]",
            ])],
        ),
    ]
}

impl Table {
    fn new(name: &'static str, columns: Vec<Column>, rows: Vec<Vec<Value>>) -> Self {
        Self {
            name,
            columns,
            rows,
        }
    }
}

fn columns(keys: &[&str], others: &[&str]) -> Vec<Column> {
    let key = keys.iter().map(|name| text(name).primary_key());
    let other = others.iter().map(|name| text(name).nullable());
    key.chain(other)
        .map(|column| column.category(Category::Formatted).string(255))
        .collect()
}

fn text(name: &str) -> ColumnBuilder {
    Column::build(name)
}

fn with_number(mut columns: Vec<Column>, name: &str) -> Vec<Column> {
    columns.push(Column::build(name).nullable().int32());
    columns
}

fn row(values: &[&str]) -> Vec<Value> {
    let value = |text: &&str| {
        if text.is_empty() {
            Value::Null
        } else {
            Value::from(*text)
        }
    };
    values.iter().map(value).collect()
}

fn field(name: &str, property: &str, attributes: i32) -> Vec<Value> {
    let mut field = row(&["AccountPage", name, "Edit", property, ""]);
    field.push(attributes.into());
    field
}

fn action(name: &str, source: &str, target: &str, kind: i32) -> Vec<Value> {
    let mut action = row(&[name, source, target]);
    action.push(kind.into());
    action
}
