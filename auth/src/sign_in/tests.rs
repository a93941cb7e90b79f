//! What is called, in which order, and what is left in the store.

use std::{fs, io::Write as _, sync::atomic::Ordering, time::Duration};

use flyte_client::{
    config::Secret,
    transport::{Code, Status},
};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::{
    Flow, Kind,
    testing::{KEY, Scene, expired, listen, story, tokens, warnings_about},
};

const ROBOT: [(&str, &str); 3] = [
    ("FLYTE_CREDENTIALS_AUTH_MODE", "ClientSecret"),
    ("FLYTE_CREDENTIALS_CLIENT_ID", "robot"),
    ("FLYTE_CREDENTIALS_CLIENT_SECRET", "very secret"),
];

async fn signed_in() -> Scene {
    let scene = Scene::new().await;
    scene.keep(&tokens("old", &scene.provider));
    scene
}

fn refused(error: &str) -> serde_json::Value {
    json!({ "error": error })
}

#[tokio::test]
async fn a_server_that_wants_no_token_is_not_asked_how_to_sign_in() {
    let scene = Scene::new().await;
    *scene.flyte.accepted.lock().unwrap() = None;
    for variables in [&[][..], &ROBOT, &[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]] {
        scene.process(variables).call().await.unwrap();
    }
    assert_eq!(scene.flyte.carried(), ["-", "-", "-"]);
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 0);
    assert!(scene.provider.got("grant_type").is_empty());
    assert!(!scene.options.folder.exists(), "nothing is made before it is needed");
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_and_the_call_goes_out_once_more() {
    let scene = signed_in().await;
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "new-1"]);
    assert_eq!(scene.provider.got("refresh_token"), ["refresh-of-old"]);
    assert_eq!(scene.kept(), Some(("new-1".to_owned(), Some("refresh-of-new-1".to_owned()))));
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "new-1", "new-1"]);
    let header = scene.flyte.calls.lock().unwrap()[2][0].clone();
    assert_eq!(header, ("flyte-authorization".to_owned(), "Bearer new-1".to_owned()));
}

#[tokio::test]
async fn a_token_that_is_refused_again_ends_in_a_sentence_after_two_calls() {
    let scene = signed_in().await;
    scene.flyte.accept(&[]);
    let status = scene.call().await.unwrap_err();
    assert_eq!(
        story(&status),
        "UNAUTHENTICATED `flyte.example` does not accept the token of this sign-in\n: token parse error\n\
         ? sign in again with `flyte-host login`"
    );
    assert_eq!(scene.flyte.carried(), ["old", "new-1"]);
    // Whoever calls next learns it from one call, and the provider is left alone.
    assert_eq!(story(&scene.call().await.unwrap_err()), story(&status));
    assert_eq!(scene.flyte.carried().len(), 3);
    assert_eq!(scene.provider.got("grant_type").len(), 1);
}

#[tokio::test]
async fn calls_side_by_side_share_one_renewal() {
    let scene = signed_in().await;
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let outermost = Arc::clone(&scene.outermost);
        calls.spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(scene.provider.got("refresh_token"), ["refresh-of-old"]);
    assert!(scene.flyte.carried().len() <= 100);
}

#[tokio::test]
async fn calls_side_by_side_share_a_renewal_that_fails() {
    let scene = signed_in().await;
    scene.provider.awake.send_replace(false);
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let outermost = Arc::clone(&scene.outermost);
        calls.spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
    }
    scene.provider.was_asked(1).await;
    while scene.flyte.carried().len() < 50 {
        tokio::task::yield_now().await;
    }
    scene.provider.answer(503, json!({}));
    scene.provider.awake.send_replace(true);
    let codes = calls.join_all().await.into_iter().map(|answer| answer.unwrap_err().code);
    assert!(codes.into_iter().all(|code| code == Code::Unavailable));
    assert_eq!(scene.provider.got("grant_type").len(), 1);
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
async fn what_another_process_got_is_used_without_asking_the_provider() {
    let scene = signed_in().await;
    scene.flyte.accept(&["old"]);
    scene.call().await.unwrap();
    scene.keep(&tokens("theirs", &scene.provider));
    scene.flyte.accept(&["theirs"]);
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "old", "theirs"]);
    assert!(scene.provider.got("grant_type").is_empty());
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_refresh_token_that_is_void_is_dropped_and_the_full_sign_in_follows() {
    let scene = signed_in().await;
    scene.provider.answer(400, refused("invalid_grant"));
    let status = scene.call().await.unwrap_err();
    assert_eq!(status.message, "nobody can be asked here, and there is no token for `flyte.example`");
    assert_eq!(scene.kept(), Some(("old".to_owned(), None)));
    scene.call().await.unwrap_err();
    assert_eq!(scene.provider.got("refresh_token").len(), 1, "it is not sent again");
}

