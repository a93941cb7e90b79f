//! The table of `docs/src/sandbox-differences.md`: its last column has the ids of recorded requests, where
//! `*` stands for any text. Those of executions begin with `executions/`, and are for `scenarios`.

use std::collections::BTreeMap;

/// What the ids of scenarios begin with.
const EXECUTIONS: &str = "executions/";

/// The documented ids, and whether each covers a difference.
pub(crate) struct Documented(BTreeMap<&'static str, bool>);

impl Documented {
    pub(crate) fn read() -> Self {
        let text = include_str!("../../../../docs/src/sandbox-differences.md");
        let rows = text.lines().filter(|line| line.starts_with('|')).skip(2);
        let cases = rows.filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
        let ids = cases.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        Self(ids.filter(|id| !id.starts_with(EXECUTIONS)).map(|id| (id, false)).collect())
    }

    /// The scenarios that are documented to end in another state.
    pub(crate) fn scenarios() -> Vec<&'static str> {
        let text = include_str!("../../../../docs/src/sandbox-differences.md");
        text.split('`').filter_map(|code| code.strip_prefix(EXECUTIONS)).collect()
    }

    /// Whether the difference of a case is documented.
    pub(crate) fn covers(&mut self, case: &str) -> bool {
        let mut covered = false;
        for (id, covers) in &mut self.0 {
            let matches = match id.split_once('*') {
                Some((start, end)) => case.starts_with(start) && case.ends_with(end),
                None => case == *id,
            };
            *covers |= matches;
            covered |= matches;
        }
        covered
    }

    /// The ids that covered nothing.
    pub(crate) fn stale(&self) -> Vec<&str> {
        self.0.iter().filter(|(_, covers)| !**covers).map(|(id, _)| *id).collect()
    }
}
