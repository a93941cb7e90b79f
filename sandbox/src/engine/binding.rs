//! Resolves bindings: constants, and outputs of other nodes.

mod attribute;
mod literals;

use flyte_client::proto::core::{
    Binding, BindingData, Literal, LiteralCollection, LiteralMap, LiteralType, OutputReference,
    PromiseAttribute, Scalar, Variable, VariableMap, Void, binding_data, literal, literal_type,
    promise_attribute, scalar,
};

use self::literals::{scalar_literal, union_literal, value_literal};

/// The outputs of nodes; those of `start-node` are the workflow's inputs.
pub(crate) trait Outputs {
    /// An output of a node that succeeded, by its alias if it has one.
    fn output(&self, node: &str, variable: &str) -> Option<&Literal>;
}

/// Why a binding cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BindingError {
    /// The node has no output of that name.
    #[error("could not bind `{variable}`: node `{node}` has no output `{output}`")]
    NoOutput { variable: String, node: String, output: String },
    /// A binding without a value.
    #[error("could not bind `{variable}`: the binding has no value")]
    Empty { variable: String },
    /// An attribute path that does not exist in the value.
    #[error("could not bind `{variable}` to {path} of output `{output}` of node `{node}`: {problem}")]
    NoAttribute { variable: String, node: String, output: String, path: String, problem: String },
}

/// Resolves bindings to the inputs of an interface.
///
/// An optional input without a binding is `None`.
pub(crate) fn resolve(
    bindings: &[Binding],
    interface: Option<&VariableMap>,
    outputs: &dyn Outputs,
) -> Result<LiteralMap, BindingError> {
    let mut values = LiteralMap::default();
    for binding in bindings {
        let wanted = interface.and_then(|map| map.variables.get(&binding.var)).and_then(Variable::kind);
        let data = binding.binding.as_ref();
        let data = data.ok_or_else(|| BindingError::Empty { variable: binding.var.clone() })?;
        let value = value(&binding.var, data, wanted, outputs)?;
        values.literals.insert(binding.var.clone(), value);
    }
    for (name, variable) in interface.iter().flat_map(|map| &map.variables) {
        if let (None, Some(none)) = (values.literals.get(name), variable.kind().and_then(absent)) {
            values.literals.insert(name.clone(), none);
        }
    }
    Ok(values)
}

/// The type of a variable.
trait Typed {
    fn kind(&self) -> Option<&LiteralType>;
}

impl Typed for Variable {
    fn kind(&self) -> Option<&LiteralType> {
        self.r#type.as_ref()
    }
}

/// The value of one binding.
fn value(
    variable: &str,
    data: &BindingData,
    wanted: Option<&LiteralType>,
    outputs: &dyn Outputs,
) -> Result<Literal, BindingError> {
    use binding_data::Value;
    let empty = || BindingError::Empty { variable: variable.to_owned() };
    let inner = wanted.map(|wanted| variant_for(wanted, data)).unwrap_or(wanted);
    let literal = match data.value.as_ref().ok_or_else(empty)? {
        Value::Scalar(scalar) => scalar_literal(scalar.clone()),
        Value::Promise(promise) => promised(variable, promise, outputs)?,
        Value::Collection(items) => {
            let wanted = match inner.and_then(|wanted| wanted.r#type.as_ref()) {
                Some(literal_type::Type::CollectionType(item)) => Some(item.as_ref()),
                _ => None,
            };
            let literals = items
                .bindings
                .iter()
                .map(|item| value(variable, item, wanted, outputs))
                .collect::<Result<_, _>>()?;
            value_literal(literal::Value::Collection(LiteralCollection { literals }))
        }
        Value::Map(items) => {
            let wanted = match inner.and_then(|wanted| wanted.r#type.as_ref()) {
                Some(literal_type::Type::MapValueType(item)) => Some(item.as_ref()),
                _ => None,
            };
            let literals = items
                .bindings
                .iter()
                .map(|(key, item)| Ok((key.clone(), value(variable, item, wanted, outputs)?)))
                .collect::<Result<_, BindingError>>()?;
            value_literal(literal::Value::Map(LiteralMap { literals }))
        }
        Value::OffloadedMetadata(metadata) => {
            value_literal(literal::Value::OffloadedMetadata(metadata.clone()))
        }
    };
    let target = data.union.as_ref().and_then(|union| union.target_type.as_ref());
    Ok(in_union(literal, wanted, target))
}

