//! The identifiers in an entity: its own name, and what it refers to.
//!
//! Flyte names things by `flyteidl.core.Identifier` only, at the places below. The tests in
//! `flyte-client/tests/it/messages` compare them with those that reflection finds in any entity, so that
//! none is forgotten.

use super::{Entity, EntityKind};
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
    Needed(EntityKind),
}

/// Writes the walk twice: once for looking (`visitor!()`), once for changing (`visitor!(mut)`).
macro_rules! visitor {
    ($($mutable:tt)?) => {
        use super::*;

        type Visit<'a> = &'a mut dyn FnMut(Role, &$($mutable)? Identifier);

        pub(super) fn entity(entity: &$($mutable)? Entity, visit: Visit<'_>) {
            match entity {
                Entity::Task(spec) => {
                    if let Some(own) = &$($mutable)? spec.template {
                        own_id(&$($mutable)? own.id, Role::Own, visit);
                    }
                    description(&$($mutable)? spec.description, visit);
                }
                Entity::Workflow(spec) => {
                    if let Some(own) = &$($mutable)? spec.template {
                        template(own, Role::Own, visit);
                    }
                    for sub in &$($mutable)? spec.sub_workflows {
                        template(sub, Role::Inner, visit);
                    }
                    description(&$($mutable)? spec.description, visit);
                }
                Entity::LaunchPlan(plan) => {
                    own_id(&$($mutable)? plan.id, Role::Own, visit);
                    if let Some(spec) = &$($mutable)? plan.spec {
                        own_id(&$($mutable)? spec.workflow_id, Role::Needed(EntityKind::Workflow), visit);
                    }
                }
            }
        }

        fn own_id(id: &$($mutable)? Option<Identifier>, role: Role, visit: Visit<'_>) {
            if let Some(id) = id {
                visit(role, id);
            }
        }

        fn description(description: &$($mutable)? Option<DescriptionEntity>, visit: Visit<'_>) {
            if let Some(description) = description {
                own_id(&$($mutable)? description.id, Role::Inner, visit);
            }
        }

        fn template(template: &$($mutable)? WorkflowTemplate, role: Role, visit: Visit<'_>) {
            own_id(&$($mutable)? template.id, role, visit);
            for inner in &$($mutable)? template.nodes {
                node(inner, visit);
            }
            if let Some(inner) = &$($mutable)? template.failure_node {
                node(inner, visit);
            }
        }

        fn node(node: &$($mutable)? Node, visit: Visit<'_>) {
            match &$($mutable)? node.target {
                Some(node::Target::TaskNode(target)) => {
                    if let Some(task_node::Reference::ReferenceId(id)) = &$($mutable)? target.reference {
                        visit(Role::Needed(EntityKind::Task), id);
                    }
                }
                Some(node::Target::WorkflowNode(target)) => match &$($mutable)? target.reference {
                    Some(workflow_node::Reference::LaunchplanRef(id)) => {
                        visit(Role::Needed(EntityKind::LaunchPlan), id);
                    }
                    Some(workflow_node::Reference::SubWorkflowRef(id)) => {
                        visit(Role::Needed(EntityKind::Workflow), id);
                    }
                    None => {}
                },
                Some(node::Target::BranchNode(target)) => branches(target, visit),
                Some(node::Target::ArrayNode(target)) => {
                    if let Some(inner) = &$($mutable)? target.node {
                        self::node(inner, visit);
                    }
                }
                Some(node::Target::GateNode(_)) | None => {}
            }
        }

        fn branches(branch: &$($mutable)? BranchNode, visit: Visit<'_>) {
            if let Some(block) = &$($mutable)? branch.if_else {
                if let Some(case) = &$($mutable)? block.case {
                    if let Some(inner) = &$($mutable)? case.then_node {
                        node(inner, visit);
                    }
                }
                for case in &$($mutable)? block.other {
                    if let Some(inner) = &$($mutable)? case.then_node {
                        node(inner, visit);
                    }
                }
                if let Some(if_else_block::Default::ElseNode(inner)) = &$($mutable)? block.default {
                    node(inner, visit);
                }
            }
        }
    };
}

mod looking {
    visitor!();
}

mod changing {
    visitor!(mut);
}

impl Entity {
    /// Calls `visit` with every identifier in the message.
    pub(crate) fn identifiers(&self, visit: &mut dyn FnMut(Role, &Identifier)) {
        looking::entity(self, visit);
    }

    /// Calls `visit` with every identifier in the message, which it may change.
    pub(crate) fn visit_identifiers(&mut self, visit: &mut dyn FnMut(Role, &mut Identifier)) {
        changing::entity(self, visit);
    }
}
