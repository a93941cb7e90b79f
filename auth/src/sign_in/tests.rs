//! Which calls are sent, and what the store holds afterwards.

mod rejections;
mod renewal;
mod stores;

use std::{fs, io::Write as _, sync::atomic::Ordering, time::Duration};

use flyte_client::{
    config::Secret,
    transport::{Code, Status, TransportError, TransportErrorKind},
};
use jiff::Timestamp;
use serde_json::json;
use tokio::task::JoinSet;

use super::*;
use crate::{
    AuthErrorKind, Flow,
    testing::{Fixture, KEY, expired, listen, render, test_call, tokens, warnings_about},
};

/// Client credentials.
const ROBOT: [(&str, &str); 3] = [
    ("FLYTE_CREDENTIALS_AUTH_MODE", "ClientSecret"),
    ("FLYTE_CREDENTIALS_CLIENT_ID", "robot"),
    ("FLYTE_CREDENTIALS_CLIENT_SECRET", "very secret"),
];

async fn signed_in() -> Fixture {
    let fixture = Fixture::new().await;
    fixture.keep(&tokens("old", &fixture.provider));
    fixture
}

fn oauth_error(error: &str) -> serde_json::Value {
    json!({ "error": error })
}
