//! The elements of an array in memory: their inputs, tries and results, and when the array has failed.

use std::collections::VecDeque;

use flyte_client::proto::core::{
    ArrayNode, CatalogCacheStatus, ExecutionError, Literal, LiteralMap,
    array_node::{ParallelismOption, SuccessCriteria},
    execution_error::ErrorKind,
    literal,
    task_execution::Phase as TaskPhase,
};

use super::node_error::{SYSTEM_RETRIES, execution_error};
use crate::{cache::CacheKey, store::array_element::ElementTry};

/// The task type and the plugin of the attempts of arrays.
pub(super) const TASK_TYPE: &str = "container_array";
pub(crate) const PLUGIN: &str = "k8s-array";

/// The elements of an array that has begun.
pub(super) struct ArrayRun {
    pub(super) elements: Vec<Element>,
    /// The elements to start, in order.
    pub(super) pending: VecDeque<usize>,
    pub(super) running: usize,
    pub(super) failed: usize,
    /// How many may run at once.
    parallelism: usize,
    /// How many may fail.
    tolerated: usize,
    pub(super) is_stopping: bool,
}

impl ArrayRun {
    pub(super) fn new(length: usize, array: &ArrayNode, max_parallelism: usize) -> Self {
        let own = array.parallelism_option.map_or(0, |ParallelismOption::Parallelism(limit)| limit);
        let own = usize::try_from(own).ok().filter(|&limit| limit > 0);
        Self {
            elements: std::iter::repeat_with(Element::default).take(length).collect(),
            pending: (0..length).collect(),
            running: 0,
            failed: 0,
            parallelism: own.unwrap_or(max_parallelism),
            tolerated: length - least_successes(length, array.success_criteria.as_ref()),
            is_stopping: false,
        }
    }

    pub(super) fn may_start(&self) -> bool {
        !self.pending.is_empty() && self.running < self.parallelism && !self.is_stopping
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed > self.tolerated
    }
}

/// How many elements have to succeed.
fn least_successes(length: usize, criteria: Option<&SuccessCriteria>) -> usize {
    match criteria {
        Some(SuccessCriteria::MinSuccesses(least)) => {
            usize::try_from(*least).map_or(length, |least| least.min(length))
        }
        Some(SuccessCriteria::MinSuccessRatio(ratio)) => {
            // The first count that reaches the ratio: no rounding of a float to a count.
            let ratio = f64::from(*ratio);
            let reaches = |count: &usize| share(*count, length) >= ratio - 1e-6;
            (0..=length).find(reaches).unwrap_or(length)
        }
        None => length,
    }
}

fn share(count: usize, length: usize) -> f64 {
    let float = |number: usize| u32::try_from(number).map_or(f64::MAX, f64::from);
    if length == 0 { 1.0 } else { float(count) / float(length) }
}

#[derive(Default)]
pub(super) struct Element {
    pub(super) state: ElementState,
    /// How many tries there were, and how many of them failed by the task or by the system.
    pub(super) tries: u32,
    user_failures: usize,
    system_failures: usize,
    /// Where its result is to be stored.
    pub(super) key: Option<CacheKey>,
}

#[derive(Default)]
pub(super) enum ElementState {
    #[default]
    Pending,
    Running,
    Succeeded(LiteralMap),
    Failed(ExecutionError),
    Aborted,
}

impl Element {
    /// An output, if it succeeded.
    pub(super) fn output(&self, name: &str) -> Option<Literal> {
        match &self.state {
            ElementState::Succeeded(outputs) => outputs.literals.get(name).cloned(),
            _ => None,
        }
    }

    /// Restores it from its stored tries.
    pub(super) fn restore(&mut self, tries: &[ElementTry]) {
        for one in tries {
            // One that was cut off with its engine is run again under its number.
            self.tries = one.attempt + u32::from(one.phase != TaskPhase::Queued);
            self.count(one.error.as_ref());
        }
        let Some(last) = tries.last() else { return };
        self.state = match last.phase {
            TaskPhase::Running => ElementState::Running,
            TaskPhase::Succeeded => ElementState::Succeeded(last.outputs.clone().unwrap_or_default()),
            TaskPhase::Failed => ElementState::Failed(last.error.clone().unwrap_or_default()),
            // It was cut off, or is to be tried again.
            _ => ElementState::Pending,
        };
    }

    pub(super) fn count(&mut self, error: Option<&ExecutionError>) {
        match error.map(ExecutionError::kind) {
            Some(ErrorKind::System) => self.system_failures += 1,
            Some(_) => self.user_failures += 1,
            None => {}
        }
    }

    pub(super) fn may_retry(&self, kind: ErrorKind, retries: usize) -> bool {
        match kind {
            ErrorKind::System => self.system_failures <= SYSTEM_RETRIES,
            _ => self.user_failures <= retries,
        }
    }
}

/// The status of an element's result.
pub(super) fn cache_status(element: &Element) -> CatalogCacheStatus {
    if element.key.is_some() { CatalogCacheStatus::CacheMiss } else { CatalogCacheStatus::CacheDisabled }
}

/// How many elements an array has.
///
/// # Errors
///
/// When its lists have different lengths.
pub(super) fn length(inputs: &LiteralMap, array: &ArrayNode) -> Result<usize, Box<ExecutionError>> {
    let mut length = None;
    for (name, literal) in sorted(inputs) {
        let Some(items) = list(name, literal, array) else { continue };
        match length {
            None => length = Some(items.len()),
            Some(expected) if expected != items.len() => {
                let text = format!(
                    "input arrays have different lengths: expecting '{expected}' found '{}'",
                    items.len()
                );
                return Err(Box::new(execution_error("InvalidArrayLength", text, ErrorKind::User)));
            }
            Some(_) => {}
        }
    }
    length.ok_or_else(|| {
        let text = "no input array provided";
        Box::new(execution_error("InvalidArrayLength", text, ErrorKind::User))
    })
}

/// The inputs of one element: of each list its item, and what is bound as it is.
pub(super) fn of_element(inputs: &LiteralMap, array: &ArrayNode, index: usize) -> LiteralMap {
    let one = |(name, literal): (&String, &Literal)| {
        let item = list(name, literal, array).and_then(|items| items.get(index));
        (name.clone(), item.unwrap_or(literal).clone())
    };
    LiteralMap { literals: inputs.literals.iter().map(one).collect() }
}

fn sorted(inputs: &LiteralMap) -> impl Iterator<Item = (&String, &Literal)> {
    let mut all: Vec<_> = inputs.literals.iter().collect();
    all.sort_by_key(|(name, _)| *name);
    all.into_iter()
}

/// The items of an input that is mapped over.
fn list<'a>(name: &str, literal: &'a Literal, array: &ArrayNode) -> Option<&'a [Literal]> {
    match &literal.value {
        Some(literal::Value::Collection(items)) if !array.bound_inputs.iter().any(|bound| bound == name) => {
            Some(&items.literals)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_rounded_up() {
        let least = |length, ratio| least_successes(length, Some(&SuccessCriteria::MinSuccessRatio(ratio)));
        assert_eq!(least(10, 1.0), 10);
        assert_eq!(least(3, 0.5), 2);
        assert_eq!(least(10, 0.1), 1);
        assert_eq!(least(10, 0.0), 0);
        assert_eq!(least(0, 1.0), 0);
        assert_eq!(least_successes(3, Some(&SuccessCriteria::MinSuccesses(5))), 3);
        assert_eq!(least_successes(3, None), 3);
    }
}