#[tokio::test]
async fn any_other_refusal_of_the_provider_leaves_the_refresh_token() {
    let scene = signed_in().await;
    scene.provider.answer(400, refused("invalid_scope"));
    scene.call().await.unwrap_err();
    assert_eq!(scene.kept(), Some(("old".to_owned(), Some("refresh-of-old".to_owned()))));
}

#[tokio::test]
async fn a_provider_that_is_down_costs_nothing_that_is_kept() {
    let scene = signed_in().await;
    scene.provider.answer(503, json!({}));
    let status = scene.call().await.unwrap_err();
    assert_eq!(status.code, Code::Unavailable);
    let story = story(&status);
    assert!(story.starts_with("UNAVAILABLE the identity provider `127.0.0.1:"), "{story}");
    assert_eq!(scene.kept(), Some(("old".to_owned(), Some("refresh-of-old".to_owned()))));
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "old", "new-2"]);
}

#[tokio::test]
async fn where_nobody_is_a_call_fails_at_once_with_the_remedy() {
    let scene = Scene::new().await;
    let status = scene.call().await.unwrap_err();
    assert_eq!(
        story(&status),
        "UNAUTHENTICATED nobody can be asked here, and there is no token for `flyte.example`\n\
         ? sign in with `flyte-host login`; in CI set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret` with \
         `FLYTE_CREDENTIALS_CLIENT_ID` and `FLYTE_CREDENTIALS_CLIENT_SECRET`, or `FLYTE_ACCESS_TOKEN` to a token"
    );
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 0);
    assert!(scene.person.told.lock().unwrap().is_empty());
    let with_secret = scene.process(&[("FLYTE_CREDENTIALS_CLIENT_SECRET", "very secret")]);
    let hint = with_secret.call().await.unwrap_err().fault.unwrap().hint.unwrap();
    assert!(hint.starts_with("set `FLYTE_CREDENTIALS_AUTH_MODE` to `ClientSecret`"), "{hint}");
}

#[tokio::test]
async fn a_person_who_did_not_sign_in_is_not_asked_again_by_the_next_call() {
    let scene = Scene::new().await.process(&[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]);
    scene.person.is_there.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        let story = story(&scene.call().await.unwrap_err());
        assert!(story.contains("gives no codes for other devices"), "{story}");
    }
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 1);
    let error = scene.sign_in.sign_in(How::Device).await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotSignedIn);
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 2, "they may ask themselves");
}

#[tokio::test]
async fn a_server_that_could_not_say_how_to_sign_in_is_asked_again_by_the_next_call() {
    let scene = Scene::new().await.process(&[("FLYTE_CREDENTIALS_AUTH_MODE", "DeviceFlow")]);
    scene.person.is_there.store(true, Ordering::Relaxed);
    scene.flyte.is_confused.store(true, Ordering::Relaxed);
    let first = story(&scene.call().await.unwrap_err());
    assert!(first.contains("the server is confused"), "{first}");
    scene.flyte.is_confused.store(false, Ordering::Relaxed);
    let second = story(&scene.call().await.unwrap_err());
    assert!(second.contains("gives no codes for other devices"), "{second}");
}

