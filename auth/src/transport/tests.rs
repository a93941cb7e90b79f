//! Who carries what, on the wire.

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use flyte_client::transport::{
    Call, CallResponse, Code, Metadata, Reply, Status, Transport, TransportError, TransportErrorKind,
};
use tokio::task::JoinSet;

use super::*;
use crate::testing::{Fixture, render, test_call, tokens};

/// A proxy that accepts some tokens, and rejects all other calls.
struct FakeProxy {
    accepts: Mutex<Vec<String>>,
    refusal: Status,
    calls: Mutex<Vec<Option<String>>>,
}

impl FakeProxy {
    fn new(accepts: &[&str], refusal: Status) -> Arc<Self> {
        let accepts = Mutex::new(accepts.iter().map(|token| format!("Bearer {token}")).collect());
        Arc::new(Self { accepts, refusal, calls: Mutex::default() })
    }

    fn carried(&self) -> Vec<String> {
        let calls = self.calls.lock().unwrap();
        calls.iter().map(|call| call.clone().unwrap_or_else(|| "-".to_owned())).collect()
    }
}

impl Transport for FakeProxy {
    fn call(&self, call: Call) -> Reply<'_> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let token = call.metadata.iter().find(|(name, _)| name == "proxy-authorization");
            let token = token.map(|(_, value)| value.clone());
            let may_pass = token.as_ref().is_some_and(|token| self.accepts.lock().unwrap().contains(token));
            self.calls.lock().unwrap().push(token);
            match may_pass {
                true => Ok(CallResponse { metadata: Metadata::new(), message: Bytes::new() }),
                false => Err(self.refusal.clone()),
            }
        })
    }
}

/// A command that prints `pass-1`, `pass-2` and so on.
struct FakeCommand {
    _folder: tempfile::TempDir,
    log: PathBuf,
    command: Vec<String>,
}

impl FakeCommand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let script = r#"echo run >> "$0"; echo "pass-$(wc -l < "$0" | tr -d ' ')""#;
        let command = ["sh", "-c", script, log.to_str().unwrap()].map(str::to_owned).to_vec();
        Self { _folder: folder, log, command }
    }

    fn runs(&self) -> usize {
        fs::read_to_string(&self.log).map_or(0, |log| log.lines().count())
    }
}

/// HTTP 407, as `Grpc` tells it.
fn http_407() -> Status {
    let mut status =
        Status::fault(Code::Unknown, TransportError::new(TransportErrorKind::Protocol, "HTTP 407"));
    status.metadata.push((":status".to_owned(), "407".to_owned()));
    status
}

fn http_401() -> Status {
    Status::fault(Code::Unauthenticated, TransportError::new(TransportErrorKind::Protocol, "HTTP 401"))
}

#[tokio::test]
async fn a_proxy_gets_the_token_after_its_first_rejection() {
    for refusal in [Status::new(Code::Unauthenticated, "who?"), http_401(), http_407()] {
        let (fake, counter) = (FakeProxy::new(&["pass-1"], refusal), FakeCommand::new());
        let proxy = ProxyAuthorization::new(Arc::<FakeProxy>::clone(&fake), counter.command.clone());
        for _ in 0..2 {
            proxy.call(test_call(Metadata::new())).await.unwrap();
        }
        assert_eq!(fake.carried(), ["-", "Bearer pass-1", "Bearer pass-1"]);
        assert_eq!(counter.runs(), 1);
    }
}

#[tokio::test]
async fn other_refusals_do_not_run_the_command() {
    let (fake, counter) =
        (FakeProxy::new(&[], Status::new(Code::PermissionDenied, "no")), FakeCommand::new());
    let proxy = ProxyAuthorization::new(fake, counter.command.clone());
    assert_eq!(proxy.call(test_call(Metadata::new())).await.unwrap_err().code, Code::PermissionDenied);
    assert_eq!(counter.runs(), 0);
    let silent = ProxyAuthorization::new(FakeProxy::new(&[], http_407()), Vec::new());
    assert_eq!(silent.call(test_call(Metadata::new())).await.unwrap_err(), http_407());
}

