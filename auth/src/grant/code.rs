//! Tokens for a person at the browser: the authorization code, with PKCE.

use std::time::Duration;

use super::Grants;
use crate::{Error, Person, Tokens};

impl Grants<'_> {
    /// Sends a person to the provider's page, and buys tokens with the code that the browser brings back.
    ///
    /// `open` is whether to open a browser; the address is told in any case.
    pub(crate) async fn code(
        &self,
        person: &dyn Person,
        open: bool,
        patience: Duration,
    ) -> Result<Tokens, Error> {
        let _ = (person, open, patience);
        todo!()
    }
}
