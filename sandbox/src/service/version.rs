//! What server this is.

use flyte_client::proto::admin;

use crate::{Sandbox, failure::Failure};

pub(crate) fn get(_: &Sandbox, _: admin::GetVersionRequest) -> Result<admin::GetVersionResponse, Failure> {
    let version = admin::Version { version: env!("CARGO_PKG_VERSION").to_owned(), ..Default::default() };
    Ok(admin::GetVersionResponse { control_plane_version: Some(version) })
}
