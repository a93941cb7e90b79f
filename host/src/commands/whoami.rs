//! `whoami`: who is signed in, where, until when.

use std::sync::Arc;

use auth::{Flow, Method, Tokens};
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
    output::{self, Format},
};
use crate::{
    context::Context,
    flyte::{connection::Route, session::Session, sign_in},
    ui::show::facts::Facts,
};

/// Tell who is signed in
///
/// The server is asked. Nobody is asked to sign in: without tokens it ends with exit code 20.
#[derive(Args, Debug)]
#[command(after_help = "Examples:\n  flyte-host whoami\n  flyte-host whoami -o json")]
pub struct WhoamiArgs {}

/// Runs `whoami`.
///
/// # Errors
///
/// When nobody is signed in, or the server cannot be asked.
pub async fn run(_: &WhoamiArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let format = context.global.output.format()?;
    let route = context.route()?;
    context.check_sandbox(&route.connection)?;
    if route.is_embedded_sandbox() {
        return nobody_in_the_sandbox(&route, format);
    }
    let person = Arc::new(sign_in::Terminal::undisturbed(Arc::clone(context.chain()?)));
    let session = context.session_for_route(route, person, sign_in::options(context.settings)?)?;
    match look(&session).await? {
        Some(signed_in) => signed_in.print(format),
        None => nobody_at(&session, format),
    }
}

