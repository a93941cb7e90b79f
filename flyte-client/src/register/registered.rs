//! What files refer to and do not hold: to be looked up on the server before short forms are built.
//!
//! [`Documents::missing`](super::Documents::missing) says what is wanted, the caller looks it up on the
//! server, and [`Documents::resolve`](super::Documents::resolve) uses the answers: types of inputs and
//! outputs, and the versions that references are to have.

use std::collections::{BTreeMap, HashMap};

use super::{
    DOMAIN, Entity, EntityKind, Identity, PROJECT, VERSION,
    identity::is_open,
    read::{compiled, error::ReadErrorCause},
};
use crate::proto::{
    admin,
    core::{Identifier, Literal, ParameterMap, TypedInterface, VariableMap, parameter::Behavior},
};

/// A reference to something that is not among what was read. Fields that are left open are empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// The kind of entity.
    pub kind: EntityKind,
    /// The project's id.
    pub project: String,
    /// The domain's id.
    pub domain: String,
    /// The name.
    pub name: String,
    /// The version; empty: any.
    pub version: String,
}

impl Wanted {
    /// What an identifier in a message or a short form asks for.
    pub(super) fn new(kind: EntityKind, id: &Identifier) -> Self {
        let given = |text: &str, placeholder: &str| {
            if is_open(text, placeholder) { String::new() } else { text.to_owned() }
        };
        Self {
            kind,
            project: given(&id.project, PROJECT),
            domain: given(&id.domain, DOMAIN),
            name: id.name.clone(),
            version: given(&id.version, VERSION),
        }
    }
}

/// What a server says of a reference.
#[derive(Clone, Debug)]
pub(super) enum LookupAnswer {
    /// It is registered.
    Found(Box<Details>),
    /// It is not; perhaps the name that was meant.
    Absent(Option<String>),
    /// The server could not be asked, for this reason.
    Unknown(String),
}

/// What is known of something registered.
#[derive(Clone, Debug)]
pub(super) struct Details {
    pub(super) version: String,
    pub(super) interface: TypedInterface,
    pub(super) defaults: BTreeMap<String, Literal>,
    /// The message, with open project and domain where the reference leaves them open; of a workflow only.
    pub(super) workflow: Option<admin::WorkflowSpec>,
}

/// The answers to [`Wanted`].
#[derive(Clone, Debug, Default)]
pub struct Registered {
    answers: HashMap<Wanted, LookupAnswer>,
}

impl Registered {
    /// Keeps a task that the server has.
    pub fn add_task(&mut self, wanted: Wanted, task: admin::Task) {
        let version = task.id.map(|id| id.version).unwrap_or_default();
        let template = task.closure.and_then(|closure| closure.compiled_task?.template);
        let interface = template.and_then(|template| template.interface).unwrap_or_default();
        self.found(wanted, Details { version, interface, defaults: BTreeMap::new(), workflow: None });
    }

    /// Keeps a workflow that the server has, and the launch plan of its name and version, which has the
    /// defaults.
    ///
    /// # Errors
    ///
    /// When the server printed no workflow.
    pub fn add_workflow(
        &mut self,
        wanted: Wanted,
        workflow: admin::Workflow,
        plan: Option<admin::LaunchPlan>,
    ) -> Result<(), ReadErrorCause> {
        let id = workflow.id.clone().unwrap_or_default();
        let scope = (id.project.clone(), id.domain.clone());
        let entity = compiled::workflow(workflow)?.pop();
        let Some(mut entity @ Entity::Workflow(_)) = entity else { return Ok(()) };
        // What is of the same project and domain is so wherever it is registered to.
        entity.visit_identifiers(&mut |_, id| {
            if wanted.project.is_empty() && id.project == scope.0 {
                id.project.clear();
            }
            if wanted.domain.is_empty() && id.domain == scope.1 {
                id.domain.clear();
            }
        });
        let Entity::Workflow(spec) = entity else { return Ok(()) };
        let interface = spec.template.as_ref().and_then(|template| template.interface.clone());
        let inputs = plan.and_then(|plan| plan.spec?.default_inputs).unwrap_or_default();
        let found = Details {
            version: id.version,
            interface: interface.unwrap_or_default(),
            defaults: defaults(&inputs),
            workflow: Some(*spec),
        };
        self.found(wanted, found);
        Ok(())
    }

