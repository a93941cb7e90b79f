//! Lists as FlyteAdmin returns them: filters, sort keys, pages.
//!
//! A [`Table`] has the columns to filter and sort by; a [`Listing`] turns a request into one `SELECT`. Names
//! of columns come from the table only, values are bound: no text of a request becomes SQL.

pub(crate) mod filter;
pub(crate) mod table;

use std::fmt::Write as _;

use flyte_client::proto::admin::{Sort, sort::Direction};
use rusqlite::{Connection, Row, params_from_iter, types::Value};

pub(crate) use self::table::{Column, Join, Table};
use crate::service_error::{ServiceError, invalid};

/// A list query: built step by step, then run by [`Listing::rows`].
#[derive(Debug)]
pub(crate) struct Listing {
    table: &'static Table,
    joined: Vec<&'static Join>,
    conditions: Vec<String>,
    values: Vec<Value>,
    /// Columns of the table itself that the request's filters name.
    filtered: Vec<&'static str>,
    group: Option<&'static str>,
    order: String,
    limit: Option<u32>,
    offset: u64,
}

/// One page of a list.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The rows, in order.
    pub rows: Vec<T>,
    /// Where the next page starts; empty if this one was not full.
    pub token: String,
}

impl Listing {
    /// Everything of a table, oldest first.
    pub(crate) fn new(table: &'static Table) -> Self {
        Self {
            table,
            joined: Vec::new(),
            conditions: Vec::new(),
            values: Vec::new(),
            filtered: Vec::new(),
            group: None,
            order: format!("{0}.created_at, {0}.id", table.name),
            limit: None,
            offset: 0,
        }
    }

    /// Only rows in which a column has a value. An empty text means any, as in FlyteAdmin's identifiers.
    pub(crate) fn with(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if value != Value::Text(String::new()) {
            self.conditions.push(format!("{}.\"{column}\" = ?", self.table.name));
            self.values.push(value);
        }
        self
    }

    /// Only rows for which an SQL condition without values holds.
    pub(crate) fn only(mut self, condition: &'static str) -> Self {
        self.conditions.push(condition.to_owned());
        self
    }

    /// Adds the filters of a request; empty for none.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for an expression that cannot be parsed, or an unknown column or entity.
    pub(crate) fn filters(mut self, text: &str) -> Result<Self, ServiceError> {
        if text.is_empty() {
            return Ok(self);
        }
        for expression in text.split('+') {
            let filter = filter::parse(expression, self.table)?;
            match filter.join {
                Some(join) if !self.joined.iter().any(|joined| std::ptr::eq(*joined, join)) => {
                    self.joined.push(join);
                }
                Some(_) => {}
                None => self.filtered.push(filter.column),
            }
            self.conditions.push(filter.condition);
            self.values.extend(filter.values);
        }
        Ok(self)
    }

    /// Whether the request's filters name a column of the table itself.
    pub(crate) fn filters_by(&self, column: &str) -> bool {
        self.filtered.contains(&column)
    }

    /// One row for each value of some columns.
    pub(crate) fn grouped(mut self, columns: &'static str) -> Self {
        self.group = Some(columns);
        self
    }

    /// Sorts as a request asks; without that, the order stays as it is.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a key that is not a column, or an unknown direction.
    pub(crate) fn sorted(mut self, sort: Option<&Sort>) -> Result<Self, ServiceError> {
        let Some(sort) = sort else { return Ok(self) };
        let column = self
            .table
            .column(&sort.key)
            .ok_or_else(|| invalid(format!("invalid sort key '{}'", sort.key)))?;
        let direction = match Direction::try_from(sort.direction) {
            Ok(Direction::Descending) => "DESC",
            Ok(Direction::Ascending) => "ASC",
            Err(_) => {
                let text = format!("key:{:?} direction:{}", sort.key, sort.direction);
                return Err(invalid(format!("invalid sort order specified: {text}")));
            }
        };
        // Equal rows need a fixed order, or pages would overlap.
        self.order = format!("{0}.\"{1}\" {direction}, {0}.id {direction}", self.table.name, column.sql);
        Ok(self)
    }

    /// Sorts by a column, ascending.
    pub(crate) fn ordered(mut self, column: &'static str) -> Self {
        self.order = format!("{0}.\"{column}\", {0}.id", self.table.name);
        self
    }

    /// The most rows that a request asks for.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for zero.
    pub(crate) fn limit(self, limit: u32) -> Result<Self, ServiceError> {
        if limit == 0 {
            return Err(invalid("invalid value for limit"));
        }
        Ok(self.limit_or_all(limit))
    }

    /// As [`Listing::limit`], but zero means no limit.
    pub(crate) fn limit_or_all(mut self, limit: u32) -> Self {
        self.limit = (limit > 0).then_some(limit);
        self
    }

    /// Where the page begins that a request asks for. `call` is the method's name, for the error.
    ///
    /// # Errors
    ///
    /// INVALID_ARGUMENT for a token that is not an offset.
    pub(crate) fn token(mut self, token: &str, call: &str) -> Result<Self, ServiceError> {
        self.offset =
            offset(token).ok_or_else(|| invalid(format!("invalid pagination token {token} for {call}")))?;
        Ok(self)
    }

    /// Reads the page: `select` names columns, qualified by the table's name.
    ///
    /// # Errors
    ///
    /// Those of SQLite and of `read`.
    pub(crate) fn rows<T>(
        self,
        connection: &Connection,
        select: &str,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Page<T>, ServiceError> {
        let sql = self.sql(select);
        let limit = self.limit.map_or(-1, i64::from);
        let offset = i64::try_from(self.offset).unwrap_or(i64::MAX);
        let values = self.values.into_iter().chain([Value::Integer(limit), Value::Integer(offset)]);
        let mut statement = connection.prepare_cached(&sql)?;
        let rows = statement.query_map(params_from_iter(values), read)?.collect::<Result<Vec<_>, _>>()?;
        let is_full = self.limit.is_some_and(|limit| usize::try_from(limit) == Ok(rows.len()));
        let next = self.offset.saturating_add(u64::try_from(rows.len()).unwrap_or(u64::MAX));
        Ok(Page { rows, token: if is_full { next.to_string() } else { String::new() } })
    }

    fn sql(&self, select: &str) -> String {
        let mut sql = format!("SELECT {select} FROM {}", self.table.from);
        let mut add = |text: std::fmt::Arguments<'_>| sql.write_fmt(text).expect("a string takes everything");
        for join in &self.joined {
            add(format_args!(" JOIN {} ON {}", join.table.from, join.on));
        }
        for (index, condition) in self.conditions.iter().enumerate() {
            add(format_args!(" {} {condition}", if index == 0 { "WHERE" } else { "AND" }));
        }
        if let Some(group) = self.group {
            add(format_args!(" GROUP BY {group}"));
        }
        add(format_args!(" ORDER BY {} LIMIT ? OFFSET ?", self.order));
        sql
    }
}

/// A token is the decimal number of rows before the page.
fn offset(token: &str) -> Option<u64> {
    if token.is_empty() { Some(0) } else { token.parse().ok() }
}

#[cfg(test)]
mod tests;
