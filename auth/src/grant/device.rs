//! Tokens for a person with a second device (RFC 8628).
//!
//! The `oauth2` crate asks for the code. It does not wait for the person: to it every failure is one that may pass, and
//! in the end it cannot tell a provider that was down from a person who was away.

use std::time::Duration;

use oauth2::{DeviceAuthorizationUrl, StandardDeviceAuthorizationResponse as Code};
use tokio::time::{Instant, sleep, timeout_at};

use super::{GrantError, Grants, ProtocolError};
use crate::{Error, Flow, Notice, Person, Tokens, redact::printable};

/// The name of this grant.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What `slow_down` asks for.
const SLOWER: Duration = Duration::from_secs(5);
/// The shortest pause between two questions, whatever the provider allows.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest one, unless the provider wants a longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Grants<'_> {
    /// Lets a person type a code on another device, and waits until they have.
    pub(crate) async fn device(&self, person: &dyn Person, patience: Duration) -> Result<Tokens, Error> {
        let code = self.device_code().await?;
        let within = match code.expires_in() {
            Duration::ZERO => patience,
            life => life.min(patience),
        };
        let complete_url = code.verification_uri_complete().map(|url| printable(url.secret()));
        person.tell(&Notice::Device {
            url: &printable(code.verification_uri()),
            code: &printable(code.user_code().secret()),
            complete_url: complete_url.as_deref(),
            within,
        });
        let interval = code.interval().max(SHORTEST_PAUSE);
        wait(interval, within, || self.device_tokens(code.device_code().secret())).await
    }

    async fn device_code(&self) -> Result<Code, GrantError> {
        let Some(url) = self.provider.device_authorization_endpoint.clone() else {
            return Err(GrantError::NoDevices { host: self.host() });
        };
        let url = DeviceAuthorizationUrl::new(url.clone()).map_err(|_| GrantError::no_address(&url))?;
        let protocol = self.buyer(&self.provider.client_id)?.set_device_authorization_url(url);
        let mut request = protocol.exchange_device_code().add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let answer: Result<Code, ProtocolError> = request.request_async(self.http).await;
        answer.map_err(|error| GrantError::of(&self.host(), error))
    }

    /// One question for the tokens; most are answered `authorization_pending`.
    async fn device_tokens(&self, code: &str) -> Result<Tokens, GrantError> {
        let client_id = self.provider.client_id.as_str();
        let fields = [("grant_type", GRANT), ("device_code", code), ("client_id", client_id)];
        let answer = self.http.post(&self.provider.token_endpoint, &fields).await;
        let answer = answer.map_err(ProtocolError::Request).and_then(|answer| {
            serde_json::from_slice(answer.body()).map_err(|error| ProtocolError::Other(error.to_string()))
        });
        self.tokens(Flow::Device, client_id, answer)
    }
}

/// Asks until the person has answered. A provider that is down for a while is asked less often, and if it is down
/// at the end, that is why nobody is signed in.
async fn wait<T, Answer: Future<Output = Result<T, GrantError>>>(
    mut interval: Duration,
    within: Duration,
    mut ask: impl FnMut() -> Answer,
) -> Result<T, Error> {
    let deadline = Instant::now() + within;
    let (mut pause, mut down) = (interval, None);
    loop {
        let question = async {
            sleep(pause).await;
            ask().await
        };
        let Ok(answer) = timeout_at(deadline, question).await else { break };
        let error = match answer {
            Err(error) => error,
            Ok(tokens) => return Ok(tokens),
        };
        match &error {
            GrantError::Unreachable { .. } => {
                pause = (pause * 2).min(LONGEST_PAUSE).max(interval);
                down = Some(error);
                continue;
            }
            GrantError::Refused { error: code, .. } if code == "authorization_pending" => {}
            GrantError::Refused { error: code, .. } if code == "slow_down" => interval += SLOWER,
            GrantError::Refused { error: code, .. } if code == "expired_token" => break,
            _ => return Err(error.into()),
        }
        (pause, down) = (interval, None);
    }
    Err(down.map_or(Error::TooLate(within), Error::Grant))
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    fn refused(error: &str) -> GrantError {
        GrantError::Refused { host: "p".to_owned(), error: error.to_owned(), description: None }
    }

    fn down() -> GrantError {
        let source = flyte_client::Status::new(flyte_client::Code::Unavailable, "");
        GrantError::Unreachable { host: "p".to_owned(), source }
    }

    /// What becomes of a provider's answers, and the seconds after which it was asked.
    async fn waited(within: u64, answers: Vec<Result<(), GrantError>>) -> (Result<(), Error>, Vec<u64>) {
        let (start, mut asked, mut answers) = (Instant::now(), Vec::new(), answers.into_iter());
        let result = wait(Duration::from_secs(5), Duration::from_secs(within), || {
            asked.push(start.elapsed().as_secs());
            ready(answers.next().unwrap_or_else(|| Err(refused("authorization_pending"))))
        });
        (result.await, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn asks_at_the_pace_that_the_provider_wants() {
        let pending = || Err(refused("authorization_pending"));
        let answers = vec![pending(), Err(refused("slow_down")), pending(), Ok(())];
        let (result, asked) = waited(300, answers).await;
        assert!(result.is_ok());
        assert_eq!(asked, [5, 10, 20, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_down_for_a_while_is_waited_for() {
        let answers = vec![Err(down()), Err(down()), Err(refused("authorization_pending")), Ok(())];
        let (result, asked) = waited(300, answers).await;
        assert!(result.is_ok());
        assert_eq!(asked, [5, 15, 35, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_who_does_not_come_is_too_late() {
        let (result, asked) = waited(12, Vec::new()).await;
        assert!(matches!(result, Err(Error::TooLate(within)) if within.as_secs() == 12));
        assert_eq!(asked, [5, 10]);
        let (result, asked) = waited(300, vec![Err(refused("expired_token"))]).await;
        assert!(matches!(result, Err(Error::TooLate(_))));
        assert_eq!(asked, [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_down_at_the_end_is_named() {
        let (result, _) = waited(12, vec![Err(refused("authorization_pending")), Err(down())]).await;
        assert!(matches!(result, Err(Error::Grant(GrantError::Unreachable { .. }))));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_ends_the_waiting() {
        let (result, asked) = waited(300, vec![Err(refused("access_denied"))]).await;
        assert!(matches!(result, Err(Error::Grant(GrantError::Refused { .. }))));
        assert_eq!(asked, [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_is_waited_for_until_the_deadline() {
        let result = wait(Duration::from_secs(5), Duration::from_secs(60), std::future::pending);
        let result: Result<(), Error> = result.await;
        assert!(matches!(result, Err(Error::TooLate(_))));
    }
}
