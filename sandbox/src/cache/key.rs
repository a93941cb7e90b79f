//! What a result is found by.
//!
//! Made as Flyte's catalog client makes it (`flytepropeller/pkg/controller/nodes/catalog`), but for the hash function:
//! sorted inputs without the ignored ones, each value that has a `hash` replaced by it.

use std::time::Duration;

use data_encoding::BASE64URL_NOPAD;
use flyte_client::{
    literal,
    proto::core::{
        CatalogArtifactTag, CatalogMetadata, Identifier, LiteralMap, ResourceType, TaskExecutionIdentifier,
        TaskTemplate, TypedInterface, VariableMap, catalog_metadata::SourceExecution,
    },
    register::cache::TTL_TAG,
};
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::ttl;

/// What a task's result is found by, and how it is to be kept.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    task: Identifier,
    version: String,
    signature: [Vec<u8>; 2],
    inputs: String,
    ttl: Option<Duration>,
    serialize: bool,
}

impl Key {
    /// The key of a task with these inputs; `None` if the task is not cached.
    pub(crate) fn of(task: &TaskTemplate, inputs: &LiteralMap) -> Option<Self> {
        let metadata = task.metadata.as_ref()?;
        let version = metadata.discovery_version.trim_matches(' ');
        if !metadata.discoverable || version.is_empty() {
            return None;
        }
        Some(Self {
            task: task.id.clone()?,
            version: version.to_owned(),
            signature: signature(task.interface.as_ref()),
            inputs: literal::digest(inputs, &metadata.cache_ignore_input_vars),
            ttl: metadata.tags.get(TTL_TAG).map(|text| ttl::read(text)),
            serialize: metadata.cache_serializable,
        })
    }

    /// Whether equal tasks are to run one at a time.
    pub(crate) fn serialize(&self) -> bool {
        self.serialize
    }

    /// How long a result may be used.
    pub(crate) fn ttl(&self) -> Option<Duration> {
        self.ttl
    }

    pub(crate) fn task(&self) -> &Identifier {
        &self.task
    }

    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    pub(crate) fn signature(&self) -> Vec<u8> {
        self.signature.concat()
    }

    pub(crate) fn inputs(&self) -> &[u8] {
        self.inputs.as_bytes()
    }

    /// The whole key in one.
    pub(crate) fn digest(&self) -> Vec<u8> {
        let Identifier { project, domain, name, .. } = &self.task;
        let mut hasher = Sha256::new();
        for part in [project, domain, name, &self.version] {
            // No byte of UTF-8, so that where one part ends is never in doubt.
            hasher.update(part);
            hasher.update([0xff]);
        }
        hasher.update(self.signature());
        hasher.update(&self.inputs);
        hasher.finalize().to_vec()
    }

    /// What a node execution says of a result.
    pub(crate) fn metadata(&self, row: i64, source: TaskExecutionIdentifier) -> CatalogMetadata {
        let short = |hash: &[u8]| BASE64URL_NOPAD.encode(hash).chars().take(8).collect::<String>();
        let [inputs, outputs] = &self.signature;
        let dataset = Identifier {
            resource_type: ResourceType::Dataset.into(),
            project: self.task.project.clone(),
            domain: self.task.domain.clone(),
            name: format!("flyte_task-{}", self.task.name),
            version: format!("{}-{}-{}", self.version, short(inputs), short(outputs)),
            ..Identifier::default()
        };
        let tag = CatalogArtifactTag {
            artifact_id: row.to_string(),
            name: format!("flyte_cached-{}", self.inputs),
        };
        CatalogMetadata {
            dataset_id: Some(dataset),
            artifact_tag: Some(tag),
            source_execution: Some(SourceExecution::SourceTaskExecution(source)),
        }
    }
}

/// Hashes of the inputs and outputs that a task declares.
fn signature(interface: Option<&TypedInterface>) -> [Vec<u8>; 2] {
    let hash = |variables: Option<&VariableMap>| {
        let bytes = variables.map(VariableMap::encode_to_vec).unwrap_or_default();
        Sha256::digest(bytes).to_vec()
    };
    [
        hash(interface.and_then(|interface| interface.inputs.as_ref())),
        hash(interface.and_then(|interface| interface.outputs.as_ref())),
    ]
}

#[cfg(test)]
mod tests;
