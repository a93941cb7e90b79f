use super::*;
use crate::proto::{
    admin::{LaunchPlan, LaunchPlanSpec, TaskSpec, WorkflowSpec},
    core::{
        Node, TaskNode, TaskTemplate, WorkflowNode, WorkflowTemplate, node::Target,
        task_node::Reference::ReferenceId, workflow_node::Reference,
    },
};

fn id(name: &str) -> Identifier {
    Identifier { name: name.into(), version: "1".into(), ..Identifier::default() }
}

pub(crate) fn task(name: &str) -> Entity {
    let template = TaskTemplate { id: Some(id(name)), ..TaskTemplate::default() };
    Entity::Task(Box::new(TaskSpec { template: Some(template), ..TaskSpec::default() }))
}

fn runs_task(name: &str) -> Target {
    Target::TaskNode(TaskNode { reference: Some(ReferenceId(id(name))), ..TaskNode::default() })
}

fn starts(launch_plan: &str) -> Target {
    let reference = Some(Reference::LaunchplanRef(id(launch_plan)));
    Target::WorkflowNode(WorkflowNode { reference })
}

fn workflow_of(name: &str, targets: impl IntoIterator<Item = Target>) -> Entity {
    let node = |target| Node { target: Some(target), ..Node::default() };
    let nodes = targets.into_iter().map(node).collect();
    let template = WorkflowTemplate { id: Some(id(name)), nodes, ..WorkflowTemplate::default() };
    Entity::Workflow(Box::new(WorkflowSpec { template: Some(template), ..WorkflowSpec::default() }))
}

/// A workflow that runs tasks.
pub(crate) fn workflow(name: &str, tasks: &[&str]) -> Entity {
    workflow_of(name, tasks.iter().copied().map(runs_task))
}

pub(crate) fn launch_plan(name: &str, workflow: &str) -> Entity {
    let spec = LaunchPlanSpec { workflow_id: Some(id(workflow)), ..LaunchPlanSpec::default() };
    Entity::LaunchPlan(Box::new(LaunchPlan { id: Some(id(name)), spec: Some(spec), ..LaunchPlan::default() }))
}

fn waits(entities: &[Entity]) -> Vec<Vec<usize>> {
    let order = Order::new(entities).unwrap();
    (0..entities.len()).map(|index| order.waits_for(index).to_vec()).collect()
}

#[test]
fn what_is_needed_comes_first() {
    let entities = [
        workflow_of("outer", [runs_task("t"), starts("plan"), runs_task("t"), runs_task("elsewhere")]),
        launch_plan("plan", "inner"),
        workflow("inner", &["t"]),
        task("t"),
    ];
    assert_eq!(waits(&entities), [vec![3, 1], vec![2], vec![3], vec![]]);
}

#[test]
fn a_name_means_another_thing_for_each_kind() {
    let entities = [workflow("same", &["same"]), task("same"), launch_plan("same", "same")];
    assert_eq!(waits(&entities), [vec![1], vec![], vec![0]]);
}

#[test]
fn the_later_of_two_with_one_name_waits() {
    assert_eq!(waits(&[task("t"), task("t"), workflow("w", &["t"])]), [vec![], vec![0], vec![1]]);
}

#[test]
fn a_cycle_names_its_members() {
    let entities = [
        workflow_of("apart", [starts("plan")]),
        workflow_of("w", [starts("plan")]),
        launch_plan("plan", "w"),
        task("t"),
    ];
    let cycle = Order::new(&entities).unwrap_err();
    assert_eq!(cycle.to_string(), "launch plan `plan` needs itself to be registered first");
    assert_eq!(cycle.path(), "launch plan `plan` needs workflow `w` needs launch plan `plan`");
}
