//! Rows of a package's tables, by the names of their columns.

use std::io::{Read, Seek};

use msi::{Select, Value};

use crate::error::PackageError;

/// The tables of an open package.
pub(crate) struct Tables<F> {
    package: msi::Package<F>,
}

/// One row.
pub(crate) struct Record {
    row: msi::Row,
}

impl<F: Read + Seek> Tables<F> {
    pub fn open(file: F) -> Result<Self, PackageError> {
        let package = msi::Package::open(file).map_err(PackageError::NotAPackage)?;
        Ok(Self { package })
    }

    pub fn package_type(&self) -> msi::PackageType {
        self.package.package_type()
    }

    /// All rows of a table; none where the package does not have it.
    pub fn rows(&mut self, table: &'static str) -> Result<Vec<Record>, PackageError> {
        if !self.package.has_table(table) {
            return Ok(Vec::new());
        }
        let rows = self.package.select_rows(Select::table(table));
        let rows = rows.map_err(|source| PackageError::Table { table, source })?;
        Ok(rows.map(|row| Record { row }).collect())
    }
}

impl Record {
    /// A text that is there and not empty.
    pub fn text(&self, column: &str) -> Option<&str> {
        self.value(column)?.as_str().filter(|text| !text.is_empty())
    }

    /// A text; empty where there is none.
    pub fn owned(&self, column: &str) -> String {
        self.text(column).unwrap_or_default().to_owned()
    }

    pub fn number(&self, column: &str) -> Option<i32> {
        self.value(column)?.as_int()
    }

    fn value(&self, column: &str) -> Option<&Value> {
        // INVARIANT: only a column that is there is asked for: the row's own index panics otherwise.
        self.row.has_column(column).then(|| &self.row[column])
    }
}
