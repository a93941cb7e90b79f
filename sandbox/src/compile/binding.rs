//! Bindings: each input has one, of a type that may go there.

use std::collections::{BTreeMap, BTreeSet};

use flyte_client::{
    literal,
    proto::core::{
        Binding, BindingData, Literal, LiteralType, OutputReference, SimpleType, Variable,
        binding_data::Value, literal as core_literal, literal_type::Type, promise_attribute,
    },
};

use super::{
    error::{CompileErrors, CompileProblem},
    interface::{CheckedNode, START},
};

/// What promises may refer to.
pub(super) struct BindingScope<'a> {
    /// The workflow's inputs.
    pub inputs: &'a BTreeMap<String, Variable>,
    /// Its nodes by id.
    pub nodes: &'a BTreeMap<&'a str, CheckedNode<'a>>,
}

/// Checks the bindings of a node's inputs, or of the workflow's outputs.
pub(super) fn check(
    scope: &BindingScope<'_>,
    node: &str,
    bindings: &[Binding],
    (wanted, optional): (&BTreeMap<String, Variable>, &BTreeSet<String>),
    errors: &mut CompileErrors,
) {
    let mut bound = BTreeSet::new();
    for Binding { var, binding } in bindings {
        if !bound.insert(var.as_str()) {
            errors.add(node, CompileProblem::BoundTwice(var.clone()));
            continue;
        }
        let Some(expected) = wanted.get(var) else {
            errors
                .add(node, CompileProblem::MissingVariable { variable: var.clone(), node: node.to_owned() });
            continue;
        };
        let expected = expected.r#type.clone().unwrap_or_default();
        let fit = match binding {
            Some(binding) => fits(scope, var, binding, &expected),
            None => Err(Some(CompileProblem::NoValue(var.clone()))),
        };
        if let Err(Some(problem)) = fit {
            errors.add(node, problem);
        }
    }
    for var in wanted.keys().filter(|var| !bound.contains(var.as_str()) && !optional.contains(*var)) {
        errors.add(node, CompileProblem::NotBound(var.clone()));
    }
}

/// Promises of the workflow's inputs name no node, or the start; from here on they name it.
pub(super) fn name_start(data: &mut BindingData) {
    match &mut data.value {
        Some(Value::Promise(promise)) if promise.node_id.is_empty() => START.clone_into(&mut promise.node_id),
        Some(Value::Collection(collection)) => collection.bindings.iter_mut().for_each(name_start),
        Some(Value::Map(map)) => map.bindings.values_mut().for_each(name_start),
        _ => {}
    }
}

/// All promises in a binding.
pub(super) fn promises(data: &BindingData) -> Vec<&OutputReference> {
    match &data.value {
        Some(Value::Promise(promise)) => vec![promise],
        Some(Value::Collection(collection)) => collection.bindings.iter().flat_map(promises).collect(),
        Some(Value::Map(map)) => map.bindings.values().flat_map(promises).collect(),
        _ => Vec::new(),
    }
}

