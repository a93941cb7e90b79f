//! The entity to run: looked up by name, with its inputs.

use std::fmt;

use flyte_client::{
    Code,
    list::{self, ColumnKind, Query},
    literal::{
        self, ValueProblem,
        inputs::{self, GivenInput},
    },
    proto::path::PathStep,
    proto::{
        admin::{self, LaunchPlan, LaunchPlanCreateRequest, LaunchPlanSpec, Task, Workflow},
        core::{Identifier, LiteralMap, ResourceType, TypedInterface},
    },
    register::EntityKind,
};

use super::arguments::{RunArguments, choose_runnable, file_hint};
use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{
    commands::register::{self, runnable::Runnable},
    context::Context,
    flyte::{
        entity::{self, Entity, VersionedName, not_found},
        session::Session,
        values,
    },
};

/// The entity to run.
#[derive(Debug)]
pub(super) enum Target {
    /// A launch plan, also that of a workflow.
    LaunchPlan(Box<LaunchPlan>, Identifier),
    /// A workflow without a launch plan, and the identifier of the one to register.
    Workflow(Box<Workflow>, Identifier),
    /// A task.
    Task(Box<Task>, Identifier),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Self::LaunchPlan(..) => "launch plan",
            Self::Workflow(..) => "workflow",
            Self::Task(..) => "task",
        };
        write!(f, "{word} `{}`, version `{}`", self.id().name, self.id().version)
    }
}

impl Target {
    fn launch_plan(plan: LaunchPlan) -> Self {
        let id = plan.id.clone().unwrap_or_default();
        Self::LaunchPlan(Box::new(plan), Identifier { resource_type: ResourceType::LaunchPlan.into(), ..id })
    }

    fn task(task: Task) -> Self {
        let id = task.id.clone().unwrap_or_default();
        Self::Task(Box::new(task), Identifier { resource_type: ResourceType::Task.into(), ..id })
    }

    /// Looks up the entity, or registers the files that it is in.
    pub(super) async fn resolve(
        session: &Session,
        context: &Context<'_>,
        arguments: &RunArguments,
    ) -> Result<Self, CommandError> {
        match arguments {
            RunArguments::Name { name, kind } => Self::find(session, *kind, name).await,
            RunArguments::Files { files, version, name, kind } => {
                let choose = |runnables: &[Runnable]| choose_runnable(runnables, name.as_ref(), *kind);
                let runnable =
                    register::register_for_run(session, context, files, version.as_deref(), choose)
                        .await
                        .map_err(|failure| failure.hint(file_hint(files)))?;
                Self::read(session, &runnable).await
            }
        }
    }

    /// Looks up the entity by name, among all kinds if none is given.
    async fn find(
        session: &Session,
        kind: Option<EntityKind>,
        wanted: &VersionedName,
    ) -> Result<Self, CommandError> {
        match kind {
            Some(EntityKind::Task) => Ok(Self::task(find_kind(session, wanted, "--task").await?)),
            Some(EntityKind::LaunchPlan) => {
                Ok(Self::launch_plan(find_kind(session, wanted, "--launch-plan").await?))
            }
            Some(EntityKind::Workflow) => {
                plan_of_workflow(session, find_kind(session, wanted, "--workflow").await?).await
            }
            None => Self::find_any_kind(session, wanted).await,
        }
    }

    async fn find_any_kind(session: &Session, wanted: &VersionedName) -> Result<Self, CommandError> {
        // One call after the other: mostly, the first finds it.
        if let Some(plan) = entity::find_optional::<LaunchPlan>(session, wanted).await? {
            return Ok(Self::launch_plan(plan));
        }
        if let Some(workflow) = entity::find_optional::<Workflow>(session, wanted).await? {
            return plan_of_workflow(session, workflow).await;
        }
        if let Some(task) = entity::find_optional::<Task>(session, wanted).await? {
            return Ok(Self::task(task));
        }
        let kinds = [ColumnKind::LaunchPlan, ColumnKind::Workflow, ColumnKind::Task];
        Err(not_found::failure(session, &kinds, wanted, not_found::show_hint).await)
    }

    /// Reads an entity that was just registered.
    async fn read(session: &Session, runnable: &Runnable) -> Result<Self, CommandError> {
        let client = &session.client;
        let id =
            |resource: ResourceType| Identifier { resource_type: resource.into(), ..runnable.id.clone() };
        match runnable.kind {
            EntityKind::LaunchPlan => {
                Ok(Self::launch_plan(LaunchPlan::read(client, id(ResourceType::LaunchPlan)).await?))
            }
            EntityKind::Task => Ok(Self::task(Task::read(client, id(ResourceType::Task)).await?)),
            EntityKind::Workflow => {
                plan_of_workflow(session, Workflow::read(client, id(ResourceType::Workflow)).await?).await
            }
        }
    }

    /// The identifier for the request.
    pub(super) fn id(&self) -> &Identifier {
        match self {
            Self::LaunchPlan(_, id) | Self::Workflow(_, id) | Self::Task(_, id) => id,
        }
    }

