//! Signing in for real: a certified provider, a Flyte that verifies its tokens, Chromium.

mod official;
