//! Answers to the gates of executions.

use flyte_client::{
    literal,
    proto::{
        admin::{
            Signal, SignalGetOrCreateRequest, SignalList, SignalListRequest, SignalSetRequest,
            SignalSetResponse,
        },
        core::{
            Literal, LiteralType, SignalIdentifier, WorkflowExecutionIdentifier, literal::Value,
            primitive::Value as PrimitiveValue, scalar::Value as ScalarValue,
        },
    },
};
use jiff::Timestamp;
use prost::Message as _;

use super::execution;
use crate::{
    Sandbox,
    list::{Column, Listing, Table},
    service_error::{ServiceError, filled, invalid, required},
    store,
};

/// Signals, for lists.
static TABLE: Table = Table {
    entity: "signal",
    name: "signals",
    from: "signals",
    columns: &[
        Column::text("execution_project"),
        Column::text("execution_domain"),
        Column::text("execution_name"),
        Column::text("signal_id"),
        Column::bytes("type"),
        Column::bytes("value"),
    ],
    joins: &[],
};

pub(crate) fn get_or_create(
    sandbox: &Sandbox,
    request: SignalGetOrCreateRequest,
) -> Result<Signal, ServiceError> {
    let (execution, name) = identified(request.id)?;
    let kind = required(request.r#type, "type")?;
    sandbox.store.write(|transaction| {
        store::signal::create(transaction, &execution, &name, &kind, Timestamp::now())?;
        let stored = store::signal::find(transaction, &execution, &name)?;
        stored.ok_or_else(|| unknown(&execution, &name))
    })
}

pub(crate) fn list(sandbox: &Sandbox, request: SignalListRequest) -> Result<SignalList, ServiceError> {
    let execution = required(request.workflow_execution_id, "execution_id")?;
    let execution = execution::identified(Some(execution))?;
    if request.limit == 0 {
        return Err(invalid("invalid value for limit"));
    }
    let listing = Listing::new(&TABLE)
        .with("execution_project", execution.project)
        .with("execution_domain", execution.domain)
        .with("execution_name", execution.name)
        .limit(request.limit)?
        .filters(&request.filters)?
        .sorted(request.sort_by.as_ref())?
        .token(&request.token, "ListSignals")?;
    let page = sandbox
        .store
        .read(|connection| listing.rows(connection, store::signal::COLUMNS, store::signal::read))?;
    Ok(SignalList { signals: page.rows, token: page.token })
}

pub(crate) fn set(sandbox: &Sandbox, request: SignalSetRequest) -> Result<SignalSetResponse, ServiceError> {
    let (execution, name) = identified(request.id)?;
    let value = required(request.value, "value")?;
    sandbox.store.write(|transaction| {
        let signal = store::signal::find(transaction, &execution, &name)?;
        let signal = signal.ok_or_else(|| unknown(&execution, &name))?;
        let kind = signal.r#type.unwrap_or_default();
        if literal::check(&value, &kind).is_err() {
            return Err(mismatch(&value, &kind));
        }
        store::signal::answer(transaction, &execution, &name, &value, Timestamp::now())?;
        Ok(())
    })?;
    sandbox.wake_engine();
    Ok(SignalSetResponse {})
}

fn identified(id: Option<SignalIdentifier>) -> Result<(WorkflowExecutionIdentifier, String), ServiceError> {
    let id = required(id, "id")?;
    let execution = required(id.execution_id, "execution_id")?;
    let execution = execution::identified(Some(execution))?;
    filled(&id.signal_id, "signal_id")?;
    Ok((execution, id.signal_id))
}

fn unknown(id: &WorkflowExecutionIdentifier, name: &str) -> ServiceError {
    let execution = format!("{} {} {}", id.project, id.domain, id.name);
    invalid(format!(
        "failed to validate that signal [{{{{{execution}}} {name}}}] exists, err: [signal does not exist]"
    ))
}

fn mismatch(value: &Literal, kind: &LiteralType) -> ServiceError {
    let bytes: Vec<_> = kind.encode_to_vec().iter().map(u8::to_string).collect();
    invalid(format!(
        "requested signal value [{}] is not castable to existing signal type [[{}]]",
        shown(value),
        bytes.join(" ")
    ))
}

/// A value as Go prints it; other values than primitives as JSON.
fn shown(literal: &Literal) -> String {
    let Some(Value::Scalar(scalar)) = &literal.value else { return literal::to_json(literal).to_string() };
    let Some(ScalarValue::Primitive(primitive)) = &scalar.value else {
        return literal::to_json(literal).to_string();
    };
    let value = match &primitive.value {
        Some(PrimitiveValue::Integer(value)) => format!("integer:{value}"),
        Some(PrimitiveValue::FloatValue(value)) => format!("float_value:{value}"),
        Some(PrimitiveValue::StringValue(value)) => format!("string_value:{value:?}"),
        Some(PrimitiveValue::Boolean(value)) => format!("boolean:{value}"),
        _ => literal::to_json(literal).to_string(),
    };
    format!("scalar:{{primitive:{{{value}}}}}")
}
