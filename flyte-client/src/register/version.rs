//! Versions made of content, for entities that name none.
//!
//! An entity's version is the hash of its own message and, by their versions, of what it refers to: a
//! workflow's tasks, sub-workflows and launch plans, a launch plan's workflow. What else is read with it does
//! not count, nor do the order and the form of the input. flytekit hashes the code instead
//! (`flytekit/remote/remote.py`, `_version_from_hash`).
//!
//! - **Project and domain** count only where the input names them: one file has the same versions in
//!   `development` and in `production`, so that what was tested can be found again.
//! - **Defaults of a workflow's inputs** are not in its message, but in the launch plan of its name. The two
//!   have one version (clients of Flyte look for a workflow's launch plan under the workflow's version),
//!   which is made of both: in the short form of a workflow, and in packages. A launch plan of that name in a
//!   document of its own has a version of its own.
//! - **Code** of a package counts for the tasks that unpack it.
//! - **A workflow within another's message** that is not an entity of the set has the version it would have
//!   as one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use prost::Message as _;

use super::{
    DOMAIN, Entity, EntityKind, Identity, ItemOrigin, PROJECT, RegisterItem, Source, VERSION,
    digest::Digest,
    identity::is_open,
    read::{archive, launch_plan},
    references::Role,
};
use crate::proto::{
    admin::{LaunchPlan, LaunchPlanSpec, WorkflowSpec},
    core::{Identifier, WorkflowTemplate},
};

/// Two entities of one kind and name, neither with a version: what refers to the name could mean either.
#[derive(Debug, thiserror::Error)]
#[error("{kind} `{name}` is defined twice, differently")]
pub struct DuplicateEntity {
    kind: EntityKind,
    name: String,
    /// Where they are defined.
    pub sources: Box<[Source; 2]>,
}

/// Gives every entity without a version that of its content, and every reference to it the same.
///
/// `scope` is the project and domain of whatever names none. References to what is not in the set stay as
/// they are.
///
/// # Errors
///
/// When two entities differ only in their content.
pub fn fill(entries: &mut [RegisterItem], scope: &Identity) -> Result<(), DuplicateEntity> {
    let mut versions = Versions::new(entries, scope);
    versions.check_names()?;
    let filled: Vec<Entity> = (0..entries.len()).map(|index| versions.filled(index)).collect();
    for (entry, entity) in entries.iter_mut().zip(filled) {
        entry.entity = entity;
    }
    Ok(())
}

/// What names an entity but for its version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    kind: EntityKind,
    project: String,
    domain: String,
    name: String,
}

/// Workflows within a message, and their versions.
type Embedded = BTreeMap<Key, String>;

struct Versions<'e> {
    entries: &'e [RegisterItem],
    scope: &'e Identity,
    /// Where the entities without a version are.
    open: HashMap<Key, usize>,
    /// The versions of entities that name one; `None` where there are several.
    fixed: HashMap<Key, Option<String>>,
    known: Vec<Option<String>>,
    is_busy: Vec<bool>,
}

impl<'e> Versions<'e> {
    fn new(entries: &'e [RegisterItem], scope: &'e Identity) -> Self {
        let mut versions = Self {
            entries,
            scope,
            open: HashMap::new(),
            fixed: HashMap::new(),
            known: vec![None; entries.len()],
            is_busy: vec![false; entries.len()],
        };
        for (index, entry) in entries.iter().enumerate() {
            let Some(id) = entry.entity.id() else { continue };
            let key = versions.key(entry.entity.kind(), id);
            if is_open(&id.version, VERSION) {
                versions.open.entry(key).or_insert(index);
            } else {
                let same = versions.fixed.get(&key).is_none_or(|known| known.as_ref() == Some(&id.version));
                versions.fixed.insert(key, same.then(|| id.version.clone()));
            }
        }
        versions
    }

    fn key(&self, kind: EntityKind, id: &Identifier) -> Key {
        let filled = |text: &str, placeholder: &str, value: &Option<String>| match value {
            Some(value) if is_open(text, placeholder) => value.clone(),
            _ => closed(text, placeholder).to_owned(),
        };
        Key {
            kind,
            project: filled(&id.project, PROJECT, &self.scope.project),
            domain: filled(&id.domain, DOMAIN, &self.scope.domain),
            name: id.name.clone(),
        }
    }

    fn check_names(&mut self) -> Result<(), DuplicateEntity> {
        let entries = self.entries;
        for (index, entry) in entries.iter().enumerate() {
            let Some(id) = entry.entity.id().filter(|id| is_open(&id.version, VERSION)) else { continue };
            let Some(&first) = self.open.get(&self.key(entry.entity.kind(), id)) else { continue };
            if first != index && self.version(first) != self.version(index) {
                let sources = Box::new([entries[first].source.clone(), entry.source.clone()]);
                return Err(DuplicateEntity { kind: entry.entity.kind(), name: id.name.clone(), sources });
            }
        }
        Ok(())
    }

