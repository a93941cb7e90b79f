//! The ways to the next token, in their order: a token that is there, a command, what another process got, the refresh
//! token, the client's secret, a person.

use std::{sync::Arc, time::Duration};

use flyte_client::{
    Client, client,
    config::{Origin, Secret},
    transport::{Status, Transport},
};
use jiff::Timestamp;

use super::{
    How, SignIn, open,
    persist::{advice, finish, words},
    state::Source,
};
use crate::{
    Error, Flow, Method, Notice, Tokens, browser, command,
    grant::{self, GrantError, Grants, Http},
    lock::Turn,
    provider::Provider,
};

/// How long the server may take to say how to sign in.
const DISCOVERY: Duration = Duration::from_secs(30);
/// The metadata key of tokens where the server names none; servers take it beside their own.
pub(super) const HEADER: &str = "authorization";

/// What could be got without asking a person.
pub(super) enum Alone {
    Got(Box<Tokens>, Source),
    /// Nothing; the turn is still ours, for a person.
    Nothing(Option<Turn>),
}

impl SignIn {
    /// Gets the next token by the first way that leads to one. `said`: how the server refused the last.
    pub(super) async fn next(&self, said: &Status) -> Result<(Tokens, Source), Arc<Error>> {
        let method = self.method()?;
        match &method {
            Method::Static(token) => {
                let access = token.read().map_err(Error::from)?;
                return Ok((bare(Flow::StaticToken, access, self.header().await), Source::There));
            }
            Method::Command(_) => return Ok((self.anew(&method, How::Configured).await?, Source::Got)),
            // No provider gives it, and no sign-in replaces it.
            _ if said.sandbox_hint().is_some() => {
                let said = Box::new(said.clone());
                return Err(Error::SandboxToken { endpoint: self.endpoint(), said }.into());
            }
            _ => {}
        }
        let _turn = match self.alone(&method, self.options.patience).await? {
            Alone::Got(tokens, source) => return Ok((*tokens, source)),
            Alone::Nothing(turn) => turn,
        };
        if !self.person.is_there() {
            return Err(
                Error::Nobody { endpoint: self.endpoint(), mode_of_secret: self.mode_of_secret() }.into()
            );
        }
        if let Some(error) = self.current().declined() {
            return Err(error);
        }
        match self.ask(&method, How::Configured).await {
            Ok(tokens) => Ok((tokens, Source::Got)),
            // The server could not say how to sign in, so nobody was asked yet.
            Err(error @ Error::Provider(_)) => Err(error.into()),
            Err(error) => {
                let error = Arc::new(error);
                self.current().decline(&error);
                Err(error)
            }
        }
    }

    /// Where the mode has to be set that uses the client secret, if there is one.
    fn mode_of_secret(&self) -> Option<String> {
        self.connection.client_secret.value.as_ref()?;
        Some(match &self.connection.auth_mode.origin {
            // A plugin goes before variables.
            origin @ (Origin::Plugin(_) | Origin::PluginDefault(_)) => origin.place_to_change("auth_mode"),
            _ => "`FLYTE_CREDENTIALS_AUTH_MODE`".to_owned(),
        })
    }

    /// Gets a token as somebody does who has none.
    pub(super) async fn anew(&self, method: &Method, how: How) -> Result<Tokens, Error> {
        match method {
            Method::Static(token) => Err(Error::NothingToDo { place: token.place() }),
            Method::Command(_) if how != How::Configured => Err(Error::NoPerson(Flow::ExternalCommand)),
            Method::Command(words) => {
                let access = command::token(words, self.options.patience).await.map_err(Arc::new)?;
                Ok(bare(Flow::ExternalCommand, access, self.header().await))
            }
            Method::ClientCredentials { .. } if how != How::Configured => {
                Err(Error::NoPerson(Flow::ClientCredentials))
            }
            Method::ClientCredentials { client_id, secret } => {
                let _turn = self.turn(self.options.patience).await?;
                self.with_secret(client_id, secret).await
            }
            Method::Browser | Method::Device => {
                let _turn = self.turn(self.options.patience).await?;
                self.ask(method, how).await
            }
        }
    }

    /// Gets a token without a person, if there is a way; another process, or its person, is waited for.
    pub(super) async fn alone(&self, method: &Method, limit: Duration) -> Result<Alone, Error> {
        let before = self.current().generation;
        let turn = self.turn(limit).await?;
        if let Some(got) = self.got_since(before) {
            return Ok(got);
        }
        let kept = match (self.kept(method).await, method) {
            (Ok(kept), _) => kept,
            (Err(error), Method::ClientCredentials { .. }) => {
                log::warn!("the sign-in that is kept cannot be used: {}", advice(&error));
                None
            }
            (Err(error), _) => return Err(error.into()),
        };
        let used = self.current().tokens().filter(|tokens| method.may_use(tokens));
        if let Some(kept) = &kept
            && used.as_ref().is_none_or(|used| used.access != kept.access)
            && kept.is_fresh(Timestamp::now())
        {
            log::debug!("another process signed in at `{}`", self.key);
            return Ok(Alone::Got(kept.clone().into(), Source::There));
        }
        if let Method::ClientCredentials { client_id, secret } = method {
            return Ok(Alone::Got(self.with_secret(client_id, secret).await?.into(), Source::Got));
        }
        let old = kept.or_else(|| used.map(Arc::unwrap_or_clone)).filter(|tokens| tokens.refresh.is_some());
        match old {
            Some(old) => self.refresh(method, old, turn, before).await,
            None => Ok(Alone::Nothing(turn)),
        }
    }

