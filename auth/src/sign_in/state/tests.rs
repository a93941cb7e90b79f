//! Every transition of the state machine.

use flyte_client::config::Secret;

use super::*;
use crate::Flow;

fn tokens(access: &str) -> Tokens {
    let refresh = Some(Secret::new("refresh"));
    Tokens { refresh, ..Tokens::from_access(Flow::Browser, Secret::new(access), "authorization".to_owned()) }
}

fn with_token(origin: TokenOrigin) -> SignInState {
    let mut state = SignInState::default();
    state.put(tokens("one"), origin);
    state
}

fn error() -> Arc<AuthError> {
    Arc::new(AuthError::TimedOut(Duration::from_secs(1)))
}

fn access(state: &SignInState) -> Option<String> {
    state.tokens().map(|tokens| tokens.access.reveal().to_owned())
}

impl SignInState {
    fn accept(&mut self) {
        self.judge(self.generation, true);
    }

    fn reject(&mut self) {
        self.judge(self.generation, false);
    }
}

#[test]
fn calls_without_a_token_are_accepted_or_rejected() {
    let mut state = SignInState::default();
    let snapshot = state.snapshot();
    assert!(matches!(state.action(snapshot), Action::PassOn));
    state.accept();
    assert!(matches!(state.state, State::Accepted(None)));
    assert!(matches!(state.action(snapshot), Action::PassOn));
    state.reject();
    assert!(matches!(state.state, State::Rejected(Rejection { token: None, was_accepted: true, .. })));
    assert!(matches!(state.action(snapshot), Action::Acquire));
}

#[test]
fn an_existing_token_that_is_rejected_is_replaced() {
    let mut state = with_token(TokenOrigin::Existing);
    let snapshot = state.snapshot();
    state.reject();
    assert!(matches!(state.action(snapshot), Action::Acquire));
    state.put(tokens("two"), TokenOrigin::Acquired);
    assert!(matches!(state.state, State::Unverified(_)));
    assert!(matches!(state.action(snapshot), Action::Resend));
}

#[test]
fn an_acquired_token_that_is_rejected_at_once_is_final() {
    let mut state = with_token(TokenOrigin::Acquired);
    let snapshot = state.snapshot();
    state.reject();
    assert!(matches!(state.action(snapshot), Action::GiveUp));
    let mut state = with_token(TokenOrigin::Acquired);
    state.accept();
    state.reject();
    assert!(matches!(state.action(snapshot), Action::Acquire), "it has expired or was revoked");
}

#[test]
fn a_rejection_is_final_for_its_token() {
    let mut state = with_token(TokenOrigin::Existing);
    state.reject();
    state.accept();
    assert!(matches!(state.state, State::Rejected(_)));
}

#[test]
fn a_response_counts_for_the_token_of_its_call_only() {
    let mut state = with_token(TokenOrigin::Existing);
    let (snapshot, old) = (state.snapshot(), state.call_token());
    state.put(tokens("two"), TokenOrigin::Acquired);
    state.judge(old.generation, false);
    assert!(matches!(state.state, State::Unverified(_)));
    assert!(matches!(state.action(snapshot), Action::Resend));
}

#[test]
fn a_failure_is_shared_with_the_calls_that_were_on_their_way() {
    let mut state = with_token(TokenOrigin::Existing);
    let before = state.snapshot();
    state.reject();
    state.fail(&error());
    assert!(matches!(state.action(before), Action::Share(_)));
    assert!(matches!(state.action(state.snapshot()), Action::Acquire), "a later call tries again");
    state.put(tokens("two"), TokenOrigin::Existing);
    state.reject();
    assert!(matches!(state.action(before), Action::Acquire), "the failure was about the older token");
}

#[test]
fn a_user_who_declined_is_not_prompted_again_until_there_is_another_token() {
    let mut state = SignInState::default();
    state.decline(&error());
    assert!(state.declined().is_none(), "nothing was rejected");
    state.reject();
    state.decline(&error());
    state.fail(&error());
    assert!(state.declined().is_some());
    assert!(matches!(state.action(state.snapshot()), Action::Acquire), "without a prompt");
    state.put(tokens("one"), TokenOrigin::Existing);
    assert!(state.declined().is_none());
}

#[test]
fn the_token_in_use_keeps_its_state_when_it_is_found_again() {
    let mut state = with_token(TokenOrigin::Acquired);
    state.accept();
    let generation = state.generation();
    let again = tokens("one");
    let again = Tokens { issued_at: state.tokens().unwrap().issued_at, ..again };
    state.put(again, TokenOrigin::Existing);
    assert_eq!(state.generation(), generation);
    assert!(matches!(state.state, State::Accepted(Some(_))));
}

#[test]
fn a_refreshed_token_does_not_replace_a_newer_one() {
    let mut state = with_token(TokenOrigin::Existing);
    let generation = state.generation();
    state.put_refreshed(generation, &tokens("two"));
    assert_eq!(access(&state).as_deref(), Some("two"));
    state.put_refreshed(generation, &tokens("three"));
    assert_eq!(access(&state).as_deref(), Some("two"));
    state.forget();
    state.put_refreshed(generation, &tokens("three"));
    assert_eq!(access(&state), None);
}

#[test]
fn a_refresh_token_is_dropped_in_every_state_and_nothing_else_changes() {
    let judge: [fn(&mut SignInState); 3] = [|_| {}, SignInState::accept, SignInState::reject];
    for judge in judge {
        let mut state = with_token(TokenOrigin::Existing);
        judge(&mut state);
        let generation = state.generation();
        state.drop_refresh();
        assert_eq!((access(&state).as_deref(), state.generation()), (Some("one"), generation));
        assert!(state.tokens().unwrap().refresh.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn backing_off_ends_after_a_while_and_with_the_token() {
    let mut state = with_token(TokenOrigin::Existing);
    assert!(!state.is_backing_off());
    assert!(state.back_off());
    state.accept();
    state.reject();
    assert!(state.is_backing_off(), "in every state");
    tokio::time::advance(BACKOFF).await;
    assert!(!state.is_backing_off());
    assert!(!state.back_off(), "not the first failure");
    state.put(tokens("two"), TokenOrigin::Acquired);
    assert!(!state.is_backing_off());
    assert!(state.back_off());
}

#[test]
fn the_store_is_behind_after_a_failed_save_and_after_a_sign_out_elsewhere() {
    use StoreState::{Current, Empty, Outdated, Unsaved};
    let loaded = [Empty, Current, Outdated, Unsaved].map(StoreState::loaded);
    assert_eq!(loaded, [Current, Current, Outdated, Outdated]);
    assert_eq!([Empty, Current, Outdated, Unsaved].map(StoreState::had_token), [false, true, true, false]);
    assert_eq!([Empty, Current, Outdated, Unsaved].map(StoreState::is_behind), [false, false, true, true]);
}
