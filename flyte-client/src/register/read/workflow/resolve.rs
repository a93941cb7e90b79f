//! From short forms to Flyte's messages, once everything is read.

use std::collections::{BTreeSet, HashMap, HashSet};

use prost::Message as _;
use serde_json::Value;

use super::{
    DraftKind, WorkflowDraft, WorkflowError,
    bindings::{self, Bound, Scope},
    header::{DraftHeader, WORKFLOW_KEYS, nodes},
    interfaces::{Interface, Known, KnownWorkflow, Name},
    lookup::Lookup,
    missing,
    node::NodeDraft,
    parameters::Parameters,
    plan,
};
use crate::documents::number;
use crate::literal::{accepts, type_name};
use crate::proto::{
    admin::{DescriptionEntity, WorkflowSpec},
    core::{
        Binding, Identifier, Node, ResourceType, TypedInterface, Variable, VariableMap, WorkflowMetadata,
        WorkflowMetadataDefaults, WorkflowTemplate, workflow_metadata::OnFailurePolicy,
    },
};
use crate::register::{
    Entity, Identity, ItemOrigin, ReadError, RegisterItem, Registered,
    read::{
        parsed::{ItemContent, ParsedItem},
        task::{
            fields::{Fields, wrong_kind},
            types,
        },
    },
    topology::{self, Sorted},
};

/// Makes entries of everything that was read.
///
/// Short forms are built in the order of what they refer to; entries stay in the order in which they were
/// found, a workflow followed by its default launch plan.
pub(in crate::register) fn resolve(
    mut found: Vec<ParsedItem>,
    scope: &Identity,
    registered: &Registered,
) -> Result<Vec<RegisterItem>, ReadError> {
    let names = missing::names(&found, scope);
    let lookup = Lookup { names: &names, registered };
    let mut known = Known::new(lookup, scope);
    for found in &mut found {
        if let ItemContent::Entity(entity, _) = &mut found.content {
            known.add(entity);
            lookup.settle_message(entity).map_err(|cause| ReadError::new(found.source.clone(), cause))?;
        }
    }
    let mut built = build_drafts(&found, &mut known)?;
    let mut entries = Vec::with_capacity(found.len());
    for (index, found) in found.into_iter().enumerate() {
        let entry = |entity, origin| RegisterItem {
            source: found.source.clone(),
            entity,
            origin,
            archive: found.archive.clone(),
        };
        match found.content {
            ItemContent::Entity(entity, origin) => entries.push(entry(*entity, origin)),
            ItemContent::Draft(_) => {
                let built = built.remove(&index).unwrap_or_default();
                entries.extend(built.into_iter().map(|(entity, origin)| entry(entity, origin)));
            }
        }
    }
    Ok(entries)
}

/// What a draft became.
type Built = Vec<(Entity, ItemOrigin)>;

fn build_drafts(found: &[ParsedItem], known: &mut Known<'_>) -> Result<HashMap<usize, Built>, ReadError> {
    let mut drafts = Vec::new();
    for (index, found) in found.iter().enumerate() {
        if let ItemContent::Draft(draft) = &found.content {
            let head = DraftHeader::read(draft)
                .map_err(|error| ReadError::new(found.source.clone(), draft.fail(error)))?;
            drafts.push((index, draft.as_ref(), head));
        }
    }
    let planned: HashSet<Name> = drafts
        .iter()
        .filter(|(_, draft, _)| draft.kind == DraftKind::LaunchPlan)
        .map(|(.., head)| known.name(&head.id))
        .collect();
    let mut built = HashMap::new();
    let (order, stuck) = order(&drafts, known);
    for position in order {
        let (index, draft, head) = &drafts[position];
        let entities = match draft.kind {
            DraftKind::LaunchPlan => {
                plan::build(&draft.document, &head.id, known).map(|plan| vec![(plan, ItemOrigin::Document)])
            }
            DraftKind::Workflow => build_workflow(draft, &head.id, known, &planned),
        };
        let entities =
            entities.map_err(|error| ReadError::new(found[*index].source.clone(), draft.fail(error)))?;
        built.insert(*index, entities);
    }
    match stuck {
        None => Ok(built),
        Some(position) => {
            let (index, draft, head) = &drafts[position];
            let error = WorkflowError::new("", "contains itself through its nodes")
                .about(format!("workflow `{}`", head.id.name));
            Err(ReadError::new(found[*index].source.clone(), draft.fail(error)))
        }
    }
}

