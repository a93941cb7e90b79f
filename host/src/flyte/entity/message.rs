//! The messages of tasks, workflows and launch plans, as far as they are alike.

use flyte_client::{
    Client,
    client::ClientError,
    list::{self, ColumnKind, Query},
    proto::{
        admin::{self, NamedEntityIdentifier},
        core::{Identifier, ResourceType},
    },
};

/// A message with a name and versions.
pub(crate) trait Entity: prost::Message + prost::Name + Default {
    /// The kind in lists.
    const KIND: ColumnKind;
    /// The type in identifiers.
    const RESOURCE: ResourceType;

    /// The identifier.
    fn id(&self) -> Option<&Identifier>;

    /// Lists versions that `keep` accepts.
    fn list(
        client: &Client,
        id: &NamedEntityIdentifier,
        query: &Query,
        keep: impl FnMut(&Self) -> bool,
    ) -> impl Future<Output = Result<Vec<Self>, ClientError>>;

    /// Reads one version.
    fn read(client: &Client, id: Identifier) -> impl Future<Output = Result<Self, ClientError>>;

    /// `NAME:VERSION`.
    fn versioned_name(&self) -> String {
        self.id().map(|id| format!("{}:{}", id.name, id.version)).unwrap_or_default()
    }
}

macro_rules! entity {
    ($message:ident, $list:ident, $get:ident) => {
        impl Entity for admin::$message {
            const KIND: ColumnKind = ColumnKind::$message;
            const RESOURCE: ResourceType = ResourceType::$message;

            fn id(&self) -> Option<&Identifier> {
                self.id.as_ref()
            }

            async fn list(
                client: &Client,
                id: &NamedEntityIdentifier,
                query: &Query,
                keep: impl FnMut(&Self) -> bool,
            ) -> Result<Vec<Self>, ClientError> {
                list::$list(client, id, query, keep).await
            }

            async fn read(client: &Client, id: Identifier) -> Result<Self, ClientError> {
                client.$get(&admin::ObjectGetRequest { id: Some(id) }).await
            }
        }
    };
}

entity!(Task, tasks, get_task);
entity!(Workflow, workflows, get_workflow);
entity!(LaunchPlan, launch_plans, get_launch_plan);
