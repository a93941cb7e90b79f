//! When the next token is got, and who shares it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use flyte_client::transport::{Call, Status};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    Carried, Seen, SignIn,
    acquire::{Alone, HEADER, bare},
    persist::words,
    state::{Advice, Source},
};
use crate::{Error, Flow, Method, StaticToken, Tokens};

/// How long a call waits for its turn to renew a token ahead of expiry: the old one may still do.
const AHEAD: Duration = Duration::from_secs(10);

/// What to do with a call that was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Send it again.
    Again,
    /// It had no token of ours: leave it.
    Leave,
}

impl SignIn {
    /// How things are before a call.
    pub(crate) fn seen(&self) -> Seen {
        self.current().seen()
    }

    /// What a call carries. A token that is about to expire is renewed first, if nobody has to be asked for that.
    pub(crate) async fn for_call(&self) -> Carried {
        self.load().await;
        let carried = self.current().carried();
        if !self.is_to_be_renewed(&carried) {
            return carried;
        }
        self.renew_ahead(&carried).await;
        self.current().carried()
    }

    /// What the server thinks of what a call carried.
    pub(crate) fn judge(&self, carried: &Carried, is_accepted: bool) {
        self.current().judge(carried.generation, is_accepted);
    }

    /// Tells once that a token is about to travel unencrypted.
    pub(crate) fn warn_of_plain_text(&self) {
        let endpoint = &self.connection.endpoint.value;
        let is_plain = self.connection.insecure.value && !endpoint.is_loopback();
        if is_plain && !self.warned_of_plain_text.swap(true, Ordering::Relaxed) {
            let insecure = self.connection.insecure.origin.place_to_change("admin.insecure");
            log::warn!("the token travels unencrypted to `{endpoint}`, because {insecure} is true");
        }
    }

    /// Gets the next token for a call that was refused, unless somebody else just did.
    ///
    /// Dropping the future lets the next caller do it.
    pub(crate) async fn after_refusal(
        &self,
        seen: Seen,
        call: &Call,
        said: &Status,
    ) -> Result<Next, Arc<Error>> {
        self.check_own_header(call, said).await?;
        let _one = self.one.lock().await;
        let advice = self.current().advice(seen);
        match advice {
            Advice::Again => return Ok(Next::Again),
            Advice::GiveUp => return Err(self.not_accepted(said).into()),
            Advice::NotOurs => return Ok(Next::Leave),
            Advice::Renew => log::debug!("`{}` wants another token: {said}", self.key),
            Advice::Share(error) => return Err(error),
        }
        let refused = self.current().tokens();
        let (tokens, source) = self.next(said).await.inspect_err(|error| self.current().fail(error))?;
        if refused.is_some_and(|refused| refused.access == tokens.access && refused.header == tokens.header) {
            return Err(self.not_accepted(said).into());
        }
        self.current().put(tokens, source);
        Ok(Next::Again)
    }

    /// Why a call was refused with a token that was just got.
    pub(crate) fn not_accepted(&self, said: &Status) -> Error {
        let tokens = self.current().tokens();
        Error::NotAccepted {
            endpoint: self.endpoint(),
            flow: tokens.map_or(Flow::Browser, |tokens| tokens.flow),
            place: self.options.token.as_ref().map(StaticToken::place),
            said: worth_telling(said),
        }
    }

    /// A header of the call's own goes before ours, so that no sign-in would change anything.
    async fn check_own_header(&self, call: &Call, said: &Status) -> Result<(), Error> {
        let used = self.current().tokens();
        let header = match used {
            Some(tokens) => tokens.header.clone(),
            // Which header matters is the server's to say; it is asked only if there may be one.
            None if has(call, HEADER) => self.header().await,
            None => return Ok(()),
        };
        if !has(call, &header) {
            return Ok(());
        }
        Err(Error::OwnHeader { endpoint: self.endpoint(), header, said: worth_telling(said) })
    }

    /// Takes the token into use that is there already; reads nothing the second time.
    pub(super) async fn load(&self) {
        self.loaded.get_or_init(|| self.find()).await;
    }

    async fn find(&self) {
        match self.there().await {
            Ok(None) => {}
            Ok(Some(tokens)) => drop(self.current().put(tokens, Source::There)),
            // Whether it matters is the server's to say: then it is read again, and told.
            Err(error) => log::debug!("no token yet: {}", words(&error)),
        }
    }

    async fn there(&self) -> Result<Option<Tokens>, Error> {
        match self.method()? {
            Method::Static(token) => Ok(Some(bare(Flow::StaticToken, token.read()?, HEADER.to_owned()))),
            Method::Command(_) => Ok(None),
            method => Ok(self.kept(&method).await?),
        }
    }

    fn is_to_be_renewed(&self, carried: &Carried) -> bool {
        let Some(tokens) = &carried.tokens else { return false };
        let is_possible = tokens.refresh.is_some() || tokens.flow == Flow::ClientCredentials;
        is_possible && !tokens.is_fresh(Timestamp::now()) && !self.current().rests()
    }

    /// Renews the token of a call before it expires. If that goes wrong, the old one is used as long as it lasts.
    async fn renew_ahead(&self, old: &Carried) {
        // Whoever is asked for a sign-in now may take minutes.
        let Ok(_one) = timeout(AHEAD, self.one.lock()).await else { return };
        let now = self.current().carried();
        if now.generation != old.generation || !self.is_to_be_renewed(&now) {
            return;
        }
        let got = match self.method() {
            Ok(method) => self.alone(&method, AHEAD).await,
            Err(error) => Err(error),
        };
        match got {
            Ok(Alone::Got(tokens, source)) => drop(self.current().put(*tokens, source)),
            Ok(Alone::Nothing(_)) => drop(self.current().rest()),
            Err(error) => {
                let is_news = self.current().rest() && !matches!(error, Error::TooLate(_));
                let level = if is_news { log::Level::Warn } else { log::Level::Debug };
                let why = words(&error);
                log::log!(level, "the sign-in cannot be renewed, and is used as long as it lasts: {why}");
            }
        }
    }
}

/// Whether a call has a header of its own.
pub(crate) fn has(call: &Call, header: &str) -> bool {
    call.metadata.iter().any(|(name, _)| name.eq_ignore_ascii_case(header))
}

fn worth_telling(said: &Status) -> Option<Box<Status>> {
    (!said.message.is_empty()).then(|| said.clone().into())
}