/// Orders drafts so that each comes after those it uses; the second value is one that uses itself.
fn order(drafts: &[(usize, &WorkflowDraft, DraftHeader)], known: &Known<'_>) -> (Vec<usize>, Option<usize>) {
    let mut by_name: HashMap<(ResourceType, Name), usize> = HashMap::new();
    for (position, (_, _, head)) in drafts.iter().enumerate() {
        by_name.insert((head.id.resource_type(), known.name(&head.id)), position);
    }
    let draft_of = |id: &Identifier| {
        let own = by_name.get(&(id.resource_type(), known.name(id)));
        // An undefined launch plan is the default plan of its workflow.
        own.or_else(|| by_name.get(&(ResourceType::Workflow, known.name(id)))).copied()
    };
    let waits_for: Vec<Vec<usize>> =
        drafts.iter().map(|(_, _, head)| head.uses.iter().filter_map(draft_of).collect()).collect();
    let Sorted { order, stuck } = topology::sort(&waits_for);
    (order, stuck.first().copied())
}

fn build_workflow(
    draft: &WorkflowDraft,
    id: &Identifier,
    known: &mut Known<'_>,
    planned: &HashSet<Name>,
) -> Result<Built, WorkflowError> {
    let fields = Fields::new(&draft.document, "", &WORKFLOW_KEYS)?;
    let parameters = Parameters::read(&fields)?;
    let mut drafts = nodes(&fields)?;
    for node in &mut drafts {
        node.settle(&known.lookup)?;
    }
    let sub_workflows = sub_workflows(&drafts, known)?;
    let interfaces: HashMap<&str, Option<Interface>> =
        drafts.iter().map(|node| (node.id, known.interface(&node.reference))).collect();
    let scope = Scope { inputs: &parameters.variables, nodes: &interfaces };
    let mut built = Vec::with_capacity(drafts.len());
    for node in &drafts {
        let interface = interfaces.get(node.id).and_then(Option::as_ref);
        built.push(node.build(interface, &scope)?);
    }
    check_order(&built)?;
    let (outputs, variables) = outputs(&fields, &scope, &drafts, known)?;
    let interface = TypedInterface { inputs: Some(parameters.variables.clone()), outputs: Some(variables) };
    let template = WorkflowTemplate {
        id: Some(id.clone()),
        metadata: Some(WorkflowMetadata {
            on_failure: on_failure(&fields)?.into(),
            ..WorkflowMetadata::default()
        }),
        interface: Some(interface),
        nodes: built,
        outputs,
        metadata_defaults: Some(WorkflowMetadataDefaults {
            interruptible: fields.flag("interruptible")?.unwrap_or_default(),
        }),
        ..WorkflowTemplate::default()
    };
    let description = fields
        .text("description")?
        .map(|text| DescriptionEntity { short_description: text.to_owned(), ..DescriptionEntity::default() });
    let plan = plan::default_plan(id, &parameters);
    let defaults = parameters.to_map().encode_to_vec();
    let has_plan = plan.id().is_some_and(|id| known.has_launch_plan(id) || planned.contains(&known.name(id)));
    known.add_workflow(
        id,
        KnownWorkflow {
            template: template.clone(),
            sub_workflows: sub_workflows.clone(),
            defaults: parameters.defaults,
        },
    );
    let spec = WorkflowSpec { template: Some(template), sub_workflows, description };
    let workflow = (Entity::Workflow(Box::new(spec)), ItemOrigin::ShortWorkflow { defaults });
    Ok(if has_plan { vec![workflow] } else { vec![workflow, (plan, ItemOrigin::DefaultPlan)] })
}

fn on_failure(fields: &Fields<'_>) -> Result<OnFailurePolicy, WorkflowError> {
    let Some(text) = fields.text("on_failure")? else { return Ok(OnFailurePolicy::FailImmediately) };
    OnFailurePolicy::from_str_name(&text.to_uppercase()).ok_or_else(|| {
        let problem =
            format!("must be `fail_immediately` or `fail_after_executable_nodes_complete`, not `{text}`");
        WorkflowError::new("on_failure", problem)
    })
}

