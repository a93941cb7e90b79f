//! The inputs of a workflow, with their defaults.

use std::collections::BTreeMap;

use serde_json::Value;

use super::WorkflowError;
use crate::proto::core::{
    Literal, LiteralType, Parameter, ParameterMap, Variable, VariableMap, parameter::Behavior,
};
use crate::register::read::task::{
    fields::{Fields, wrong_kind},
    types,
};
use crate::{
    documents::{self, number},
    literal,
};

/// The inputs of a workflow.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) variables: VariableMap,
    pub(super) defaults: BTreeMap<String, Literal>,
}

impl Parameters {
    /// Reads `inputs`: `name: int`, `name: int = 3`, or `name: {type: int, default: 3, description: …}`.
    pub(super) fn read(workflow: &Fields<'_>) -> Result<Self, WorkflowError> {
        let mut parameters = Self::default();
        let given = match workflow.value("inputs") {
            None => return Ok(parameters),
            Some(value @ Value::Object(given)) if !number::is_kept(value) => given,
            Some(other) => return Err(wrong_kind("inputs", other, "a map of names to types").into()),
        };
        for (name, value) in given {
            let path = format!("inputs.{name}");
            if name.is_empty() || !name.chars().all(super::reference::is_name) {
                return Err(WorkflowError::new(
                    path,
                    "has an invalid name; use letters, digits, `-` and `_`",
                ));
            }
            let (of, default, description) = parameter(name, value, &path)?;
            if let Some(default) = default {
                let literal = literal::from_json(&default, &of)
                    .map_err(|error| WorkflowError::constant(&format!("{path}.default"), &error))?;
                parameters.defaults.insert(name.clone(), literal);
            }
            let variable = Variable { r#type: Some(of), description, ..Variable::default() };
            parameters.variables.variables.insert(name.clone(), variable);
        }
        Ok(parameters)
    }

    /// As a launch plan has them: required, or with a default.
    pub(super) fn to_map(&self) -> ParameterMap {
        let parameter = |(name, variable): (&String, &Variable)| {
            let behavior = match self.defaults.get(name) {
                Some(default) => Behavior::Default(default.clone()),
                None => Behavior::Required(true),
            };
            (name.clone(), Parameter { var: Some(variable.clone()), behavior: Some(behavior) })
        };
        ParameterMap { parameters: self.variables.variables.iter().map(parameter).collect() }
    }
}

type Read = (LiteralType, Option<Value>, String);

fn parameter(name: &str, value: &Value, path: &str) -> Result<Read, WorkflowError> {
    if value.get("type").is_some() {
        let fields = Fields::new(value, path, &["default", "description", "type"])?;
        let of = fields.value("type").ok_or_else(|| WorkflowError::new(fields.at("type"), "is empty"))?;
        let description = fields.text("description")?.unwrap_or(name).to_owned();
        // A default of null is one: `None`.
        return Ok((types::read(of, path)?, value.get("default").cloned(), description));
    }
    if let Value::String(written) = value
        && let Some((of, default)) = split_default(written)
    {
        let of = types::read(&Value::String(of.trim().to_owned()), path)?;
        return Ok((of, Some(default_value(default.trim(), path)?), name.to_owned()));
    }
    Ok((types::read(value, path)?, None, name.to_owned()))
}

/// Splits `int = 3` at the first `=` that is in no brackets, such as those of an enum.
fn split_default(written: &str) -> Option<(&str, &str)> {
    let mut depth = 0_i32;
    for (index, c) in written.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth -= 1,
            '=' if depth == 0 => return Some((&written[..index], &written[index + 1..])),
            _ => {}
        }
    }
    None
}

/// The default as YAML, where Python's `None` is null.
fn default_value(written: &str, path: &str) -> Result<Value, WorkflowError> {
    if matches!(written, "None" | "") {
        return match written {
            "" => Err(WorkflowError::new(path, "has a `=` without a default behind it")),
            _ => Ok(Value::Null),
        };
    }
    match documents::parse(written, false).as_deref() {
        Ok([value]) => Ok(value.clone()),
        _ => Err(WorkflowError::new(path, format!("has a default that is not YAML, `{written}`"))
            .with_hint("write it as `{type: …, default: …}`")),
    }
}
