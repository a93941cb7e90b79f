//! What has to be there before what: tasks before the workflows that run them, workflows before their launch
//! plans, launch plans before the workflows that start them.

use std::{collections::HashMap, fmt};

use super::{Entity, EntityKind, references::Role, topology};
use crate::proto::core::Identifier;

/// Which entities of a set wait for which others of it, by their places in the set.
#[derive(Debug)]
pub struct Order {
    waits_for: Vec<Vec<usize>>,
}

/// Entities that wait for each other: none of them can be the first.
#[derive(Debug, thiserror::Error)]
#[error("{} needs itself to be registered first", self.steps.first().map_or("an entity", String::as_str))]
pub struct Cycle {
    steps: Vec<String>,
}

impl Cycle {
    /// Who needs whom, from one of them back to itself: "task `a` needs task `b` needs task `a`".
    #[must_use]
    pub fn path(&self) -> String {
        self.steps.join(" needs ")
    }
}

/// What names an entity for the server.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: EntityKind,
    id: [String; 4],
}

impl Key {
    fn new(kind: EntityKind, id: &Identifier) -> Self {
        Self { kind, id: [&id.project, &id.domain, &id.name, &id.version].map(Clone::clone) }
    }
}

impl Order {
    /// Finds the order of a set whose identifiers are filled.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn new<'e>(entities: impl IntoIterator<Item = &'e Entity>) -> Result<Self, Cycle> {
        let entities: Vec<&Entity> = entities.into_iter().collect();
        let mut places: HashMap<Key, usize> = HashMap::new();
        let mut waits_for = vec![Vec::new(); entities.len()];
        for (index, entity) in entities.iter().enumerate() {
            let Some(id) = entity.id() else { continue };
            // Of two with one name, the later one is compared with the earlier one: by the server.
            if let Some(earlier) = places.insert(Key::new(entity.kind(), id), index) {
                waits_for[index].push(earlier);
            }
        }
        for (index, entity) in entities.iter().enumerate() {
            for key in needs(entity) {
                if let Some(place) = places.get(&key).filter(|place| !waits_for[index].contains(place)) {
                    waits_for[index].push(*place);
                }
            }
        }
        let order = Self { waits_for };
        match order.find_cycle() {
            None => Ok(order),
            Some(cycle) => Err(Cycle { steps: cycle.iter().map(|index| name(entities[*index])).collect() }),
        }
    }

    /// What an entity waits for.
    pub(crate) fn waits_for(&self, index: usize) -> &[usize] {
        &self.waits_for[index]
    }

    /// What waits for each of them.
    pub(crate) fn waited_for_by(&self) -> Vec<Vec<usize>> {
        topology::reversed(&self.waits_for)
    }

    /// The members of a cycle, its first one repeated at the end.
    fn find_cycle(&self) -> Option<Vec<usize>> {
        let stuck = topology::sort(&self.waits_for).stuck;
        // Each member that is stuck waits for another one that is: following these leads around.
        let mut path = vec![*stuck.first()?];
        loop {
            let last = path[path.len() - 1];
            let next = *self.waits_for[last].iter().find(|other| stuck.binary_search(other).is_ok())?;
            if let Some(start) = path.iter().position(|index| *index == next) {
                path.push(next);
                return Some(path.split_off(start));
            }
            path.push(next);
        }
    }
}

fn needs(entity: &Entity) -> Vec<Key> {
    let mut needs = Vec::new();
    if entity.kind() != EntityKind::Task {
        entity.identifiers(&mut |role, id| {
            if let Role::Needed(kind) = role {
                needs.push(Key::new(kind, id));
            }
        });
    }
    needs
}

fn name(entity: &Entity) -> String {
    Named(entity).to_string()
}

struct Named<'e>(&'e Entity);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} `{}`", self.0.kind(), self.0.id().map_or("", |id| id.name.as_str()))
    }
}

#[cfg(test)]
pub(super) mod tests;
