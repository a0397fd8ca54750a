//! Pages of a package's setup: wixl writes none, so they are added as tables of their own.
//!
//! Tables and columns: Windows Installer SDK, "Dialog Table", "Control Table", "ControlEvent Table". Nothing shows these
//! pages: they are there to be read.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::Context;
use serde::Deserialize;

use crate::system::{command, files};

/// msidbControlAttributesVisible and …Enabled.
const USABLE: u32 = 3;
/// msidbControlAttributesPasswordInput.
const PASSWORD: u32 = 0x0020_0000;

const DIALOG: &str = "Dialog\tHCentering\tVCentering\tWidth\tHeight\tAttributes\tTitle\tControl_First\tControl_Default\tControl_Cancel\r\n\
    s72\ti2\ti2\ti2\ti2\tI4\tL128\ts50\tS50\tS50\r\nDialog\tDialog\r\n";
const CONTROL: &str = "Dialog_\tControl\tType\tX\tY\tWidth\tHeight\tAttributes\tProperty\tText\tControl_Next\tHelp\r\n\
    s72\ts50\ts20\ti2\ti2\ti2\ti2\tI4\tS50\tL0\tS50\tL50\r\nControl\tDialog_\tControl\r\n";
const EVENT: &str = "Dialog_\tControl_\tEvent\tArgument\tCondition\tOrdering\r\n\
    s72\ts50\ts50\ts255\tS255\tI2\r\nControlEvent\tDialog_\tControl_\tEvent\tArgument\tCondition\r\n";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pages {
    page: Vec<Page>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    name: String,
    title: String,
    #[serde(default)]
    fields: Vec<Field>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Field {
    kind: Kind,
    label: String,
    sets: String,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Edit,
    Password,
    Check,
}

/// Adds the pages that a file of the rig's data describes.
pub fn add(package: &Path, data: &Path, log: &Path) -> anyhow::Result<()> {
    let text =
        std::fs::read_to_string(data).with_context(|| format!("cannot read {}", data.display()))?;
    let pages: Pages =
        toml::from_str(&text).with_context(|| format!("cannot read {}", data.display()))?;
    let folder = package.with_extension("tables");
    files::create_folder(&folder)?;
    let mut msibuild = Command::new("msibuild");
    msibuild.arg(package);
    for (name, table) in tables(&pages.page)? {
        let file = folder.join(name);
        files::write(&file, &table)?;
        msibuild.arg("-i").arg(file);
    }
    command::run(&mut msibuild, log)
}

/// The tables in the form in which Windows Installer exports them.
fn tables(pages: &[Page]) -> Result<[(&'static str, String); 3], std::fmt::Error> {
    let (mut dialog, mut control, mut event) =
        (DIALOG.to_owned(), CONTROL.to_owned(), EVENT.to_owned());
    for (place, page) in pages.iter().enumerate() {
        let (name, title) = (&page.name, &page.title);
        write!(
            dialog,
            "{name}\t50\t50\t370\t270\t3\t{title}\tNext\tNext\tNext\r\n"
        )?;
        for (number, field) in page.fields.iter().enumerate() {
            write_field(&mut control, name, number, field)?;
        }
        let button = "Next\tPushButton\t236\t243\t56\t17\t3\t\tNext\t\t";
        write!(control, "{name}\t{button}\r\n")?;
        match pages.get(place + 1) {
            Some(next) => write!(event, "{name}\tNext\tNewDialog\t{}\t1\t1\r\n", next.name)?,
            None => write!(event, "{name}\tNext\tEndDialog\tReturn\t1\t1\r\n")?,
        }
    }
    Ok([
        ("Dialog.idt", dialog),
        ("Control.idt", control),
        ("ControlEvent.idt", event),
    ])
}

/// A box has its label on itself; a field to type into stands below it.
fn write_field(control: &mut String, page: &str, number: usize, field: &Field) -> std::fmt::Result {
    let (label, sets, y) = (&field.label, &field.sets, 40 * number);
    let line = |kind: &str, y: usize, attributes: u32, property: &str, text: &str| {
        format!("{kind}\t20\t{y}\t330\t15\t{attributes}\t{property}\t{text}\t\t\r\n")
    };
    if field.kind == Kind::Check {
        return write!(
            control,
            "{page}\tField{number}\t{}",
            line("CheckBox", y, USABLE, sets, label)
        );
    }
    let hidden = match field.kind {
        Kind::Password => PASSWORD,
        _ => 0,
    };
    write!(
        control,
        "{page}\tLabel{number}\t{}",
        line("Text", y, USABLE, "", label)
    )?;
    write!(
        control,
        "{page}\tField{number}\t{}",
        line("Edit", y + 18, USABLE | hidden, sets, "")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_of_both_packages_lead_to_each_other() {
        for data in [
            super::super::products::SYNC_PAGES,
            super::super::products::SERVICE_PAGES,
        ] {
            let text = std::fs::read_to_string(crate::repo::rig_data(data)).unwrap();
            let pages: Pages = toml::from_str(&text).unwrap();
            let [(_, dialog), (_, control), (_, event)] = tables(&pages.page).unwrap();
            let rows = |table: &str| table.lines().count() - 3;
            assert_eq!(rows(&dialog), pages.page.len());
            assert_eq!(rows(&event), pages.page.len());
            let columns = |table: &str| {
                let mut lines = table.lines().enumerate().filter(|(line, _)| *line != 2);
                let first = table.lines().next().unwrap().split('\t').count();
                lines.all(|(_, line)| line.split('\t').count() == first)
            };
            assert!(
                columns(&dialog) && columns(&control) && columns(&event),
                "{data}"
            );
            assert_eq!(event.matches("EndDialog").count(), 1);
        }
    }
}