    /// Keeps a launch plan that the server has.
    pub fn add_launch_plan(&mut self, wanted: Wanted, plan: admin::LaunchPlan) {
        let version = plan.id.map(|id| id.version).unwrap_or_default();
        let closure = plan.closure.unwrap_or_default();
        // Inputs that the plan fixes are not among these.
        let inputs = closure.expected_inputs.unwrap_or_default();
        let variable = |(name, parameter): (&String, &crate::proto::core::Parameter)| {
            Some((name.clone(), parameter.var.clone()?))
        };
        let interface = TypedInterface {
            inputs: Some(VariableMap { variables: inputs.parameters.iter().filter_map(variable).collect() }),
            outputs: closure.expected_outputs,
        };
        let found = Details { version, interface, defaults: defaults(&inputs), workflow: None };
        self.found(wanted, found);
    }

    /// Notes that the server has no such thing, and the name of one that is like it.
    pub fn add_absent(&mut self, wanted: Wanted, near: Option<String>) {
        self.answers.insert(wanted, LookupAnswer::Absent(near));
    }

    /// Notes that the server could not be asked.
    pub fn add_unknown(&mut self, wanted: Wanted, reason: String) {
        self.answers.insert(wanted, LookupAnswer::Unknown(reason));
    }

    fn found(&mut self, wanted: Wanted, found: Details) {
        self.answers.insert(wanted, LookupAnswer::Found(Box::new(found)));
    }

    pub(super) fn answer(&self, kind: EntityKind, id: &Identifier) -> Option<&LookupAnswer> {
        self.answers.get(&Wanted::new(kind, id))
    }

    /// Everything that was found, by what was asked for.
    pub(super) fn all_found(&self) -> impl Iterator<Item = (&Wanted, &Details)> {
        self.answers.iter().filter_map(|(wanted, answer)| match answer {
            LookupAnswer::Found(found) => Some((wanted, found.as_ref())),
            LookupAnswer::Absent(_) | LookupAnswer::Unknown(_) => None,
        })
    }
}

fn defaults(inputs: &ParameterMap) -> BTreeMap<String, Literal> {
    let default = |(name, parameter): (&String, &crate::proto::core::Parameter)| match &parameter.behavior {
        Some(Behavior::Default(literal)) => Some((name.clone(), literal.clone())),
        _ => None,
    };
    inputs.parameters.iter().filter_map(default).collect()
}

/// The names of what was read, to tell which references are answered by it.
#[derive(Debug)]
pub(super) struct Names<'s> {
    scope: &'s Identity,
    /// Versions by everything else.
    known: HashMap<Wanted, Vec<String>>,
}

impl<'s> Names<'s> {
    /// `scope` is the project, the domain and the version of whatever names none.
    pub(super) fn new(scope: &'s Identity) -> Self {
        Self { scope, known: HashMap::new() }
    }

    pub(super) fn add(&mut self, kind: EntityKind, id: &Identifier) {
        let wanted = self.filled(kind, id);
        let version = wanted.version.clone();
        let key = Wanted { version: String::new(), ..wanted };
        let versions = self.known.entry(key.clone()).or_default();
        if !versions.contains(&version) {
            versions.push(version.clone());
        }
        if kind == EntityKind::Workflow {
            // Its default launch plan comes with it.
            let versions = self.known.entry(Wanted { kind: EntityKind::LaunchPlan, ..key }).or_default();
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
    }

    /// Whether a reference is to something that was read: with this version, or the only one.
    pub(super) fn holds(&self, kind: EntityKind, id: &Identifier) -> bool {
        let wanted = self.filled(kind, id);
        let versions = self.known.get(&Wanted { version: String::new(), ..wanted.clone() });
        versions.is_some_and(|versions| {
            versions.contains(&wanted.version) || (is_open(&id.version, VERSION) && versions.len() == 1)
        })
    }

    /// The version of the only entity that an open reference can mean, if that names one.
    pub(super) fn only_version(&self, kind: EntityKind, id: &Identifier) -> Option<&str> {
        let wanted = self.filled(kind, id);
        let versions = self.known.get(&Wanted { version: String::new(), ..wanted.clone() })?;
        match versions.as_slice() {
            [only] if is_open(&id.version, VERSION) && *only != wanted.version => Some(only),
            _ => None,
        }
    }

    /// The names of a kind, for hints.
    pub(super) fn names(&self, kind: EntityKind) -> impl Iterator<Item = &str> {
        self.known.keys().filter(move |known| known.kind == kind).map(|known| known.name.as_str())
    }

    fn filled(&self, kind: EntityKind, id: &Identifier) -> Wanted {
        let wanted = Wanted::new(kind, id);
        let or = |text: String, value: &Option<String>| match value {
            Some(value) if text.is_empty() => value.clone(),
            _ => text,
        };
        Wanted {
            project: or(wanted.project, &self.scope.project),
            domain: or(wanted.domain, &self.scope.domain),
            version: or(wanted.version, &self.scope.version),
            ..wanted
        }
    }
}