    /// Converts the inputs to the types of the entity.
    pub(super) fn inputs(&self, given: Vec<(String, GivenInput)>) -> Result<LiteralMap, CommandError> {
        let read = match self {
            Self::LaunchPlan(plan, _) => {
                let expected = plan.closure.as_ref().and_then(|closure| closure.expected_inputs.clone());
                inputs::parse(&expected.unwrap_or_default(), given)
            }
            Self::Workflow(workflow, _) => {
                let closure =
                    workflow.closure.as_ref().and_then(|closure| closure.compiled_workflow.as_ref());
                let template = closure.and_then(|compiled| compiled.primary.as_ref()?.template.as_ref());
                read_all(template.and_then(|template| template.interface.as_ref()), given)
            }
            Self::Task(task, _) => {
                let closure = task.closure.as_ref().and_then(|closure| closure.compiled_task.as_ref());
                let template = closure.and_then(|compiled| compiled.template.as_ref());
                read_all(template.and_then(|template| template.interface.as_ref()), given)
            }
        };
        read.map_err(|errors| self.inputs_failure(&errors))
    }

    /// Registers the launch plan of a workflow without one.
    pub(super) async fn prepare(&self, session: &Session) -> Result<(), CommandError> {
        let Self::Workflow(_, id) = self else { return Ok(()) };
        let workflow_id = Identifier { resource_type: ResourceType::Workflow.into(), ..id.clone() };
        let spec = LaunchPlanSpec { workflow_id: Some(workflow_id), ..default_spec() };
        let request = LaunchPlanCreateRequest { id: Some(id.clone()), spec: Some(spec) };
        match session.client.create_launch_plan(&request).await {
            Ok(_) => session.ui.note(format_args!(
                "registered launch plan `{}`, version `{}`: the workflow had none\n",
                id.name, id.version
            )),
            // Another client registered it meanwhile.
            Err(error) if error.status.code == Code::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn inputs_failure(&self, errors: &[literal::ValueError]) -> CommandError {
        let failure = CommandError::new(Exit::Failed, format!("invalid inputs for {self}"));
        errors.iter().fold(failure, |failure, error| {
            if let Some(value) = self.fixed_value(error) {
                let path = &error.path;
                return failure
                    .caused_by(format!("`{path}`: fixed to `{value}` by the launch plan"))
                    .hint(format!("leave out `{path}`, or run a launch plan that does not fix it"));
            }
            let failure = failure.caused_by(error.clone());
            match error.hint() {
                Some(hint) => failure.hint(format!("{}: {hint}", error.path)),
                None => failure,
            }
        })
    }

    /// The fixed value of the launch plan for an input that is unknown only because it is fixed.
    fn fixed_value(&self, error: &literal::ValueError) -> Option<String> {
        let Self::LaunchPlan(plan, _) = self else { return None };
        let (ValueProblem::Unknown { .. }, [_, PathStep::Field(name) | PathStep::Key(name)]) =
            (error.problem.as_ref(), error.path.0.as_slice())
        else {
            return None;
        };
        let fixed = plan.spec.as_ref()?.fixed_inputs.as_ref()?.literals.get(name)?;
        Some(values::to_text(&literal::to_json(fixed)))
    }
}

/// Finds an entity of one kind.
async fn find_kind<E: Entity>(
    session: &Session,
    wanted: &VersionedName,
    flag: &str,
) -> Result<E, CommandError> {
    if let Some(entity) = entity::find_optional(session, wanted).await? {
        return Ok(entity);
    }
    let namesake = |_: &Session, kind: ColumnKind, name: &str| {
        format!("omit `{flag}`: `{name}` is the name of a {}", kind.name())
    };
    Err(not_found::failure(session, &[E::KIND], wanted, namesake).await)
}

/// The launch plan of a workflow: of the same name, and the same version or one of its own.
async fn plan_of_workflow(session: &Session, workflow: Workflow) -> Result<Target, CommandError> {
    let id = Identifier {
        resource_type: ResourceType::LaunchPlan.into(),
        ..workflow.id.clone().unwrap_or_default()
    };
    let wanted = VersionedName { name: id.name.clone(), version: Some(id.version.clone()) };
    if let Some(plan) = entity::find_optional::<LaunchPlan>(session, &wanted).await? {
        return Ok(Target::launch_plan(plan));
    }
    let name = list::named(&id.project, &id.domain, &id.name);
    let is_of_workflow = |plan: &LaunchPlan| {
        let workflow = plan.spec.as_ref().and_then(|spec| spec.workflow_id.as_ref());
        workflow.is_some_and(|workflow| workflow.name == id.name && workflow.version == id.version)
    };
    let plans = LaunchPlan::list(&session.client, &name, &Query::newest(), is_of_workflow).await?;
    if let Some(plan) = plans.into_iter().next() {
        return Ok(Target::launch_plan(plan));
    }
    Ok(Target::Workflow(Box::new(workflow), id))
}

/// Converts the inputs of an interface without defaults.
fn read_all(
    interface: Option<&TypedInterface>,
    given: Vec<(String, GivenInput)>,
) -> Result<LiteralMap, Vec<literal::ValueError>> {
    let expected = interface.and_then(|interface| interface.inputs.clone());
    inputs::parse_task(&expected.unwrap_or_default(), given)
}

/// The specification of flytekit's default launch plan.
fn default_spec() -> LaunchPlanSpec {
    LaunchPlanSpec {
        entity_metadata: Some(admin::LaunchPlanMetadata::default()),
        labels: Some(admin::Labels::default()),
        annotations: Some(admin::Annotations::default()),
        raw_output_data_config: Some(admin::RawOutputDataConfig::default()),
        ..Default::default()
    }
}
