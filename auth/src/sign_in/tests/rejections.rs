//! Rejected calls, and errors.

use super::*;

#[tokio::test]
async fn a_server_without_authentication_is_not_asked_for_metadata() {
    let fixture = Fixture::new().await;
    *fixture.flyte.accepted.lock().unwrap() = None;
    for variables in [&[][..], &ROBOT, &[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]] {
        fixture.process(variables).call().await.unwrap();
    }
    assert_eq!(fixture.flyte.carried(), ["-", "-", "-"]);
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 0);
    assert!(fixture.provider.got("grant_type").is_empty());
    assert!(!fixture.options.folder.exists(), "nothing is made before it is needed");
}

#[tokio::test]
async fn a_token_that_is_rejected_again_is_an_error_after_two_calls() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&[]);
    let status = fixture.call().await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED `flyte.example` rejected the token of this sign-in\n: token parse error\n\
         ? run `flyte-host login`"
    );
    assert_eq!(fixture.flyte.carried(), ["old", "new-1"]);
    // The next call gets the error after one call, without a request to the provider.
    assert_eq!(render(&fixture.call().await.unwrap_err()), render(&status));
    assert_eq!(fixture.flyte.carried().len(), 3);
    assert_eq!(fixture.provider.got("grant_type").len(), 1);
}

#[tokio::test]
async fn without_a_terminal_a_call_fails_at_once_with_a_hint() {
    let fixture = Fixture::new().await;
    let status = fixture.call().await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED not signed in to `flyte.example`, and interactive sign-in is not possible here (not a terminal, or in CI)\n\
         ? run `flyte-host login`; in CI, set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with \
         `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token"
    );
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 0);
    assert!(fixture.prompt.events.lock().unwrap().is_empty());
    let with_secret = fixture.process(&[("FLYTE_CREDENTIALS_CLIENT_SECRET", "very secret")]);
    let hint = with_secret.call().await.unwrap_err().fault.unwrap().hint.unwrap();
    assert!(hint.starts_with("set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret`"), "{hint}");
}

#[tokio::test]
async fn a_user_who_did_not_sign_in_is_not_prompted_again_by_the_next_call() {
    let fixture = Fixture::new().await.process(&[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]);
    fixture.prompt.is_interactive.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let text = render(&fixture.call().await.unwrap_err());
        assert!(text.contains("does not support the device flow"), "{text}");
    }
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 1);
    let error = fixture.sign_in.sign_in(LoginMode::Device).await.unwrap_err();
    assert_eq!(error.kind(), AuthErrorKind::NotSignedIn);
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 2, "they may ask themselves");
}

#[tokio::test]
async fn failed_discovery_is_tried_again_by_the_next_call() {
    let fixture = Fixture::new().await.process(&[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]);
    fixture.prompt.is_interactive.store(true, Ordering::Relaxed);
    fixture.flyte.is_confused.store(true, Ordering::Relaxed);
    let first = render(&fixture.call().await.unwrap_err());
    assert!(first.contains("the server is confused"), "{first}");
    fixture.flyte.is_confused.store(false, Ordering::Relaxed);
    let second = render(&fixture.call().await.unwrap_err());
    assert!(second.contains("does not support the device flow"), "{second}");
}

#[tokio::test]
async fn a_token_file_is_read_again_when_the_token_is_rejected() {
    let fixture = Fixture::new().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"static-1\n").unwrap();
    let token = Some(StaticToken::File(file.path().to_owned()));
    let process = fixture.process_with(&[], SignInOptions { token, ..fixture.options.clone() });
    fixture.flyte.accept(&["static-1"]);
    process.call().await.unwrap();
    fs::write(file.path(), "static-2").unwrap();
    fixture.flyte.accept(&["static-2"]);
    process.call().await.unwrap();
    fs::write(file.path(), "static-3").unwrap();
    fixture.flyte.accept(&["static-3"]);
    process.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["static-1", "static-1", "static-2", "static-2", "static-3"]);
    fs::remove_file(file.path()).unwrap();
    fixture.flyte.accept(&[]);
    let text = render(&process.call().await.unwrap_err());
    assert!(text.contains("\n: No such file"), "{text}");
    assert!(fixture.kept().is_none() && fixture.provider.got("grant_type").is_empty());
}