/// Whether a server wants tokens: without sign-in, FlyteAdmin has no `AuthMetadataService`
/// (`flyteadmin/pkg/server/service.go`).
pub(super) async fn asks_for_sign_in(client: &Client) -> Result<bool, CommandError> {
    match client.get_public_client_config(&PublicClientAuthConfigRequest {}).await {
        Ok(_) => Ok(true),
        Err(error) if is_missing(&error) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn is_missing(error: &flyte_client::client::ClientError) -> bool {
    error.status.code == Code::Unimplemented && error.status.fault.is_none()
}

/// Tells that nobody has to sign in where a session leads to.
pub(super) fn nobody_at(session: &Session, format: Format) -> Result<(), CommandError> {
    let words = match session.sign_in {
        Some(_) => format!("`{}` asks nobody to sign in", session.target),
        None => format!("{}: a plugin carries the calls, and signs in by itself", session.target),
    };
    nobody(&session.target, &words, format)
}

/// As [`nobody_at`]; the sandbox is not opened for it.
pub(super) fn nobody_in_the_sandbox(route: &Route, format: Format) -> Result<(), CommandError> {
    let place = route.target();
    nobody(&place, &format!("the {place} asks nobody to sign in"), format)
}

fn nobody(place: &str, words: &str, format: Format) -> Result<(), CommandError> {
    match format {
        Format::Name => Ok(()),
        Format::Json | Format::Yaml => output::structured(format, &value(place, false, None)),
        Format::Table => {
            output::note(&format!("{words}\n"));
            Ok(())
        }
    }
}

/// Asks who is signed in; `None`: the place asks nobody to sign in.
pub(super) async fn look(session: &Session) -> Result<Option<SignedIn>, CommandError> {
    let user = match session.client.user_info(&UserInfoRequest {}).await {
        Ok(user) => user,
        Err(error) if is_missing(&error) => {
            if !asks_for_sign_in(&session.client).await? {
                return Ok(None);
            }
            log::info!("`{}` does not tell who is signed in", session.target);
            UserInfoResponse::default()
        }
        Err(error) => return Err(why_not(session, error).await),
    };
    let Some(sign_in) = &session.sign_in else {
        return Ok(Some(SignedIn { endpoint: session.target.clone(), user, tokens: None, kept: None }));
    };
    let tokens = sign_in.tokens().await?;
    let kept = tokens.is_some().then(|| sign_in.place());
    Ok(Some(SignedIn { endpoint: session.target.clone(), user, tokens, kept }))
}

/// Where only a person could sign in and did not, that is the whole story.
async fn why_not(session: &Session, error: flyte_client::client::ClientError) -> CommandError {
    let by_a_person = matches!(
        Method::of(&session.connection, session.token.clone()),
        Ok(Method::Browser | Method::Device)
    );
    let has_tokens = match &session.sign_in {
        Some(sign_in) => !matches!(sign_in.tokens().await, Ok(None)),
        None => true,
    };
    if error.kind() != ClientErrorKind::NotSignedIn || !by_a_person || has_tokens {
        return error.into();
    }
    CommandError::new(Exit::NotSignedIn, format!("nobody is signed in at `{}`", session.target))
        .hint("sign in with `flyte-host login`".to_owned())
}

/// Who is signed in.
pub(super) struct SignedIn {
    endpoint: String,
    user: UserInfoResponse,
    tokens: Option<Arc<Tokens>>,
    kept: Option<String>,
}

impl SignedIn {
    pub(super) fn print(&self, format: Format) -> Result<(), CommandError> {
        match format {
            Format::Table => output::print(&self.facts(Timestamp::now()).render()),
            Format::Name => output::print(&format!("{}\n", flyte_text::sanitize_line(self.name()))),
            format => output::structured(format, &value(&self.endpoint, true, Some(self))),
        }
    }

    /// The name under which the provider knows the user; of a program there is only a subject.
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
        let is_kept_here = !matches!(tokens.flow, Flow::StaticToken | Flow::ExternalCommand);
        let renewed = match tokens.flow {
            Flow::StaticToken => "",
            _ if is_renewable(tokens) => "without you",
            _ => "by signing in again",
        };
        facts
            .fact("flow", tokens.flow.to_string())
            .fact("expires", tokens.expires_at.map_or_else(String::new, |at| moment(at, now)))
            .fact("renewed", renewed)
            .fact(if is_kept_here { "kept in" } else { "comes from" }, self.kept.clone().unwrap_or_default())
    }
}

/// Whether nobody is needed for the next token.
fn is_renewable(tokens: &Tokens) -> bool {
    match tokens.flow {
        Flow::Browser | Flow::Device => tokens.refresh.is_some(),
        Flow::ClientCredentials | Flow::ExternalCommand => true,
        Flow::StaticToken => false,
    }
}

/// A time in UTC, and how far away it is.
fn moment(at: Timestamp, now: Timestamp) -> String {
    let away = flyte_text::duration(at.duration_since(now).unsigned_abs());
    let whole = to_the_second(at);
    if at > now { format!("{whole} (in {away})") } else { format!("{whole} ({away} ago)") }
}

fn to_the_second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// A place as a value: messages mark names with backticks.
fn without_marks(place: &str) -> String {
    place.replace('`', "")
}

/// For programs: the same keys whoever is signed in.
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
        "expiresAt": tokens.and_then(|tokens| tokens.expires_at).map(to_the_second),
        "renewable": tokens.map(is_renewable),
        "keptIn": signed_in.and_then(|signed_in| signed_in.kept.as_deref()).map(without_marks),
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
        let kept = Some("the system's keyring".into());
        SignedIn { endpoint: "flyte.example".into(), user, tokens: Some(tokens.into()), kept }
    }

    #[test]
    fn a_person_reads_when_and_how_it_goes_on() {
        let now = "2024-05-01T12:50:00Z".parse().unwrap();
        let text = signed_in(Flow::Browser, Some("secret too")).facts(now).render();
        let expected = "\
endpoint  flyte.example
name      Ada[2J
e-mail    ada@example.org
subject   auth0|7
flow      browser
expires   2024-05-01T13:00:00Z (in 10m 0s)
renewed   without you
kept in   the system's keyring
";
        assert_eq!(text, expected);
        let text = signed_in(Flow::Device, None).facts("2024-05-01T13:00:10.5Z".parse().unwrap()).render();
        assert!(text.contains("(10s ago)") && text.contains("by signing in again"), "{text}");
    }

    #[test]
    fn a_program_reads_the_same_keys_always() {
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
