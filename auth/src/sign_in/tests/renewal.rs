//! Renewing tokens: after a rejection, before expiry, and when calls are dropped.

use super::*;

#[tokio::test]
async fn a_rejected_token_is_renewed_and_the_call_is_sent_again() {
    let fixture = signed_in().await;
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "new-1"]);
    assert_eq!(fixture.provider.got("refresh_token"), ["refresh-of-old"]);
    assert_eq!(fixture.kept(), Some(("new-1".to_owned(), Some("refresh-of-new-1".to_owned()))));
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "new-1", "new-1"]);
    let header = fixture.flyte.calls.lock().unwrap()[2][0].clone();
    assert_eq!(header, ("flyte-authorization".to_owned(), "Bearer new-1".to_owned()));
}

#[tokio::test]
async fn concurrent_calls_share_one_renewal() {
    let fixture = signed_in().await;
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let outermost = Arc::clone(&fixture.outermost);
        calls.spawn(async move { outermost.call(test_call(Vec::new())).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(fixture.provider.got("refresh_token"), ["refresh-of-old"]);
    assert!(fixture.flyte.carried().len() <= 100);
}

#[tokio::test]
async fn concurrent_calls_share_a_failed_renewal() {
    let fixture = signed_in().await;
    fixture.provider.awake.send_replace(false);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let outermost = Arc::clone(&fixture.outermost);
        calls.spawn(async move { outermost.call(test_call(Vec::new())).await });
    }
    fixture.provider.was_asked(1).await;
    while fixture.flyte.carried().len() < 50 {
        tokio::task::yield_now().await;
    }
    fixture.provider.answer(503, json!({}));
    fixture.provider.awake.send_replace(true);
    let codes = calls.join_all().await.into_iter().map(|answer| answer.unwrap_err().code);
    assert!(codes.into_iter().all(|code| code == Code::Unavailable));
    assert_eq!(fixture.provider.got("grant_type").len(), 1);
}

#[tokio::test]
async fn two_processes_renew_once() {
    let one = signed_in().await;
    let other = one.process(&[]);
    let (first, second) = tokio::join!(one.call(), other.call());
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(one.provider.got("refresh_token"), ["refresh-of-old"]);
}

#[tokio::test]
async fn an_invalid_refresh_token_is_dropped_and_a_full_sign_in_follows() {
    let fixture = signed_in().await;
    fixture.provider.answer(400, oauth_error("invalid_grant"));
    let status = fixture.call().await.unwrap_err();
    assert_eq!(
        status.message,
        "not signed in to `flyte.example`, and interactive sign-in is not possible here (not a terminal, or in CI)"
    );
    assert_eq!(fixture.kept(), Some(("old".to_owned(), None)));
    fixture.call().await.unwrap_err();
    assert_eq!(fixture.provider.got("refresh_token").len(), 1, "it is not sent again");
}

#[tokio::test]
async fn other_errors_of_the_provider_keep_the_refresh_token() {
    let fixture = signed_in().await;
    fixture.provider.answer(400, oauth_error("invalid_scope"));
    fixture.call().await.unwrap_err();
    assert_eq!(fixture.kept(), Some(("old".to_owned(), Some("refresh-of-old".to_owned()))));
}

#[tokio::test]
async fn an_unavailable_provider_leaves_the_stored_tokens() {
    let fixture = signed_in().await;
    fixture.provider.answer(503, json!({}));
    let status = fixture.call().await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable);
    let text = render(&status);
    assert!(text.starts_with("UNAVAILABLE identity provider `127.0.0.1:"), "{text}");
    assert_eq!(fixture.kept(), Some(("old".to_owned(), Some("refresh-of-old".to_owned()))));
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "old", "new-2"]);
}

#[tokio::test]
async fn a_refresh_completes_when_its_call_is_dropped() {
    let fixture = signed_in().await;
    fixture.provider.awake.send_replace(false);
    let outermost = Arc::clone(&fixture.outermost);
    let call = tokio::spawn(async move { outermost.call(test_call(Vec::new())).await });
    fixture.provider.was_asked(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    fixture.provider.awake.send_replace(true);
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried().last().unwrap(), "new-1");
    assert_eq!(fixture.provider.got("grant_type").len(), 1, "the refresh token was spent once");
}

#[tokio::test]
async fn a_dropped_sign_in_releases_its_locks() {
    let fixture = Fixture::new().await.process(&ROBOT);
    fixture.provider.awake.send_replace(false);
    let sign_in = Arc::clone(&fixture.sign_in);
    let waiting = tokio::spawn(async move { sign_in.sign_in(LoginMode::Configured).await });
    fixture.provider.was_asked(1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    fixture.provider.awake.send_replace(true);
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-2"]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let fixture = Fixture::new().await;
    let soon = Some(Timestamp::now() + Duration::from_secs(30));
    fixture.keep(&Tokens { expires_at: soon, ..expired(tokens("old", &fixture.provider)) });
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["new-1"]);
    fixture.call().await.unwrap();
    assert_eq!(fixture.provider.got("grant_type"), ["refresh_token"]);
}

#[tokio::test]
async fn failed_renewal_before_expiry_backs_off() {
    let fixture = Fixture::new().await;
    let soon = Some(Timestamp::now() + Duration::from_secs(30));
    fixture.keep(&Tokens { expires_at: soon, ..expired(tokens("old", &fixture.provider)) });
    fixture.flyte.accept(&["old", "new-2"]);
    fixture.provider.answer(503, json!({}));
    fixture.call().await.unwrap();
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "old"]);
    assert_eq!(fixture.provider.got("grant_type").len(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "old", "new-2"]);
}

#[tokio::test]
async fn a_refresh_token_spent_by_another_process_is_replaced_from_the_store() {
    let fixture = signed_in().await;
    fixture.provider.awake.send_replace(false);
    let outermost = Arc::clone(&fixture.outermost);
    let call = tokio::spawn(async move { outermost.call(test_call(Vec::new())).await });
    fixture.provider.was_asked(1).await;
    // As it is where there are no turns.
    fixture.keep(&tokens("theirs", &fixture.provider));
    fixture.flyte.accept(&["theirs"]);
    fixture.provider.answer(400, oauth_error("invalid_grant"));
    fixture.provider.awake.send_replace(true);
    call.await.unwrap().unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "theirs"]);
    assert_eq!(fixture.kept(), Some(("theirs".to_owned(), Some("refresh-of-theirs".to_owned()))));
}

#[tokio::test]
async fn the_tokens_of_a_dropped_call_are_used_even_if_they_cannot_be_saved() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&["old"]);
    fixture.call().await.unwrap();
    fs::remove_dir_all(&fixture.options.folder).unwrap();
    fs::write(&fixture.options.folder, "").unwrap();
    fixture.flyte.accept(&["new-1"]);
    fixture.provider.awake.send_replace(false);
    let outermost = Arc::clone(&fixture.outermost);
    let call = tokio::spawn(async move { outermost.call(test_call(Vec::new())).await });
    fixture.provider.was_asked(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    fixture.provider.awake.send_replace(true);
    fixture.call().await.unwrap();
    assert_eq!(fixture.provider.got("refresh_token"), ["refresh-of-old"]);
}
