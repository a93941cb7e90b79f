//! The inputs of an execution: those of the request, default and fixed ones.

use flyte_client::{
    literal,
    proto::core::{LiteralMap, ParameterMap, parameter::Behavior},
};

use crate::service_error::{ServiceError, invalid};

/// Checks that every input of a request has a name and a value.
pub(super) fn check_present(given: Option<&LiteralMap>) -> Result<(), ServiceError> {
    for (name, literal) in given.iter().flat_map(|given| &given.literals) {
        if name.is_empty() {
            return Err(invalid("missing key in inputs"));
        }
        if literal.value.is_none() {
            return Err(invalid(format!("missing valid literal in inputs {name}")));
        }
    }
    Ok(())
}

/// All inputs, if those of the request match the entity's.
pub(super) fn all(
    given: &LiteralMap,
    expected: &ParameterMap,
    fixed: &LiteralMap,
) -> Result<LiteralMap, ServiceError> {
    let mut all = given.clone();
    for (name, parameter) in &expected.parameters {
        match given.literals.get(name) {
            Some(value) => {
                let wanted = parameter.var.as_ref().and_then(|variable| variable.r#type.as_ref());
                if let Some(wanted) = wanted {
                    check(name, value, wanted)?;
                }
            }
            None => match &parameter.behavior {
                Some(Behavior::Default(value)) => {
                    all.literals.insert(name.clone(), value.clone());
                }
                Some(Behavior::Required(true)) | None => {
                    return Err(invalid(format!("expected_inputs {name} missing")));
                }
                Some(_) => {}
            },
        }
    }
    for (name, value) in &fixed.literals {
        if given.literals.contains_key(name) {
            return Err(invalid(format!("fixed_inputs {name} cannot be overridden")));
        }
        all.literals.insert(name.clone(), value.clone());
    }
    match given.literals.keys().find(|name| !expected.parameters.contains_key(*name)) {
        Some(name) => Err(invalid(format!("invalid input {name}"))),
        None => Ok(all),
    }
}

fn check(
    name: &str,
    value: &flyte_client::proto::core::Literal,
    wanted: &flyte_client::proto::core::LiteralType,
) -> Result<(), ServiceError> {
    use literal::ValueProblem;
    literal::check(value, wanted).map_err(|error| {
        let location = if error.path.0.is_empty() { String::new() } else { format!(" at `{}`", error.path) };
        let (expected, given) = match *error.problem {
            ValueProblem::Type { expected, given } | ValueProblem::Value { expected, given, .. } => {
                (expected, given)
            }
            _ => (literal::type_name(wanted), "something else".to_owned()),
        };
        invalid(format!("invalid {name} input wrong type. Expected {expected}, but got {given}{location}"))
    })
}
