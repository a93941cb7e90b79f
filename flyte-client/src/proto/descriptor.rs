//! Descriptors of Flyte's messages, for code that has to know a message by its fields.
//!
//! Reading what a user registers needs them: only reflection tells an unknown field from a missing one, and
//! proto3 JSON needs field names. They take a moment to decode, so that happens on first use.

use std::sync::LazyLock;

use prost_reflect::{DescriptorPool, MessageDescriptor};

/// The encoded `google.protobuf.FileDescriptorSet` of everything in `flyte-client/proto`, imports included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("build.rs wrote a complete descriptor set")
});

/// Returns the descriptors of all packages, decoded on the first call.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

/// Returns the descriptor of a message by its full name, such as `flyteidl.core.Literal`.
pub fn message(full_name: &str) -> Option<MessageDescriptor> {
    pool().get_message_by_name(full_name)
}

/// Returns the descriptor of a generated type.
pub(crate) fn descriptor_of<T: prost::Name>() -> MessageDescriptor {
    message(&T::full_name()).expect("generated types and descriptors come from the same files")
}