/// Refuses nodes that wait for each other.
fn check_order(nodes: &[Node]) -> Result<(), WorkflowError> {
    let mut nodes: Vec<&Node> = nodes.iter().collect();
    nodes.sort_by_key(|node| &node.id);
    let index_of = |id: &String| nodes.binary_search_by_key(&id, |node| &node.id).ok();
    let waits_for: Vec<Vec<usize>> =
        nodes.iter().map(|node| node.upstream_node_ids.iter().filter_map(index_of).collect()).collect();
    let stuck: Vec<&str> =
        topology::sort(&waits_for).stuck.into_iter().map(|index| nodes[index].id.as_str()).collect();
    let Some(first) = stuck.first() else { return Ok(()) };
    Err(WorkflowError::new(format!("nodes.{first}"), "waits for itself")
        .with_hint(format!("break the cycle among the nodes `{}`", stuck.join("`, `"))))
}

fn outputs(
    fields: &Fields<'_>,
    scope: &Scope<'_>,
    drafts: &[NodeDraft<'_>],
    known: &Known<'_>,
) -> Result<(Vec<Binding>, VariableMap), WorkflowError> {
    let mut bindings = Vec::new();
    let mut variables = VariableMap::default();
    let given = match fields.value("outputs") {
        None => return Ok((bindings, variables)),
        Some(value @ Value::Object(given)) if !number::is_kept(value) => given,
        Some(other) => return Err(wrong_kind("outputs", other, "a map of names to values").into()),
    };
    for (name, value) in given {
        let path = format!("outputs.{name}");
        let output = output(value, &path, scope, drafts, known)?;
        let description = output.description.unwrap_or_else(|| name.clone());
        let variable = Variable { r#type: output.bound.of, description, ..Variable::default() };
        variables.variables.insert(name.clone(), variable);
        bindings.push(Binding { var: name.clone(), binding: Some(output.bound.data) });
    }
    bindings.sort_by(|a, b| a.var.cmp(&b.var));
    Ok((bindings, variables))
}

struct Output {
    bound: Bound,
    description: Option<String>,
}

fn output(
    value: &Value,
    path: &str,
    scope: &Scope<'_>,
    drafts: &[NodeDraft<'_>],
    known: &Known<'_>,
) -> Result<Output, WorkflowError> {
    let (value, at, expected, description) = match value.get("from") {
        None => (value, path.to_owned(), None, None),
        Some(from) => {
            let fields = Fields::new(value, path, &["description", "from", "type"])?;
            let of = fields.value("type").map(|of| types::read(of, &fields.at("type"))).transpose()?;
            (from, fields.at("from"), of, fields.text("description")?.map(str::to_owned))
        }
    };
    let mut bound = bindings::bind(value, expected.as_ref(), scope, &at)?;
    match (expected, &bound.of) {
        (Some(expected), Some(of)) if !accepts(&expected, of) => {
            let problem = format!("must be `{}`, not `{}`", type_name(&expected), type_name(of));
            Err(WorkflowError::new(at, problem))
        }
        (Some(expected), _) => {
            bound.of = Some(expected);
            Ok(Output { bound, description })
        }
        (None, Some(_)) => Ok(Output { bound, description }),
        (None, None) => {
            let node = drafts.iter().find(|node| bound.nodes.contains(node.id));
            if let Some(node) = node.filter(|node| !known.lookup.knows(&node.reference)) {
                return Err(
                    node.unknown(&known.lookup, &format!("write the type: `{path}: {{from: …, type: …}}`"))
                );
            }
            let reason = match node {
                Some(node) => format!("it comes from {}", known.lookup.why_unknown(&node.reference)),
                None => "its parts are of different types".to_owned(),
            };
            Err(WorkflowError::new(path, format!("has an unknown type: {reason}"))
                .with_hint("write it as `{from: …, type: …}`"))
        }
    }
}

/// The templates of all workflows that the nodes run, and of those within, each once.
fn sub_workflows(
    drafts: &[NodeDraft<'_>],
    known: &Known<'_>,
) -> Result<Vec<WorkflowTemplate>, WorkflowError> {
    let mut seen = BTreeSet::new();
    let mut templates = Vec::new();
    for node in drafts.iter().filter(|node| node.reference.resource_type() == ResourceType::Workflow) {
        let Some(workflow) = known.workflow(&node.reference) else {
            return Err(node.unknown(&known.lookup, "add its file, or run it by `launch_plan`"));
        };
        for template in std::iter::once(&workflow.template).chain(&workflow.sub_workflows) {
            let name = template.id.as_ref().map(|id| known.name(id));
            if seen.insert(name) {
                templates.push(template.clone());
            }
        }
    }
    Ok(templates)
}
