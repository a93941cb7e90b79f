//! Data by `flyte://` URLs: `flyte://v1/<project>/<domain>/<execution>/<node>[/<attempt>]/<i|o|d>[/<name>]`.

use flyte_client::{
    Code, Status,
    proto::{
        admin::{NodeExecutionGetDataRequest, TaskExecutionGetDataRequest, TaskExecutionListRequest},
        core::{LiteralMap, NodeExecutionIdentifier, WorkflowExecutionIdentifier},
        service::{GetDataRequest, GetDataResponse, get_data_response::Data},
    },
};

use crate::{
    Sandbox,
    identity::DataSide,
    service::{node_execution, task_execution},
    service_error::{ServiceError, invalid, required},
};

/// The most attempts of a node that are read.
const MOST_ATTEMPTS: u32 = 1000;

pub(crate) fn get(sandbox: &Sandbox, request: GetDataRequest) -> Result<GetDataResponse, ServiceError> {
    let url = &request.flyte_url;
    let address = parse(url)?;
    if address.side == DataSide::Deck {
        let node = node_execution::stored(sandbox, Some(address.node))?;
        let urls = super::deck_urls(sandbox, &node.closure.deck_uri, super::LONGEST)?;
        let urls = urls.ok_or_else(|| Status::new(Code::NotFound, format!("no deck found at [{url}]")))?;
        return Ok(GetDataResponse { data: Some(Data::PreSignedUrls(urls)) });
    }
    let (inputs, outputs) = match address.attempt {
        Some(attempt) => attempt_data(sandbox, address.node, attempt)?,
        None => {
            let data = node_execution::data(sandbox, NodeExecutionGetDataRequest { id: Some(address.node) })?;
            (data.full_inputs, data.full_outputs)
        }
    };
    let mut literals = (if address.side == DataSide::Outputs { outputs } else { inputs }).unwrap_or_default();
    let data = match address.name {
        None => Data::LiteralMap(literals),
        Some(name) => Data::Literal(
            literals
                .literals
                .remove(name)
                .ok_or_else(|| Status::new(Code::NotFound, format!("no value named [{name}] at [{url}]")))?,
        ),
    };
    Ok(GetDataResponse { data: Some(data) })
}

struct Address<'a> {
    node: NodeExecutionIdentifier,
    attempt: Option<u32>,
    side: DataSide,
    name: Option<&'a str>,
}

fn parse(url: &str) -> Result<Address<'_>, ServiceError> {
    let refused =
        |reason: &str| invalid(format!("failed to validate resolve artifact request. Error: {reason}"));
    if url.is_empty() {
        return Err(refused("source is required. Provided empty string"));
    }
    let Some(rest) = url.strip_prefix("flyte://") else {
        return Err(refused("request does not start with the correct prefix"));
    };
    let malformed = || invalid(format!("failed to parse artifact url Error: failed to parse [{url}]"));
    let parts: Vec<&str> = rest.split('/').collect();
    let ["v1", project, domain, execution, node, parts @ ..] = parts.as_slice() else {
        return Err(malformed());
    };
    let (attempt, parts) = match parts {
        [attempt, rest @ ..] if attempt.bytes().all(|byte| byte.is_ascii_digit()) && !attempt.is_empty() => {
            (Some(attempt.parse().map_err(|_| malformed())?), rest)
        }
        rest => (None, rest),
    };
    let (side, name) = match parts {
        ["i"] => (DataSide::Inputs, None),
        ["o"] => (DataSide::Outputs, None),
        ["i", name] => (DataSide::Inputs, Some(*name)),
        ["o", name] => (DataSide::Outputs, Some(*name)),
        // Nodes have decks, and their attempts none.
        ["d"] if attempt.is_none() => (DataSide::Deck, None),
        _ => return Err(malformed()),
    };
    let execution_id = WorkflowExecutionIdentifier {
        project: (*project).to_owned(),
        domain: (*domain).to_owned(),
        name: (*execution).to_owned(),
        ..Default::default()
    };
    let node = NodeExecutionIdentifier { node_id: (*node).to_owned(), execution_id: Some(execution_id) };
    Ok(Address { node, attempt, side, name })
}

fn attempt_data(
    sandbox: &Sandbox,
    node: NodeExecutionIdentifier,
    attempt: u32,
) -> Result<(Option<LiteralMap>, Option<LiteralMap>), ServiceError> {
    let request = TaskExecutionListRequest {
        node_execution_id: Some(node),
        limit: MOST_ATTEMPTS,
        ..Default::default()
    };
    let attempts = task_execution::list(sandbox, request)?.task_executions;
    let id = attempts.into_iter().filter_map(|attempt| attempt.id).find(|id| id.retry_attempt == attempt);
    let id = id.ok_or_else(|| Status::new(Code::NotFound, format!("no attempt [{attempt}] of that node")))?;
    let data =
        task_execution::data(sandbox, TaskExecutionGetDataRequest { id: Some(required(Some(id), "id")?) })?;
    Ok((data.full_inputs, data.full_outputs))
}
