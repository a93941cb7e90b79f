//! Values and their types: how they read, which fit which, and how people write them.
//!
//! Flyte carries every value as a `flyteidl.core.Literal` and describes it by a `LiteralType`. Types are
//! named here as they are written in the short form of tasks ([`type_name`]); whether a value may go where
//! another type is expected is decided as FlyteAdmin decides it ([`accepts`], [`check`]), so that a mistake
//! shows before anything is sent.
//!
//! # Values as text and as JSON
//!
//! | type | as one text ([`from_text`]) | in JSON or YAML ([`from_json`]) | written ([`to_json`]) |
//! |---|---|---|---|
//! | `int` | `3` | `3`, `3.0` | `3` |
//! | `float` | `3`, `0.5`, `1e9`, a special number | a number, a special number, also as a text | the same |
//! | `str` | as it is, spaces included | a text | a text |
//! | `bool` | `true`, `yes`, `on`, `1`, `false`, … | the same without `1` and `0` | `true`, `false` |
//! | `datetime` | `2026-01-31T08:30:00Z`, `2026-01-31`, `now - 2h` | the same as a text | RFC 3339, UTC |
//! | `duration` | `1h30m`, `1 day 2 hours`, `5:34:56`, `PT5M` | the same as a text | `1h30m` |
//! | `None` | `None`, `null` or nothing | `null` | `null` |
//! | `enum[…]` | one of the values | one of the values | the value |
//! | `list[…]`, `dict[…]`, `dict` | JSON or YAML, `@FILE`, the path of a file | a list, a map | the same |
//! | `file`, `directory` | a URI, a path, a map | the same: `{uri, format, dimensionality}` | the map |
//! | `dataset`, `schema` | a URI, a path, a map | the same: `{uri, format}`, `{uri}` | the map |
//! | `binary` | base64, or the map in JSON | base64, or `{value, tag}` with base64 in `value` | the map |
//! | `error` | the message, or the map in JSON | the message, or `{message, failedNodeId}` | the map |
//!
//! Special numbers are `nan`, `inf` and `-inf` in one text, `.nan`, `.inf` and `-.inf` in YAML and in one
//! text, and are written as `"NaN"`, `"Infinity"` and `"-Infinity"`. The path of a file ends with `.json`,
//! `.yaml` or `.yml`.
//!
//! A time without a zone is UTC, as in flytekit; `today` is midnight (pyflyte takes the local clock's time of
//! the day). Where the plain form does not fit, the proto3 JSON of a `Literal` does: `{"scalar":
//! {"primitive": {"integer": "3"}}}`.
//!
//! # Unions
//!
//! A value for a union becomes the variant that fits it best; of equals, the first in the union's order. From
//! best to worst:
//!
//! 1. `null`, booleans and numbers, in a text too if it can only mean these (`true`, `3`, `0.5`, `None`);
//! 2. a value of an enum;
//! 3. a whole number as a `float`, `3.0` as an `int`;
//! 4. a time or duration;
//! 5. a structure whose type has a schema that it fits; a file, data set or bytes by their map, by a URI or
//!    by a path that starts as one (`/`, `./`, `../`, `~/`);
//! 6. any other structure;
//! 7. a `str`;
//! 8. any text as the name of a file or data set;
//! 9. what is allowed but seldom meant: `yes` as a boolean, nothing as `None`, `inf` as a float, base64.
//!
//! A text that is a list or map, such as `[1, 2]` or `{"uri": "s3://b/k"}`, is read as that list or map in an
//! input file is: the same variant wins, whatever else the text could be, and never is it the address of a
//! file. Only if no variant takes the list or map is it a text like any other: `[1, x]` for `str | list[int]`
//! is a `str`. So a value means the same after `-i`, in a file of inputs and as a default, and what
//! [`to_json`] writes comes back.
//!
//! A list or map is as good as its worst item. So `3` for `str | int` is a number, and `2026-01-31` for `str
//! | datetime` a time; who means the text gives the proto3 JSON form.

mod accepts;
mod check;
mod choice;
mod digest;
mod error;
mod files;
mod fit;
pub mod inputs;
mod make;
mod name;
mod order;
mod read;
mod structure;
mod text;
mod time;
mod write;

pub use crate::proto::json::float_to_json;

pub use self::{
    accepts::accepts,
    check::check,
    digest::digest,
    error::{ValueError, ValueProblem},
    files::{LocalFile, local_files},
    name::type_name,
    order::natural_order,
    read::{Reader, from_json},
    structure::StructFormat,
    text::from_text,
    time::{datetime_text, duration, rfc3339},
    write::{map_to_json, to_json},
};

/// The tag of bytes that hold MessagePack.
const MSGPACK: &str = "msgpack";
