//! Options of an execution; their names are pyflyte's.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::proto::{
    admin::{
        Annotations, ClusterAssignment, Envs, ExecutionClusterLabel, ExecutionMetadata, ExecutionSpec,
        Labels, NotificationList, RawOutputDataConfig, execution_spec::NotificationOverrides,
    },
    core::{Identifier, Identity, KeyValuePair, SecurityContext},
};

use crate::ui::{
    error::CommandError,
    pair::{check_given_once, pair},
};

/// Options of an execution.
#[derive(Args, Debug)]
#[command(next_help_heading = "Execution")]
pub(super) struct ExecutionOptions {
    /// Name of the execution [default: generated]
    #[arg(long = "name", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    execution: Option<String>,

    /// Ignore cached outputs and overwrite them
    #[arg(long)]
    overwrite_cache: bool,

    /// Label of the execution (repeatable)
    #[arg(long = "label", alias = "labels", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,

    /// Annotation of the execution (repeatable)
    #[arg(long = "annotation", alias = "annotations", value_name = "KEY=VALUE", value_parser = pair)]
    annotations: Vec<(String, String)>,

    /// Environment variable of the tasks (repeatable)
    #[arg(long = "env", alias = "envvars", value_name = "KEY=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,

    /// Tag of the execution (repeatable)
    #[arg(long = "tag", alias = "tags", value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    tags: Vec<String>,

    /// Maximum number of nodes that run at a time
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_parallelism: Option<u16>,

    /// URI prefix of the files and tables that tasks write
    #[arg(long, alias = "raw-data-prefix", value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    raw_output_data_prefix: Option<String>,

    /// Allow interruptible (spot) nodes
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    interruptible: Option<bool>,

    /// Cluster pool to run in
    #[arg(long, value_name = "POOL", value_parser = NonEmptyStringValueParser::new())]
    cluster_pool: Option<String>,

    /// Execution cluster label
    #[arg(long, alias = "ecl", value_name = "LABEL", value_parser = NonEmptyStringValueParser::new())]
    execution_cluster_label: Option<String>,

    /// Kubernetes service account to run as
    #[arg(long, value_name = "ACCOUNT", value_parser = NonEmptyStringValueParser::new())]
    service_account: Option<String>,

    /// Disable notifications
    #[arg(long)]
    disable_notifications: bool,
}

impl ExecutionOptions {
    /// The value of `--name`.
    pub(super) fn name(&self) -> Option<&str> {
        self.execution.as_deref()
    }

    /// Rejects duplicate keys.
    pub(super) fn check(&self) -> Result<(), CommandError> {
        check_given_once("--label", &self.labels)?;
        check_given_once("--annotation", &self.annotations)?;
        check_given_once("--env", &self.env)
    }

    /// The specification of the execution, with the fields that flytekit always sets.
    #[expect(deprecated, reason = "tags are what `pyflyte run --tag` sends")]
    pub(super) fn spec(&self, target: Identifier) -> ExecutionSpec {
        let notifications = if self.disable_notifications {
            NotificationOverrides::DisableAll(true)
        } else {
            // An empty list means those of the launch plan.
            NotificationOverrides::Notifications(NotificationList::default())
        };
        let prefix = self.raw_output_data_prefix.clone();
        let account = self.service_account.clone();
        ExecutionSpec {
            launch_plan: Some(target),
            metadata: Some(ExecutionMetadata { principal: "flyte-host".to_owned(), ..Default::default() }),
            notification_overrides: Some(notifications),
            labels: Some(Labels { values: self.labels.iter().cloned().collect() }),
            annotations: Some(Annotations { values: self.annotations.iter().cloned().collect() }),
            security_context: account.map(|account| SecurityContext {
                run_as: Some(Identity { k8s_service_account: account, ..Default::default() }),
                ..Default::default()
            }),
            max_parallelism: self.max_parallelism.unwrap_or(0).into(),
            raw_output_data_config: prefix
                .map(|output_location_prefix| RawOutputDataConfig { output_location_prefix }),
            cluster_assignment: self
                .cluster_pool
                .clone()
                .map(|cluster_pool_name| ClusterAssignment { cluster_pool_name }),
            interruptible: self.interruptible,
            overwrite_cache: self.overwrite_cache,
            envs: (!self.env.is_empty()).then(|| Envs {
                values: self
                    .env
                    .iter()
                    .map(|(key, value)| KeyValuePair { key: key.clone(), value: value.clone() })
                    .collect(),
            }),
            tags: self.tags.clone(),
            execution_cluster_label: self
                .execution_cluster_label
                .clone()
                .map(|value| ExecutionClusterLabel { value }),
            ..Default::default()
        }
    }
}
