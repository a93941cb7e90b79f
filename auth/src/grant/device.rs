//! The device flow (RFC 8628).
//!
//! The `oauth2` crate requests the code. Polling is done here: the crate retries after every error, and so
//! cannot distinguish an unavailable provider from a user who did not enter the code.

use std::time::Duration;

use oauth2::{DeviceAuthorizationUrl, StandardDeviceAuthorizationResponse as Code};
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    Grants,
    error::{GrantError, ProtocolError},
};
use crate::{AuthError, Flow, Prompt, PromptEvent, Tokens};

/// The grant type.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What `slow_down` adds to the interval.
const SLOW_DOWN: Duration = Duration::from_secs(5);
/// The shortest polling interval, whatever the provider allows.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after errors, unless the provider requires a longer one.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

impl Grants<'_> {
    /// Shows a code for another device, and waits until the user has entered it.
    pub(crate) async fn device(&self, prompt: &dyn Prompt, limit: Duration) -> Result<Tokens, AuthError> {
        let code = self.device_code().await?;
        let within = match code.expires_in() {
            Duration::ZERO => limit,
            life => life.min(limit),
        };
        prompt.show(&PromptEvent::Device {
            url: code.verification_uri(),
            code: code.user_code().secret(),
            complete_url: code.verification_uri_complete().map(|url| url.secret().as_str()),
            within,
        });
        let interval = code.interval().max(SHORTEST_PAUSE);
        wait(interval, within, || self.device_tokens(code.device_code().secret())).await
    }

    async fn device_code(&self) -> Result<Code, GrantError> {
        let Some(url) = self.provider.device_authorization_endpoint.clone() else {
            return Err(GrantError::DeviceFlowUnsupported { host: self.host() });
        };
        let url = DeviceAuthorizationUrl::new(url.clone()).map_err(|_| GrantError::invalid_url(&url))?;
        let client = self.token_client(&self.provider.client_id)?.set_device_authorization_url(url);
        let mut request = client.exchange_device_code().add_scopes(self.scopes());
        if let Some(audience) = &self.provider.audience {
            request = request.add_extra_param("audience", audience);
        }
        let answer: Result<Code, ProtocolError> = request.request_async(self.http).await;
        answer.map_err(|error| GrantError::from_protocol(&self.host(), error))
    }

    /// Requests the tokens once; most responses are `authorization_pending`.
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

/// Polls until the user has entered the code. An unavailable provider is polled less often; if it is
/// unavailable at the deadline, that is the error.
async fn wait<T, Answer: Future<Output = Result<T, GrantError>>>(
    mut interval: Duration,
    within: Duration,
    mut ask: impl FnMut() -> Answer,
) -> Result<T, AuthError> {
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
            GrantError::Refused { error: code, .. } if code == "slow_down" => interval += SLOW_DOWN,
            GrantError::Refused { error: code, .. } if code == "expired_token" => break,
            _ => return Err(error.into()),
        }
        (pause, down) = (interval, None);
    }
    Err(down.map_or(AuthError::TimedOut(within), AuthError::Grant))
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

    /// The result of a provider's responses, and the seconds at which it was polled.
    async fn waited(within: u64, answers: Vec<Result<(), GrantError>>) -> (Result<(), AuthError>, Vec<u64>) {
        let (start, mut asked, mut answers) = (Instant::now(), Vec::new(), answers.into_iter());
        let result = wait(Duration::from_secs(5), Duration::from_secs(within), || {
            asked.push(start.elapsed().as_secs());
            ready(answers.next().unwrap_or_else(|| Err(refused("authorization_pending"))))
        });
        (result.await, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn polls_at_the_interval_of_the_provider() {
        let pending = || Err(refused("authorization_pending"));
        let answers = vec![pending(), Err(refused("slow_down")), pending(), Ok(())];
        let (result, asked) = waited(300, answers).await;
        assert!(result.is_ok());
        assert_eq!(asked, [5, 10, 20, 30]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unavailable_provider_is_polled_less_often() {
        let answers = vec![Err(down()), Err(down()), Err(refused("authorization_pending")), Ok(())];
        let (result, asked) = waited(300, answers).await;
        assert!(result.is_ok());
        assert_eq!(asked, [5, 15, 35, 40]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_code_that_is_not_entered_times_out() {
        let (result, asked) = waited(12, Vec::new()).await;
        assert!(matches!(result, Err(AuthError::TimedOut(within)) if within.as_secs() == 12));
        assert_eq!(asked, [5, 10]);
        let (result, asked) = waited(300, vec![Err(refused("expired_token"))]).await;
        assert!(matches!(result, Err(AuthError::TimedOut(_))));
        assert_eq!(asked, [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_is_unavailable_at_the_deadline_is_the_error() {
        let (result, _) = waited(12, vec![Err(refused("authorization_pending")), Err(down())]).await;
        assert!(matches!(result, Err(AuthError::Grant(GrantError::Unreachable { .. }))));
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_response_ends_polling() {
        let (result, asked) = waited(300, vec![Err(refused("access_denied"))]).await;
        assert!(matches!(result, Err(AuthError::Grant(GrantError::Refused { .. }))));
        assert_eq!(asked, [5]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_provider_that_never_answers_times_out() {
        let result = wait(Duration::from_secs(5), Duration::from_secs(60), std::future::pending);
        let result: Result<(), AuthError> = result.await;
        assert!(matches!(result, Err(AuthError::TimedOut(_))));
    }
}