    /// The version of the entity at a place of the set.
    fn version(&mut self, index: usize) -> String {
        let entry = &self.entries[index];
        if let Some(id) = entry.entity.id().filter(|id| !is_open(&id.version, VERSION)) {
            return id.version.clone();
        }
        if let Some(version) = &self.known[index] {
            return version.clone();
        }
        // A circle: none of its members can be registered, as the order of sending will tell.
        if std::mem::replace(&mut self.is_busy[index], true) {
            return String::new();
        }
        let version = match self.workflow_of(entry) {
            Some(workflow) => self.version(workflow),
            None => self.digest(entry),
        };
        self.known[index] = Some(version.clone());
        version
    }

    /// The workflow that a launch plan belongs to: the plan says what the workflow's message cannot.
    fn workflow_of(&self, entry: &RegisterItem) -> Option<usize> {
        let Entity::LaunchPlan(plan) = &entry.entity else { return None };
        let workflow = plan.spec.as_ref()?.workflow_id.as_ref()?;
        let workflow = Some(workflow).filter(|id| is_open(&id.version, VERSION))?;
        let key = self.key(EntityKind::Workflow, workflow);
        if self.key(EntityKind::Workflow, plan.id.as_ref()?) != key {
            return None;
        }
        let index = *self.open.get(&key)?;
        let Entity::Workflow(spec) = &self.entries[index].entity else { return None };
        let belongs = match &entry.origin {
            ItemOrigin::DefaultPlan => true,
            ItemOrigin::Package if self.entries[index].origin == ItemOrigin::Package => true,
            _ => launch_plan::default_of(spec).is_some_and(|default| nameless(&default) == nameless(plan)),
        };
        belongs.then_some(index)
    }

    fn digest(&mut self, entry: &RegisterItem) -> String {
        let mut digest = match &entry.entity {
            Entity::Workflow(spec) => self.workflow_digest(spec),
            entity => {
                let message = self.settled(entity.clone(), &Embedded::new());
                Digest::new(entity.kind().message_name(), &message.encode())
            }
        };
        if let Some(defaults) = defaults(entry) {
            digest.add("defaults", defaults);
        }
        if let Some(plan) = self.plan_of(entry) {
            digest.add("launch plan", &plan);
        }
        if let Some(code) = entry.archive.as_ref().filter(|_| archive::is_needed(&entry.entity)) {
            digest.add(&code.name, &code.bytes);
        }
        digest.version()
    }

    /// The launch plan of a package that belongs to this workflow of it.
    fn plan_of(&self, entry: &RegisterItem) -> Option<Vec<u8>> {
        let id = entry.entity.id().filter(|_| entry.origin == ItemOrigin::Package)?;
        let index =
            *self.open.get(&Key { kind: EntityKind::LaunchPlan, ..self.key(EntityKind::Workflow, id) })?;
        let (Entity::LaunchPlan(plan), Entity::Workflow(spec)) = (&self.entries[index].entity, &entry.entity)
        else {
            return None;
        };
        self.workflow_of(&self.entries[index]).filter(|workflow| self.is_at(entry, *workflow))?;
        // The workflow's default plan counts already.
        let plan = nameless(plan);
        let is_default = launch_plan::default_of(spec).is_some_and(|default| nameless(&default) == plan);
        (!is_default).then(|| plan.encode_to_vec())
    }

    fn is_at(&self, entry: &RegisterItem, index: usize) -> bool {
        let key = |entry: &RegisterItem| entry.entity.id().map(|id| self.key(entry.entity.kind(), id));
        key(entry) == key(&self.entries[index])
    }

    fn workflow_digest(&mut self, spec: &WorkflowSpec) -> Digest {
        let embedded = self.embedded(spec);
        let bare = WorkflowSpec { sub_workflows: Vec::new(), ..spec.clone() };
        let mut digest = self.digest_with(bare, &embedded, embedded.values().cloned().collect());
        if embedded.len() < spec.sub_workflows.len() {
            // Several versions of one name: all of them count.
            spec.sub_workflows.iter().for_each(|template| digest.add("template", &template.encode_to_vec()));
        }
        digest
    }

    /// A workflow's own message, and the versions of those within it.
    fn digest_with(&mut self, bare: WorkflowSpec, known: &Embedded, within: BTreeSet<String>) -> Digest {
        let message = self.settled(Entity::Workflow(Box::new(bare)), known);
        let mut digest = Digest::new(EntityKind::Workflow.message_name(), &message.encode());
        within.iter().for_each(|version| digest.add("workflow", version.as_bytes()));
        digest
    }

    /// The versions that the workflows within a message would have as entities.
    fn embedded(&mut self, spec: &WorkflowSpec) -> Embedded {
        let templates: BTreeMap<Key, &WorkflowTemplate> = spec
            .sub_workflows
            .iter()
            .filter_map(|template| Some((self.key(EntityKind::Workflow, template.id.as_ref()?), template)))
            .collect();
        let mut known = Embedded::new();
        for key in templates.keys() {
            self.embedded_version(key, &templates, &mut known);
        }
        known
    }

