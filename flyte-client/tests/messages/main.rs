//! Flyte's messages: as in the official package, and whole after every way in and out.

#![expect(clippy::unwrap_used, reason = "tests say what they expect by unwrapping it")]

mod descriptors;
mod generate;
mod identifiers;
mod loss;
mod python;
mod round_trip;
