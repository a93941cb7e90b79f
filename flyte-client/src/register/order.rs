//! What has to be there before what: tasks before the workflows that run them, workflows before their launch plans,
//! launch plans before the workflows that start them.

use std::{collections::HashMap, fmt};

use super::{Entity, Kind, references::Role};
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
    /// The way from one of them back to itself, in words.
    #[must_use]
    pub fn way(&self) -> String {
        self.steps.join(" needs ")
    }
}

/// What names an entity for the server.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    kind: Kind,
    id: [String; 4],
}

impl Key {
    fn new(kind: Kind, id: &Identifier) -> Self {
        Self { kind, id: [&id.project, &id.domain, &id.name, &id.version].map(Clone::clone) }
    }
}

impl Order {
    /// Finds the order of a set whose identifiers are filled.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn of<'e>(entities: impl IntoIterator<Item = &'e Entity>) -> Result<Self, Cycle> {
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
        let mut waited_for_by = vec![Vec::new(); self.waits_for.len()];
        for (index, waits_for) in self.waits_for.iter().enumerate() {
            waits_for.iter().for_each(|other| waited_for_by[*other].push(index));
        }
        waited_for_by
    }

    /// The way around a cycle, its first member repeated at its end.
    fn find_cycle(&self) -> Option<Vec<usize>> {
        let mut open: Vec<usize> = self.waits_for.iter().map(Vec::len).collect();
        let waited_for_by = self.waited_for_by();
        let mut free: Vec<usize> = (0..open.len()).filter(|index| open[*index] == 0).collect();
        while let Some(index) = free.pop() {
            for other in &waited_for_by[index] {
                open[*other] -= 1;
                if open[*other] == 0 {
                    free.push(*other);
                }
            }
        }
        // Whatever is not free waits for something that is not free either: that way leads around.
        let mut way = vec![(0..open.len()).find(|index| open[*index] > 0)?];
        loop {
            let last = way[way.len() - 1];
            let next = *self.waits_for[last].iter().find(|other| open[**other] > 0)?;
            if let Some(start) = way.iter().position(|index| *index == next) {
                way.push(next);
                return Some(way.split_off(start));
            }
            way.push(next);
        }
    }
}

fn needs(entity: &Entity) -> Vec<Key> {
    let mut needs = Vec::new();
    if entity.kind() != Kind::Task {
        entity.clone().visit_identifiers(&mut |role, id| {
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
