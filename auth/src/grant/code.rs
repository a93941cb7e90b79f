//! Tokens for a person at the browser: the authorization code, with PKCE.

use std::{borrow::Cow, convert::Infallible, future::pending, time::Duration};

use oauth2::{AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, url::Url};
use tokio::{sync::oneshot, time::timeout};

use super::{GrantError, Grants, host};
use crate::{
    Error, Flow, Notice, Person, Tokens,
    browser::Browser,
    callback::{Answer, Callback, Visit},
    page::Page,
};

#[cfg(test)]
mod tests;

/// How many random bytes say that an answer is ours.
const STATE: u32 = 32;

impl Grants<'_> {
    /// Sends a person to the provider's page, and buys tokens with the code that the browser brings back.
    ///
    /// `open` is whether to open a browser; the address is told in any case. The port of the redirect URI is open from
    /// before that until this ends, or is dropped. `patience` is how long the browser is waited for; what comes after
    /// it has the limits of [`super::Http`].
    pub(crate) async fn code(
        &self,
        person: &dyn Person,
        open: bool,
        patience: Duration,
    ) -> Result<Tokens, Error> {
        let callback = Callback::bind(&self.provider.redirect_uri).await?;
        let attempt = self.attempt(callback.redirect_uri())?;
        let (server, answer) = callback.serve(attempt.state.clone(), self.provider.issuer.clone());
        let browser = if open { Browser::open(attempt.page.as_str()) } else { None };
        let opened = browser.is_some();
        person.tell(&Notice::Browser { url: attempt.page.as_str(), opened, within: patience });
        tokio::select! {
            never = server => match never {},
            never = watch(browser) => match never {},
            tokens = self.answered(attempt, answer, person, patience) => tokens,
        }
    }

    /// One attempt, with a state and a verifier of its own.
    fn attempt(&self, redirect_uri: &str) -> Result<Attempt, GrantError> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned());
        let redirect = redirect.map_err(|_| GrantError::no_address(redirect_uri))?;
        let protocol = self.protocol(&self.provider.client_id)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = protocol
            .authorize_url(|| CsrfToken::new_random_len(STATE))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Borrowed(&redirect))
            .add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let (page, state) = request.url();
        // It is given to a program that opens whatever it gets.
        if !matches!(page.scheme(), "http" | "https") {
            return Err(GrantError::no_address(&self.provider.authorization_endpoint));
        }
        Ok(Attempt { page, state, verifier, redirect })
    }

    /// Waits for the browser, and shows it how it went: not before that is known.
    async fn answered(
        &self,
        attempt: Attempt,
        answer: oneshot::Receiver<Visit>,
        person: &dyn Person,
        patience: Duration,
    ) -> Result<Tokens, Error> {
        let Ok(Ok(Visit { answer, window })) = timeout(patience, answer).await else {
            return Err(Error::TooLate(patience));
        };
        let host = attempt.page.host_str().unwrap_or_default().to_owned();
        let tokens = self.redeem(attempt, answer).await;
        let page = match &tokens {
            Ok(_) => Page::success(person.success_page(&host), &host),
            Err(error) => Page::failure(&error.to_string().replace('`', "")),
        };
        window.show(page).await;
        Ok(tokens?)
    }

    async fn redeem(&self, attempt: Attempt, answer: Answer) -> Result<Tokens, GrantError> {
        let host = host(&self.provider.authorization_endpoint);
        match answer {
            Answer::Code(code) => self.exchange(attempt, code).await,
            Answer::OtherIssuer(issuer) => {
                let what = format!("the name of another provider, `{issuer}`");
                Err(GrantError::Nonsense { host, what, says: None })
            }
            Answer::Refused { error, description } => Err(GrantError::Refused { host, error, description }),
        }
    }

    async fn exchange(&self, attempt: Attempt, code: AuthorizationCode) -> Result<Tokens, GrantError> {
        let client_id = &self.provider.client_id;
        let protocol = self.protocol(client_id)?;
        let request = protocol
            .exchange_code(code)
            .set_pkce_verifier(attempt.verifier)
            .set_redirect_uri(Cow::Owned(attempt.redirect));
        let answer = request.request_async(self.http).await;
        self.tokens(Flow::Browser, client_id, answer)
    }
}

/// What belongs together, and to nothing else.
struct Attempt {
    /// The provider's page.
    page: Url,
    state: CsrfToken,
    verifier: PkceCodeVerifier,
    redirect: RedirectUrl,
}

async fn watch(browser: Option<Browser>) -> Infallible {
    match browser {
        Some(browser) => browser.watch().await,
        None => pending().await,
    }
}
