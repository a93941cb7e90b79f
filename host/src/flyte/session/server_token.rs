//! The token of a served sandbox, which its own user's commands find by themselves.

use std::path::Path;

use flyte_client::{
    config::Secret,
    grpc::Grpc,
    transport::{Call, Reply, Transport},
};

/// Sends the token of `sandbox start`, so that the server need not look up whose the connection is.
pub(super) struct WithServerToken {
    grpc: Grpc,
    token: Option<Secret>,
}

impl WithServerToken {
    /// A server of the sandbox in a folder.
    pub(super) fn new(grpc: Grpc, root: &Path) -> Self {
        Self { grpc, token: sandbox::server::token(root).map(Secret::new) }
    }
}

impl Transport for WithServerToken {
    fn call(&self, mut call: Call) -> Reply<'_> {
        if let Some(token) = &self.token {
            call.metadata.push(("authorization".to_owned(), format!("Bearer {}", token.reveal())));
        }
        self.grpc.call(call)
    }
}
