//! Tokens for tokens: renews a sign-in without asking anybody.

use super::{GrantError, http::Http};
use crate::Tokens;

/// Buys new tokens with the refresh token of old ones, where those were bought. What the answer does not say stays as it was: most
/// providers send a new refresh token only if the old one is spent.
///
/// `None`: the old ones have no refresh token.
pub(crate) async fn refresh(http: &Http, tokens: &Tokens) -> Result<Option<Tokens>, GrantError> {
    let _ = (http, tokens);
    todo!()
}