/// The output that a promise refers to, or the attribute of it.
fn promised(
    variable: &str,
    promise: &OutputReference,
    outputs: &dyn Outputs,
) -> Result<Literal, BindingError> {
    let Some(found) = outputs.output(&promise.node_id, &promise.var) else {
        return Err(BindingError::NoOutput {
            variable: variable.to_owned(),
            node: promise.node_id.clone(),
            output: promise.var.clone(),
        });
    };
    attribute::follow(found, &promise.attr_path).map_err(|problem| BindingError::NoAttribute {
        variable: variable.to_owned(),
        node: promise.node_id.clone(),
        output: promise.var.clone(),
        path: path_text(&promise.attr_path),
        problem,
    })
}

fn path_text(path: &[PromiseAttribute]) -> String {
    let mut text = String::from("`");
    for (index, step) in path.iter().enumerate() {
        match &step.value {
            Some(promise_attribute::Value::StringValue(key)) => {
                text.push_str(if index == 0 { "" } else { "." });
                text.push_str(key);
            }
            Some(promise_attribute::Value::IntValue(number)) => text.push_str(&format!("[{number}]")),
            None => text.push('?'),
        }
    }
    text + "`"
}

/// The variant of a union for a collection or map.
fn variant_for<'a>(wanted: &'a LiteralType, data: &BindingData) -> Option<&'a LiteralType> {
    use literal_type::Type;
    let Some(Type::UnionType(union)) = &wanted.r#type else { return Some(wanted) };
    union.variants.iter().find(|variant| {
        matches!(
            (&data.value, &variant.r#type),
            (Some(binding_data::Value::Collection(_)), Some(Type::CollectionType(_)))
                | (Some(binding_data::Value::Map(_)), Some(Type::MapValueType(_)))
        )
    })
}

/// Wraps a plain value where a union is expected, as Flyte's type engine does.
fn in_union(literal: Literal, wanted: Option<&LiteralType>, target: Option<&LiteralType>) -> Literal {
    let Some(literal_type::Type::UnionType(union)) = wanted.and_then(|wanted| wanted.r#type.as_ref()) else {
        return literal;
    };
    if matches!(&literal.value, Some(literal::Value::Scalar(scalar)) if matches!(scalar.value, Some(scalar::Value::Union(_))))
    {
        return literal;
    }
    let chosen = target.or_else(|| union.variants.iter().find(|variant| holds(variant, &literal)));
    match chosen {
        Some(variant) => union_literal(literal, variant.clone()),
        None => literal,
    }
}

/// Whether a value is of a union's variant.
fn holds(wanted: &LiteralType, literal: &Literal) -> bool {
    flyte_client::literal::check(literal, wanted).is_ok()
}

/// The value of an optional input without a binding; `None` for other inputs.
fn absent(wanted: &LiteralType) -> Option<Literal> {
    let literal_type::Type::UnionType(union) = wanted.r#type.as_ref()? else { return None };
    let is_none = |variant: &&LiteralType| {
        variant.r#type == Some(literal_type::Type::Simple(flyte_client::proto::core::SimpleType::None.into()))
    };
    let variant = union.variants.iter().find(is_none)?;
    Some(union_literal(
        scalar_literal(Scalar { value: Some(scalar::Value::NoneType(Void {})) }),
        variant.clone(),
    ))
}

/// An error as a value of an error type or of a union with one; `None` for other types.
pub(crate) fn error(wanted: &LiteralType, error: &flyte_client::proto::core::Error) -> Option<Literal> {
    use flyte_client::proto::core::SimpleType;
    match wanted.r#type.as_ref()? {
        literal_type::Type::Simple(simple) if *simple == i32::from(SimpleType::Error) => {
            Some(scalar_literal(Scalar { value: Some(scalar::Value::Error(error.clone())) }))
        }
        literal_type::Type::UnionType(union) => union
            .variants
            .iter()
            .find_map(|variant| Some(union_literal(self::error(variant, error)?, variant.clone()))),
        _ => None,
    }
}