#[tokio::test]
async fn a_file_with_a_token_is_read_again_when_the_token_is_refused() {
    let scene = Scene::new().await;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"static-1\n").unwrap();
    let token = Some(StaticToken::File(file.path().to_owned()));
    let process = scene.process_with(&[], Options { token, ..scene.options.clone() });
    scene.flyte.accept(&["static-1"]);
    process.call().await.unwrap();
    fs::write(file.path(), "static-2").unwrap();
    scene.flyte.accept(&["static-2"]);
    process.call().await.unwrap();
    fs::write(file.path(), "static-3").unwrap();
    scene.flyte.accept(&["static-3"]);
    process.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["static-1", "static-1", "static-2", "static-2", "static-3"]);
    fs::remove_file(file.path()).unwrap();
    scene.flyte.accept(&[]);
    let story = story(&process.call().await.unwrap_err());
    assert!(story.contains("which should hold a token, cannot be read\n: No such file"), "{story}");
    assert!(scene.kept().is_none() && scene.provider.got("grant_type").is_empty());
}

#[tokio::test]
async fn a_token_of_a_variable_that_is_refused_says_where_it_is() {
    let scene = signed_in().await;
    let token = StaticToken::Variable { name: "FLYTE_ACCESS_TOKEN".to_owned(), token: Secret::new("static") };
    let process = scene.process_with(&[], Options { token: Some(token), ..scene.options.clone() });
    let status = process.call().await.unwrap_err();
    assert_eq!(
        story(&status),
        "UNAUTHENTICATED `flyte.example` does not accept the token of variable `FLYTE_ACCESS_TOKEN`\n\
         : token parse error\n\
         ? put another token into variable `FLYTE_ACCESS_TOKEN`, or take it away and sign in with `flyte-host login`"
    );
    // Its header was not known: the server is told once more, in the way that it wants.
    let headers: Vec<String> =
        scene.flyte.calls.lock().unwrap().iter().map(|call| call[0].0.clone()).collect();
    assert_eq!(headers, ["authorization", "flyte-authorization"]);
    assert_eq!(process.sign_in.place(), "variable `FLYTE_ACCESS_TOKEN`");
    assert_eq!(process.sign_in.tokens().await.unwrap().unwrap().flow, Flow::StaticToken);
    let error = process.sign_in.sign_in(How::Configured).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no need to sign in, because variable `FLYTE_ACCESS_TOKEN` holds a token"
    );
}

#[tokio::test]
async fn tokens_of_somebody_else_are_not_used() {
    let scene = signed_in().await;
    let robot = scene.process(&ROBOT);
    robot.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-1"]);
    assert_eq!(scene.provider.got("grant_type"), ["client_credentials"]);
    // Those of the same client are.
    scene.process(&ROBOT).call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-1", "new-1"]);
    let mut other = ROBOT;
    other[1].1 = "another robot";
    scene.process(&other).call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-1", "new-1", "-", "new-2"]);
    // Nor does a person use those of a program.
    scene.process(&[]).call().await.unwrap_err();
    assert_eq!(scene.flyte.carried().last().unwrap(), "-");
}

#[tokio::test]
async fn a_refresh_goes_on_when_the_call_that_wanted_it_is_dropped() {
    let scene = signed_in().await;
    scene.provider.awake.send_replace(false);
    let outermost = Arc::clone(&scene.outermost);
    let call = tokio::spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
    scene.provider.was_asked(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    scene.provider.awake.send_replace(true);
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried().last().unwrap(), "new-1");
    assert_eq!(scene.provider.got("grant_type").len(), 1, "the refresh token was spent once");
}

#[tokio::test]
async fn a_sign_in_that_is_dropped_lets_the_next_one_work() {
    let scene = Scene::new().await.process(&ROBOT);
    scene.provider.awake.send_replace(false);
    let sign_in = Arc::clone(&scene.sign_in);
    let waiting = tokio::spawn(async move { sign_in.sign_in(How::Configured).await });
    scene.provider.was_asked(1).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    scene.provider.awake.send_replace(true);
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-2"]);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let scene = Scene::new().await;
    let soon = Some(Timestamp::now() + Duration::from_secs(30));
    scene.keep(&Tokens { expires_at: soon, ..expired(tokens("old", &scene.provider)) });
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["new-1"]);
    scene.call().await.unwrap();
    assert_eq!(scene.provider.got("grant_type"), ["refresh_token"]);
}