    /// What a call wanted that was dropped, if it came since.
    fn got_since(&self, before: u64) -> Option<Alone> {
        let now = self.current().carried();
        let tokens = now.tokens.filter(|_| now.generation != before)?;
        Some(Alone::Got(Arc::unwrap_or_clone(tokens).into(), Source::Got))
    }

    /// Buys a token with a refresh token. Once sent, it may be spent; so this goes on to the end, and uses and keeps
    /// what it gets, even if the call that wanted it is dropped.
    async fn refresh(
        &self,
        method: &Method,
        old: Tokens,
        turn: Option<Turn>,
        before: u64,
    ) -> Result<Alone, Error> {
        let (http, keeper, spent) = (self.http().await?, self.keeper(), old.refresh.clone());
        let spending = Arc::clone(&self.spending).lock_owned().await;
        if let Some(got) = self.got_since(before) {
            return Ok(got);
        }
        let current = Arc::clone(&self.current);
        let buy = async move {
            let bought = grant::refresh(&http, &old).await;
            match &bought {
                Ok(Some(tokens)) => {
                    open(&current).put_renewed(before, tokens);
                    keeper.keep_renewed(tokens).await;
                }
                Err(error) if error.is_void() => keeper.drop_refresh(&old).await,
                _ => {}
            }
            drop(spending);
            (bought, turn)
        };
        let (bought, turn) = finish(tokio::spawn(buy)).await;
        match bought {
            Ok(Some(tokens)) => Ok(Alone::Got(tokens.into(), Source::Got)),
            Ok(None) => Ok(Alone::Nothing(turn)),
            Err(error @ GrantError::Refused { .. }) => {
                log::info!("the sign-in at `{}` cannot be renewed: {error}", self.key);
                if error.is_void() {
                    self.current().drop_refresh();
                }
                // Where processes cannot take turns, another one may have spent it first.
                match self.kept(method).await? {
                    Some(kept) if kept.refresh.is_some() && kept.refresh != spent => {
                        Ok(Alone::Got(kept.into(), Source::There))
                    }
                    _ => Ok(Alone::Nothing(turn)),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn with_secret(&self, client_id: &str, secret: &Secret) -> Result<Tokens, Error> {
        let (provider, http) = (self.provider().await?, self.http().await?);
        let tokens = Grants::new(&provider, &http).client_credentials(client_id, secret).await?;
        self.keeper().keep(&tokens).await;
        Ok(tokens)
    }

    /// Asks the person.
    async fn ask(&self, method: &Method, how: How) -> Result<Tokens, Error> {
        self.check_store().await?;
        let (provider, http) = (self.provider().await?, self.http().await?);
        let grants = Grants::new(&provider, &http);
        let (person, patience) = (&*self.person, self.options.patience);
        let tokens = match (how, method) {
            (How::Device, _) | (How::Configured, Method::Device) => grants.device(person, patience).await?,
            (How::NoBrowser, _) => grants.code(person, false, patience).await?,
            (How::Configured, _) if browser::is_there() => grants.code(person, true, patience).await?,
            (How::Configured, _) if provider.device_authorization_endpoint.is_some() => {
                person.tell(&Notice::NoBrowser);
                grants.device(person, patience).await?
            }
            (How::Configured, _) => grants.code(person, false, patience).await?,
        };
        self.keeper().keep(&tokens).await;
        Ok(tokens)
    }

    async fn http(&self) -> Result<Http, Error> {
        Ok(Http::new(&self.network, self.unsigned.token().await?)?)
    }

    async fn provider(&self) -> Result<Provider, Error> {
        let options = client::CallOptions {
            metadata: self.connection.metadata(),
            timeout: Some(DISCOVERY),
            ..client::CallOptions::default()
        };
        let unsigned: Arc<dyn Transport> = Arc::<crate::ProxyAuthorization>::clone(&self.unsigned);
        Ok(Provider::discover(&Client::new(unsigned, options), &self.connection).await?)
    }

    /// The metadata key in which the server wants tokens. A server that names none may have its tokens checked by
    /// somebody in front of it.
    pub(super) async fn header(&self) -> String {
        self.provider().await.map(|provider| provider.header).unwrap_or_else(|error| {
            log::debug!("the token is sent as `{HEADER}`: {}", words(&error));
            HEADER.to_owned()
        })
    }
}

/// A token of which nothing else is known.
pub(super) fn bare(flow: Flow, access: Secret, header: String) -> Tokens {
    Tokens {
        flow,
        access,
        refresh: None,
        issued_at: Timestamp::now(),
        expires_at: None,
        header,
        client_id: String::new(),
        token_endpoint: String::new(),
        scopes: Vec::new(),
        audience: None,
    }
}
