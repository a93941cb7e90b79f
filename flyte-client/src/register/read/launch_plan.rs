//! The launch plan that every workflow has, of the same name and version.
//!
//! FlyteAdmin makes none; its clients do (`LaunchPlan.get_default_launch_plan` of flytekit): all inputs are
//! open, and an input that may be absent is.

use crate::proto::{
    admin::{
        Annotations, Labels, LaunchPlan, LaunchPlanMetadata, LaunchPlanSpec, RawOutputDataConfig,
        WorkflowSpec,
    },
    core::{
        Identifier, Literal, LiteralMap, LiteralType, Parameter, ParameterMap, ResourceType, Scalar,
        SimpleType, Void, literal, literal_type, parameter, scalar,
    },
};

/// Returns the default launch plan of a workflow; `None` if the workflow has no name.
#[must_use]
pub fn default_of(workflow: &WorkflowSpec) -> Option<LaunchPlan> {
    let template = workflow.template.as_ref()?;
    let workflow_id = template.id.clone()?;
    let inputs = template.interface.as_ref().and_then(|interface| interface.inputs.as_ref());
    let parameters = inputs.into_iter().flat_map(|inputs| &inputs.variables).map(|(name, variable)| {
        let behavior = if variable.r#type.as_ref().is_some_and(is_optional) {
            parameter::Behavior::Default(none())
        } else {
            parameter::Behavior::Required(true)
        };
        (name.clone(), Parameter { var: Some(variable.clone()), behavior: Some(behavior) })
    });
    let workflow = Identifier { resource_type: ResourceType::Workflow.into(), ..workflow_id };
    let default_inputs = Some(ParameterMap { parameters: parameters.collect() });
    Some(of_the_same_name(&workflow, LaunchPlanSpec { default_inputs, ..spec(workflow.clone()) }))
}

/// A launch plan with the name of its workflow.
pub(crate) fn of_the_same_name(workflow: &Identifier, spec: LaunchPlanSpec) -> LaunchPlan {
    let id = Identifier { resource_type: ResourceType::LaunchPlan.into(), ..workflow.clone() };
    LaunchPlan { id: Some(id), spec: Some(spec), closure: None }
}

/// What flytekit always sets.
pub(crate) fn spec(workflow: Identifier) -> LaunchPlanSpec {
    LaunchPlanSpec {
        workflow_id: Some(workflow),
        entity_metadata: Some(LaunchPlanMetadata::default()),
        default_inputs: Some(ParameterMap::default()),
        fixed_inputs: Some(LiteralMap::default()),
        labels: Some(Labels::default()),
        annotations: Some(Annotations::default()),
        raw_output_data_config: Some(RawOutputDataConfig::default()),
        ..LaunchPlanSpec::default()
    }
}

fn is_optional(type_: &LiteralType) -> bool {
    let is_none =
        |variant: &LiteralType| variant.r#type == Some(literal_type::Type::Simple(SimpleType::None.into()));
    matches!(&type_.r#type, Some(literal_type::Type::UnionType(union)) if union.variants.iter().any(is_none))
}

fn none() -> Literal {
    let scalar = Scalar { value: Some(scalar::Value::NoneType(Void {})) };
    Literal { value: Some(literal::Value::Scalar(Box::new(scalar))), ..Literal::default() }
}
