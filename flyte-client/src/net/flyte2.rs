//! Distinguishes a Flyte 2 server from one that is not Flyte.
//!
//! Flyte 2 has services of its own (`flyteidl2.…`) and none of Flyte 1's: calls of these get the router's 404
//! page, or whatever an ingress serves by default. One more request asks for a method that all of Flyte 2
//! answers without sign-in (`runs/setup.go` of flyteorg/flyte 2). It speaks the Connect protocol over
//! HTTP/1.1, which Flyte 2 does on the same port, and which passes proxies that know nothing of gRPC.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::{client::legacy, rt::TokioExecutor};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;

use super::{Network, fault::Target};
use crate::transport::{Code, Status, TransportError, TransportErrorKind};

const METHOD: &str = "/flyteidl2.auth.AuthMetadataService/GetPublicClientConfig";

/// How long the answer may take: the user waits for an error message.
const PATIENCE: Duration = Duration::from_secs(5);

/// The largest answer that is read, in bytes.
const LARGEST: usize = 64 * 1024;

/// Asks a server once whether it is Flyte 2, when an answer looks like it.
pub(crate) struct Probe {
    network: Network,
    url: String,
    found: OnceCell<bool>,
}

impl Probe {
    /// `base` is the server's `scheme://host:port`. Nothing is read or opened before [`Probe::explain`].
    pub(crate) fn new(network: &Network, base: &str) -> Self {
        Self { network: network.clone(), url: format!("{base}{METHOD}"), found: OnceCell::new() }
    }

    /// Names a Flyte 2 server where a failure may be due to one.
    pub(crate) async fn explain(&self, status: Status, target: &Target) -> Status {
        if may_be_flyte2(&status) && *self.found.get_or_init(|| self.ask()).await {
            return flyte2(status, target);
        }
        status
    }

    /// Whether the server answers as Flyte 2 does; without an answer it does not.
    async fn ask(&self) -> bool {
        tokio::time::timeout(PATIENCE, self.exchange()).await.ok().flatten().unwrap_or(false)
    }

    async fn exchange(&self) -> Option<bool> {
        let request = Request::post(&self.url)
            .header(header::CONTENT_TYPE, "application/json")
            .header("connect-protocol-version", "1")
            .header(header::USER_AGENT, concat!("flyte-host/", env!("CARGO_PKG_VERSION")))
            .body(Full::new(Bytes::from_static(b"{}")))
            .ok()?;
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build::<_, Full<Bytes>>(self.network.flyte_over_http1().ok()?);
        let (head, body) = client.request(request).await.ok()?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await.ok()?.to_bytes();
        Some(is_answer(head.status, &serde_json::from_slice(&body).ok()?))
    }
}

/// Whether an answer could be that of a server without Flyte 1's services: a method that it does not know, or
/// HTTP that is not gRPC. Where Flyte 2 wants a sign-in, that is a bare 401
/// (`runs/service/auth/http_middleware.go`), and the method that is asked needs no authentication.
fn may_be_flyte2(status: &Status) -> bool {
    match &status.fault {
        None => status.code == Code::Unimplemented,
        Some(fault) => {
            fault.kind == TransportErrorKind::Protocol
                && matches!(
                    status.code,
                    Code::Internal
                        | Code::PermissionDenied
                        | Code::Unauthenticated
                        | Code::Unimplemented
                        | Code::Unknown
                )
        }
    }
}

/// Whether an answer is one of Connect (<https://connectrpc.com/docs/protocol>) to this method: the
/// configuration, or a refusal that has one of Connect's codes, which are words.
fn is_answer(status: StatusCode, answer: &Map<String, Value>) -> bool {
    if status.is_success() {
        // Connect leaves out what is empty.
        return ["authorizationMetadataKey", "clientId", "dataplaneDomain"]
            .into_iter()
            .any(|key| answer.get(key).is_some_and(Value::is_string));
    }
    let code = answer.get("code").and_then(Value::as_str);
    code.is_some_and(|code| {
        matches!(code, "unauthenticated" | "permission_denied" | "internal" | "unavailable")
    })
}

fn flyte2(status: Status, target: &Target) -> Status {
    let text = format!(
        "`{}` is a Flyte 2 server; this client speaks to Flyte 1 only (`flyteidl`, not `flyteidl2`)",
        target.place
    );
    let hint = format!(
        "use the client of Flyte 2 (`pip install flyte`), or set {} to a Flyte 1 server",
        target.places.endpoint
    );
    let fault = TransportError::new(TransportErrorKind::Protocol, text).hint(hint);
    Status { metadata: status.metadata, ..Status::fault(Code::Unimplemented, fault) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_of_flyte_2() {
        let is = |status: u16, answer: Value| {
            is_answer(StatusCode::from_u16(status).unwrap(), answer.as_object().unwrap())
        };
        assert!(is(
            200,
            json!({ "authorizationMetadataKey": "authorization", "dataplaneDomain": "http://x" })
        ));
        assert!(is(200, json!({ "clientId": "flytectl", "redirectUri": "http://localhost:53593/callback" })));
        assert!(is(401, json!({ "code": "unauthenticated" })));
        // A gateway of Flyte 1, a foreign API, and a foreign Connect service.
        assert!(!is(404, json!({ "code": 5, "message": "Not Found", "details": [] })));
        assert!(!is(200, json!({ "status": "ok" })));
        assert!(!is(404, json!({ "code": "unimplemented" })));
    }
}
