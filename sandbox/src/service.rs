//! FlyteAdmin's services over the store: one file for each kind of entity.

use remote::{
    proto::{admin, service::AdminService},
    transport::Status,
};

use crate::Sandbox;

/// Answers one call by its path.
pub(crate) fn answer(sandbox: &Sandbox, path: &str, message: &[u8]) -> Result<Vec<u8>, Status> {
    sandbox.answer_admin_service(path, message).unwrap_or_else(|| Err(Status::unimplemented(path)))
}

impl AdminService for Sandbox {
    fn get_version(&self, _: admin::GetVersionRequest) -> Result<admin::GetVersionResponse, Status> {
        let version = admin::Version { version: env!("CARGO_PKG_VERSION").to_owned(), ..Default::default() };
        Ok(admin::GetVersionResponse { control_plane_version: Some(version) })
    }
}
