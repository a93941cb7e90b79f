//! What a good provider never says.

use flyte_client::config::Secret;
use jiff::Timestamp;
use serde_json::json;

use super::{
    credentials,
    fake_server::{Server, answer, json as says},
    http, provider, told,
};
use crate::{Flow, GrantError, Tokens, grant::refresh};

/// What becomes of an answer.
async fn bought(answer: String) -> Result<Tokens, String> {
    let server = Server::saying(vec![answer]).await;
    credentials(&provider(&server.issuer), "secret").await.map_err(|error| told(&error, &server.issuer))
}

async fn refused(answer: String) -> String {
    bought(answer).await.unwrap_err()
}

fn old(issuer: &str) -> Tokens {
    Tokens {
        flow: Flow::Device,
        access: Secret::new("old-access"),
        refresh: Some(Secret::new("old-refresh")),
        issued_at: Timestamp::UNIX_EPOCH,
        expires_at: Some(Timestamp::UNIX_EPOCH),
        header: "x-flyte".to_owned(),
        client_id: "client/1".to_owned(),
        token_endpoint: format!("{issuer}/token?tenant=a%20b"),
        scopes: vec!["all".to_owned()],
        audience: Some("https://flyte".to_owned()),
    }
}

#[tokio::test]
async fn answers_are_read_leniently() {
    let tokens = bought(says(
        "200 OK",
        &json!({"access_token": "a", "token_type": "BEARER", "expires_in": 60,
        "scope": ["all", "some"], "refresh_token": "", "id_token": 7, "ext_expires_in": "x"}),
    ));
    let tokens = tokens.await.unwrap();
    assert_eq!((tokens.access.reveal(), &tokens.refresh), ("a", &None));
    assert_eq!(tokens.expires_at.unwrap().as_second() - tokens.issued_at.as_second(), 60);
    assert_eq!(tokens.scopes, ["all", "offline_access", "openid"]);

    let without_type = bought(says("201 Created", &json!({"access_token": "a"}))).await.unwrap();
    assert_eq!(without_type.expires_at, None);
    bought(answer("200 OK", "text/plain; charset=utf-8", r#"{"access_token": "a"}"#)).await.unwrap();
}

#[tokio::test]
async fn a_lifetime_may_be_a_string_or_unknown() {
    for (text, expected) in [
        (json!("3600"), Some(3600)),
        (json!(" 60.5 "), Some(60)),
        (json!(59.9), Some(59)),
        (json!(null), None),
        (json!(0), None),
        (json!(-5), None),
        (json!("soon"), None),
        (json!([1]), None),
        (json!(u64::MAX), None),
    ] {
        let tokens = bought(says("200 OK", &json!({"access_token": "a", "expires_in": text}))).await.unwrap();
        let life = tokens.expires_at.map(|expires_at| expires_at.as_second() - tokens.issued_at.as_second());
        assert_eq!(life, expected, "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_a_usable_token_is_nonsense() {
    for body in [json!({}), json!({"access_token": null}), json!({"refresh_token": "very-secret"})] {
        let expected = "`HOST:PORT` answers with JSON that lacks what a sign-in needs";
        assert_eq!(refused(says("200 OK", &body)).await, expected, "{body}");
    }
    for body in [json!({"access_token": ""}), json!({"access_token": "a\r\nb"}), json!({"access_token": "ä"})]
    {
        let expected = "`HOST:PORT` answers with an access token that is none";
        assert_eq!(refused(says("200 OK", &body)).await, expected, "{body}");
    }
    assert_eq!(
        refused(says("200 OK", &json!({"access_token": "a", "token_type": "m\u{1b}[1mac"}))).await,
        "`HOST:PORT` answers with a token of type `mac`, where only bearer tokens can be sent"
    );
    assert_eq!(
        refused(answer("200 OK", "application/json", r#"["access_token", "very-secret"]"#)).await,
        "`HOST:PORT` answers with something that is no JSON object (HTTP 200 OK)"
    );
    assert_eq!(
        refused(answer("200 OK", "application/json", "")).await,
        "`HOST:PORT` answers with nothing (HTTP 200 OK)"
    );
}

#[tokio::test]
async fn a_web_page_becomes_a_sentence() {
    let page = "<!doctype html><title>Log in\u{7} to the &lt;network&gt;</title><body>secret";
    assert_eq!(
        refused(answer("200 OK", "text/html", page)).await,
        "`HOST:PORT` answers with a web page (HTTP 200 OK): Log in to the <network>"
    );
    assert_eq!(
        refused(answer("404 Not Found", "text/plain", "<HTML><h1>No such page</h1>")).await,
        "`HOST:PORT` answers with a web page (HTTP 404 Not Found): No such page"
    );
    assert_eq!(
        refused(answer("403 Forbidden", "text/plain", "you may not")).await,
        "`HOST:PORT` answers with something that is no JSON object (HTTP 403 Forbidden)"
    );
    assert_eq!(
        refused(says("403 Forbidden", &json!({"message": "Forbidden"}))).await,
        "`HOST:PORT` answers with JSON that is no answer to a sign-in (HTTP 403 Forbidden)"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: https://me:pw@login.example/x?code=very-secret\r\n\
                     content-length: 0\r\n\r\n";
    let server = Server::saying(vec![elsewhere.to_owned()]).await;
    let error = credentials(&provider(&server.issuer), "secret").await.unwrap_err();
    assert_eq!(
        told(&error, &server.issuer),
        "`HOST:PORT` answers with a redirect to `login.example` (HTTP 302 Found)"
    );
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn a_provider_that_is_down_is_no_refusal() {
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    assert_eq!(
        refused(answer("502 Bad Gateway", "text/html", page)).await,
        "the identity provider `HOST:PORT` does not answer\n  `HOST:PORT` answers HTTP 502 Bad Gateway\n  \
         it says: 502 Bad Gateway"
    );
    assert_eq!(
        refused(answer("429 Too Many Requests", "text/plain", "very-secret")).await,
        "the identity provider `HOST:PORT` does not answer\n  `HOST:PORT` answers HTTP 429 Too Many Requests"
    );
    let error = json!({"error": "invalid_grant", "error_description": "the database is away"});
    assert_eq!(
        refused(says("500 Internal Server Error", &error)).await,
        "the identity provider `HOST:PORT` does not answer\n  `HOST:PORT` answers HTTP 500 Internal Server \
         Error\n  it says: the database is away"
    );
    assert_eq!(
        refused(says("400 Bad Request", &json!({"error": "temporarily_unavailable"}))).await,
        "the identity provider `HOST:PORT` does not answer\n  `HOST:PORT` answers HTTP 400 Bad Request\n  \
         it says: temporarily_unavailable"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_http_or_breaks_off_is_no_refusal() {
    for text in [
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\": \"very-secret\"",
        "",
    ] {
        assert_eq!(
            refused(text.to_owned()).await.lines().take(2).collect::<Vec<_>>(),
            [
                "the identity provider `HOST:PORT` does not answer",
                "  the connection to `HOST:PORT` broke before the answer was there",
            ],
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_words_of_a_provider_are_made_safe() {
    let long = "x".repeat(1000);
    let description = format!("\u{1b}]0;title\u{7}bad\u{1b}[31m\r\nclient\u{9b}2J\u{202e} {long}");
    let body = json!({"error": "invalid_\u{1b}[1mscope", "error_description": description});
    let told = refused(says("400 Bad Request", &body)).await;
    assert!(told.starts_with("`HOST:PORT` refuses: bad client"), "{told}");
    assert!(told.ends_with("x…") && told.len() < 400, "{told}");
    assert!(!told.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{told:?}");
    // An error with HTTP 200, and without a description.
    assert_eq!(
        refused(says("200 OK", &json!({"error": "invalid_scope", "error_description": ""}))).await,
        "`HOST:PORT` refuses: invalid_scope"
    );
}

#[tokio::test]
async fn a_provider_that_repeats_what_it_was_sent_is_not_quoted() {
    let body = json!({"error": "invalid_grant", "error_description": "old-refresh is not known"});
    let server = Server::saying(vec![says("400 Bad Request", &body)]).await;
    let error = refresh(&http(None), &old(&server.issuer)).await.unwrap_err();
    assert!(error.is_void());
    assert_eq!(told(&error, &server.issuer), "`HOST:PORT` refuses: **** is not known");

    let body = json!({"error": "invalid_client", "error_description": "my %s+cret: wrong"});
    let server = Server::saying(vec![says("401 Unauthorized", &body)]).await;
    let error = credentials(&provider(&server.issuer), "my %s+cret").await.unwrap_err();
    assert_eq!(told(&error, &server.issuer), "`HOST:PORT` refuses: ****: wrong");
}

#[tokio::test]
async fn a_refresh_keeps_what_the_answer_does_not_say() {
    let server =
        Server::saying(vec![says("200 OK", &json!({"access_token": "new", "expires_in": 60}))]).await;
    let old = old(&server.issuer);
    let new = refresh(&http(Some("proxy-token")), &old).await.unwrap().unwrap();
    let (issued_at, expires_at) = (new.issued_at, new.expires_at);
    assert_eq!(new, Tokens { access: Secret::new("new"), issued_at, expires_at, ..old });
    let heard = server.heard().remove(0);
    assert!(heard.starts_with("POST /token?tenant=a%20b HTTP/1.1\r\n"), "{heard}");
    assert!(heard.contains("\r\nproxy-authorization: Bearer proxy-token\r\n"), "{heard}");
    let body = heard.split("\r\n\r\n").nth(1).unwrap();
    let mut fields: Vec<_> = body.split('&').collect();
    fields.sort_unstable();
    assert_eq!(fields, ["client_id=client%2F1", "grant_type=refresh_token", "refresh_token=old-refresh"]);
}

#[tokio::test]
async fn what_cannot_be_refreshed_is_not_asked_for() {
    let server = Server::saying(vec![String::new()]).await;
    let old = old(&server.issuer);
    for kept in [
        Tokens { refresh: None, ..old.clone() },
        Tokens { flow: Flow::ClientCredentials, ..old.clone() },
        Tokens { token_endpoint: String::new(), ..old.clone() },
    ] {
        assert!(refresh(&http(None), &kept).await.unwrap().is_none());
    }
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn a_secret_goes_in_the_body_where_the_header_is_not_understood() {
    let unknown = says("401 Unauthorized", &json!({"error": "invalid_client"}));
    let fine = says("200 OK", &json!({"access_token": "a", "refresh_token": "not kept for programs"}));
    let server = Server::saying(vec![unknown.clone(), fine]).await;
    let provider_with_audience =
        crate::provider::Provider { audience: Some("https://flyte".to_owned()), ..provider(&server.issuer) };
    let tokens = credentials(&provider_with_audience, "my %s+cret").await.unwrap();
    assert_eq!((tokens.flow, tokens.client_id.as_str()), (Flow::ClientCredentials, "flytepropeller"));
    let heard = server.heard();
    // Python: base64.b64encode(b"flytepropeller:" + quote_plus("my %s+cret").encode())
    let basic = "\r\nauthorization: Basic Zmx5dGVwcm9wZWxsZXI6bXkrJTI1cyUyQmNyZXQ=\r\n";
    assert!(heard[0].contains(basic), "{}", heard[0]);
    assert!(heard[0].contains("scope=all+offline_access+openid"), "{}", heard[0]);
    assert!(heard[0].contains("audience=https%3A%2F%2Fflyte"), "{}", heard[0]);
    assert!(heard[1].contains("client_secret=my+%25s%2Bcret") && !heard[1].contains("Basic"), "{}", heard[1]);

    let body = json!({"error": "unauthorized_client", "error_description": "use the header"});
    let server = Server::saying(vec![unknown, says("400 Bad Request", &body)]).await;
    let error = credentials(&provider(&server.issuer), "secret").await.unwrap_err();
    assert_eq!(told(&error, &server.issuer), "`HOST:PORT` refuses: invalid_client");
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    let error = credentials(&provider("flyte.example"), "secret").await.unwrap_err();
    assert!(matches!(error, GrantError::Nonsense { .. }), "{error}");
}
