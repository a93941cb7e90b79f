//! Calls and their rejections.

use flyte_client::transport::{Call, Code, Status, TransportErrorKind};

/// Whether a call has a header of its own.
pub(crate) fn has_header(call: &Call, header: &str) -> bool {
    call.metadata.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
}

/// Whether a call reads the server's OAuth metadata.
pub(super) fn is_auth_service(call: &Call) -> bool {
    call.path.starts_with("/flyteidl.service.AuthMetadataService/")
}

/// Whether the server, or a proxy (HTTP 401), requires authentication. A sign-in of ours that failed has
/// the same code, but is not a response.
pub(super) fn is_unauthenticated(status: &Status) -> bool {
    status.code == Code::Unauthenticated
        && status.fault.as_ref().is_none_or(|fault| fault.kind != TransportErrorKind::SignIn)
}