#[tokio::test]
async fn concurrent_calls_share_one_run_of_the_command() {
    let (fake, counter) = (FakeProxy::new(&["pass-1"], http_407()), FakeCommand::new());
    let proxy = Arc::new(ProxyAuthorization::new(Arc::<FakeProxy>::clone(&fake), counter.command.clone()));
    let mut calls = JoinSet::new();
    for _ in 0..50 {
        let proxy = Arc::clone(&proxy);
        calls.spawn(async move { proxy.call(test_call(Metadata::new())).await });
    }
    assert!(calls.join_all().await.iter().all(Result::is_ok));
    assert_eq!(counter.runs(), 1);
}

#[tokio::test]
async fn a_rejected_proxy_token_is_replaced_once_a_minute() {
    let (fake, counter) = (FakeProxy::new(&["pass-1"], http_407()), FakeCommand::new());
    let proxy = ProxyAuthorization::new(Arc::<FakeProxy>::clone(&fake), counter.command.clone());
    proxy.call(test_call(Metadata::new())).await.unwrap();
    *fake.accepts.lock().unwrap() = vec!["Bearer pass-2".to_owned()];
    assert_eq!(proxy.call(test_call(Metadata::new())).await.unwrap_err(), http_407());
    assert_eq!(counter.runs(), 1, "the next one would be the same");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    proxy.call(test_call(Metadata::new())).await.unwrap();
    assert_eq!(counter.runs(), 2);
}

#[tokio::test]
async fn a_failed_proxy_command_is_an_error() {
    let command = vec!["false".to_owned()];
    let proxy = ProxyAuthorization::new(FakeProxy::new(&[], http_407()), command);
    let status = proxy.call(test_call(Metadata::new())).await.unwrap_err();
    assert_eq!(
        render(&status),
        "UNAUTHENTICATED token command `false` failed with exit status: 1\n\
         ? run the command by hand: it may require a login of its own"
    );
}

#[tokio::test]
async fn a_proxy_and_a_server_get_a_token_each() {
    let counter = FakeCommand::new();
    let fixture = Fixture::new().await;
    fixture.keep(&tokens("new-1", &fixture.provider));
    let [_, _, script, log] = counter.command.as_slice() else { panic!() };
    let helper = fixture.folder.path().join("helper");
    fs::write(&helper, format!("set -- {log}; log=$1\n{}", script.replace("$0", "$log"))).unwrap();
    let command = format!("sh,{}", helper.display());
    let process = fixture.process(&[("FLYTE_CREDENTIALS_PROXY_COMMAND", &command)]);
    process.call().await.unwrap();
    assert_eq!((fixture.flyte.carried(), counter.runs()), (vec!["new-1".to_owned()], 0));
    // Flyte's own refusal may be the proxy's; so both are renewed, and the provider hears of the proxy's too.
    fixture.flyte.accept(&["new-1x"]);
    process.call().await.unwrap_err();
    assert_eq!(counter.runs(), 1);
    let names = |call: &Metadata| call.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let last = fixture.flyte.calls.lock().unwrap().last().map(names).unwrap();
    assert_eq!(last, ["flyte-authorization", "proxy-authorization"]);
}

#[tokio::test]
async fn metadata_calls_carry_no_token() {
    let fixture = Fixture::new().await;
    fixture.keep(&tokens("new-1", &fixture.provider));
    let fake = FakeProxy::new(&[], Status::new(Code::Unauthenticated, "who?"));
    let innermost = BearerAuth::new(Arc::<FakeProxy>::clone(&fake), Arc::clone(&fixture.sign_in));
    let outermost = AuthRetry::new(Arc::new(innermost), Arc::clone(&fixture.sign_in));
    let path = "/flyteidl.service.AuthMetadataService/GetOAuth2Metadata".into();
    let call = Call { path, ..test_call(Metadata::new()) };
    assert_eq!(outermost.call(call).await.unwrap_err().message, "who?");
    assert_eq!(fake.carried(), ["-"]);
    assert!(fixture.provider.got("grant_type").is_empty());
}
