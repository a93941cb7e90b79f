//! Cache keys.
//!
//! Computed as by Flyte's catalog client (`flytepropeller/pkg/controller/nodes/catalog`), but for the hash
//! function: sorted inputs without the ignored ones, each value that has a `hash` replaced by it.

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
use crate::store::cache::CacheKey;

impl CacheKey {
    /// The key of a task with these inputs; `None` if the task is not cached.
    pub(crate) fn for_task(task: &TaskTemplate, inputs: &LiteralMap) -> Option<Self> {
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

    /// The metadata of a result in a node execution.
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
