//! The settings of an execution: of its request, its launch plan, the attributes of its workflow and project,
//! and the server's defaults. The first that has a setting decides, as in FlyteAdmin's `getExecutionConfig`.

use flyte_client::proto::{
    admin::{
        ExecutionSpec, LaunchPlanSpec, MatchableResource, WorkflowExecutionConfig,
        matching_attributes::Target,
    },
    core::SecurityContext,
};
use rusqlite::Connection;

use crate::store::{
    attributes::{self, AttributeScope},
    execution::settings,
};

/// How many nodes of an execution run at once by default.
const MAX_PARALLELISM: i32 = 25;

/// The server's own settings.
pub(crate) fn defaults() -> WorkflowExecutionConfig {
    WorkflowExecutionConfig { max_parallelism: MAX_PARALLELISM, ..WorkflowExecutionConfig::default() }
}

/// The settings of an execution in a project and domain.
pub(super) fn effective(
    connection: &Connection,
    (project, domain): (&str, &str),
    spec: &ExecutionSpec,
    plan: Option<&LaunchPlanSpec>,
) -> Result<WorkflowExecutionConfig, rusqlite::Error> {
    let workflow = plan.and_then(|plan| plan.workflow_id.as_ref()).map_or("", |id| &id.name);
    let scope = AttributeScope {
        project: project.to_owned(),
        domain: domain.to_owned(),
        workflow: workflow.to_owned(),
    };
    let project_scope = AttributeScope { project: project.to_owned(), ..AttributeScope::default() };
    let mut config = merged(
        [Some(settings(spec)), plan.map(plan_settings), attribute_settings(connection, &scope)?]
            .into_iter()
            .chain([attribute_settings(connection, &project_scope)?, Some(defaults())])
            .flatten(),
    );
    config.security_context.get_or_insert_default().run_as.get_or_insert_default();
    Ok(config)
}

/// The settings of several levels, of which the first that has a setting decides.
pub(crate) fn merged(levels: impl IntoIterator<Item = WorkflowExecutionConfig>) -> WorkflowExecutionConfig {
    let mut config = WorkflowExecutionConfig::default();
    for level in levels {
        if config.max_parallelism == 0 {
            config.max_parallelism = level.max_parallelism.max(0);
        }
        config.security_context =
            config.security_context.or_else(|| level.security_context.filter(names_an_identity));
        config.raw_output_data_config = config
            .raw_output_data_config
            .or_else(|| level.raw_output_data_config.filter(|data| !data.output_location_prefix.is_empty()));
        config.labels = config.labels.or_else(|| level.labels.filter(|labels| !labels.values.is_empty()));
        config.annotations = config
            .annotations
            .or_else(|| level.annotations.filter(|annotations| !annotations.values.is_empty()));
        config.interruptible = config.interruptible.or(level.interruptible);
        config.overwrite_cache |= level.overwrite_cache;
        config.envs = config.envs.or_else(|| level.envs.filter(|envs| !envs.values.is_empty()));
    }
    config
}

fn names_an_identity(context: &SecurityContext) -> bool {
    context.run_as.as_ref().is_some_and(|identity| {
        [&identity.k8s_service_account, &identity.iam_role, &identity.execution_identity]
            .iter()
            .any(|name| !name.is_empty())
    })
}

fn plan_settings(plan: &LaunchPlanSpec) -> WorkflowExecutionConfig {
    let plan = plan.clone();
    WorkflowExecutionConfig {
        max_parallelism: plan.max_parallelism,
        security_context: plan.security_context,
        raw_output_data_config: plan.raw_output_data_config,
        labels: plan.labels,
        annotations: plan.annotations,
        interruptible: plan.interruptible,
        overwrite_cache: plan.overwrite_cache,
        envs: plan.envs,
        ..WorkflowExecutionConfig::default()
    }
}

fn attribute_settings(
    connection: &Connection,
    scope: &AttributeScope,
) -> Result<Option<WorkflowExecutionConfig>, rusqlite::Error> {
    let found = attributes::effective(connection, scope, MatchableResource::WorkflowExecutionConfig.into())?;
    Ok(found.and_then(|stored| match stored.attributes.target? {
        Target::WorkflowExecutionConfig(config) => Some(config),
        _ => None,
    }))
}
