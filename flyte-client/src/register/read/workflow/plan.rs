//! Launch plans: the default one of a workflow, and the short form.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    WorkflowError,
    interfaces::{Interface, Known},
    lookup, node,
    parameters::Parameters,
};
use crate::documents::number;
use crate::literal::{self, type_name};
use crate::proto::{
    admin::{
        Annotations, CronSchedule, Envs, FixedRate, FixedRateUnit, Labels, LaunchPlan, LaunchPlanMetadata,
        LaunchPlanSpec, RawOutputDataConfig, Schedule, schedule::ScheduleExpression,
    },
    core::{
        Identifier, KeyValuePair, Literal, LiteralMap, Parameter, ParameterMap, ResourceType,
        parameter::Behavior,
    },
};
use crate::register::{
    Entity,
    read::launch_plan::{of_the_same_name, spec},
    read::task::fields::{Fields, wrong_kind},
};
use crate::schedule::Cron;

const KEYS: [&str; 15] = [
    "annotations",
    "domain",
    "environment",
    "fixed_inputs",
    "inputs",
    "interruptible",
    "labels",
    "launch_plan",
    "max_parallelism",
    "overwrite_cache",
    "project",
    "raw_output_data_prefix",
    "schedule",
    "version",
    "workflow",
];

/// The plan of the same name that a workflow is started by unless another is named.
pub(super) fn default_plan(workflow: &Identifier, parameters: &Parameters) -> Entity {
    let spec = LaunchPlanSpec { default_inputs: Some(parameters.to_map()), ..spec(workflow.clone()) };
    Entity::LaunchPlan(Box::new(of_the_same_name(workflow, spec)))
}

fn plan(id: Identifier, spec: LaunchPlanSpec) -> Entity {
    Entity::LaunchPlan(Box::new(LaunchPlan { id: Some(id), spec: Some(spec), closure: None }))
}

/// The names of a plan in the short form and of its workflow.
pub(super) fn head(document: &Value) -> Result<(Identifier, Identifier), WorkflowError> {
    let fields = Fields::new(document, "", &KEYS)?;
    let id = node::reference(&fields, "launch_plan", ResourceType::LaunchPlan)?;
    if fields.value("workflow").is_none() {
        return Err(WorkflowError::new("", "lacks `workflow`"));
    }
    // `version` and its companions are those of the workflow; the plan is registered like everything else
    // here.
    let id = Identifier { resource_type: id.resource_type, name: id.name, ..Identifier::default() };
    Ok((id, node::reference(&fields, "workflow", ResourceType::Workflow)?))
}

pub(super) fn build(
    document: &Value,
    id: &Identifier,
    known: &mut Known<'_>,
) -> Result<Entity, WorkflowError> {
    let fields = Fields::new(document, "", &KEYS)?;
    let mut workflow = node::reference(&fields, "workflow", ResourceType::Workflow)?;
    known.lookup.settle(&mut workflow).map_err(|absent| {
        lookup::error("workflow", absent, "starts").about(format!("launch plan `{}`", id.name))
    })?;
    let Some(interface) = known.interface(&workflow) else {
        let error = WorkflowError::new("workflow", known.lookup.why_unknown(&workflow))
            .about(format!("launch plan `{}` starts", id.name));
        return Err(match known.lookup.near(&workflow) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        });
    };
    let defaults = values(&fields, "inputs", &interface)?;
    let fixed = values(&fields, "fixed_inputs", &interface)?;
    if let Some(name) = defaults.keys().find(|name| fixed.contains_key(*name)) {
        return Err(WorkflowError::new(format!("inputs.{name}"), "is also in `fixed_inputs`"));
    }
    let parameters = parameters(&interface, defaults, &fixed);
    let env = fields.text_map("environment")?.into_iter().map(|(key, value)| KeyValuePair { key, value });
    let env: Vec<_> = env.collect();
    let spec = LaunchPlanSpec {
        entity_metadata: Some(LaunchPlanMetadata {
            schedule: schedule(&fields, &interface)?,
            ..LaunchPlanMetadata::default()
        }),
        default_inputs: Some(parameters),
        fixed_inputs: Some(LiteralMap { literals: fixed }),
        labels: Some(Labels { values: fields.text_map("labels")?.into_iter().collect() }),
        annotations: Some(Annotations { values: fields.text_map("annotations")?.into_iter().collect() }),
        raw_output_data_config: Some(RawOutputDataConfig {
            output_location_prefix: fields.text("raw_output_data_prefix")?.unwrap_or_default().to_owned(),
        }),
        max_parallelism: max_parallelism(&fields)?,
        interruptible: fields.flag("interruptible")?,
        overwrite_cache: fields.flag("overwrite_cache")?.unwrap_or_default(),
        envs: (!env.is_empty()).then_some(Envs { values: env }),
        ..spec(workflow)
    };
    let plan = plan(id.clone(), spec);
    known.add(&plan);
    Ok(plan)
}

