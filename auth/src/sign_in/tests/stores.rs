//! Stored tokens, shared with other processes.

use super::*;

#[tokio::test]
async fn tokens_of_another_process_are_used_without_a_request_to_the_provider() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&["old"]);
    fixture.call().await.unwrap();
    fixture.keep(&tokens("theirs", &fixture.provider));
    fixture.flyte.accept(&["theirs"]);
    fixture.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["old", "old", "theirs"]);
    assert!(fixture.provider.got("grant_type").is_empty());
    assert_eq!(fixture.flyte.questions.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn tokens_of_another_client_are_not_used() {
    let fixture = signed_in().await;
    let robot = fixture.process(&ROBOT);
    robot.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-1"]);
    assert_eq!(fixture.provider.got("grant_type"), ["client_credentials"]);
    // Those of the same client are.
    fixture.process(&ROBOT).call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-1", "new-1"]);
    let mut other = ROBOT;
    other[1].1 = "another robot";
    fixture.process(&other).call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-1", "new-1", "-", "new-2"]);
    // Nor does a person use those of a program.
    fixture.process(&[]).call().await.unwrap_err();
    assert_eq!(fixture.flyte.carried().last().unwrap(), "-");
}

#[tokio::test]
async fn a_command_runs_when_a_token_is_required_and_its_output_is_not_stored() {
    let fixture = Fixture::new().await;
    let command =
        [("FLYTE_CREDENTIALS_AUTH_MODE", "ExternalCommand"), ("FLYTE_CREDENTIALS_COMMAND", "echo,new-3")];
    let process = fixture.process(&command);
    assert!(process.sign_in.tokens().await.unwrap().is_none(), "it is not run for that");
    process.call().await.unwrap();
    process.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-3", "new-3"]);
    let tokens = process.sign_in.tokens().await.unwrap().unwrap();
    assert_eq!((tokens.flow, tokens.expires_at), (Flow::ExternalCommand, None));
    assert_eq!(process.sign_in.location(), "command `echo`");
    assert!(fixture.kept().is_none());
    // It prints what the server does not accept any more.
    fixture.flyte.accept(&[]);
    let hint = process.call().await.unwrap_err().fault.unwrap().hint.unwrap();
    assert!(hint.starts_with("run the command by hand"), "{hint}");
    let error = process.sign_in.sign_in(LoginMode::Device).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`--device` and `--no-browser` cannot be used with external command authentication"
    );
}

#[tokio::test]
async fn an_explicit_sign_in_acquires_new_tokens() {
    let fixture = Fixture::new().await.process(&ROBOT);
    for access in ["new-1", "new-2"] {
        assert_eq!(fixture.sign_in.sign_in(LoginMode::Configured).await.unwrap().access.reveal(), access);
        assert_eq!(fixture.kept().unwrap().0, access);
    }
    assert!(fixture.sign_in.location().contains("state"), "{}", fixture.sign_in.location());
}

#[tokio::test]
async fn signing_out_removes_tokens_everywhere() {
    let fixture = signed_in().await;
    assert!(fixture.sign_in.tokens().await.unwrap().is_some());
    fixture.store().save("other.example:443", &tokens("other", &fixture.provider)).unwrap();
    assert!(fixture.sign_in.sign_out().unwrap());
    assert!(!fixture.sign_in.sign_out().unwrap());
    assert!(fixture.sign_in.tokens().await.unwrap().is_none());
    fixture.keep(&tokens("old", &fixture.provider));
    let forgotten = sign_out_everywhere(&fixture.options).unwrap();
    assert_eq!(forgotten, [KEY, "other.example:443"]);
    assert!(fixture.kept().is_none());
}

#[tokio::test]
async fn an_unusable_folder_disables_locks_and_not_the_sign_in() {
    let fixture = Fixture::new().await;
    let blocked = fixture.folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let process = fixture
        .process_with(&ROBOT, SignInOptions { folder: blocked.join("state"), ..fixture.options.clone() });
    process.call().await.unwrap();
    process.call().await.unwrap();
    assert_eq!(fixture.flyte.carried(), ["-", "new-1", "new-1"]);
}

#[tokio::test]
async fn a_sign_out_in_another_process_is_not_undone() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&["old"]);
    fixture.call().await.unwrap();
    assert!(fixture.store().remove(KEY).unwrap());
    for access in ["new-1", "new-2"] {
        fixture.flyte.accept(&[access]);
        fixture.call().await.unwrap();
        assert!(fixture.kept().is_none(), "{access}");
    }
    assert_eq!(fixture.provider.got("refresh_token"), ["refresh-of-old", "refresh-of-new-1"]);
    // Tokens of a later sign-in in another process are used.
    fixture.keep(&tokens("theirs", &fixture.provider));
    fixture.flyte.accept(&["theirs"]);
    fixture.call().await.unwrap();
    assert_eq!(fixture.provider.got("grant_type").len(), 2);
}

#[tokio::test]
async fn a_sign_out_during_a_refresh_is_not_undone() {
    for answer in [None, Some(oauth_error("invalid_grant"))] {
        let fixture = signed_in().await;
        fixture.provider.awake.send_replace(false);
        let outermost = Arc::clone(&fixture.outermost);
        let call = tokio::spawn(async move { outermost.call(test_call(Vec::new())).await });
        fixture.provider.was_asked(1).await;
        assert!(fixture.store().remove(KEY).unwrap());
        if let Some(answer) = &answer {
            fixture.provider.answer(400, answer.clone());
        }
        fixture.provider.awake.send_replace(true);
        assert_eq!(call.await.unwrap().is_ok(), answer.is_none());
        assert!(fixture.kept().is_none());
    }
}

#[tokio::test]
async fn unsaved_tokens_are_not_replaced_with_older_ones() {
    let fixture = signed_in().await;
    fixture.flyte.accept(&["old"]);
    fixture.call().await.unwrap();
    let away = fixture.folder.path().join("away");
    fs::rename(&fixture.options.folder, &away).unwrap();
    fs::write(&fixture.options.folder, "").unwrap();
    fixture.flyte.accept(&["new-1"]);
    fixture.call().await.unwrap();
    fs::remove_file(&fixture.options.folder).unwrap();
    fs::rename(&away, &fixture.options.folder).unwrap();
    fixture.flyte.accept(&["new-2"]);
    fixture.call().await.unwrap();
    assert_eq!(fixture.provider.got("refresh_token"), ["refresh-of-old", "refresh-of-new-1"]);
    assert_eq!(fixture.kept().unwrap().0, "new-2");
}

#[cfg(unix)]
#[tokio::test]
async fn an_insecure_token_file_is_a_warning_with_a_hint_for_client_credentials() {
    use std::os::unix::fs::PermissionsExt as _;
    listen();
    let fixture = signed_in().await.process(&ROBOT);
    let path = fixture.sign_in.location().replace('`', "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fixture.call().await.unwrap();
    let warnings = warnings_about(&path);
    assert!(
        warnings.iter().any(|warning| warning.contains(&format!("`chmod 600 '{path}'`"))),
        "{warnings:?}"
    );
}