/// The type of what a binding stands for, if it shows.
pub(super) fn binding_type(scope: &BindingScope<'_>, data: &BindingData) -> Option<LiteralType> {
    let of = |kind| LiteralType { r#type: Some(kind), ..LiteralType::default() };
    match data.value.as_ref()? {
        Value::Promise(promise) => promised(scope, promise).ok().flatten(),
        Value::Scalar(scalar) => {
            let value = core_literal::Value::Scalar(Box::new(scalar.clone()));
            let literal = Literal { value: Some(value), ..Literal::default() };
            let simple = (1..=9).map(|number| of(Type::Simple(number)));
            simple.into_iter().find(|kind| literal::check(&literal, kind).is_ok())
        }
        Value::Collection(collection) => {
            let element = binding_type(scope, collection.bindings.first()?)?;
            Some(of(Type::CollectionType(Box::new(element))))
        }
        Value::Map(map) => {
            let element = binding_type(scope, map.bindings.values().next()?)?;
            Some(of(Type::MapValueType(Box::new(element))))
        }
        Value::OffloadedMetadata(stored) => stored.inferred_type.clone(),
    }
}

/// Why a binding does not fit; `Err(None)` if that is reported elsewhere.
type Fit = Result<(), Option<CompileProblem>>;

fn fits(scope: &BindingScope<'_>, var: &str, data: &BindingData, expected: &LiteralType) -> Fit {
    let given = match &data.value {
        None => return Err(Some(CompileProblem::NoValue(var.to_owned()))),
        Some(Value::Promise(promise)) => {
            let given = promised(scope, promise)?;
            return match given {
                Some(given) if !literal::accepts(expected, &given) => {
                    Err(Some(mismatch(var, literal::type_name(&given), expected)))
                }
                _ => Ok(()),
            };
        }
        Some(Value::Scalar(scalar)) => {
            return value_fits(var, core_literal::Value::Scalar(Box::new(scalar.clone())), expected);
        }
        Some(Value::OffloadedMetadata(stored)) => {
            return value_fits(var, core_literal::Value::OffloadedMetadata(stored.clone()), expected);
        }
        Some(given @ (Value::Collection(_) | Value::Map(_))) => given,
    };
    match (given, &expected.r#type) {
        (_, Some(Type::UnionType(union))) => {
            let mut refusals = union.variants.iter().map(|variant| fits(scope, var, data, variant));
            if refusals.any(|fit| fit.is_ok()) {
                Ok(())
            } else {
                Err(Some(mismatch(var, kind(given), expected)))
            }
        }
        (Value::Collection(collection), Some(Type::CollectionType(element))) => {
            let mut elements = collection.bindings.iter().enumerate();
            elements.try_for_each(|(index, data)| fits(scope, &format!("{var}[{index}]"), data, element))
        }
        (Value::Map(map), Some(Type::MapValueType(element))) => {
            let mut elements = map.bindings.iter();
            elements.try_for_each(|(key, data)| fits(scope, &format!("{var}.{key}"), data, element))
        }
        _ => Err(Some(mismatch(var, kind(given), expected))),
    }
}

fn kind(given: &Value) -> &'static str {
    match given {
        Value::Collection(_) => "list",
        Value::Map(_) => "map",
        _ => "value",
    }
}

fn value_fits(var: &str, value: core_literal::Value, expected: &LiteralType) -> Fit {
    let literal = Literal { value: Some(value), ..Default::default() };
    literal::check(&literal, expected).map_err(|error| {
        Some(CompileProblem::BadValue { variable: var.to_owned(), reason: error.to_string() })
    })
}

fn mismatch(var: &str, given: impl Into<String>, expected: &LiteralType) -> CompileProblem {
    CompileProblem::Mismatch {
        variable: var.to_owned(),
        given: given.into(),
        expected: literal::type_name(expected),
    }
}

/// The type of what a promise will be; `None` if that shows only at run time.
fn promised(
    scope: &BindingScope<'_>,
    promise: &OutputReference,
) -> Result<Option<LiteralType>, Option<CompileProblem>> {
    let variables = if promise.node_id == START {
        scope.inputs
    } else {
        let placed = scope
            .nodes
            .get(promise.node_id.as_str())
            .ok_or_else(|| Some(CompileProblem::MissingNode(promise.node_id.clone())))?;
        // The entity of the node is missing, which is reported already.
        &placed.interface.as_ref().ok_or(None)?.outputs
    };
    let variable = variables.get(&promise.var).ok_or_else(|| {
        Some(CompileProblem::MissingVariable { variable: promise.var.clone(), node: promise.node_id.clone() })
    })?;
    let mut given = variable.r#type.clone().unwrap_or_default();
    for attribute in &promise.attr_path {
        let missing = || {
            let field = match &attribute.value {
                Some(promise_attribute::Value::StringValue(key)) => key.clone(),
                Some(promise_attribute::Value::IntValue(index)) => index.to_string(),
                None => String::new(),
            };
            let (variable, node) = (promise.var.clone(), promise.node_id.clone());
            Some(CompileProblem::MissingField { field, variable, node })
        };
        given = match (given.r#type, &attribute.value) {
            (Some(Type::CollectionType(element)), Some(promise_attribute::Value::IntValue(_)))
            | (Some(Type::MapValueType(element)), Some(promise_attribute::Value::StringValue(_))) => *element,
            (Some(Type::Simple(simple)), attribute) if simple == i32::from(SimpleType::Struct) => {
                let fields = given.structure.map(|structure| structure.dataclass_type).unwrap_or_default();
                match attribute {
                    Some(promise_attribute::Value::StringValue(key)) if !fields.is_empty() => {
                        fields.get(key).cloned().ok_or_else(missing)?
                    }
                    Some(_) => return Ok(None),
                    None => return Err(missing()),
                }
            }
            _ => return Err(missing()),
        };
    }
    Ok(Some(given))
}
