//! Statements that either database carries out: one text with a `?` for each value, and values of three types.
//!
//! This is less than what `sqlx` can do with each of them, and all that is needed here.

use std::borrow::Cow;
use std::fmt::Write as _;

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use sqlx::postgres::{PgArguments, PgQueryResult, PgRow};
use sqlx::{
    Arguments as _, AssertSqlSafe, ColumnIndex, Decode, Either, Executor as _, Postgres, Row as _,
    SqlSafeStr as _, Type,
};

use super::{Conn, On};
use crate::postgres::answered;
use crate::sqlite::connection::{FromCell, SqliteRow};

/// Room for the text of a statement that is put together, in bytes: as much as most take.
const TEXT_BYTES: usize = 1024;

/// A value of a statement. That it is not there has a type as well: Postgres asks for it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Number(Option<i64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

macro_rules! value_from {
    ($($type:ty => $kind:ident, $convert:expr;)*) => { $(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Value::$kind(Some($convert(value)))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Value::$kind(value.map($convert))
            }
        }
    )* };
}

value_from! {
    i64 => Number, std::convert::identity;
    u32 => Number, i64::from;
    u8 => Number, i64::from;
    String => Text, std::convert::identity;
    &String => Text, String::clone;
    &str => Text, str::to_owned;
    Vec<u8> => Bytes, std::convert::identity;
    &[u8] => Bytes, <[u8]>::to_vec;
}

/// A statement with its values.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// A `?` stands for the next value and `?1` for the first one; there is none in a literal.
    text: Cow<'static, str>,
    values: Vec<Value>,
}

/// A statement whose text is written as it is; its values are bound in their order.
pub(crate) fn query(text: impl Into<Cow<'static, str>>) -> Query {
    Query { text: text.into(), values: Vec::new() }
}

impl Query {
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        if let Cow::Borrowed(start) = self.text {
            let mut longer = String::with_capacity(TEXT_BYTES);
            longer.push_str(start);
            self.text = longer.into();
        }
        self.text.to_mut().push_str(text);
        self
    }

    pub(crate) fn push_bind(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        self.push("?")
    }

    /// Adds values with commas between them.
    pub(crate) fn push_list<V: Into<Value>>(&mut self, values: impl IntoIterator<Item = V>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            self.push(if at == 0 { "" } else { ", " }).push_bind(value);
        }
        self
    }

    /// Adds `VALUES` and a row for each item, whose values are given by `row`.
    pub(crate) fn push_values<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut row: impl FnMut(T) -> Vec<Value>,
    ) -> &mut Self {
        for (at, item) in items.into_iter().enumerate() {
            self.push(if at == 0 { "VALUES (" } else { ", (" }).push_list(row(item)).push(")");
        }
        self
    }

    /// Carries it out; how many rows it wrote.
    pub(crate) async fn execute(self, on: impl Into<On<'_>>) -> Result<u64, sqlx::Error> {
        let mut written = 0;
        self.each(on, |told| {
            written += told.left().unwrap_or(0);
            Ok(())
        })
        .await?;
        Ok(written)
    }

    pub(crate) async fn fetch_all<T: FromRow>(self, on: impl Into<On<'_>>) -> Result<Vec<T>, sqlx::Error> {
        let mut rows = Vec::new();
        self.for_each(on, |row| rows.push(row)).await?;
        Ok(rows)
    }

    pub(crate) async fn fetch_optional<T: FromRow>(
        self,
        on: impl Into<On<'_>>,
    ) -> Result<Option<T>, sqlx::Error> {
        Ok(self.fetch_all(on).await?.into_iter().next())
    }

    pub(crate) async fn fetch_one<T: FromRow>(self, on: impl Into<On<'_>>) -> Result<T, sqlx::Error> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// Gives each row as it comes, so that they need not all fit into memory.
    pub(crate) async fn for_each<T: FromRow>(
        self,
        on: impl Into<On<'_>>,
        mut what: impl FnMut(T) + Send,
    ) -> Result<(), sqlx::Error> {
        let row = |told: Told| told.right().map(T::from_row).transpose();
        let each = |told| {
            if let Some(row) = row(told)? {
                what(row);
            }
            Ok(())
        };
        self.each(on, each).await
    }

    /// Tells how many rows were written when that is known, and each row that is given.
    async fn each(
        self,
        on: impl Into<On<'_>>,
        mut what: impl FnMut(Told) -> Result<(), sqlx::Error> + Send,
    ) -> Result<(), sqlx::Error> {
        let mut lent;
        let conn = match on.into() {
            On::Conn(conn) => conn,
            On::Database(database) => {
                lent = database.read().await?;
                &mut lent
            }
            On::Store(store) => {
                // Which reads itself, with a connection.
                lent = Box::pin(store.read()).await?;
                &mut lent
            }
        };
        match conn {
            Conn::Sqlite(conn) => {
                conn.carry_out(&self.text, &self.values, &mut what)?;
            }
            Conn::Postgres(conn) => {
                let text = AssertSqlSafe(numbered(&self.text)).into_sql_str();
                let query = sqlx::query_with(text, postgres_values(self.values)?);
                let mut told: BoxStream<'_, Result<Either<PgQueryResult, PgRow>, _>> =
                    conn.connection().fetch_many(query);
                while let Some(told) = answered(told.try_next()).await? {
                    what(told.map_either(|done| done.rows_affected(), StoredRow::Postgres))?;
                }
            }
        }
        Ok(())
    }
}

