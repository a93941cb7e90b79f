//! Flyte's messages as Rust types, generated from `flyte-client/proto`.
//!
//! Modules are Flyte's packages: `flyteidl.core.Literal` is [`core::Literal`]. Package, message, field and
//! enum names and numbers are Flyte's (flyteidl 1.16.8), and a test compares each with the official Python
//! package. Times, durations and free-form values are those of `prost_types`. Maps are `BTreeMap`s, so a
//! message always encodes to the same bytes.
//!
//! Decoding into these types forgets fields that they do not have. Whatever comes from a user is read through
//! [`crate::register`] instead, which reports such fields.

pub(crate) mod any;
pub(crate) mod decode;
pub mod descriptor;
pub mod json;
pub mod path;
pub(crate) mod struct_value;

/// Package `flyteidl.core`: identifiers, types, values, tasks, workflows.
#[expect(missing_docs, reason = "generated; fields are named as in Flyte, whose documentation applies")]
#[expect(clippy::large_enum_variant, reason = "generated; the sizes follow from Flyte's messages")]
pub mod core {
    include!(concat!(env!("OUT_DIR"), "/flyteidl.core.rs"));
}

/// Package `flyteidl.admin`: what the admin service takes and gives.
#[expect(missing_docs, reason = "generated; fields are named as in Flyte, whose documentation applies")]
#[expect(clippy::large_enum_variant, reason = "generated; the sizes follow from Flyte's messages")]
pub mod admin {
    include!(concat!(env!("OUT_DIR"), "/flyteidl.admin.rs"));
}

/// Package `flyteidl.event`: reports of the engine about running executions.
#[expect(missing_docs, reason = "generated; fields are named as in Flyte, whose documentation applies")]
#[expect(clippy::large_enum_variant, reason = "generated; the sizes follow from Flyte's messages")]
pub mod event {
    include!(concat!(env!("OUT_DIR"), "/flyteidl.event.rs"));
}

/// Package `flyteidl.service`: messages of the sign-in, identity and data services.
#[expect(missing_docs, reason = "generated; fields are named as in Flyte, whose documentation applies")]
#[expect(clippy::large_enum_variant, reason = "generated; the sizes follow from Flyte's messages")]
pub mod service {
    include!(concat!(env!("OUT_DIR"), "/flyteidl.service.rs"));
}
