//! What a good provider never says.

use flyte_client::config::Secret;
use jiff::Timestamp;
use serde_json::json;

use super::{
    credentials,
    fake_server::{FakeServer, answer, json as says},
    http, provider, render,
};
use crate::{Flow, GrantError, Tokens, grant::refresh};

/// What becomes of an answer.
async fn bought(answer: String) -> Result<Tokens, String> {
    let server = FakeServer::with_answers(vec![answer]).await;
    credentials(&provider(&server.issuer), "secret").await.map_err(|error| render(&error, &server.issuer))
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
async fn responses_are_parsed_leniently() {
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
async fn a_response_without_a_valid_token_is_an_error() {
    for body in [json!({}), json!({"access_token": null}), json!({"refresh_token": "very-secret"})] {
        let expected = "unexpected response from `HOST:PORT`: JSON without the required fields";
        assert_eq!(refused(says("200 OK", &body)).await, expected, "{body}");
    }
    for body in [json!({"access_token": ""}), json!({"access_token": "a\r\nb"}), json!({"access_token": "ä"})]
    {
        let expected = "unexpected response from `HOST:PORT`: invalid access token";
        assert_eq!(refused(says("200 OK", &body)).await, expected, "{body}");
    }
    assert_eq!(
        refused(says("200 OK", &json!({"access_token": "a", "token_type": "m\u{1b}[1mac"}))).await,
        r"unexpected response from `HOST:PORT`: a token of type `m\u{1b}[1mac`; only bearer tokens are supported"
    );
    assert_eq!(
        refused(answer("200 OK", "application/json", r#"["access_token", "very-secret"]"#)).await,
        "unexpected response from `HOST:PORT`: not a JSON object (HTTP 200 OK)"
    );
    assert_eq!(
        refused(answer("200 OK", "application/json", "")).await,
        "unexpected response from `HOST:PORT`: an empty body (HTTP 200 OK)"
    );
}

#[tokio::test]
async fn a_web_page_is_an_error_with_its_title() {
    let page = "<!doctype html><title>Log in\u{7} to the &lt;network&gt;</title><body>secret";
    assert_eq!(
        refused(answer("200 OK", "text/html", page)).await,
        "unexpected response from `HOST:PORT`: a web page (HTTP 200 OK): Log in\\u{7} to the <network>"
    );
    assert_eq!(
        refused(answer("404 Not Found", "text/plain", "<HTML><h1>No such page</h1>")).await,
        "unexpected response from `HOST:PORT`: a web page (HTTP 404 Not Found): No such page"
    );
    assert_eq!(
        refused(answer("403 Forbidden", "text/plain", "you may not")).await,
        "unexpected response from `HOST:PORT`: not a JSON object (HTTP 403 Forbidden)"
    );
    assert_eq!(
        refused(says("403 Forbidden", &json!({"message": "Forbidden"}))).await,
        "unexpected response from `HOST:PORT`: JSON without an access token or error (HTTP 403 Forbidden)"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = "HTTP/1.1 302 Found\r\nlocation: https://me:pw@login.example/x?code=very-secret\r\n\
                     content-length: 0\r\n\r\n";
    let server = FakeServer::with_answers(vec![elsewhere.to_owned()]).await;
    let error = credentials(&provider(&server.issuer), "secret").await.unwrap_err();
    assert_eq!(
        render(&error, &server.issuer),
        "unexpected response from `HOST:PORT`: a redirect to `login.example` (HTTP 302 Found)"
    );
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn an_unavailable_provider_is_a_temporary_error() {
    let page = "<html><head><title>502 Bad Gateway</title></head></html>";
    assert_eq!(
        refused(answer("502 Bad Gateway", "text/html", page)).await,
        "identity provider `HOST:PORT` is unavailable\n  `HOST:PORT` returned HTTP 502 Bad Gateway\n  \
         response: 502 Bad Gateway"
    );
    assert_eq!(
        refused(answer("429 Too Many Requests", "text/plain", "very-secret")).await,
        "identity provider `HOST:PORT` is unavailable\n  `HOST:PORT` returned HTTP 429 Too Many Requests"
    );
    let error = json!({"error": "invalid_grant", "error_description": "the database is away"});
    assert_eq!(
        refused(says("500 Internal Server Error", &error)).await,
        "identity provider `HOST:PORT` is unavailable\n  `HOST:PORT` returned HTTP 500 Internal Server \
         Error\n  response: the database is away"
    );
    assert_eq!(
        refused(says("400 Bad Request", &json!({"error": "temporarily_unavailable"}))).await,
        "identity provider `HOST:PORT` is unavailable\n  `HOST:PORT` returned HTTP 400 Bad Request\n  \
         response: temporarily_unavailable"
    );
}

#[tokio::test]
async fn an_invalid_or_truncated_response_is_a_temporary_error() {
    for text in [
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\": \"very-secret\"",
        "",
    ] {
        assert_eq!(
            refused(text.to_owned()).await.lines().take(2).collect::<Vec<_>>(),
            [
                "identity provider `HOST:PORT` is unavailable",
                "  the connection to `HOST:PORT` broke before the answer was there",
            ],
            "{text}"
        );
    }
}

#[tokio::test]
async fn text_of_the_provider_is_sanitized() {
    let long = "x".repeat(1000);
    let description = format!("\u{1b}]0;title\u{7}bad\u{1b}[31m\r\nclient\u{9b}2J\u{202e} {long}");
    let body = json!({"error": "invalid_\u{1b}[1mscope", "error_description": description});
    let text = refused(says("400 Bad Request", &body)).await;
    assert!(
        text.starts_with(
            r"`HOST:PORT` refused the request: \u{1b}]0;title\u{7}bad\u{1b}[31m client\u{9b}2J\u{202e} x"
        ),
        "{text}"
    );
    assert!(text.ends_with("x…") && text.len() < 400, "{text}");
    assert!(!text.chars().any(|letter| letter.is_control() || letter == '\u{202e}'), "{text:?}");
    // An error with HTTP 200, and without a description.
    assert_eq!(
        refused(says("200 OK", &json!({"error": "invalid_scope", "error_description": ""}))).await,
        "`HOST:PORT` refused the request: invalid_scope"
    );
}

#[tokio::test]
async fn secrets_in_responses_are_redacted() {
    let body = json!({"error": "invalid_grant", "error_description": "old-refresh is not known"});
    let server = FakeServer::with_answers(vec![says("400 Bad Request", &body)]).await;
    let error = refresh(&http(None), &old(&server.issuer)).await.unwrap_err();
    assert!(error.is_invalid_grant());
    assert_eq!(render(&error, &server.issuer), "`HOST:PORT` refused the request: **** is not known");

    let page = format!("<title>{}old-refresh</title>", "x".repeat(155));
    let server = FakeServer::with_answers(vec![answer("200 OK", "text/html", &page)]).await;
    let error = refresh(&http(None), &old(&server.issuer)).await.unwrap_err();
    assert_eq!(
        render(&error, &server.issuer),
        format!("unexpected response from `HOST:PORT`: a web page (HTTP 200 OK): {}****", "x".repeat(155))
    );

    let body = json!({"error": "invalid_client", "error_description": "my %s+cret: wrong"});
    let server = FakeServer::with_answers(vec![says("401 Unauthorized", &body)]).await;
    let error = credentials(&provider(&server.issuer), "my %s+cret").await.unwrap_err();
    assert_eq!(render(&error, &server.issuer), "`HOST:PORT` refused the request: ****: wrong");
}

#[tokio::test]
async fn a_refresh_keeps_what_the_response_leaves_out() {
    let server =
        FakeServer::with_answers(vec![says("200 OK", &json!({"access_token": "new", "expires_in": 60}))])
            .await;
    let old = old(&server.issuer);
    let new = refresh(&http(Some("proxy-token")), &old).await.unwrap().unwrap();
    let (issued_at, expires_at) = (new.issued_at, new.expires_at);
    assert_eq!(new, Tokens { access: Secret::new("new"), issued_at, expires_at, ..old });
    let requests = server.requests().remove(0);
    assert!(requests.starts_with("POST /token?tenant=a%20b HTTP/1.1\r\n"), "{requests}");
    assert!(requests.contains("\r\nproxy-authorization: Bearer proxy-token\r\n"), "{requests}");
    let body = requests.split("\r\n\r\n").nth(1).unwrap();
    let mut fields: Vec<_> = body.split('&').collect();
    fields.sort_unstable();
    assert_eq!(fields, ["client_id=client%2F1", "grant_type=refresh_token", "refresh_token=old-refresh"]);
}

#[tokio::test]
async fn tokens_that_cannot_be_refreshed_are_not_sent() {
    let server = FakeServer::with_answers(vec![String::new()]).await;
    let old = old(&server.issuer);
    for kept in [
        Tokens { refresh: None, ..old.clone() },
        Tokens { flow: Flow::ClientCredentials, ..old.clone() },
        Tokens { token_endpoint: String::new(), ..old.clone() },
    ] {
        assert!(refresh(&http(None), &kept).await.unwrap().is_none());
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn the_secret_is_sent_in_the_body_if_the_header_is_rejected() {
    let unknown = says("401 Unauthorized", &json!({"error": "invalid_client"}));
    let fine = says("200 OK", &json!({"access_token": "a", "refresh_token": "not kept for programs"}));
    let server = FakeServer::with_answers(vec![unknown.clone(), fine]).await;
    let provider_with_audience =
        crate::provider::Provider { audience: Some("https://flyte".to_owned()), ..provider(&server.issuer) };
    let tokens = credentials(&provider_with_audience, "my %s+cret").await.unwrap();
    assert_eq!((tokens.flow, tokens.client_id.as_str()), (Flow::ClientCredentials, "flytepropeller"));
    let requests = server.requests();
    // Python: base64.b64encode(b"flytepropeller:" + quote_plus("my %s+cret").encode())
    let basic = "\r\nauthorization: Basic Zmx5dGVwcm9wZWxsZXI6bXkrJTI1cyUyQmNyZXQ=\r\n";
    assert!(requests[0].contains(basic), "{}", requests[0]);
    assert!(requests[0].contains("scope=all+offline_access+openid"), "{}", requests[0]);
    assert!(requests[0].contains("audience=https%3A%2F%2Fflyte"), "{}", requests[0]);
    assert!(
        requests[1].contains("client_secret=my+%25s%2Bcret") && !requests[1].contains("Basic"),
        "{}",
        requests[1]
    );

    let body = json!({"error": "unauthorized_client", "error_description": "use the header"});
    let server = FakeServer::with_answers(vec![unknown, says("400 Bad Request", &body)]).await;
    let error = credentials(&provider(&server.issuer), "secret").await.unwrap_err();
    assert_eq!(render(&error, &server.issuer), "`HOST:PORT` refused the request: invalid_client");
}

#[tokio::test]
async fn an_invalid_url_is_an_error() {
    let error = credentials(&provider("flyte.example"), "secret").await.unwrap_err();
    assert!(matches!(error, GrantError::InvalidUrl(_)), "{error}");
}
