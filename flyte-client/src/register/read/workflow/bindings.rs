//! What is written for an input or output, as Flyte's bindings.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{
    WorkflowError,
    interfaces::Interface,
    reference::{self, INPUTS, Text},
};
use crate::documents::number;
use crate::literal::{self, accepts, type_name};
use crate::proto::core::{
    BindingData, BindingDataCollection, BindingDataMap, Literal, LiteralType, OutputReference, SimpleType,
    VariableMap, binding_data::Value as BindingValue, literal::Value as LiteralValue, literal_type::Type,
    promise_attribute::Value as AttributeValue,
};
use crate::register::read::task::types;

/// What values can refer to.
pub(super) struct Scope<'a> {
    /// The inputs of the workflow.
    pub(super) inputs: &'a VariableMap,
    /// The nodes, with the interface of what they run where it is known.
    pub(super) nodes: &'a HashMap<&'a str, Option<Interface>>,
}

/// A binding, the type of what is bound where it is known, and the nodes that it waits for.
pub(super) struct Bound {
    pub(super) data: BindingData,
    pub(super) of: Option<LiteralType>,
    pub(super) nodes: BTreeSet<String>,
}

/// Binds a value; without `expected`, the value decides on its type.
pub(super) fn bind(
    value: &Value,
    expected: Option<&LiteralType>,
    scope: &Scope<'_>,
    path: &str,
) -> Result<Bound, WorkflowError> {
    if let Value::String(text) = value
        && let Text::Reference(reference) = scope.read(text, path)?
    {
        return promise(reference, expected, scope, path);
    }
    if !scope.has_reference(value, path)? {
        return constant(value, expected, scope, path);
    }
    match value {
        Value::Array(items) => {
            let item = part(expected, path, "a list", |of| match of {
                Type::CollectionType(item) => Some(item),
                _ => None,
            })?;
            let bound = items
                .iter()
                .enumerate()
                .map(|(index, value)| bind(value, item, scope, &format!("{path}[{index}]")))
                .collect::<Result<Vec<_>, _>>()?;
            let of = common(&bound, |item| Type::CollectionType(Box::new(item)));
            let nodes = bound.iter().flat_map(|bound| bound.nodes.clone()).collect();
            let bindings = bound.into_iter().map(|bound| bound.data).collect();
            let data = of_value(BindingValue::Collection(BindingDataCollection { bindings }));
            Ok(Bound { data, of, nodes })
        }
        Value::Object(entries) => {
            let item = part(expected, path, "a map", |of| match of {
                Type::MapValueType(item) => Some(item),
                _ => None,
            })?;
            let keys: Vec<_> = entries.keys().cloned().collect();
            let bound = entries
                .iter()
                .map(|(key, value)| bind(value, item, scope, &format!("{path}.{key}")))
                .collect::<Result<Vec<_>, _>>()?;
            let of = common(&bound, |item| Type::MapValueType(Box::new(item)));
            let nodes = bound.iter().flat_map(|bound| bound.nodes.clone()).collect();
            let bindings = keys.into_iter().zip(bound.into_iter().map(|bound| bound.data)).collect();
            Ok(Bound { data: of_value(BindingValue::Map(BindingDataMap { bindings })), of, nodes })
        }
        _ => constant(value, expected, scope, path),
    }
}

fn promise(
    reference: OutputReference,
    expected: Option<&LiteralType>,
    scope: &Scope<'_>,
    path: &str,
) -> Result<Bound, WorkflowError> {
    let of = scope.type_of(&reference, path)?;
    if let (Some(expected), Some(of)) = (expected, &of)
        && !accepts(expected, of)
    {
        let written = reference::written(&reference);
        let problem =
            format!("refers to `{written}` of type `{}`; expected `{}`", type_name(of), type_name(expected));
        return Err(WorkflowError::new(path, problem));
    }
    let nodes = [&reference.node_id].into_iter().filter(|id| *id != INPUTS).cloned().collect();
    Ok(Bound { data: of_value(BindingValue::Promise(reference)), of, nodes })
}