fn values(
    fields: &Fields<'_>,
    key: &str,
    interface: &Interface,
) -> Result<BTreeMap<String, Literal>, WorkflowError> {
    let given = match fields.value(key) {
        None => return Ok(BTreeMap::new()),
        Some(value @ Value::Object(given)) if !number::is_kept(value) => given,
        Some(other) => return Err(wrong_kind(key, other, "a map of names to values").into()),
    };
    let mut values = BTreeMap::new();
    for (name, value) in given {
        let path = format!("{key}.{name}");
        let Some(variable) = interface.inputs.variables.get(name) else {
            let names = interface.inputs.variables.keys().map(String::as_str);
            return Err(WorkflowError::new(path, "is not an input of the workflow").with_names(name, names));
        };
        let of = variable.r#type.clone().unwrap_or_default();
        let literal =
            literal::from_json(value, &of).map_err(|error| WorkflowError::constant(&path, &error))?;
        values.insert(name.clone(), literal);
    }
    Ok(values)
}

/// All inputs that are not fixed: with the plan's default, the workflow's, or required.
fn parameters(
    interface: &Interface,
    mut defaults: BTreeMap<String, Literal>,
    fixed: &BTreeMap<String, Literal>,
) -> ParameterMap {
    let mut map = ParameterMap::default();
    for (name, variable) in interface.inputs.variables.iter().filter(|(name, _)| !fixed.contains_key(*name)) {
        let default = defaults.remove(name).or_else(|| interface.defaults.get(name).cloned());
        let behavior = Some(default.map_or(Behavior::Required(true), Behavior::Default));
        map.parameters.insert(name.clone(), Parameter { var: Some(variable.clone()), behavior });
    }
    map
}

fn max_parallelism(fields: &Fields<'_>) -> Result<i32, WorkflowError> {
    let Some(value) = fields.value("max_parallelism") else { return Ok(0) };
    let number = value.as_i64().and_then(|number| i32::try_from(number).ok()).filter(|number| *number >= 0);
    number.ok_or_else(|| {
        WorkflowError::new("max_parallelism", format!("is not a whole number from 0 to {}", i32::MAX))
    })
}

/// A cron expression, or a map with `cron` or `rate`.
fn schedule(fields: &Fields<'_>, interface: &Interface) -> Result<Option<Schedule>, WorkflowError> {
    let (expression, kickoff) = match fields.value("schedule") {
        None => return Ok(None),
        Some(Value::String(text)) => (cron(text, "", "schedule")?, ""),
        Some(value @ Value::Object(_)) => {
            let schedule = Fields::new(value, "schedule", &["cron", "kickoff_time_input", "offset", "rate"])?;
            let offset = schedule.text("offset")?.unwrap_or_default();
            let expression = match (schedule.text("cron")?, schedule.text("rate")?) {
                (Some(text), None) => cron(text, offset, "schedule.cron")?,
                (None, Some(text)) => rate(text)?,
                _ => return Err(WorkflowError::new("schedule", "needs one of `cron` and `rate`")),
            };
            (expression, schedule.text("kickoff_time_input")?.unwrap_or_default())
        }
        Some(other) => return Err(wrong_kind("schedule", other, "a cron expression or a map").into()),
    };
    if !kickoff.is_empty() {
        let of = interface.inputs.variables.get(kickoff).and_then(|variable| variable.r#type.as_ref());
        if of.map(type_name).as_deref() != Some("datetime") {
            let problem = format!("is `{kickoff}`, which is not a `datetime` input of the workflow");
            return Err(WorkflowError::new("schedule.kickoff_time_input", problem));
        }
    }
    Ok(Some(Schedule { kickoff_time_input_arg: kickoff.to_owned(), schedule_expression: Some(expression) }))
}

fn cron(text: &str, offset: &str, path: &str) -> Result<ScheduleExpression, WorkflowError> {
    let hint = "write five fields such as `0 3 * * *`, or `@daily`";
    let cron = Cron::parse(text)
        .map_err(|error| WorkflowError::new(path, format!("is `{text}`: {error}")).with_hint(hint))?;
    if !cron.fires() {
        let problem = format!("is `{text}`, which never fires: none of its months has such a day");
        return Err(WorkflowError::new(path, problem).with_hint("name a day that one of its months has"));
    }
    let schedule = CronSchedule { schedule: text.to_owned(), offset: offset.to_owned() };
    Ok(ScheduleExpression::CronSchedule(schedule))
}

/// Whole minutes, in the largest unit that divides them, as flytekit stores them.
fn rate(text: &str) -> Result<ScheduleExpression, WorkflowError> {
    let minutes = literal::duration(text)
        .filter(|duration| duration.seconds > 0 && duration.seconds % 60 == 0 && duration.nanos == 0)
        .map(|duration| duration.seconds / 60);
    let units = [(1_440, FixedRateUnit::Day), (60, FixedRateUnit::Hour), (1, FixedRateUnit::Minute)];
    let rate = minutes.and_then(|minutes| {
        let (length, unit) = units.into_iter().find(|(length, _)| minutes % length == 0)?;
        Some(FixedRate { value: u32::try_from(minutes / length).ok()?, unit: unit.into() })
    });
    rate.map(ScheduleExpression::Rate).ok_or_else(|| {
        let problem = format!("must be whole minutes such as `90m` or `1h`, not `{text}`");
        WorkflowError::new("schedule.rate", problem)
    })
}
