//! References of short forms and messages to what was read, and to what is registered.

use super::{WorkflowError, missing};
use crate::{
    proto::core::Identifier,
    register::{
        Entity, Kind, Registered, VERSION,
        identity::is_open,
        read::error::Cause,
        references::Role,
        registered::{Answer, Names},
    },
};

/// Where references are looked up: among what was read first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lookup<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) registered: &'a Registered,
}

impl Lookup<'_> {
    /// Gives an open reference the version that is meant, if that is one of its own.
    ///
    /// # Errors
    ///
    /// What is wrong with it, as the end of a sentence, and the name that was meant.
    pub(super) fn settle(&self, id: &mut Identifier) -> Result<(), (String, Option<String>)> {
        let Some(kind) = missing::kind(id) else { return Ok(()) };
        if self.names.holds(kind, id) {
            if let Some(version) = self.names.only_version(kind, id) {
                version.clone_into(&mut id.version);
            }
            return Ok(());
        }
        match self.registered.answer(kind, id) {
            Some(Answer::Found(found)) => {
                found.version.clone_into(&mut id.version);
                Ok(())
            }
            Some(Answer::Absent(near)) => Err((absent(kind, id), near.clone())),
            Some(Answer::Unknown(_)) | None => Ok(()),
        }
    }

    /// Gives the open references of a message the versions of what is registered.
    pub(super) fn settle_message(&self, entity: &mut Entity) -> Result<(), Cause> {
        let open = missing::open_references(entity);
        let mut problem = None;
        entity.visit_identifiers(&mut |role, id| {
            let Role::Needed(kind) = role else { return };
            if !open.iter().any(|(other, open)| *other == kind && open == id) || self.names.holds(kind, id) {
                return;
            }
            match self.registered.answer(kind, id) {
                Some(Answer::Found(found)) => found.version.clone_into(&mut id.version),
                Some(Answer::Absent(near)) => {
                    problem.get_or_insert_with(|| (absent(kind, id), near.clone()));
                }
                Some(Answer::Unknown(_)) | None => {}
            }
        });
        match problem {
            None => Ok(()),
            Some((what, near)) => Err(Cause::Unregistered { what, near }),
        }
    }

    /// What is referred to and why nothing is known of it, as the end of a sentence.
    pub(super) fn why_unknown(&self, id: &Identifier) -> String {
        let Some(kind) = missing::kind(id) else { return "nothing that can be run".to_owned() };
        let name = &id.name;
        match self.registered.answer(kind, id) {
            _ if self.names.holds(kind, id) => format!("{kind} `{name}`, which does not declare it"),
            Some(Answer::Unknown(reason)) => {
                format!("{kind} `{name}`, which is not in these files and could not be looked up: {reason}")
            }
            Some(Answer::Found(_)) => format!("{kind} `{name}`, which does not declare it"),
            Some(Answer::Absent(_)) | None => format!("{kind} `{name}`, which is not in these files"),
        }
    }

    /// Whether something is known of a reference.
    pub(super) fn knows(&self, id: &Identifier) -> bool {
        let Some(kind) = missing::kind(id) else { return false };
        self.names.holds(kind, id) || matches!(self.registered.answer(kind, id), Some(Answer::Found(_)))
    }

    /// The name that was meant, among what was read.
    pub(super) fn near(&self, id: &Identifier) -> Option<String> {
        let kind = missing::kind(id)?;
        flyte_text::closest(&id.name, self.names.names(kind)).map(str::to_owned)
    }
}

fn absent(kind: Kind, id: &Identifier) -> String {
    let version = match is_open(&id.version, VERSION) {
        true => String::new(),
        false => format!(", version `{}`", id.version),
    };
    format!("{kind} `{}`{version}, which is neither in these files nor registered", id.name)
}

/// The error of a reference that leads nowhere.
pub(super) fn error(path: &str, (what, near): (String, Option<String>), verb: &str) -> WorkflowError {
    let error = WorkflowError::new(path, format!("{verb} {what}"));
    match near {
        Some(near) => error.with_hint(format!("did you mean `{near}`?")),
        None => error,
    }
}