/// The number of rows that a statement wrote, or a row that it gives.
pub(crate) type Told = Either<u64, StoredRow>;

/// Carries out statements one after the other; how many rows each of them wrote.
pub(crate) async fn execute_all(queries: Vec<Query>, conn: &mut Conn) -> Result<Vec<u64>, sqlx::Error> {
    let mut written = Vec::with_capacity(queries.len());
    for query in queries {
        written.push(query.execute(&mut *conn).await?);
    }
    Ok(written)
}

/// A row of either database.
#[derive(Debug)]
pub(crate) enum StoredRow {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl StoredRow {
    /// A column by its name or its place.
    pub(crate) fn try_get<'r, T, I>(&'r self, column: I) -> Result<T, sqlx::Error>
    where
        T: FromCell<'r> + Decode<'r, Postgres> + Type<Postgres>,
        I: Column,
    {
        match self {
            StoredRow::Sqlite(row) => row.get(column.place(row)?),
            StoredRow::Postgres(row) => row.try_get(column),
        }
    }
}

/// What a column is found by.
pub(crate) trait Column: ColumnIndex<PgRow> {
    fn place(&self, row: &SqliteRow) -> Result<usize, sqlx::Error>;
}

impl Column for usize {
    fn place(&self, _: &SqliteRow) -> Result<usize, sqlx::Error> {
        Ok(*self)
    }
}

impl Column for &str {
    fn place(&self, row: &SqliteRow) -> Result<usize, sqlx::Error> {
        row.place(self).ok_or_else(|| sqlx::Error::ColumnNotFound((*self).to_owned()))
    }
}

/// What is made of a row: the row itself, a tuple of its columns, or its only column.
pub(crate) trait FromRow: Sized + Send {
    fn from_row(row: StoredRow) -> Result<Self, sqlx::Error>;
}

impl FromRow for StoredRow {
    fn from_row(row: StoredRow) -> Result<Self, sqlx::Error> {
        Ok(row)
    }
}

macro_rules! from_column {
    ($($type:ty),*) => { $(
        impl FromRow for $type {
            fn from_row(row: StoredRow) -> Result<Self, sqlx::Error> {
                row.try_get(0)
            }
        }
    )* };
}

from_column!(bool, i64, String, Vec<u8>);

macro_rules! from_columns {
    ($($column:ident $at:tt),*) => {
        impl<$($column),*> FromRow for ($($column,)*)
        where
            $($column: Send
                + for<'r> FromCell<'r>
                + for<'r> Decode<'r, Postgres> + Type<Postgres>,)*
        {
            fn from_row(row: StoredRow) -> Result<Self, sqlx::Error> {
                Ok(($(row.try_get::<$column, usize>($at)?,)*))
            }
        }
    };
}

from_columns!(A 0, B 1);
from_columns!(A 0, B 1, C 2);
from_columns!(A 0, B 1, C 2, D 3);
from_columns!(A 0, B 1, C 2, D 3, E 4);
from_columns!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);

/// The text with `$1`, `$2`, … in place of `?`, as Postgres has it.
fn numbered(text: &str) -> String {
    let mut numbered = String::with_capacity(text.len() + 32);
    let mut pieces = text.split('?');
    numbered.push_str(pieces.next().unwrap_or_default());
    for (at, piece) in pieces.enumerate() {
        numbered.push('$');
        if !piece.starts_with(|c: char| c.is_ascii_digit()) {
            // Writing to a text does not fail.
            let _ = write!(numbered, "{}", at + 1);
        }
        numbered.push_str(piece);
    }
    numbered
}

/// Postgres cannot hold a text with U+0000: it is found nowhere there, and no column that asks for text takes it.
fn postgres_values(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Number(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text.filter(|text| !text.contains('\0'))),
            Value::Bytes(bytes) => arguments.add(bytes),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_unless_they_are() {
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
        assert_eq!(numbered("a = ? AND b = ?"), "a = $1 AND b = $2");
        assert_eq!(numbered("a = ?2 AND b = ?1 AND c = ?2"), "a = $2 AND b = $1 AND c = $2");
    }
}
