//! The options of lists: limit, filter, order.

use clap::Args;
use flyte_client::list::{ColumnKind, Filter, FilterError, Order, Query, UnknownColumn};

use crate::ui::{error::CommandError, exit_code::Exit, output::Ui};

/// The limit without `--limit` and `--all`.
const LIMIT: usize = 100;

/// Options of lists. The hidden names are flytectl's.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// Maximum number of rows [default: 100]
    #[arg(
        long,
        value_name = "N",
        alias = "filter.limit",
        conflicts_with = "all",
        help_heading = "Lists",
        allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..)
    )]
    limit: Option<u32>,

    /// List all rows
    #[arg(long, help_heading = "Lists")]
    all: bool,

    /// Filter, such as `phase=FAILED`, `name~part`, `created_at>2026-01-31` or `phase in (FAILED;ABORTED)`;
    /// separate several by commas, or repeat the option
    #[arg(long, value_name = "FILTER", alias = "filter.fieldSelector", help_heading = "Lists")]
    filter: Vec<String>,

    /// Key to sort by [default: created_at]
    #[arg(long, value_name = "KEY", alias = "filter.sortBy", help_heading = "Lists")]
    sort_by: Option<String>,

    /// Sort in ascending order
    #[arg(long, alias = "filter.asc", help_heading = "Lists")]
    asc: bool,
}

impl ListArgs {
    /// The query; `oldest_first` is the default order.
    ///
    /// # Errors
    ///
    /// An invalid filter or key.
    pub(super) fn query(&self, kind: ColumnKind, oldest_first: bool) -> Result<Query, CommandError> {
        let mut filter = Filter::default();
        for text in &self.filter {
            filter = filter.and(Filter::parse(kind, text).map_err(|error| filter_failure(&error))?);
        }
        let ascending = self.asc || oldest_first && self.sort_by.is_none();
        let key = self.sort_by.as_deref().unwrap_or("created_at");
        let order = Order::new(kind, key, ascending).map_err(|error| sort_failure(&error))?;
        Ok(Query { filter, order: Some(order), limit: self.limit() })
    }

    fn limit(&self) -> Option<usize> {
        if self.all {
            return None;
        }
        Some(self.limit.map_or(LIMIT, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
    }

    /// Whether `--filter` is given.
    pub(super) fn has_filter(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Whether `--sort-by` is given.
    pub(super) fn has_sort_key(&self) -> bool {
        self.sort_by.is_some()
    }

    /// Prints a note on an empty list, or on one that was cut at the default limit.
    pub(super) fn note_count(&self, ui: &Ui, count: usize, nothing: &str) {
        if count == 0 && self.has_filter() {
            ui.note(format_args!("{nothing} match the filter\n"));
        } else if count == 0 {
            ui.note(format_args!("{nothing}\n"));
        } else if self.limit.is_none() && self.limit() == Some(count) {
            ui.note(format_args!("showing the first {LIMIT}; use `--limit N` or `--all` to see more\n"));
        }
    }
}

fn filter_failure(error: &FilterError) -> CommandError {
    CommandError::new(Exit::Usage, error).hint(error.hint())
}

fn sort_failure(error: &UnknownColumn) -> CommandError {
    CommandError::new(Exit::Usage, error).hint(error.hint())
}
