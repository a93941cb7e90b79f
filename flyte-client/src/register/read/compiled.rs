//! Entities as a server prints them, made fit to be registered again.
//!
//! A server stores what it compiled. For a task that is its template. For a workflow, the compiler adds a
//! `start-node` and an `end-node`, and points references to the workflow's own inputs to `start-node`; the
//! server adds them again on registration, so they are taken out, as flytekit does when it fetches a workflow
//! (`flytekit.remote.entities`). It also puts the id of a branch node in front of the ids of the nodes within
//! (`n0` within `n0` becomes `n0-n0`; `flytepropeller/pkg/compiler/validators/branch.go`), which is taken
//! away again, or the node would be `n0-n0-n0` the next time. Edges and times, which the server works out,
//! are left out.

use prost_reflect::{DynamicMessage, ReflectMessage as _, Value};

use super::error::ReadErrorCause;
use crate::proto::{
    admin::{DescriptionEntity, Task, TaskSpec, Workflow, WorkflowSpec},
    core::{BranchNode, CompiledWorkflow, Identifier, Node, WorkflowTemplate, if_else_block, node},
};
use crate::register::entity::Entity;

const START: &str = "start-node";
const END: &str = "end-node";

/// Returns the task that a server printed.
pub(crate) fn task(task: Task) -> Result<Entity, ReadErrorCause> {
    let template = task.closure.and_then(|closure| closure.compiled_task?.template);
    let mut template = template.ok_or(ReadErrorCause::Missing("closure.compiledTask.template"))?;
    rename(task.id, &mut template.id)?;
    let spec = TaskSpec { template: Some(template), description: described(task.short_description) };
    Ok(Entity::Task(Box::new(spec)))
}

/// Returns the workflow that a server printed, after the tasks that it uses.
///
/// The closure's launch plans are not returned: it holds their interfaces only.
pub(crate) fn workflow(workflow: Workflow) -> Result<Vec<Entity>, ReadErrorCause> {
    let closure = workflow.closure.and_then(|closure| closure.compiled_workflow);
    let closure = closure.ok_or(ReadErrorCause::Missing("closure.compiledWorkflow"))?;
    let template = closure.primary.and_then(|primary| primary.template);
    let mut template =
        template.ok_or(ReadErrorCause::Missing("closure.compiledWorkflow.primary.template"))?;
    rename(workflow.id, &mut template.id)?;
    let sub_workflows = closure.sub_workflows.into_iter().filter_map(|sub: CompiledWorkflow| sub.template);
    let spec = WorkflowSpec {
        template: Some(without_prefixes(template)),
        sub_workflows: sub_workflows.map(without_prefixes).collect(),
        description: described(workflow.short_description),
    };

    let tasks = closure.tasks.into_iter().filter(|task| task.template.is_some());
    let mut entities: Vec<_> = tasks
        .map(|task| Entity::Task(Box::new(TaskSpec { template: task.template, description: None })))
        .collect();
    entities.push(Entity::Workflow(Box::new(spec)).rewrite(uncompile));
    Ok(entities)
}

fn described(short_description: String) -> Option<DescriptionEntity> {
    let some = !short_description.is_empty();
    some.then(|| DescriptionEntity { short_description, ..DescriptionEntity::default() })
}

/// Gives the nodes within branches the ids that they had before they were compiled.
fn without_prefixes(mut template: WorkflowTemplate) -> WorkflowTemplate {
    template.nodes.iter_mut().chain(&mut template.failure_node).for_each(shorten_within);
    template
}

/// Works from the inside out: the prefix of a node is the compiled id of the node around it.
fn shorten_within(node: &mut Node) {
    match &mut node.target {
        Some(node::Target::BranchNode(branch)) => {
            let prefix = format!("{}-", node.id);
            for inner in nodes_within(branch) {
                shorten_within(inner);
                if let Some(id) = inner.id.strip_prefix(&prefix) {
                    inner.id = id.to_owned();
                }
            }
        }
        Some(node::Target::ArrayNode(array)) => array.node.iter_mut().for_each(|inner| shorten_within(inner)),
        _ => {}
    }
}

fn nodes_within(branch: &mut BranchNode) -> impl Iterator<Item = &mut Node> {
    branch.if_else.iter_mut().flat_map(|block| {
        let cases = block.case.iter_mut().map(AsMut::as_mut).chain(&mut block.other);
        let last = match &mut block.default {
            Some(if_else_block::Default::ElseNode(inner)) => Some(inner.as_mut()),
            _ => None,
        };
        cases.filter_map(|case| case.then_node.as_deref_mut()).chain(last)
    })
}

fn uncompile(message: &mut DynamicMessage) {
    match message.descriptor().full_name() {
        "flyteidl.core.OutputReference" if text(message, "node_id") == START => {
            message.clear_field_by_name("node_id");
        }
        "flyteidl.core.Node" => retain(message, "upstream_node_ids", |id| id.as_str() != Some(START)),
        "flyteidl.core.WorkflowTemplate" => retain(message, "nodes", |node| {
            node.as_message().is_none_or(|node| ![START, END].contains(&text(node, "id").as_str()))
        }),
        _ => {}
    }
}

fn text(message: &DynamicMessage, field: &str) -> String {
    let value = message.get_field_by_name(field);
    value.as_deref().and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn retain(message: &mut DynamicMessage, field: &str, keep: impl Fn(&Value) -> bool) {
    if let Some(items) = message.get_field_by_name_mut(field).and_then(Value::as_list_mut) {
        items.retain(keep);
    }
}

/// Gives a template the name that stands beside it; two names that differ are refused.
pub(super) fn rename(
    outer: Option<Identifier>,
    inner: &mut Option<Identifier>,
) -> Result<(), ReadErrorCause> {
    match (outer, inner) {
        (None, _) => Ok(()),
        (Some(outer), inner @ None) => {
            *inner = Some(outer);
            Ok(())
        }
        (Some(outer), Some(inner)) if names(&outer) == names(inner) => Ok(()),
        (Some(outer), Some(inner)) => {
            Err(ReadErrorCause::Renamed { outer: names(&outer), inner: names(inner) })
        }
    }
}

fn names(id: &Identifier) -> String {
    let org = if id.org.is_empty() { String::new() } else { format!("{}:", id.org) };
    format!("`{org}{}:{}:{}:{}`", id.project, id.domain, id.name, id.version)
}