/// The type of the items of what a value with references is for.
fn part<'t>(
    expected: Option<&'t LiteralType>,
    path: &str,
    given: &str,
    item: impl Fn(&'t Type) -> Option<&'t LiteralType>,
) -> Result<Option<&'t LiteralType>, WorkflowError> {
    let Some(expected) = expected else { return Ok(None) };
    let found = match &expected.r#type {
        Some(Type::UnionType(union)) => {
            union.variants.iter().filter_map(|variant| variant.r#type.as_ref()).find_map(&item)
        }
        Some(of) => item(of),
        None => None,
    };
    if found.is_some() {
        return Ok(found);
    }
    let error = WorkflowError::new(path, format!("must be `{}`, not {given}", type_name(expected)));
    let is_struct = expected.r#type == Some(Type::Simple(SimpleType::Struct.into()));
    Err(if is_struct && given == "a map" {
        WorkflowError::new(path, "holds a reference, which a structure (`dict`) cannot")
            .with_hint("have a task put it together, or type the input as `dict[str, …]`")
    } else {
        error
    })
}

/// The type of a container whose items are all of one type.
fn common(bound: &[Bound], container: impl FnOnce(LiteralType) -> Type) -> Option<LiteralType> {
    let first = bound.first()?.of.clone()?;
    let same = bound.iter().all(|bound| bound.of.as_ref() == Some(&first));
    same.then(|| LiteralType { r#type: Some(container(first)), ..LiteralType::default() })
}

fn constant(
    value: &Value,
    expected: Option<&LiteralType>,
    scope: &Scope<'_>,
    path: &str,
) -> Result<Bound, WorkflowError> {
    let value = scope.unescaped(value);
    let (value, of) = match expected {
        Some(expected) => (value, expected.clone()),
        None => with_type(value, path)?,
    };
    let literal = literal::from_json(&value, &of).map_err(|error| WorkflowError::constant(path, &error))?;
    Ok(Bound { data: of_literal(literal), of: Some(of), nodes: BTreeSet::new() })
}

/// A constant for something whose type is not known: `{value: …, type: …}`, or the type that JSON gives it.
fn with_type(value: Value, path: &str) -> Result<(Value, LiteralType), WorkflowError> {
    if let Some(object) = value.as_object()
        && object.len() == 2
        && let (Some(inner), Some(of)) = (object.get("value"), object.get("type"))
    {
        return Ok((inner.clone(), types::read(of, &format!("{path}.type"))?));
    }
    match json_type(&value) {
        Some(of) => Ok((value, of)),
        None => Err(WorkflowError::new(path, "has an unknown type")
            .with_hint("write it as `{value: …, type: …}`, or add the file that defines what takes it")),
    }
}

fn json_type(value: &Value) -> Option<LiteralType> {
    let simple = |kind: SimpleType| Some(Type::Simple(kind.into()));
    let of = match value {
        value
            if number::written(value)
                .is_some_and(|written| number::float(written).is_ok_and(|number| !number.is_finite())) =>
        {
            simple(SimpleType::Float)
        }
        Value::Bool(_) => simple(SimpleType::Boolean),
        Value::Number(number) if number.is_f64() => simple(SimpleType::Float),
        Value::Number(_) => simple(SimpleType::Integer),
        Value::String(_) => simple(SimpleType::String),
        Value::Array(items) => {
            let mut types = items.iter().map(json_type);
            let first = types.next()??;
            let same = types.all(|of| of.as_ref() == Some(&first));
            same.then(|| Type::CollectionType(Box::new(first)))
        }
        Value::Null | Value::Object(_) => None,
    };
    of.map(|of| LiteralType { r#type: Some(of), ..LiteralType::default() })
}

/// A constant as a binding: Flyte has bindings for scalars only, and for containers of bindings.
pub(super) fn of_literal(literal: Literal) -> BindingData {
    match literal.value {
        Some(LiteralValue::Scalar(scalar)) => of_value(BindingValue::Scalar(*scalar)),
        Some(LiteralValue::Collection(list)) => {
            let bindings = list.literals.into_iter().map(of_literal).collect();
            of_value(BindingValue::Collection(BindingDataCollection { bindings }))
        }
        Some(LiteralValue::Map(map)) => {
            let bindings =
                map.literals.into_iter().map(|(key, literal)| (key, of_literal(literal))).collect();
            of_value(BindingValue::Map(BindingDataMap { bindings }))
        }
        Some(LiteralValue::OffloadedMetadata(stored)) => of_value(BindingValue::OffloadedMetadata(stored)),
        None => BindingData::default(),
    }
}

fn of_value(value: BindingValue) -> BindingData {
    BindingData { value: Some(value), ..BindingData::default() }
}

impl Scope<'_> {
    fn read(&self, text: &str, path: &str) -> Result<Text, WorkflowError> {
        reference::read(text, |name| self.nodes.contains_key(name)).map_err(|problem| {
            WorkflowError::new(path, problem).with_hint("write `$$` for a `$` that is not a reference")
        })
    }

    fn has_reference(&self, value: &Value, path: &str) -> Result<bool, WorkflowError> {
        let mut found = false;
        match value {
            Value::String(text) => found = matches!(self.read(text, path)?, Text::Reference(_)),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    found |= self.has_reference(item, &format!("{path}[{index}]"))?;
                }
            }
            Value::Object(entries) => {
                for (key, value) in entries {
                    found |= self.has_reference(value, &format!("{path}.{key}"))?;
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        Ok(found)
    }

    /// A value without references, with `$$` made `$`.
    fn unescaped(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => match self.read(text, "") {
                Ok(Text::Constant(text)) => Value::String(text),
                Ok(Text::Reference(_)) | Err(_) => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.unescaped(item)).collect(),
            Value::Object(entries) => Value::Object(
                entries.iter().map(|(key, value)| (key.clone(), self.unescaped(value))).collect(),
            ),
            other => other.clone(),
        }
    }

    /// The type of what is referred to; `None` if it cannot be known here.
    fn type_of(&self, to: &OutputReference, path: &str) -> Result<Option<LiteralType>, WorkflowError> {
        let written = reference::written(to);
        let variables = if to.node_id == INPUTS {
            self.inputs
        } else {
            match self.nodes.get(to.node_id.as_str()) {
                Some(Some(interface)) => &interface.outputs,
                Some(None) => return Ok(None),
                None => {
                    let problem = format!("refers to `{written}`, but there is no node `{}`", to.node_id);
                    let mut names: Vec<_> = self.nodes.keys().copied().collect();
                    names.sort_unstable();
                    let error = WorkflowError::new(path, problem).with_names(&to.node_id, names);
                    return Err(error);
                }
            }
        };
        let Some(variable) = variables.variables.get(&to.var) else {
            let problem = match to.node_id.as_str() {
                INPUTS => format!("refers to `{written}`, but the workflow has no input `{}`", to.var),
                node => format!("refers to `{written}`, but `{node}` has no output `{}`", to.var),
            };
            let names = variables.variables.keys().map(String::as_str);
            return Err(WorkflowError::new(path, problem).with_names(&to.var, names));
        };
        let mut of = variable.r#type.clone().unwrap_or_default();
        for attribute in to.attr_path.iter().filter_map(|attribute| attribute.value.as_ref()) {
            match within(&of, attribute) {
                Some(Some(inner)) => of = inner.clone(),
                Some(None) => return Ok(None),
                None => {
                    let problem = format!("refers to `{written}`, but `{}` has no such part", type_name(&of));
                    return Err(WorkflowError::new(path, problem));
                }
            }
        }
        Ok(Some(of))
    }
}

/// The type of a part; `Some(None)` if the type does not say.
fn within<'t>(of: &'t LiteralType, attribute: &AttributeValue) -> Option<Option<&'t LiteralType>> {
    match (&of.r#type, attribute) {
        (Some(Type::CollectionType(item)), AttributeValue::IntValue(_))
        | (Some(Type::MapValueType(item)), AttributeValue::StringValue(_)) => Some(Some(item)),
        (Some(Type::Simple(simple)), AttributeValue::StringValue(key))
            if *simple == i32::from(SimpleType::Struct) =>
        {
            let fields = of.structure.as_ref().map(|structure| &structure.dataclass_type);
            match fields.filter(|fields| !fields.is_empty()) {
                Some(fields) => fields.get(key).map(Some),
                None => Some(None),
            }
        }
        (Some(Type::Simple(simple)), AttributeValue::IntValue(_))
            if *simple == i32::from(SimpleType::Struct) =>
        {
            Some(None)
        }
        (Some(Type::UnionType(_)), _) => Some(None),
        _ => None,
    }
}
