//! Tokens for a program: its id and its secret.

use remote::config::Secret;

use super::{GrantError, Grants};
use crate::Tokens;

impl Grants<'_> {
    /// Buys tokens with a program's id and secret.
    pub(crate) async fn client_credentials(
        &self,
        client_id: &str,
        secret: &Secret,
    ) -> Result<Tokens, GrantError> {
        let _ = (client_id, secret);
        todo!()
    }
}
