//! The elements of a map task. They are not nodes: the one attempt of the node holds them
//! (`external_resources`), an entry for each try, and the node's error says which of them failed with what.

use std::ops::RangeInclusive;

use super::cache::Cache;
use crate::proto::{
    admin::TaskExecutionClosure,
    core::{CatalogCacheStatus, TaskLog, task_execution::Phase},
    event::ExternalResourceInfo,
};

/// All elements of a map task.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Elements {
    /// Every try of every element, by index and try.
    pub tries: Vec<Element>,
}

/// One try of one element of a map task.
#[derive(Clone, Debug, PartialEq)]
pub struct Element {
    /// Its place in the list, from 0.
    pub index: u32,
    /// Which try it is, from 1.
    pub attempt: u32,
    /// Where it is; undefined: not begun.
    pub phase: Phase,
    /// What the cache had to say.
    pub cache_status: CatalogCacheStatus,
    /// Its logs.
    pub logs: Vec<TaskLog>,
}

impl Elements {
    /// The elements of an attempt; `None` if it is not one of a map task.
    #[must_use]
    pub fn new(closure: &TaskExecutionClosure) -> Option<Self> {
        let resources = &closure.metadata.as_ref()?.external_resources;
        if resources.is_empty() || !is_map(closure) {
            return None;
        }
        let mut tries: Vec<_> = resources.iter().map(Element::new).collect();
        tries.sort_by_key(|element| (element.index, element.attempt));
        Some(Self { tries })
    }

    /// The last try of each element.
    pub fn last(&self) -> impl Iterator<Item = &Element> {
        let is_last =
            |at: usize| self.tries.get(at + 1).is_none_or(|next| next.index != self.tries[at].index);
        self.tries.iter().enumerate().filter(move |(at, _)| is_last(*at)).map(|(_, element)| element)
    }

    /// How many elements there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.last().count()
    }

    /// How many elements are in a phase.
    #[must_use]
    pub fn count_in(&self, phase: Phase) -> usize {
        self.last().filter(|element| element.phase == phase).count()
    }
}

/// Other plugins (Spark, Ray) have resources, too; they are not elements.
fn is_map(closure: &TaskExecutionClosure) -> bool {
    let plugin = closure.metadata.as_ref().map_or("", |metadata| metadata.plugin_identifier.as_str());
    plugin.ends_with("array") || closure.task_type.ends_with("array")
}

impl Element {
    /// What the cache had to say, in words.
    #[must_use]
    pub fn cache(&self) -> Cache {
        self.cache_status.into()
    }

    fn new(resource: &ExternalResourceInfo) -> Self {
        Self {
            index: resource.index,
            attempt: resource.retry_attempt + 1,
            phase: resource.phase(),
            cache_status: resource.cache_status(),
            logs: resource.logs.clone(),
        }
    }
}

/// The errors in the message of a map task: which elements, and their text.
///
/// The engine writes a line `[INDEX]: TEXT` for each text, with `[0-2][5]` for elements that failed with the
/// same one; a text may have many lines. What comes before the first such line belongs to no element
/// and is left out.
#[must_use]
pub fn errors(message: &str) -> Vec<(Vec<RangeInclusive<u32>>, String)> {
    let mut errors: Vec<(Vec<RangeInclusive<u32>>, String)> = Vec::new();
    for line in message.lines() {
        match heading(line) {
            Some((ranges, text)) => errors.push((ranges, text.to_owned())),
            None => {
                if let Some((_, text)) = errors.last_mut() {
                    text.push('\n');
                    text.push_str(line);
                }
            }
        }
    }
    for (_, text) in &mut errors {
        *text = text.trim().to_owned();
    }
    errors
}

/// `[0-2][5]: TEXT`.
fn heading(line: &str) -> Option<(Vec<RangeInclusive<u32>>, &str)> {
    let mut ranges = Vec::new();
    let mut rest = line;
    while let Some((range, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        ranges.push(first.trim().parse().ok()?..=last.trim().parse().ok()?);
        rest = after;
    }
    let text = rest.strip_prefix(": ").or_else(|| rest.strip_prefix(':'))?;
    (!ranges.is_empty()).then_some((ranges, text))
}

impl Elements {
    /// What an element failed with, out of the node's error.
    #[must_use]
    pub fn error(index: u32, message: &str) -> Option<String> {
        let errors = errors(message).into_iter();
        errors
            .filter(|(ranges, _)| ranges.iter().any(|range| range.contains(&index)))
            .map(|(_, text)| text)
            .next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_split_by_element() {
        let message = "[1]: Trace:\n\n    ValueError: [x]\n\n[0-2][7]: odd\n[not]: this\n... and many more.";
        let found = errors(message);
        assert_eq!(
            found,
            [
                (vec![1..=1], "Trace:\n\n    ValueError: [x]".to_owned()),
                (vec![0..=2, 7..=7], "odd\n[not]: this\n... and many more.".to_owned())
            ]
        );
        assert_eq!(Elements::error(7, message).as_deref(), found.last().map(|(_, text)| text.as_str()));
        assert_eq!(Elements::error(3, message), None);
        assert_eq!(errors("no element is to blame"), []);
    }

    #[test]
    fn the_last_try_of_an_element_counts() {
        let resource = |index, retry_attempt, phase: Phase| ExternalResourceInfo {
            index,
            retry_attempt,
            phase: phase.into(),
            ..Default::default()
        };
        let mut closure =
            TaskExecutionClosure { task_type: "container_array".to_owned(), ..Default::default() };
        closure.metadata = Some(crate::proto::event::TaskExecutionMetadata {
            external_resources: vec![
                resource(1, 0, Phase::Undefined),
                resource(0, 0, Phase::Failed),
                resource(0, 1, Phase::Succeeded),
            ],
            ..Default::default()
        });
        let elements = Elements::new(&closure).unwrap();
        let seen: Vec<_> = elements.last().map(|one| (one.index, one.attempt, one.phase)).collect();
        assert_eq!(seen, [(0, 2, Phase::Succeeded), (1, 1, Phase::Undefined)]);
        assert_eq!((elements.count(), elements.count_in(Phase::Failed)), (2, 0));
    }
}
