//! Inputs and outputs with their types, as rows.

use std::collections::BTreeMap;

use flyte_client::{
    literal::{self, type_name},
    proto::core::{
        Literal, LiteralMap, ParameterMap, TypedInterface, Variable, VariableMap, parameter::Behavior,
    },
};

use crate::ui::output::Ui;
use crate::{
    flyte::values,
    ui::show::{facts::Facts, in_a_line},
};

/// Adds the inputs and outputs of a task or workflow.
#[must_use]
pub(crate) fn add(facts: Facts, interface: Option<&TypedInterface>) -> Facts {
    let inputs = interface.and_then(|interface| interface.inputs.as_ref());
    let outputs = interface.and_then(|interface| interface.outputs.as_ref());
    facts.section("INPUTS", variables(inputs)).section("OUTPUTS", variables(outputs))
}

/// Names and types.
#[must_use]
pub(crate) fn variables(map: Option<&VariableMap>) -> Vec<(String, String)> {
    let variables = map.into_iter().flat_map(|map| in_order(&map.variables));
    variables.map(|(name, variable)| (name.clone(), described(variable, ""))).collect()
}

/// Names and values.
#[must_use]
pub(crate) fn literals(ui: &Ui, map: Option<&LiteralMap>) -> Vec<(String, String)> {
    let literals = map.into_iter().flat_map(|map| in_order(&map.literals));
    literals.map(|(name, value)| (name.clone(), value_text(ui, value))).collect()
}

/// Entries in natural order: `o2` before `o10`.
fn in_order<T>(map: &BTreeMap<String, T>) -> Vec<(&String, &T)> {
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by(|(a, _), (b, _)| literal::natural_order(a, b));
    entries
}

fn value_text(ui: &Ui, value: &Literal) -> String {
    ui.readable(in_a_line(&values::to_text(&literal::to_json(value))), "`-o json` shows all")
}

/// Names, types, and defaults, or whether a value must be given.
#[must_use]
pub(crate) fn parameters(ui: &Ui, map: Option<&ParameterMap>) -> Vec<(String, String)> {
    let parameters = map.into_iter().flat_map(|map| in_order(&map.parameters));
    let rows = parameters.map(|(name, parameter)| {
        let how = match &parameter.behavior {
            Some(Behavior::Default(value)) => format!(" = {}", value_text(ui, value)),
            Some(Behavior::Required(true)) => " (required)".to_owned(),
            Some(Behavior::ArtifactQuery(_) | Behavior::ArtifactId(_)) => " (an artifact)".to_owned(),
            Some(Behavior::Required(false)) | None => String::new(),
        };
        let variable = parameter.var.clone().unwrap_or_default();
        (name.clone(), described(&variable, &how))
    });
    rows.collect()
}

fn described(variable: &Variable, how: &str) -> String {
    let name = variable.r#type.as_ref().map_or_else(|| "any".to_owned(), type_name);
    let description = variable.description.trim();
    let says = !description.is_empty();
    format!("{name}{how}{}{}", if says { ": " } else { "" }, if says { description } else { "" })
}
