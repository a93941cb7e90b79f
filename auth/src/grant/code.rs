//! The authorization code flow, with PKCE.

use std::{borrow::Cow, convert::Infallible, future::pending, time::Duration};

use oauth2::{AuthorizationCode, CsrfToken, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, url::Url};
use tokio::{sync::oneshot, time::timeout};

use super::{Grants, error::GrantError, host};
use crate::{
    AuthError, Flow, Prompt, PromptEvent, Tokens,
    browser::Browser,
    callback::{Callback, CallbackRequest, CallbackResult},
    page::Page,
};

#[cfg(test)]
mod tests;

/// The length of the random `state`, in bytes.
const STATE_BYTES: u32 = 32;

impl Grants<'_> {
    /// Sends the user to the provider's page, and exchanges the code that the browser returns with.
    ///
    /// `open` is whether to open a browser; the URL is shown in any case. The port of the redirect URI is
    /// open until this returns or is dropped. `limit` is for the browser; the requests afterwards have the
    /// timeout of
    /// [`super::http::Http`].
    pub(crate) async fn code(
        &self,
        prompt: &dyn Prompt,
        open: bool,
        limit: Duration,
    ) -> Result<Tokens, AuthError> {
        let callback = Callback::bind(&self.provider.redirect_uri).await?;
        let login = self.login(callback.redirect_uri())?;
        let (server, request) = callback.serve(login.state.clone(), self.provider.issuer.clone());
        let browser = if open { Browser::open(login.page.as_str()) } else { None };
        let opened = browser.is_some();
        prompt.show(&PromptEvent::Browser { url: login.page.as_str(), opened, within: limit });
        tokio::select! {
            never = server => match never {},
            never = watch(browser) => match never {},
            tokens = self.finish(login, request, prompt, limit) => tokens,
        }
    }

    /// Begins a login, with its own state and verifier.
    fn login(&self, redirect_uri: &str) -> Result<BrowserLogin, GrantError> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned());
        let redirect = redirect.map_err(|_| GrantError::invalid_url(redirect_uri))?;
        let client = self.browser_client(&self.provider.client_id)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let mut request = client
            .authorize_url(|| CsrfToken::new_random_len(STATE_BYTES))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Borrowed(&redirect))
            .add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let (page, state) = request.url();
        // Programs that open URLs accept other schemes, such as `file`.
        if !matches!(page.scheme(), "http" | "https") {
            return Err(GrantError::invalid_url(&self.provider.authorization_endpoint));
        }
        Ok(BrowserLogin { page, state, verifier, redirect })
    }

    /// Waits for the browser, exchanges the code, and then shows the result in the browser.
    async fn finish(
        &self,
        login: BrowserLogin,
        request: oneshot::Receiver<CallbackRequest>,
        prompt: &dyn Prompt,
        limit: Duration,
    ) -> Result<Tokens, AuthError> {
        let Ok(Ok(CallbackRequest { result, response })) = timeout(limit, request).await else {
            return Err(AuthError::TimedOut(limit));
        };
        let host = login.page.host_str().unwrap_or_default().to_owned();
        let tokens = self.redeem(login, result).await;
        let page = match &tokens {
            Ok(_) => Page::success(prompt.success_page(&host), &host),
            Err(error) => Page::failure(&error.to_string().replace('`', "")),
        };
        response.show(page).await;
        Ok(tokens?)
    }

    async fn redeem(&self, login: BrowserLogin, result: CallbackResult) -> Result<Tokens, GrantError> {
        let host = host(&self.provider.authorization_endpoint);
        match result {
            CallbackResult::Code(code) => self.exchange(login, code).await,
            CallbackResult::OtherIssuer(issuer) => {
                let what = format!("the issuer is `{issuer}`");
                Err(GrantError::UnexpectedResponse { host, what, says: None })
            }
            CallbackResult::Refused { error, description } => {
                Err(GrantError::Refused { host, error, description })
            }
        }
    }

    async fn exchange(&self, login: BrowserLogin, code: AuthorizationCode) -> Result<Tokens, GrantError> {
        let client_id = &self.provider.client_id;
        let client = self.browser_client(client_id)?;
        let request = client
            .exchange_code(code)
            .set_pkce_verifier(login.verifier)
            .set_redirect_uri(Cow::Owned(login.redirect));
        let answer = request.request_async(self.http).await;
        self.tokens(Flow::Browser, client_id, answer)
    }
}

/// One login; its parts belong together.
struct BrowserLogin {
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