#[tokio::test]
async fn the_error_for_a_rejected_static_token_names_its_variable() {
    let fixture = signed_in().await;
    let token = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token: Secret::new("static") };
    let process = fixture.process_with(&[], SignInOptions { token: Some(token), ..fixture.options.clone() });
    let status = process.call().await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED `flyte.example` rejected the token from variable `FLYTE_ACCESS_TOKEN`\n\
         : token parse error\n\
         ? set variable `FLYTE_ACCESS_TOKEN` to another token, or remove it and run `flyte-host login`"
    );
    // The header was not known, so the token is sent again, in the header of the server.
    let headers: Vec<String> =
        fixture.flyte.calls.lock().unwrap().iter().map(|call| call[0].0.clone()).collect();
    assert_eq!(headers, ["authorization", "flyte-authorization"]);
    assert_eq!(process.sign_in.location(), "variable `FLYTE_ACCESS_TOKEN`");
    assert_eq!(process.sign_in.tokens().await.unwrap().unwrap().flow, Flow::StaticToken);
    let error = process.sign_in.sign_in(LoginMode::Configured).await.unwrap_err();
    assert_eq!(error.to_string(), "already authenticated with the token from variable `FLYTE_ACCESS_TOKEN`");
}

#[tokio::test]
async fn only_unauthenticated_leads_to_a_sign_in() {
    let fixture = signed_in().await;
    for code in [Code::PermissionDenied, Code::Unknown, Code::Unavailable, Code::NotFound] {
        *fixture.flyte.says.lock().unwrap() = Some(Status::new(code, "no"));
        assert_eq!(fixture.call().await.unwrap_err().code, code);
    }
    assert_eq!(fixture.flyte.carried(), ["old"; 4]);
    assert!(fixture.provider.got("grant_type").is_empty());
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_calls_own_header_takes_precedence() {
    let fixture = signed_in().await;
    let own = |name: &str| vec![(name.to_owned(), "Bearer theirs".to_owned())];
    let status = fixture.call_with(own("flyte-authorization")).await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED `flyte.example` rejected the header `flyte-authorization`, which a plugin set\n\
         : token parse error\n? use `--no-plugins` to run without the plugin; signing in does not replace its header"
    );
    assert_eq!(fixture.flyte.carried(), ["theirs"]);
    assert!(fixture.provider.got("grant_type").is_empty());
    // Another header is not replaced.
    fixture.call_with(own("authorization")).await.unwrap();
    assert_eq!(fixture.flyte.calls.lock().unwrap().last().unwrap().len(), 2);
}

#[tokio::test]
async fn a_failed_command_is_an_error() {
    let fixture = Fixture::new().await;
    let command =
        [("FLYTE_CREDENTIALS_AUTH_MODE", "ExternalCommand"), ("FLYTE_CREDENTIALS_COMMAND", "false")];
    let status = fixture.process(&command).call().await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED token command `false` failed with exit status: 1\n\
         ? run the command by hand: it may require a login of its own"
    );
}

#[tokio::test]
async fn debug_output_has_no_secrets() {
    let fixture = signed_in().await.process(&ROBOT);
    let status = fixture.call().await;
    let error = fixture.sign_in.sign_in(LoginMode::Device).await.unwrap_err();
    let tokens = fixture.sign_in.tokens().await.unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {error:?}",
        fixture.sign_in,
        fixture.sign_in.state(),
        fixture.sign_in.method(),
        tokens,
        status.map(|_| ())
    );
    for secret in ["new-1", "very secret", "refresh-of"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn a_token_in_a_rejection_is_redacted() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&[]);
    let mut says = Status::new(Code::Unauthenticated, "bad token old, bad token new-1");
    says.metadata.push(("echo".to_owned(), "Bearer new-1".to_owned()));
    *fixture.flyte.says.lock().unwrap() = Some(says);
    let status = fixture.call().await.unwrap_err();
    assert!(!format!("{status:?} {}", render(&status)).contains("new-1"), "{status:?}");
    *fixture.flyte.says.lock().unwrap() = Some(Status::new(Code::NotFound, "no new-1"));
    assert_eq!(fixture.call().await.unwrap_err().message, "no ****");
    let fault = TransportError::new(TransportErrorKind::Protocol, "no new-1");
    let fault = fault.caused_by(["it says: new-1".to_owned(), "new-1".to_owned()]);
    *fixture.flyte.says.lock().unwrap() = Some(Status::fault(Code::NotFound, fault));
    let status = fixture.call().await.unwrap_err();
    assert_eq!(status.fault.unwrap().causes().collect::<Vec<_>>(), ["it says: ****", "****"]);
}
