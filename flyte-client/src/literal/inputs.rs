//! The inputs of an execution, as they are given by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Reader, ValueError, ValueProblem, name::type_name};
use crate::proto::core::{
    Literal, LiteralMap, LiteralType, ParameterMap, Variable, VariableMap, parameter::Behavior,
};
use crate::proto::path::PathStep;

/// The value of an input as it is given.
#[derive(Clone, Debug, PartialEq)]
pub enum GivenInput {
    /// A value from a YAML or JSON file, read as [`from_json`](super::from_json) reads it.
    Json(Value),
    /// A text from the command line, read as [`from_text`](super::from_text) reads it.
    Text(String),
}

/// Reads the inputs of a launch plan.
///
/// Of an input that is given twice the last one counts, so that what stands on the command line may follow
/// what comes from a file. Inputs with a default may be missing; the server adds them.
///
/// # Errors
///
/// All mistakes at once: inputs that do not exist, values of other types, and required inputs without a
/// value.
pub fn parse(
    expected: &ParameterMap,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<ValueError>> {
    parse_with(&Reader::default(), expected, given)
}

/// Reads the inputs of a launch plan with this reader, as [`parse`] does.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_with(
    reader: &Reader,
    expected: &ParameterMap,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<ValueError>> {
    let inputs = expected.parameters.iter().map(|(name, parameter)| {
        let required = match &parameter.behavior {
            Some(Behavior::Required(required)) => *required,
            Some(_) => false,
            None => true,
        };
        (name.as_str(), Input { of: variable_type(parameter.var.as_ref()), required })
    });
    read(reader, inputs.collect(), given)
}

/// Reads the inputs of a task, all of which are required.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_task(
    expected: &VariableMap,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<ValueError>> {
    parse_task_with(&Reader::default(), expected, given)
}

/// Reads the inputs of a task with this reader, as [`parse_task`] does.
///
/// # Errors
///
/// As [`parse`].
pub fn parse_task_with(
    reader: &Reader,
    expected: &VariableMap,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<ValueError>> {
    let inputs = expected
        .variables
        .iter()
        .map(|(name, variable)| (name.as_str(), Input { of: variable_type(Some(variable)), required: true }));
    read(reader, inputs.collect(), given)
}

struct Input {
    of: LiteralType,
    required: bool,
}

fn variable_type(variable: Option<&Variable>) -> LiteralType {
    variable.and_then(|variable| variable.r#type.clone()).unwrap_or_default()
}

fn read(
    reader: &Reader,
    expected: BTreeMap<&str, Input>,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<ValueError>> {
    let last: BTreeMap<String, GivenInput> = given.into_iter().collect();
    let mut errors = Vec::new();
    let mut literals = BTreeMap::new();
    let names: Vec<&str> = expected.keys().copied().collect();
    for (name, value) in &last {
        let read: Result<Literal, ValueError> = match (expected.get(name.as_str()), value) {
            (None, _) => Err(ValueError::unknown("input", name, &names)),
            (Some(input), GivenInput::Json(value)) => reader.json(value, &input.of),
            (Some(input), GivenInput::Text(text)) => reader.text(text, &input.of),
        };
        match read {
            Ok(literal) => {
                literals.insert(name.clone(), literal);
            }
            Err(error) => errors.push(error.within_name(name)),
        }
    }
    for (name, input) in expected.iter().filter(|(name, input)| input.required && !last.contains_key(**name))
    {
        errors.push(
            ValueError::new(ValueProblem::Missing { expected: type_name(&input.of) }).within_name(name),
        );
    }
    if errors.is_empty() {
        return Ok(LiteralMap { literals });
    }
    Err(errors.into_iter().map(|error| error.within(PathStep::Field("inputs".to_owned()))).collect())
}
