//! The one topological sort: for entities, for short forms and for the nodes of a workflow.

use std::collections::VecDeque;

/// The members of a set of which some wait for others.
pub(super) struct Sorted {
    /// Each after what it waits for.
    pub(super) order: Vec<usize>,
    /// Those that can never be next, in a cycle or after one; ascending.
    pub(super) stuck: Vec<usize>,
}

/// Sorts the members `0..waits_for.len()`; ties keep their order.
pub(super) fn sort(waits_for: &[Vec<usize>]) -> Sorted {
    let waited_for_by = reversed(waits_for);
    let mut open: Vec<usize> = waits_for.iter().map(Vec::len).collect();
    let mut ready: VecDeque<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
    let mut order = Vec::with_capacity(open.len());
    while let Some(index) = ready.pop_front() {
        order.push(index);
        for other in &waited_for_by[index] {
            open[*other] -= 1;
            if open[*other] == 0 {
                ready.push_back(*other);
            }
        }
    }
    let stuck = (0..open.len()).filter(|index| open[*index] > 0).collect();
    Sorted { order, stuck }
}

/// For each member, those that wait for it.
pub(super) fn reversed(waits_for: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut waited_for_by = vec![Vec::new(); waits_for.len()];
    for (index, waits_for) in waits_for.iter().enumerate() {
        waits_for.iter().for_each(|other| waited_for_by[*other].push(index));
    }
    waited_for_by
}
