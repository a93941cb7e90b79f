//! Flyte's messages: as in the official package, and whole after every way in and out.

mod descriptors;
mod generate;
mod identifiers;
mod loss;
mod round_trip;
