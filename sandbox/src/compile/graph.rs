//! Which node comes after which: from promises and from explicit order.

use std::collections::{BTreeMap, BTreeSet};

use flyte_client::proto::core::{Binding, ConnectionSet, Node, connection_set::IdList};

use super::{
    binding, branch,
    error::{CompileErrors, CompileProblem},
    interface::{END, START},
};

type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Connects the nodes: first what follows the start, last what comes before the end.
pub(super) fn connect(nodes: &[Node], outputs: &[Binding], errors: &mut CompileErrors) -> ConnectionSet {
    let known: BTreeSet<&str> = nodes.iter().map(|node| node.id.as_str()).collect();
    let mut upstream: Edges<'_> = known.iter().map(|id| (*id, BTreeSet::new())).collect();
    for node in nodes {
        let before = upstream.entry(&node.id).or_default();
        for id in &node.upstream_node_ids {
            if id == START || known.contains(id.as_str()) {
                before.insert(id);
            } else {
                errors.add(&node.id, CompileProblem::MissingNode(id.clone()));
            }
        }
        before.extend(promised(&node.inputs, &known));
    }
    let mut end: BTreeSet<&str> = promised(outputs, &known).collect();
    for before in upstream.values_mut().filter(|before| before.is_empty()) {
        before.insert(START);
    }
    if let Some(cycle) = cycle(&upstream) {
        errors.add("", CompileProblem::Cycle(cycle));
    }
    // Nodes in branches come after what they take values from; their branches are what comes before others.
    let inner = nodes.iter().flat_map(branch::nested).map(|node| (node.id.as_str(), &node.inputs));
    let inner: Edges<'_> = inner
        .map(|(id, inputs)| (id, promised(inputs, &known).collect::<BTreeSet<_>>()))
        .filter(|(_, before)| !before.is_empty())
        .collect();
    let followed: BTreeSet<&str> = upstream.values().flatten().copied().collect();
    end.extend(known.iter().filter(|id| !followed.contains(*id)));
    upstream.insert(END, end);
    let mut downstream: Edges<'_> = BTreeMap::new();
    for (id, before) in &upstream {
        for earlier in before {
            downstream.entry(earlier).or_default().insert(id);
        }
    }
    upstream.extend(inner);
    ConnectionSet { downstream: lists(downstream), upstream: lists(upstream) }
}

/// The nodes that bindings take values from.
fn promised<'a>(bindings: &'a [Binding], known: &BTreeSet<&str>) -> impl Iterator<Item = &'a str> {
    let all = bindings.iter().filter_map(|binding| binding.binding.as_ref()).flat_map(binding::promises);
    let ids = all.map(|promise| promise.node_id.as_str());
    ids.filter(|id| *id == START || known.contains(id)).collect::<Vec<_>>().into_iter()
}

/// The first cycle, as `a -> b -> a`.
fn cycle(upstream: &Edges<'_>) -> Option<String> {
    let mut done = BTreeSet::new();
    for start in upstream.keys() {
        // Each entry: a node, and which of its predecessors come next.
        let mut path = vec![(*start, upstream[start].iter())];
        while let Some((id, before)) = path.last_mut() {
            let Some(next) = before.next() else {
                done.insert(*id);
                path.pop();
                continue;
            };
            if let Some(first) = path.iter().position(|(id, _)| id == next) {
                let mut ids: Vec<&str> = path[first..].iter().map(|(id, _)| *id).collect();
                ids.push(next);
                ids.reverse();
                return Some(ids.join(" -> "));
            }
            if let Some((id, before)) = upstream.get_key_value(next).filter(|(id, _)| !done.contains(*id)) {
                path.push((id, before.iter()));
            }
        }
    }
    None
}

fn lists(edges: Edges<'_>) -> BTreeMap<String, IdList> {
    edges
        .into_iter()
        .map(|(id, ids)| (id.to_owned(), IdList { ids: ids.into_iter().map(str::to_owned).collect() }))
        .collect()
}
