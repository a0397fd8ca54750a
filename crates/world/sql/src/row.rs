//! Rows of an answer, with typed values.

use std::sync::Arc;

use bytes::{Buf, Bytes};
use tds_protocol::{ColMetaData, ColumnData, NbcRow, RawRow, TypeId};

/// A value of one of the types that our queries give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `NULL`
    Null,
    /// `bit`, `tinyint`, `smallint`, `int` or `bigint`.
    Number(i64),
    /// `nvarchar` or `nchar`.
    Text(String),
    /// `varbinary` or `binary`.
    Bytes(Vec<u8>),
}

/// A row; its columns are found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    names: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// The value of a column; `None` where there is no such column.
    pub fn value(&self, column: &str) -> Option<&Value> {
        let index = self.names.iter().position(|name| name == column)?;
        self.values.get(index)
    }

    /// A text; `None` also for NULL.
    pub fn text(&self, column: &str) -> Option<&str> {
        match self.value(column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number; `None` also for NULL.
    pub fn number(&self, column: &str) -> Option<i64> {
        match self.value(column)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Bytes; `None` also for NULL.
    pub fn bytes(&self, column: &str) -> Option<&[u8]> {
        match self.value(column)? {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn of_row(columns: &Columns, row: &RawRow) -> Result<Self, String> {
        columns.row(row.data.clone(), |_| false)
    }

    pub(crate) fn of_compressed(columns: &Columns, row: &NbcRow) -> Result<Self, String> {
        columns.row(row.data.clone(), |index| row.is_null(index))
    }
}

/// The columns of one result.
pub(crate) struct Columns {
    pub(crate) metadata: ColMetaData,
    names: Arc<[String]>,
}

impl Columns {
    pub(crate) fn new(metadata: ColMetaData) -> Self {
        let names = metadata.columns.iter().map(|column| column.name.clone());
        Self {
            names: names.collect(),
            metadata,
        }
    }

    fn row(&self, mut data: Bytes, is_null: impl Fn(usize) -> bool) -> Result<Row, String> {
        let mut values = Vec::with_capacity(self.metadata.columns.len());
        for (index, column) in self.metadata.columns.iter().enumerate() {
            values.push(match is_null(index) {
                true => Value::Null,
                false => value(column, &mut data)?,
            });
        }
        Ok(Row {
            names: Arc::clone(&self.names),
            values,
        })
    }
}

/// [MS-TDS] 2.2.5.5.1, "Fixed-Length Data Types", and 2.2.5.5.3, "Variable-Length Data Types".
fn value(column: &ColumnData, data: &mut Bytes) -> Result<Value, String> {
    let length = match column.type_id {
        TypeId::Null => return Ok(Value::Null),
        TypeId::Int1 | TypeId::Bit => 1,
        TypeId::Int2 => 2,
        TypeId::Int4 => 4,
        TypeId::Int8 => 8,
        TypeId::IntN | TypeId::BitN => match data.try_get_u8() {
            Ok(0) => return Ok(Value::Null),
            length => usize::from(length.map_err(|_| short(column))?),
        },
        TypeId::NVarChar | TypeId::NChar | TypeId::BigVarBinary | TypeId::BigBinary
            if column.type_info.max_length.is_none_or(|most| most < 0xffff) =>
        {
            match data.try_get_u16_le() {
                Ok(u16::MAX) => return Ok(Value::Null),
                length => usize::from(length.map_err(|_| short(column))?),
            }
        }
        other => return Err(format!("column {} has the type {other:?}", column.name)),
    };
    if data.remaining() < length {
        return Err(short(column));
    }
    let bytes = data.split_to(length);
    Ok(match column.type_id {
        TypeId::NVarChar | TypeId::NChar => {
            let units = bytes.chunks_exact(2).map(|pair| match pair {
                [low, high] => u16::from_le_bytes([*low, *high]),
                _ => 0,
            });
            Value::Text(String::from_utf16_lossy(&units.collect::<Vec<_>>()))
        }
        TypeId::BigVarBinary | TypeId::BigBinary => Value::Bytes(bytes.to_vec()),
        // A tinyint has no sign.
        _ => Value::Number(match &bytes[..] {
            [one] => i64::from(*one),
            [a, b] => i64::from(i16::from_le_bytes([*a, *b])),
            [a, b, c, d] => i64::from(i32::from_le_bytes([*a, *b, *c, *d])),
            all => i64::from_le_bytes(all.try_into().map_err(|_| short(column))?),
        }),
    })
}

fn short(column: &ColumnData) -> String {
    format!("the value of column {} is cut off", column.name)
}
