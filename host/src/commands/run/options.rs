//! ExecutionOptions of an execution; their names are pyflyte's.

use clap::{Args, builder::NonEmptyStringValueParser};
use flyte_client::proto::{
    admin::{
        Annotations, ClusterAssignment, Envs, ExecutionClusterLabel, ExecutionMetadata, ExecutionSpec,
        Labels, NotificationList, RawOutputDataConfig, execution_spec::NotificationOverrides,
    },
    core::{Identifier, Identity, KeyValuePair, SecurityContext},
};

use crate::ui::{
    error::Failure,
    pair::{check_given_once, pair},
};

/// ExecutionOptions of an execution.
#[derive(Args, Debug)]
#[command(next_help_heading = "Execution")]
pub(super) struct ExecutionOptions {
    /// Name of the execution; without it, one is made up
    #[arg(long = "name", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    execution: Option<String>,

    /// Run tasks anew whose outputs are cached
    #[arg(long)]
    overwrite_cache: bool,

    /// Label of the execution; may be repeated
    #[arg(long = "label", alias = "labels", value_name = "KEY=VALUE", value_parser = pair)]
    labels: Vec<(String, String)>,

    /// Annotation of the execution; may be repeated
    #[arg(long = "annotation", alias = "annotations", value_name = "KEY=VALUE", value_parser = pair)]
    annotations: Vec<(String, String)>,

    /// Environment variable of the tasks; may be repeated
    #[arg(long = "env", alias = "envvars", value_name = "KEY=VALUE", value_parser = pair)]
    env: Vec<(String, String)>,

    /// Tag of the execution; may be repeated
    #[arg(long = "tag", alias = "tags", value_name = "TAG", value_parser = NonEmptyStringValueParser::new())]
    tags: Vec<String>,

    /// How many nodes may run at a time
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_parallelism: Option<u16>,

    /// Where tasks put files and tables
    #[arg(long, alias = "raw-data-prefix", value_name = "URI", value_parser = NonEmptyStringValueParser::new())]
    raw_output_data_prefix: Option<String>,

    /// Whether tasks may run on machines that can be taken away
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    interruptible: Option<bool>,

    /// Pool of clusters to run in
    #[arg(long, value_name = "POOL", value_parser = NonEmptyStringValueParser::new())]
    cluster_pool: Option<String>,

    /// Label of the clusters to run in
    #[arg(long, alias = "ecl", value_name = "LABEL", value_parser = NonEmptyStringValueParser::new())]
    execution_cluster_label: Option<String>,

    /// Kubernetes service account to run as
    #[arg(long, value_name = "ACCOUNT", value_parser = NonEmptyStringValueParser::new())]
    service_account: Option<String>,

    /// Notify nobody, whatever the launch plan says
    #[arg(long)]
    disable_notifications: bool,
}

impl ExecutionOptions {
    /// The name that the user chose.
    pub(super) fn name(&self) -> Option<&str> {
        self.execution.as_deref()
    }

    /// Refuses what is given twice.
    pub(super) fn check(&self) -> Result<(), Failure> {
        check_given_once("--label", &self.labels)?;
        check_given_once("--annotation", &self.annotations)?;
        check_given_once("--env", &self.env)
    }

    /// What the server is told, with what flytekit always sends.
    #[expect(deprecated, reason = "tags are what `pyflyte run --tag` sends")]
    pub(super) fn spec(&self, target: Identifier) -> ExecutionSpec {
        let notifications = if self.disable_notifications {
            NotificationOverrides::DisableAll(true)
        } else {
            // An empty list stands for those of the launch plan.
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