#[tokio::test]
async fn a_renewal_ahead_of_expiry_that_fails_is_not_tried_with_every_call() {
    let scene = Scene::new().await;
    let soon = Some(Timestamp::now() + Duration::from_secs(30));
    scene.keep(&Tokens { expires_at: soon, ..expired(tokens("old", &scene.provider)) });
    scene.flyte.accept(&["old", "new-2"]);
    scene.provider.answer(503, json!({}));
    scene.call().await.unwrap();
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "old"]);
    assert_eq!(scene.provider.got("grant_type").len(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    scene.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "old", "new-2"]);
}

#[tokio::test]
async fn only_a_question_for_the_caller_leads_to_a_sign_in() {
    let scene = signed_in().await;
    for code in [Code::PermissionDenied, Code::Unknown, Code::Unavailable, Code::NotFound] {
        *scene.flyte.says.lock().unwrap() = Some(Status::new(code, "no"));
        assert_eq!(scene.call().await.unwrap_err().code, code);
    }
    assert_eq!(scene.flyte.carried(), ["old"; 4]);
    assert!(scene.provider.got("grant_type").is_empty());
    assert_eq!(scene.flyte.questions.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_header_of_the_calls_own_goes_first_and_is_not_replaced() {
    let scene = signed_in().await;
    let own = |name: &str| vec![(name.to_owned(), "Bearer theirs".to_owned())];
    let status = scene.call_with(own("flyte-authorization")).await.unwrap_err();
    assert_eq!(
        story(&status),
        "UNAUTHENTICATED `flyte.example` does not accept the header `flyte-authorization`, which a plugin set\n\
         : token parse error\n? `--no-plugins` goes without it; a sign-in does not replace it"
    );
    assert_eq!(scene.flyte.carried(), ["theirs"]);
    assert!(scene.provider.got("grant_type").is_empty());
    // A header that is not the server's is somebody else's business.
    scene.call_with(own("authorization")).await.unwrap();
    assert_eq!(scene.flyte.calls.lock().unwrap().last().unwrap().len(), 2);
}

#[tokio::test]
async fn a_command_is_run_when_a_token_is_wanted_and_kept_nowhere() {
    let scene = Scene::new().await;
    let command =
        [("FLYTE_CREDENTIALS_AUTH_MODE", "ExternalCommand"), ("FLYTE_CREDENTIALS_COMMAND", "echo,new-3")];
    let process = scene.process(&command);
    assert!(process.sign_in.tokens().await.unwrap().is_none(), "it is not run for that");
    process.call().await.unwrap();
    process.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-3", "new-3"]);
    let tokens = process.sign_in.tokens().await.unwrap().unwrap();
    assert_eq!((tokens.flow, tokens.expires_at), (Flow::ExternalCommand, None));
    assert_eq!(process.sign_in.place(), "command `echo`");
    assert!(scene.kept().is_none());
    // It prints what the server does not accept any more.
    scene.flyte.accept(&[]);
    let hint = process.call().await.unwrap_err().fault.unwrap().hint.unwrap();
    assert!(hint.starts_with("run the command by hand"), "{hint}");
    let error = process.sign_in.sign_in(How::Device).await.unwrap_err();
    assert_eq!(error.to_string(), "the configuration signs in by external command, which asks nobody");
}

#[tokio::test]
async fn a_command_that_fails_is_told() {
    let scene = Scene::new().await;
    let command =
        [("FLYTE_CREDENTIALS_AUTH_MODE", "ExternalCommand"), ("FLYTE_CREDENTIALS_COMMAND", "false")];
    let status = scene.process(&command).call().await.unwrap_err();
    assert_eq!(
        story(&status),
        "UNAUTHENTICATED `false`, which should print a token, ended with exit status: 1\n\
         ? run the command by hand: it may want a sign-in of its own"
    );
}

#[tokio::test]
async fn whoever_wants_to_sign_in_gets_new_tokens() {
    let scene = Scene::new().await.process(&ROBOT);
    for access in ["new-1", "new-2"] {
        assert_eq!(scene.sign_in.sign_in(How::Configured).await.unwrap().access.reveal(), access);
        assert_eq!(scene.kept().unwrap().0, access);
    }
    assert!(scene.sign_in.place().contains("state"), "{}", scene.sign_in.place());
}

#[tokio::test]
async fn signing_out_forgets_everywhere() {
    let scene = signed_in().await;
    assert!(scene.sign_in.tokens().await.unwrap().is_some());
    scene.store().save("other.example:443", &tokens("other", &scene.provider)).unwrap();
    assert!(scene.sign_in.sign_out().unwrap());
    assert!(!scene.sign_in.sign_out().unwrap());
    assert!(scene.sign_in.tokens().await.unwrap().is_none());
    scene.keep(&tokens("old", &scene.provider));
    let forgotten = sign_out_everywhere(&scene.options).unwrap();
    assert_eq!(forgotten, [KEY, "other.example:443"]);
    assert!(scene.kept().is_none());
}

#[tokio::test]
async fn a_folder_that_cannot_be_used_costs_the_turns_and_not_the_sign_in() {
    let scene = Scene::new().await;
    let blocked = scene.folder.path().join("file");
    fs::write(&blocked, "").unwrap();
    let process =
        scene.process_with(&ROBOT, Options { folder: blocked.join("state"), ..scene.options.clone() });
    process.call().await.unwrap();
    process.call().await.unwrap();
    assert_eq!(scene.flyte.carried(), ["-", "new-1", "new-1"]);
}

#[tokio::test]
async fn nothing_secret_is_shown() {
    let scene = signed_in().await.process(&ROBOT);
    let status = scene.call().await;
    let error = scene.sign_in.sign_in(How::Device).await.unwrap_err();
    let tokens = scene.sign_in.tokens().await.unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {error:?}",
        scene.sign_in,
        scene.sign_in.current(),
        scene.sign_in.method(),
        tokens,
        status.map(|_| ())
    );
    for secret in ["new-1", "very secret", "refresh-of"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[tokio::test]
async fn who_signs_out_elsewhere_stays_signed_out_and_this_process_goes_on() {
    let scene = signed_in().await;
    scene.flyte.accept(&["old"]);
    scene.call().await.unwrap();
    assert!(scene.store().remove(KEY).unwrap());
    for access in ["new-1", "new-2"] {
        scene.flyte.accept(&[access]);
        scene.call().await.unwrap();
        assert!(scene.kept().is_none(), "{access}");
    }
    assert_eq!(scene.provider.got("refresh_token"), ["refresh-of-old", "refresh-of-new-1"]);
    // Whoever signs in again elsewhere has theirs used here too.
    scene.keep(&tokens("theirs", &scene.provider));
    scene.flyte.accept(&["theirs"]);
    scene.call().await.unwrap();
    assert_eq!(scene.provider.got("grant_type").len(), 2);
}

#[tokio::test]
async fn who_signs_out_while_tokens_are_renewed_stays_signed_out() {
    for answer in [None, Some(refused("invalid_grant"))] {
        let scene = signed_in().await;
        scene.provider.awake.send_replace(false);
        let outermost = Arc::clone(&scene.outermost);
        let call = tokio::spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
        scene.provider.was_asked(1).await;
        assert!(scene.store().remove(KEY).unwrap());
        if let Some(answer) = &answer {
            scene.provider.answer(400, answer.clone());
        }
        scene.provider.awake.send_replace(true);
        assert_eq!(call.await.unwrap().is_ok(), answer.is_none());
        assert!(scene.kept().is_none());
    }
}

#[tokio::test]
async fn tokens_that_could_not_be_kept_are_not_renewed_with_older_ones() {
    let scene = signed_in().await;
    scene.flyte.accept(&["old"]);
    scene.call().await.unwrap();
    let away = scene.folder.path().join("away");
    fs::rename(&scene.options.folder, &away).unwrap();
    fs::write(&scene.options.folder, "").unwrap();
    scene.flyte.accept(&["new-1"]);
    scene.call().await.unwrap();
    fs::remove_file(&scene.options.folder).unwrap();
    fs::rename(&away, &scene.options.folder).unwrap();
    scene.flyte.accept(&["new-2"]);
    scene.call().await.unwrap();
    assert_eq!(scene.provider.got("refresh_token"), ["refresh-of-old", "refresh-of-new-1"]);
    assert_eq!(scene.kept().unwrap().0, "new-2");
}

#[tokio::test]
async fn a_refresh_token_that_another_process_spent_first_costs_nothing() {
    let scene = signed_in().await;
    scene.provider.awake.send_replace(false);
    let outermost = Arc::clone(&scene.outermost);
    let call = tokio::spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
    scene.provider.was_asked(1).await;
    // As it is where there are no turns.
    scene.keep(&tokens("theirs", &scene.provider));
    scene.flyte.accept(&["theirs"]);
    scene.provider.answer(400, refused("invalid_grant"));
    scene.provider.awake.send_replace(true);
    call.await.unwrap().unwrap();
    assert_eq!(scene.flyte.carried(), ["old", "theirs"]);
    assert_eq!(scene.kept(), Some(("theirs".to_owned(), Some("refresh-of-theirs".to_owned()))));
}

#[tokio::test]
async fn what_a_dropped_call_wanted_is_used_even_where_it_cannot_be_kept() {
    let scene = signed_in().await;
    scene.flyte.accept(&["old"]);
    scene.call().await.unwrap();
    fs::remove_dir_all(&scene.options.folder).unwrap();
    fs::write(&scene.options.folder, "").unwrap();
    scene.flyte.accept(&["new-1"]);
    scene.provider.awake.send_replace(false);
    let outermost = Arc::clone(&scene.outermost);
    let call = tokio::spawn(async move { outermost.call(crate::testing::a_call(Vec::new())).await });
    scene.provider.was_asked(1).await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    scene.provider.awake.send_replace(true);
    scene.call().await.unwrap();
    assert_eq!(scene.provider.got("refresh_token"), ["refresh-of-old"]);
}

#[tokio::test]
async fn a_token_that_the_server_repeats_is_not_told() {
    let scene = signed_in().await;
    scene.flyte.accept(&[]);
    let mut says = Status::new(Code::Unauthenticated, "bad token old, bad token new-1");
    says.metadata.push(("echo".to_owned(), "Bearer new-1".to_owned()));
    *scene.flyte.says.lock().unwrap() = Some(says);
    let status = scene.call().await.unwrap_err();
    assert!(!format!("{status:?} {}", story(&status)).contains("new-1"), "{status:?}");
    *scene.flyte.says.lock().unwrap() = Some(Status::new(Code::NotFound, "no new-1"));
    assert_eq!(scene.call().await.unwrap_err().message, "no ****");
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_whose_file_is_open_to_others_is_told_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    listen();
    let scene = signed_in().await.process(&ROBOT);
    let path = scene.sign_in.place().replace('`', "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    scene.call().await.unwrap();
    let warnings = warnings_about(&path);
    assert!(
        warnings.iter().any(|warning| warning.contains(&format!("`chmod 600 '{path}'`"))),
        "{warnings:?}"
    );
}

#[test]
fn an_answer_to_a_call_with_an_older_token_says_nothing_of_the_newer_one() {
    let token = |access| acquire::bare(Flow::Browser, Secret::new(access), "authorization".to_owned());
    let mut current = Current::default();
    current.put(token("old"), Source::There);
    let (seen, carried) = (current.seen(), current.carried());
    current.put(token("new"), Source::Got);
    current.judge(carried.generation, false);
    assert!(matches!(current.advice(seen), state::Advice::Again));
}