    fn embedded_version(
        &mut self,
        key: &Key,
        templates: &BTreeMap<Key, &WorkflowTemplate>,
        known: &mut Embedded,
    ) {
        if known.contains_key(key) {
            return;
        }
        // Until it is known, so that a circle ends here.
        known.insert(key.clone(), String::new());
        let bare = WorkflowSpec { template: templates.get(key).copied().cloned(), ..WorkflowSpec::default() };
        let reached = self.reached(&bare, templates);
        for inner in &reached {
            self.embedded_version(inner, templates, known);
        }
        let within = reached.iter().filter_map(|inner| known.get(inner).cloned()).collect();
        let version = self.digest_with(bare, known, within).version();
        known.insert(key.clone(), version);
    }

    /// The workflows within a message that one of them leads to.
    fn reached(&self, bare: &WorkflowSpec, templates: &BTreeMap<Key, &WorkflowTemplate>) -> BTreeSet<Key> {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![bare.clone()];
        while let Some(spec) = ahead.pop() {
            Entity::Workflow(Box::new(spec)).visit_identifiers(&mut |role, id| {
                let key = self.key(EntityKind::Workflow, id);
                let Some(template) =
                    templates.get(&key).filter(|_| role == Role::Needed(EntityKind::Workflow))
                else {
                    return;
                };
                if reached.insert(key) {
                    let template = Some(WorkflowTemplate::clone(template));
                    ahead.push(WorkflowSpec { template, ..WorkflowSpec::default() });
                }
            });
        }
        reached
    }

    /// A message with the versions of what it refers to and without its own: equal for equal content.
    fn settled(&mut self, mut entity: Entity, embedded: &Embedded) -> Entity {
        let own = entity.kind();
        entity.visit_identifiers(&mut |role, id| {
            let kind = match role {
                Role::Needed(kind) => Some(kind),
                Role::Own => Some(own),
                Role::Inner => None,
            };
            if let Some(kind) = kind {
                id.resource_type = kind.resource_type().into();
            }
            let version =
                kind.filter(|_| role != Role::Own).and_then(|kind| self.referred(kind, id, embedded));
            for (field, placeholder) in
                [(&mut id.project, PROJECT), (&mut id.domain, DOMAIN), (&mut id.version, VERSION)]
            {
                *field = closed(field, placeholder).to_owned();
            }
            if role == Role::Own {
                id.version.clear();
            }
            if let Some(version) = version {
                id.version = version;
            }
        });
        entity
    }

    /// The version that an open reference gets; `None` if nothing in the set is meant.
    fn referred(&mut self, kind: EntityKind, id: &Identifier, embedded: &Embedded) -> Option<String> {
        if !is_open(&id.version, VERSION) {
            return None;
        }
        let key = self.key(kind, id);
        let workflow = Key { kind: EntityKind::Workflow, ..key.clone() };
        // A launch plan that is not there is the default one of its workflow.
        let default = (kind == EntityKind::LaunchPlan && !self.fixed.contains_key(&key))
            .then(|| self.open.get(&workflow).copied())
            .flatten();
        if let Some(index) = self.open.get(&key).copied().or(default) {
            return Some(self.version(index));
        }
        embedded.get(&key).cloned().or_else(|| self.fixed.get(&key).cloned().flatten())
    }

    /// An entity as it is sent: its own version, and those of what it refers to.
    fn filled(&mut self, index: usize) -> Entity {
        let mut entity = self.entries[index].entity.clone();
        let own = self.version(index);
        let embedded = match &entity {
            Entity::Workflow(spec) => self.embedded(spec),
            Entity::LaunchPlan(_) | Entity::Task(_) => Embedded::new(),
        };
        entity.visit_identifiers(&mut |role, id| {
            let version = match role {
                Role::Needed(kind) => self.referred(kind, id, &embedded),
                Role::Inner if embedded.contains_key(&self.key(EntityKind::Workflow, id)) => {
                    self.referred(EntityKind::Workflow, id, &embedded)
                }
                Role::Inner | Role::Own => is_open(&id.version, VERSION).then(|| own.clone()),
            };
            if let Some(version) = version {
                id.version = version;
            }
        });
        entity
    }
}

/// What the short form of a workflow says of its inputs beyond the workflow's message.
fn defaults(entry: &RegisterItem) -> Option<&[u8]> {
    let (ItemOrigin::ShortWorkflow { defaults }, Entity::Workflow(spec)) = (&entry.origin, &entry.entity)
    else {
        return None;
    };
    let expected = launch_plan::default_of(spec).and_then(|plan| plan.spec?.default_inputs);
    (expected?.encode_to_vec() != *defaults).then_some(defaults)
}

/// What a launch plan says but for its name and its workflow's.
fn nameless(plan: &LaunchPlan) -> LaunchPlanSpec {
    LaunchPlanSpec { workflow_id: None, ..plan.spec.clone().unwrap_or_default() }
}

/// A field that is given, or nothing.
fn closed<'t>(text: &'t str, placeholder: &str) -> &'t str {
    if is_open(text, placeholder) { "" } else { text }
}
