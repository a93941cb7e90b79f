//! What is known of the tasks, workflows and launch plans that are read together.

use std::collections::{BTreeMap, HashMap};

use super::lookup::Lookup;
use crate::proto::{
    admin::LaunchPlan,
    core::{
        Identifier, Literal, ResourceType, TypedInterface, VariableMap, WorkflowTemplate, parameter::Behavior,
    },
};
use crate::register::{DOMAIN, Entity, EntityKind, Identity, PROJECT, VERSION, Wanted, registered::Details};

/// What a node can be given, and what it gives.
#[derive(Clone, Debug, Default)]
pub(super) struct Interface {
    pub(super) inputs: VariableMap,
    pub(super) outputs: VariableMap,
    /// Values for inputs that are left out.
    pub(super) defaults: BTreeMap<String, Literal>,
}

/// A workflow that was read.
#[derive(Debug)]
pub(super) struct KnownWorkflow {
    pub(super) template: WorkflowTemplate,
    pub(super) sub_workflows: Vec<WorkflowTemplate>,
    pub(super) defaults: BTreeMap<String, Literal>,
}

/// Everything that was read, by its full name.
#[derive(Debug)]
pub(super) struct Known<'a> {
    identity: &'a Identity,
    pub(super) lookup: Lookup<'a>,
    /// Launch plans that are registered, whose workflows need not be known.
    registered_plans: HashMap<Name, Interface>,
    tasks: HashMap<Name, TypedInterface>,
    workflows: HashMap<Name, KnownWorkflow>,
    launch_plans: HashMap<Name, LaunchPlan>,
}

/// Project, domain, name and version, those that are left open as they will be filled.
pub(super) type Name = [String; 4];

impl<'a> Known<'a> {
    /// Knows what is registered, in the versions that references to it are given.
    pub(super) fn new(lookup: Lookup<'a>, identity: &'a Identity) -> Self {
        let mut known = Self {
            identity,
            lookup,
            registered_plans: HashMap::new(),
            tasks: HashMap::new(),
            workflows: HashMap::new(),
            launch_plans: HashMap::new(),
        };
        lookup.registered.all_found().for_each(|(wanted, found)| known.add_registered(wanted, found));
        known
    }

    fn add_registered(&mut self, wanted: &Wanted, found: &Details) {
        let name = self.name(&Identifier {
            project: wanted.project.clone(),
            domain: wanted.domain.clone(),
            name: wanted.name.clone(),
            version: found.version.clone(),
            ..Identifier::default()
        });
        let interface = || Interface { defaults: found.defaults.clone(), ..of_typed(Some(&found.interface)) };
        match wanted.kind {
            EntityKind::LaunchPlan => {
                self.registered_plans.insert(name, interface());
            }
            EntityKind::Task => {
                self.tasks.insert(name, found.interface.clone());
            }
            EntityKind::Workflow => {
                let spec = found.workflow.clone().unwrap_or_default();
                let workflow = KnownWorkflow {
                    template: spec.template.unwrap_or_default(),
                    sub_workflows: spec.sub_workflows,
                    defaults: found.defaults.clone(),
                };
                self.workflows.insert(name, workflow);
            }
        }
    }

    pub(super) fn name(&self, id: &Identifier) -> Name {
        let filled = |text: &str, placeholder: &str, value: &Option<String>| match value {
            _ if !text.is_empty() && text != placeholder => text.to_owned(),
            Some(value) => value.clone(),
            None => String::new(),
        };
        [
            filled(&id.project, PROJECT, &self.identity.project),
            filled(&id.domain, DOMAIN, &self.identity.domain),
            id.name.clone(),
            filled(&id.version, VERSION, &self.identity.version),
        ]
    }

    pub(super) fn add(&mut self, entity: &Entity) {
        let Some(name) = entity.id().map(|id| self.name(id)) else { return };
        match entity {
            Entity::Task(spec) => {
                let interface = spec.template.as_ref().and_then(|template| template.interface.clone());
                self.tasks.insert(name, interface.unwrap_or_default());
            }
            Entity::Workflow(spec) => {
                let known = KnownWorkflow {
                    template: spec.template.clone().unwrap_or_default(),
                    sub_workflows: spec.sub_workflows.clone(),
                    defaults: BTreeMap::new(),
                };
                self.workflows.insert(name, known);
            }
            Entity::LaunchPlan(plan) => {
                self.launch_plans.insert(name, plan.as_ref().clone());
            }
        }
    }

    pub(super) fn add_workflow(&mut self, id: &Identifier, workflow: KnownWorkflow) {
        self.workflows.insert(self.name(id), workflow);
    }

    pub(super) fn workflow(&self, id: &Identifier) -> Option<&KnownWorkflow> {
        self.workflows.get(&self.name(id))
    }

    pub(super) fn has_launch_plan(&self, id: &Identifier) -> bool {
        self.launch_plans.contains_key(&self.name(id))
    }

    /// The interface of what a node runs, if that was read.
    pub(super) fn interface(&self, id: &Identifier) -> Option<Interface> {
        match id.resource_type() {
            ResourceType::Task => self.tasks.get(&self.name(id)).map(|interface| of_typed(Some(interface))),
            ResourceType::Workflow => self.workflow(id).map(of_workflow),
            ResourceType::LaunchPlan => match self.launch_plans.get(&self.name(id)) {
                Some(plan) => self.of_plan(plan),
                None => match self.registered_plans.get(&self.name(id)) {
                    Some(interface) => Some(interface.clone()),
                    // Its default plan, which the registering client adds.
                    None => self.workflow(id).map(of_workflow),
                },
            },
            ResourceType::Dataset | ResourceType::Unspecified => None,
        }
    }

    fn of_plan(&self, plan: &LaunchPlan) -> Option<Interface> {
        let spec = plan.spec.as_ref()?;
        let mut interface = of_workflow(self.workflow(spec.workflow_id.as_ref()?)?);
        for (name, parameter) in spec.default_inputs.iter().flat_map(|inputs| &inputs.parameters) {
            if let Some(Behavior::Default(literal)) = &parameter.behavior {
                interface.defaults.insert(name.clone(), literal.clone());
            }
        }
        for name in spec.fixed_inputs.iter().flat_map(|inputs| inputs.literals.keys()) {
            interface.inputs.variables.remove(name);
            interface.defaults.remove(name);
        }
        Some(interface)
    }
}

fn of_typed(interface: Option<&TypedInterface>) -> Interface {
    let side = |map: &Option<VariableMap>| map.clone().unwrap_or_default();
    Interface {
        inputs: interface.map(|interface| side(&interface.inputs)).unwrap_or_default(),
        outputs: interface.map(|interface| side(&interface.outputs)).unwrap_or_default(),
        defaults: BTreeMap::new(),
    }
}

fn of_workflow(workflow: &KnownWorkflow) -> Interface {
    Interface { defaults: workflow.defaults.clone(), ..of_typed(workflow.template.interface.as_ref()) }
}
