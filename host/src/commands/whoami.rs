//! `whoami`: who is signed in, where, until when.

use std::sync::Arc;

use auth::{AuthMethod, Flow, Tokens};
use clap::Args;
use flyte_client::{
    Client, Code,
    client::ClientErrorKind,
    proto::service::{PublicClientAuthConfigRequest, UserInfoRequest, UserInfoResponse},
};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::ui::{
    error::CommandError,
    exit_code::Exit,
    output::{Format, Ui},
};
use crate::{
    context::Context,
    flyte::{connection::Route, session::Session, sign_in},
    ui::show::facts::Facts,
};

/// Show who is signed in
///
/// Asks the server, and does not sign in: without tokens it fails with exit code 20.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flyte-host whoami\n  flyte-host whoami -o json")]
pub(crate) struct WhoamiArgs {}

/// Runs `whoami`.
///
/// # Errors
///
/// If not signed in, or the server is unavailable.
pub(crate) async fn run(_: &WhoamiArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let ui = context.ui;
    let route = context.route()?;
    context.check_sandbox(&route.connection)?;
    if route.is_embedded_sandbox() {
        return print_sandbox(ui, &route);
    }
    let prompt = Arc::new(sign_in::Terminal::non_interactive(context.ui, Arc::clone(context.chain()?)));
    let session = context.session_for_route(route, prompt, sign_in::options(context.settings)?)?;
    match fetch(&session).await? {
        Some(signed_in) => signed_in.print(ui),
        None => print_anonymous(ui, &session),
    }
}

