//! The columns of FlyteAdmin's tables that lists can be filtered and sorted by.

/// A kind of entity that can be listed.
#[derive(Debug)]
pub(crate) struct Table {
    /// The name in FlyteAdmin's filters, such as `launch_plan`.
    pub entity: &'static str,
    /// The table's name or alias in SQL.
    pub name: &'static str,
    /// The SQL after `FROM`; mostly the same.
    pub from: &'static str,
    /// Its columns besides [`COMMON`].
    pub columns: &'static [Column],
    /// Other entities that its filters may name.
    pub joins: &'static [Join],
}

/// A column that filters and sort keys may name.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name in FlyteAdmin, and mostly here.
    pub name: &'static str,
    /// Its name in SQL.
    pub sql: &'static str,
    /// How values are written in filters.
    pub kind: ColumnKind,
}

/// How a column's values are written in filters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// As they are.
    Text,
    /// Decimal numbers; enums too.
    Integer,
    /// RFC 3339.
    Time,
    /// Seconds, or Go's form (`1m30s`). Nanoseconds in the database.
    Duration,
    /// Encoded messages: FlyteAdmin allows the name, but no value matches.
    Bytes,
}

/// Another entity that filters may name.
#[derive(Debug)]
pub(crate) struct Join {
    /// That entity.
    pub table: &'static Table,
    /// The SQL condition that joins a row of it.
    pub on: &'static str,
}

/// The columns that every table has.
pub(crate) const COMMON: &[Column] = &[
    Column::integer("id"),
    Column::time("created_at"),
    Column::time("updated_at"),
    Column::time("deleted_at"),
];

impl Column {
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, sql: name, kind: ColumnKind::Text }
    }

    /// A text whose name in SQL is another one.
    pub(crate) const fn renamed(name: &'static str, sql: &'static str) -> Self {
        Self { name, sql, kind: ColumnKind::Text }
    }

    pub(crate) const fn integer(name: &'static str) -> Self {
        Self { name, sql: name, kind: ColumnKind::Integer }
    }

    pub(crate) const fn time(name: &'static str) -> Self {
        Self { name, sql: name, kind: ColumnKind::Time }
    }

    pub(crate) const fn duration(name: &'static str) -> Self {
        Self { name, sql: name, kind: ColumnKind::Duration }
    }

    pub(crate) const fn bytes(name: &'static str) -> Self {
        Self { name, sql: name, kind: ColumnKind::Bytes }
    }
}

impl Table {
    /// The column with a name.
    pub(crate) fn column(&self, name: &str) -> Option<&'static Column> {
        COMMON.iter().chain(self.columns).find(|column| column.name == name)
    }
}
