//! The identifiers in an entity: its own name, and what it refers to.
//!
//! Flyte names things by `flyteidl.core.Identifier` only, at the places below; `flyte-client/tests/messages` compares them with
//! those that reflection finds in any entity, so that none is forgotten.

use super::{Entity, Kind};
use crate::proto::{
    admin::DescriptionEntity,
    core::{BranchNode, Identifier, Node, WorkflowTemplate, if_else_block, node, task_node, workflow_node},
};

/// What an identifier is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The name of the entity.
    Own,
    /// The name of its description, or of a workflow that it brings along.
    Inner,
    /// The name of another entity, which must be there first.
    Needed(Kind),
}

type Visit<'a> = &'a mut dyn FnMut(Role, &mut Identifier);

impl Entity {
    /// Lets `visit` see, and change, every identifier in the message.
    pub(crate) fn visit_identifiers(&mut self, visit: Visit<'_>) {
        match self {
            Self::Task(spec) => {
                let own = spec.template.as_mut().and_then(|template| template.id.as_mut());
                own.into_iter().for_each(|id| visit(Role::Own, id));
                description(spec.description.as_mut(), visit);
            }
            Self::Workflow(spec) => {
                spec.template.iter_mut().for_each(|own| template(own, Role::Own, visit));
                spec.sub_workflows.iter_mut().for_each(|sub| template(sub, Role::Inner, visit));
                description(spec.description.as_mut(), visit);
            }
            Self::LaunchPlan(plan) => {
                plan.id.iter_mut().for_each(|id| visit(Role::Own, id));
                let workflow = plan.spec.as_mut().and_then(|spec| spec.workflow_id.as_mut());
                workflow.into_iter().for_each(|id| visit(Role::Needed(Kind::Workflow), id));
            }
        }
    }
}

fn description(description: Option<&mut DescriptionEntity>, visit: Visit<'_>) {
    let id = description.and_then(|description| description.id.as_mut());
    id.into_iter().for_each(|id| visit(Role::Inner, id));
}

fn template(template: &mut WorkflowTemplate, role: Role, visit: Visit<'_>) {
    template.id.iter_mut().for_each(|id| visit(role, id));
    template.nodes.iter_mut().for_each(|inner| node(inner, visit));
    template.failure_node.iter_mut().for_each(|inner| node(inner, visit));
}

fn node(node: &mut Node, visit: Visit<'_>) {
    match &mut node.target {
        Some(node::Target::TaskNode(target)) => {
            if let Some(task_node::Reference::ReferenceId(id)) = &mut target.reference {
                visit(Role::Needed(Kind::Task), id);
            }
        }
        Some(node::Target::WorkflowNode(target)) => match &mut target.reference {
            Some(workflow_node::Reference::LaunchplanRef(id)) => visit(Role::Needed(Kind::LaunchPlan), id),
            Some(workflow_node::Reference::SubWorkflowRef(id)) => visit(Role::Needed(Kind::Workflow), id),
            None => {}
        },
        Some(node::Target::BranchNode(target)) => branches(target, visit),
        Some(node::Target::ArrayNode(target)) => {
            target.node.iter_mut().for_each(|inner| self::node(inner, visit));
        }
        Some(node::Target::GateNode(_)) | None => {}
    }
}

fn branches(branch: &mut BranchNode, visit: Visit<'_>) {
    let Some(block) = branch.if_else.as_mut() else { return };
    let cases = block.case.as_deref_mut().into_iter().chain(&mut block.other);
    cases.filter_map(|case| case.then_node.as_mut()).for_each(|inner| node(inner, visit));
    if let Some(if_else_block::Default::ElseNode(inner)) = &mut block.default {
        node(inner, visit);
    }
}
