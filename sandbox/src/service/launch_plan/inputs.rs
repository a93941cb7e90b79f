//! The expected inputs of a launch plan, given its fixed and default inputs.

use flyte_client::{
    literal,
    proto::{
        admin::LaunchPlanSpec,
        core::{Literal, Parameter, ParameterMap, VariableMap, parameter::Behavior},
    },
};

use crate::service_error::{ServiceError, invalid};

/// The inputs that are not fixed: with their defaults, or required.
pub(super) fn expected(
    spec: &LaunchPlanSpec,
    inputs: Option<&VariableMap>,
) -> Result<ParameterMap, ServiceError> {
    let no_inputs = VariableMap::default();
    let inputs = &inputs.unwrap_or(&no_inputs).variables;
    let fixed = spec.fixed_inputs.clone().unwrap_or_default().literals;
    let defaults = spec.default_inputs.clone().unwrap_or_default().parameters;
    for (name, literal) in &fixed {
        check_literal(name, literal)?;
    }
    for (name, parameter) in &defaults {
        check_parameter(name, parameter)?;
    }
    if inputs.is_empty() {
        for (kind, count) in [("default", defaults.len()), ("fixed", fixed.len())] {
            if count > 0 {
                return Err(invalid(format!(
                    "invalid launch plan {kind} inputs, expected none but found {count}"
                )));
            }
        }
    }
    for (name, parameter) in &defaults {
        let variable = inputs.get(name).ok_or_else(|| invalid(format!("unexpected default_input {name}")))?;
        let expected = variable.r#type.clone().unwrap_or_default();
        let given = parameter.var.clone().unwrap_or_default().r#type.unwrap_or_default();
        if !literal::accepts(&expected, &given) {
            return Err(invalid(format!(
                "invalid default_input wrong type {name}, expected {}, got {} instead",
                literal::type_name(&expected),
                literal::type_name(&given)
            )));
        }
    }
    for (name, value) in &fixed {
        let variable = inputs.get(name).ok_or_else(|| invalid(format!("unexpected fixed_input {name}")))?;
        let expected = variable.r#type.clone().unwrap_or_default();
        literal::check(value, &expected)
            .map_err(|error| invalid(format!("invalid fixed_input wrong type {name}, {error}")))?;
    }
    let free = inputs.iter().filter(|(name, _)| !fixed.contains_key(*name) || defaults.contains_key(*name));
    let parameters = free.map(|(name, variable)| {
        let parameter = defaults.get(name).cloned().unwrap_or_else(|| Parameter {
            var: Some(variable.clone()),
            behavior: Some(Behavior::Required(true)),
        });
        (name.clone(), parameter)
    });
    Ok(ParameterMap { parameters: parameters.collect() })
}

fn check_literal(name: &str, literal: &Literal) -> Result<(), ServiceError> {
    if name.is_empty() {
        return Err(invalid("missing key in fixed_inputs"));
    }
    if literal.value.is_none() {
        return Err(invalid(format!("missing valid literal in fixed_inputs {name}")));
    }
    Ok(())
}

fn check_parameter(name: &str, parameter: &Parameter) -> Result<(), ServiceError> {
    if name.is_empty() {
        return Err(invalid("missing key in default_inputs"));
    }
    let Some(expected) = parameter.var.as_ref().and_then(|variable| variable.r#type.as_ref()) else {
        return Err(invalid(format!(
            "The Variable component of the Parameter {name} in default_inputs either is missing, or has a missing Type"
        )));
    };
    match &parameter.behavior {
        Some(Behavior::Required(true)) => Ok(()),
        Some(Behavior::Default(value)) => literal::check(value, expected).map_err(|error| {
            invalid(format!(
                "Type mismatch for Parameter {name} in default_inputs has type {}: {error}",
                literal::type_name(expected)
            ))
        }),
        Some(Behavior::ArtifactQuery(_) | Behavior::ArtifactId(_)) => {
            Err(invalid(format!("artifact mode not enabled but query found default_inputs {name}")))
        }
        Some(Behavior::Required(false)) | None => Err(invalid(format!(
            "Invalid variable {name} in default_inputs - variable has neither default, nor is required. One must be \
             specified"
        ))),
    }
}
