//! What is wrong with a YAML text, for its author: the parser's own words speak of its options and of Rust's
//! types.

use std::borrow::Cow;

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

/// The messages of the parser in words for users; where something is, the renderer adds.
pub(super) struct Wording;

impl MessageFormatter for Wording {
    fn format_message<'a>(&self, error: &'a Error) -> Cow<'a, str> {
        Cow::Borrowed(match error {
            Error::DuplicateMappingKey { key, .. } => {
                return match key {
                    Some(key) => Cow::Owned(format!("key `{key}` is duplicated")),
                    None => Cow::Borrowed("a key is duplicated"),
                };
            }
            Error::MultipleDocuments { .. } => "more than one document; expected one",
            Error::NullIntoString { .. } => "a key is empty",
            Error::RecursiveReferencesRequireWeakTypes { .. } => "an anchor contains an alias to itself",
            Error::UnknownAnchor { .. } => "unknown anchor",
            Error::MergeValueNotMapOrSeqOfMaps { .. } => "`<<` takes a map or a list of maps",
            Error::TaggedScalarCannotDeserializeIntoString { .. } => "the tag does not fit the value",
            Error::UnsupportedTag { tag, .. } => return Cow::Owned(format!("unknown tag `{tag}`")),
            Error::InvalidScalar { ty, .. } => return Cow::Owned(format!("the value is not {}", kind(ty))),
            Error::Budget { .. }
            | Error::AliasReplayCounterOverflow { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasExpansionLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => {
                "the document is too large, nested too deeply, or its aliases expand to too much"
            }
            _ => return UserMessageFormatter.format_message(error),
        })
    }
}

/// What parsers of both kinds say in words of their own.
pub(super) fn in_words(message: &str) -> String {
    message.replace("recursion limit exceeded", "the document is nested too deeply")
}

/// A type of the parser for users.
fn kind(name: &str) -> &'static str {
    match name {
        "boolean" => "a boolean",
        "f32" | "f64" | "float" => "a float",
        name if name.starts_with(['i', 'u']) => "an integer",
        _ => "of the type that its tag names",
    }
}