/// Whether a server requires authentication: without it, FlyteAdmin has no `AuthMetadataService`
/// (`flyteadmin/pkg/server/service.go`).
pub(super) async fn requires_auth(client: &Client) -> Result<bool, CommandError> {
    match client.get_public_client_config(&PublicClientAuthConfigRequest {}).await {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_missing(error: &flyte_client::client::ClientError) -> bool {
    error.status.code == Code::Unimplemented && error.status.fault.is_none()
}

/// Prints that no sign-in is required.
pub(super) fn print_anonymous(ui: &Ui, session: &Session) -> Result<(), CommandError> {
    let text = match session.sign_in {
        Some(_) => format!("`{}` requires no sign-in", session.target),
        None => format!("{}: a plugin handles the connection, including authentication", session.target),
    };
    print_no_auth(ui, &session.target, &text)
}

/// As [`print_anonymous`], without opening the sandbox.
pub(super) fn print_sandbox(ui: &Ui, route: &Route) -> Result<(), CommandError> {
    let place = route.target();
    print_no_auth(ui, &place, &format!("the {place} requires no sign-in"))
}

fn print_no_auth(ui: &Ui, place: &str, text: &str) -> Result<(), CommandError> {
    match ui.format() {
        Format::Name => Ok(()),
        Format::Json | Format::Yaml => ui.structured(&value(place, false, None)),
        Format::Table => {
            ui.note(format_args!("{text}\n"));
            Ok(())
        }
    }
}

/// Gets the user from the server; `None`: it requires no sign-in.
pub(super) async fn fetch(session: &Session) -> Result<Option<SignedIn>, CommandError> {
    let user = match session.client.user_info(&UserInfoRequest {}).await {
        Ok(user) => user,
        Err(error) if is_missing(&error) => {
            if !requires_auth(&session.client).await? {
                return Ok(None);
            }
            log::info!("`{}` has no information about the user", session.target);
            UserInfoResponse::default()
        }
        Err(error) => return Err(to_error(session, error).await),
    };
    let Some(sign_in) = &session.sign_in else {
        return Ok(Some(SignedIn {
            endpoint: session.target.clone(),
            user,
            tokens: None,
            token_location: None,
        }));
    };
    let tokens = sign_in.tokens().await?;
    let token_location = tokens.is_some().then(|| sign_in.location());
    Ok(Some(SignedIn { endpoint: session.target.clone(), user, tokens, token_location }))
}

/// If only an interactive sign-in is possible, the error is that there was none.
async fn to_error(session: &Session, error: flyte_client::client::ClientError) -> CommandError {
    let is_interactive = matches!(
        AuthMethod::from_connection(&session.connection, session.token.clone()),
        Ok(AuthMethod::Browser | AuthMethod::Device)
    );
    let has_tokens = match &session.sign_in {
        Some(sign_in) => !matches!(sign_in.tokens().await, Ok(None)),
        None => true,
    };
    if error.kind() != ClientErrorKind::NotSignedIn || !is_interactive || has_tokens {
        return error.into();
    }
    CommandError::new(Exit::NotSignedIn, format!("not signed in to `{}`", session.target))
        .hint("run `flyte-host login`".to_owned())
}

/// Who is signed in.
pub(super) struct SignedIn {
    endpoint: String,
    user: UserInfoResponse,
    tokens: Option<Arc<Tokens>>,
    token_location: Option<String>,
}

impl SignedIn {
    pub(super) fn print(&self, ui: &Ui) -> Result<(), CommandError> {
        match ui.format() {
            Format::Table => ui.print(self.facts(Timestamp::now()).render()),
            Format::Name => ui.print(format_args!("{}\n", flyte_text::sanitize_line(self.name()))),
            Format::Json | Format::Yaml => ui.structured(&value(&self.endpoint, true, Some(self))),
        }
    }

    /// The user's name at the provider; clients have only a subject.
    fn name(&self) -> &str {
        let UserInfoResponse { preferred_username, email, subject, .. } = &self.user;
        [preferred_username, email, subject].into_iter().find(|name| !name.is_empty()).map_or("", |name| name)
    }

    fn facts(&self, now: Timestamp) -> Facts {
        let facts = Facts::default()
            .fact("endpoint", &self.endpoint)
            .fact("name", flyte_text::sanitize_line(&self.user.name))
            .fact("username", flyte_text::sanitize_line(&self.user.preferred_username))
            .fact("e-mail", flyte_text::sanitize_line(&self.user.email))
            .fact("subject", flyte_text::sanitize_line(&self.user.subject));
        let Some(tokens) = &self.tokens else { return facts };
        let is_stored = !matches!(tokens.flow, Flow::StaticToken | Flow::ExternalCommand);
        let auto_refresh = match tokens.flow {
            Flow::StaticToken => "",
            _ if is_renewable(tokens) => "yes",
            _ => "no",
        };
        facts
            .fact("flow", tokens.flow.to_string())
            .fact("expires", tokens.expires_at.map_or_else(String::new, |at| relative_time(at, now)))
            .fact("auto-refresh", auto_refresh)
            .fact(
                if is_stored { "stored in" } else { "token from" },
                self.token_location.clone().unwrap_or_default(),
            )
    }
}

/// Whether tokens are renewed without the user.
fn is_renewable(tokens: &Tokens) -> bool {
    match tokens.flow {
        Flow::Browser | Flow::Device => tokens.refresh.is_some(),
        Flow::ClientCredentials | Flow::ExternalCommand => true,
        Flow::StaticToken => false,
    }
}

/// A time in UTC, and its distance from now.
fn relative_time(at: Timestamp, now: Timestamp) -> String {
    let away = flyte_text::duration(at.duration_since(now).unsigned_abs());
    let whole = truncate_to_seconds(at);
    if at > now { format!("{whole} (in {away})") } else { format!("{whole} ({away} ago)") }
}

fn truncate_to_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A location without the backticks of messages.
fn strip_backticks(place: &str) -> String {
    place.replace('`', "")
}

/// JSON: the keys are always the same.
fn value(endpoint: &str, asks: bool, signed_in: Option<&SignedIn>) -> Value {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let user = signed_in.map(|signed_in| {
        let user = &signed_in.user;
        json!({
            "subject": text(&user.subject),
            "name": text(&user.name),
            "preferredUsername": text(&user.preferred_username),
            "email": text(&user.email),
        })
    });
    let tokens = signed_in.and_then(|signed_in| signed_in.tokens.as_deref());
    json!({
        "endpoint": endpoint,
        "asksForSignIn": asks,
        "user": user,
        "flow": tokens.map(|tokens| tokens.flow),
        "expiresAt": tokens.and_then(|tokens| tokens.expires_at).map(truncate_to_seconds),
        "renewable": tokens.map(is_renewable),
        "keptIn": signed_in.and_then(|signed_in| signed_in.token_location.as_deref()).map(strip_backticks),
    })
}

#[cfg(test)]
mod tests {
    use flyte_client::config::Secret;

    use super::*;

    fn signed_in(flow: Flow, refresh: Option<&str>) -> SignedIn {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let tokens = Tokens {
            flow,
            access: Secret::new("very secret"),
            refresh: refresh.map(Secret::new),
            issued_at: at("2024-05-01T12:00:00Z"),
            expires_at: Some(at("2024-05-01T13:00:00.5Z")),
            header: "authorization".into(),
            client_id: String::new(),
            token_endpoint: String::new(),
            scopes: Vec::new(),
            audience: None,
        };
        let user = UserInfoResponse {
            subject: "auth0|7".into(),
            name: "Ada\u{1b}[2J".into(),
            email: "ada@example.org".into(),
            ..UserInfoResponse::default()
        };
        let token_location = Some("the system's keyring".into());
        SignedIn { endpoint: "flyte.example".into(), user, tokens: Some(tokens.into()), token_location }
    }

    #[test]
    fn the_table_shows_expiry_and_renewal() {
        let now = "2024-05-01T12:50:00Z".parse().unwrap();
        let text = signed_in(Flow::Browser, Some("secret too")).facts(now).render();
        let expected = "\
endpoint      flyte.example
name          Ada\\u{1b}[2J
e-mail        ada@example.org
subject       auth0|7
flow          browser
expires       2024-05-01T13:00:00Z (in 10m)
auto-refresh  yes
stored in     the system's keyring
";
        assert_eq!(text, expected);
        let text = signed_in(Flow::Device, None).facts("2024-05-01T13:00:10.5Z".parse().unwrap()).render();
        assert!(text.contains("(10s ago)") && text.contains("auto-refresh  no"), "{text}");
    }

    #[test]
    fn json_always_has_the_same_keys() {
        let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let (some, none) = (signed_in(Flow::ClientCredentials, None), value("x", false, None));
        let some = value("x", true, Some(&some));
        assert_eq!(keys(&some), keys(&none));
        assert!(!some.to_string().contains("secret"), "{some}");
        assert_eq!(some["flow"], "client-credentials");
        assert_eq!(some["expiresAt"], "2024-05-01T13:00:00Z");
        assert_eq!(some["renewable"], true);
    }
}
