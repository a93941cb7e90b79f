//! Converts the status of a call between `flyte-client` and `plugin-abi`.

use flyte_client::transport::{Code, Status, TransportError, TransportErrorKind};
use plugin_abi::{PluginError, transport as plugin};

/// Converts a status of the client for the transport of a plugin.
pub fn to_plugin(status: Status) -> plugin::Status {
    let Status { code, message, details, metadata, fault } = status;
    let mut converted = match &fault {
        None => plugin::Status::new(plugin::Code::UNKNOWN, message),
        Some(fault) => {
            let error = PluginError::new(&fault.text).with_causes(fault.causes());
            let error = error.with_upstream(fault.origin);
            plugin::Status::fault(
                kind_to_plugin(fault.kind),
                fault.hint.iter().fold(error, PluginError::hint),
            )
        }
    };
    converted.code = plugin::Code(code.number());
    converted.details = details.into();
    converted.metadata = metadata;
    converted
}

/// Converts a status of a plugin's transport for the client.
#[must_use]
pub fn from_plugin(status: plugin::Status) -> Status {
    let code = Code::from_number(status.code.0);
    let converted = match (status.fault_kind(), status.error()) {
        (Some(kind), Some(error)) => {
            let hints = (!error.hints().is_empty()).then(|| error.hints().join("\n"));
            let fault = TransportError::new(kind_from_plugin(kind), error.message());
            let fault = fault.with_origin(error.upstream());
            Status::fault(code, fault.caused_by(error.causes().to_vec()).hint(hints))
        }
        _ => Status::new(code, status.message),
    };
    Status { details: status.details.into(), metadata: status.metadata, ..converted }
}

fn kind_to_plugin(kind: TransportErrorKind) -> plugin::FaultKind {
    match kind {
        TransportErrorKind::Connect => plugin::FaultKind::Connect,
        TransportErrorKind::Tls => plugin::FaultKind::Tls,
        TransportErrorKind::Protocol => plugin::FaultKind::Protocol,
        TransportErrorKind::Broken => plugin::FaultKind::Broken,
        TransportErrorKind::Deadline => plugin::FaultKind::Deadline,
        TransportErrorKind::TooLarge => plugin::FaultKind::TooLarge,
        // Plugins do not handle sign-in; the status code is kept.
        TransportErrorKind::SignIn | TransportErrorKind::Transport => plugin::FaultKind::Transport,
    }
}

fn kind_from_plugin(kind: plugin::FaultKind) -> TransportErrorKind {
    match kind {
        plugin::FaultKind::Connect => TransportErrorKind::Connect,
        plugin::FaultKind::Tls => TransportErrorKind::Tls,
        plugin::FaultKind::Protocol => TransportErrorKind::Protocol,
        plugin::FaultKind::Broken => TransportErrorKind::Broken,
        plugin::FaultKind::Deadline => TransportErrorKind::Deadline,
        plugin::FaultKind::TooLarge => TransportErrorKind::TooLarge,
        _ => TransportErrorKind::Transport,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_comes_back_as_it_went() {
        let mut said = Status::new(Code::NotFound, "no such task");
        said.details = b"details".to_vec().into();
        said.metadata = vec![("x-request-id".to_owned(), "7".to_owned())];
        assert_eq!(from_plugin(to_plugin(said.clone())), said);

        let fault = TransportError::new(TransportErrorKind::Tls, "the certificate is expired")
            .caused_by(["it ended yesterday".to_owned(), "by the clock of this machine".to_owned()])
            .hint("look at the clock".to_owned())
            .with_origin(7);
        let broken = Status::fault(Code::Unavailable, fault);
        assert_eq!(from_plugin(to_plugin(broken.clone())), broken);
    }
}
