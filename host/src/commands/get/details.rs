//! The rows shown for one task, workflow or launch plan.

use flyte_client::{
    literal::type_name,
    proto::{
        admin::{LaunchPlan, Task, Workflow, schedule::ScheduleExpression},
        core::{GateNode, Identifier, Node, TaskTemplate, node, task_node, task_template, workflow_node},
    },
    watch::Gate,
};

use crate::ui::output::Ui;
use crate::{
    flyte::{hint::shell_words, interface},
    ui::show::{self, facts::Facts, time},
};

fn named(id: Option<&Identifier>) -> Facts {
    let id = id.cloned().unwrap_or_default();
    Facts::default()
        .fact("NAME", id.name)
        .fact("VERSION", id.version)
        .fact("PROJECT", id.project)
        .fact("DOMAIN", id.domain)
}

/// The template of a registered task.
pub(super) fn template(task: &Task) -> Option<&TaskTemplate> {
    task.closure.as_ref()?.compiled_task.as_ref()?.template.as_ref()
}

pub(super) fn task(task: &Task) -> Facts {
    let template = template(task);
    let closure = task.closure.as_ref();
    let metadata = template.and_then(|template| template.metadata.as_ref());
    let container = template.and_then(|template| match &template.target {
        Some(task_template::Target::Container(container)) => Some(container),
        _ => None,
    });
    let cache = metadata.filter(|metadata| metadata.discoverable).map(|metadata| {
        let serialize = if metadata.cache_serializable { ", one at a time" } else { "" };
        format!("version `{}`{serialize}", metadata.discovery_version)
    });
    let retries = metadata.and_then(|metadata| metadata.retries.as_ref()).map(|retries| retries.retries);
    let retries = retries.filter(|&retries| retries > 0).map(|retries| retries.to_string());
    let command = container.map(|container| [container.command.clone(), container.args.clone()].concat());
    let facts = named(task.id.as_ref())
        .fact("TYPE", template.map(|template| template.r#type.clone()).unwrap_or_default())
        .fact("DESCRIPTION", task.short_description.clone())
        .fact("IMAGE", container.map(|container| container.image.clone()).unwrap_or_default())
        .fact(
            "COMMAND",
            command.map(|words| shell_words(words.iter().map(String::as_str))).unwrap_or_default(),
        )
        .fact("CACHE", cache.unwrap_or_default())
        .fact("RETRIES", retries.unwrap_or_default())
        .fact("TIMEOUT", time::duration(metadata.and_then(|metadata| metadata.timeout.as_ref())))
        .fact("CREATED", time::moment(closure.and_then(|closure| closure.created_at.as_ref())));
    interface::add(facts, template.and_then(|template| template.interface.as_ref()))
}

pub(super) fn workflow(workflow: &Workflow) -> Facts {
    let closure = workflow.closure.as_ref();
    let compiled = closure.and_then(|closure| closure.compiled_workflow.as_ref());
    let template = compiled.and_then(|compiled| compiled.primary.as_ref()?.template.as_ref());
    let nodes = template.map(|template| template.nodes.as_slice()).unwrap_or_default();
    let nodes = nodes.iter().filter(|node| !matches!(node.id.as_str(), "start-node" | "end-node"));
    let facts = named(workflow.id.as_ref())
        .fact("DESCRIPTION", workflow.short_description.clone())
        .fact("CREATED", time::moment(closure.and_then(|closure| closure.created_at.as_ref())));
    interface::add(facts, template.and_then(|template| template.interface.as_ref()))
        .section("NODES", nodes.map(|node| (node.id.clone(), target(node))).collect())
}

/// What a node runs.
fn target(node: &Node) -> String {
    let named = |word: &str, id: &Identifier| format!("{word} {}:{}", id.name, id.version);
    match &node.target {
        Some(node::Target::TaskNode(task)) => match &task.reference {
            Some(task_node::Reference::ReferenceId(id)) => named("task", id),
            None => "task".to_owned(),
        },
        Some(node::Target::WorkflowNode(workflow)) => match &workflow.reference {
            Some(workflow_node::Reference::LaunchplanRef(id)) => named("launch plan", id),
            Some(workflow_node::Reference::SubWorkflowRef(id)) => named("workflow", id),
            None => "workflow".to_owned(),
        },
        Some(node::Target::BranchNode(_)) => "branch".to_owned(),
        Some(node::Target::GateNode(gate)) => waits_for(gate),
        Some(node::Target::ArrayNode(array)) => match array.node.as_deref() {
            Some(inner) => format!("map of {}", target(inner)),
            None => "map".to_owned(),
        },
        None => show::NOTHING.to_owned(),
    }
}

/// What a gate waits for.
fn waits_for(gate: &GateNode) -> String {
    match Gate::new(gate) {
        Some(Gate::Approval { signal }) => format!("gate {signal}: waits for approval"),
        Some(Gate::Value { signal, kind }) => {
            format!("gate {signal}: waits for a value of type {}", type_name(&kind))
        }
        Some(Gate::Sleep { duration }) => format!("gate: sleeps for {}", time::duration(Some(&duration))),
        None => "gate".to_owned(),
    }
}

pub(super) fn launch_plan(ui: &Ui, plan: &LaunchPlan) -> Facts {
    let spec = plan.spec.as_ref();
    let closure = plan.closure.as_ref();
    let workflow = spec.and_then(|spec| spec.workflow_id.as_ref());
    named(plan.id.as_ref())
        .fact("STATE", closure.map(|closure| closure.state().as_str_name()).unwrap_or_default())
        .fact("WORKFLOW", workflow.map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default())
        .fact("SCHEDULE", schedule(plan))
        .fact("CREATED", time::moment(closure.and_then(|closure| closure.created_at.as_ref())))
        .fact("UPDATED", time::moment(closure.and_then(|closure| closure.updated_at.as_ref())))
        .section(
            "INPUTS",
            interface::parameters(ui, closure.and_then(|closure| closure.expected_inputs.as_ref())),
        )
        .section("FIXED INPUTS", interface::literals(ui, spec.and_then(|spec| spec.fixed_inputs.as_ref())))
        .section(
            "OUTPUTS",
            interface::variables(closure.and_then(|closure| closure.expected_outputs.as_ref())),
        )
}

/// The schedule of a launch plan; empty without one.
#[expect(deprecated, reason = "servers still give schedules in the old form")]
pub(in super::super) fn schedule(plan: &LaunchPlan) -> String {
    let metadata = plan.spec.as_ref().and_then(|spec| spec.entity_metadata.as_ref());
    match metadata.and_then(|metadata| metadata.schedule.as_ref()?.schedule_expression.as_ref()) {
        Some(ScheduleExpression::CronExpression(cron)) => cron.clone(),
        Some(ScheduleExpression::CronSchedule(cron)) => cron.schedule.clone(),
        Some(ScheduleExpression::Rate(rate)) => {
            let unit = rate.unit().as_str_name().to_lowercase();
            format!("every {} {unit}{}", rate.value, if rate.value == 1 { "" } else { "s" })
        }
        None => String::new(),
    }
}
