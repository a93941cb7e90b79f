//! What of a list is wanted, and in which order: the same options for every list.

use clap::Args;
use flyte_client::list::{ColumnKind, Filter, FilterError, Order, Query, UnknownColumn};

use crate::ui::{error::Failure, exit_code::Exit, output};

/// How much is listed when nothing is said.
const LIMIT: usize = 100;

/// Options of lists. The hidden names are flytectl's.
#[derive(Args, Debug)]
pub(super) struct ListArgs {
    /// List this many at most; 100 without it
    #[arg(
        long,
        value_name = "N",
        alias = "filter.limit",
        conflicts_with = "all",
        help_heading = "Lists",
        allow_negative_numbers = true, value_parser = clap::value_parser!(u32).range(1..)
    )]
    limit: Option<u32>,

    /// List all there are
    #[arg(long, help_heading = "Lists")]
    all: bool,

    /// List only what fits: `phase=FAILED`, `name~part`, `created_at>2026-01-31`, `phase in (FAILED;ABORTED)`;
    /// several with commas between or the option repeated
    #[arg(long, value_name = "FILTER", alias = "filter.fieldSelector", help_heading = "Lists")]
    filter: Vec<String>,

    /// Key to sort by; without it, the time of creation
    #[arg(long, value_name = "KEY", alias = "filter.sortBy", help_heading = "Lists")]
    sort_by: Option<String>,

    /// Smallest or oldest first
    #[arg(long, alias = "filter.asc", help_heading = "Lists")]
    asc: bool,
}

impl ListArgs {
    /// The query, for a list of which the oldest or newest comes first by itself.
    ///
    /// # Errors
    ///
    /// A filter or key that cannot be.
    pub(super) fn query(&self, kind: ColumnKind, oldest_first: bool) -> Result<Query, Failure> {
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

    /// Whether only a part of what there is was asked for.
    pub(super) fn has_filter(&self) -> bool {
        !self.filter.is_empty()
    }

    /// Whether something was asked for that only lists have.
    pub(super) fn is_given(&self) -> bool {
        self.limit.is_some() || self.all || !self.filter.is_empty() || self.sort_by.is_some() || self.asc
    }

    /// Tells of an empty list, or of one that ended at the limit that nobody asked for.
    pub(super) fn note_count(&self, count: usize, nothing: &str) {
        if count == 0 && self.has_filter() {
            output::note(&format!("{nothing} match the filter\n"));
        } else if count == 0 {
            output::note(&format!("{nothing}\n"));
        } else if self.limit.is_none() && self.limit() == Some(count) {
            output::note(&format!("the first {LIMIT}; `--limit N` or `--all` shows more\n"));
        }
    }
}

fn filter_failure(error: &FilterError) -> Failure {
    Failure::new(Exit::Usage, error).hint(error.hint())
}

fn sort_failure(error: &UnknownColumn) -> Failure {
    Failure::new(Exit::Usage, error).hint(error.hint())
}
