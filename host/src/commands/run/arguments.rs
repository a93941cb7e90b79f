//! The arguments of `run`: a name, or files and perhaps a name in them.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

use flyte_client::register::{self, EntityKind};

use crate::ui::{error::Failure, exit_code::Exit};
use crate::{commands::register::runnable::Offer, flyte::entity::Versioned};

/// What is to be run, as it was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Files to register first, and what of them to run.
    Files { files: Vec<PathBuf>, name: Option<Versioned> },
    /// Something that is registered.
    Name(Versioned),
}

impl What {
    /// Tells files from names.
    ///
    /// # Errors
    ///
    /// Of names there may be one.
    pub(super) fn new(words: &[OsString]) -> Result<Self, Failure> {
        let (files, names): (Vec<&OsString>, Vec<&OsString>) = words.iter().partition(|word| is_file(word));
        let names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        if names.len() > 1 {
            let names = names.join("`, `");
            return Err(Failure::new(Exit::Usage, format!("cannot run more than one name: `{names}`"))
                .hint("write a file with its ending or as `./FILE`".to_owned()));
        }
        let parse = |name: &String| {
            let name = name
                .parse()
                .map_err(|reason| Failure::new(Exit::Usage, format!("invalid name `{name}`: {reason}")));
            name as Result<Versioned, Failure>
        };
        let name = names.first().map(parse).transpose()?;
        match name {
            Some(name) if files.is_empty() => Ok(Self::Name(name)),
            name => Ok(Self::Files { files: files.into_iter().map(PathBuf::from).collect(), name }),
        }
    }
}

/// The hint for a name that is taken for a file, because there is one of that name.
pub(super) fn hint_of_file(files: &[PathBuf]) -> Option<String> {
    let [file] = files else { return None };
    let text = file.to_str().filter(|text| !text.contains(['/', MAIN_SEPARATOR]) && *text != "-")?;
    let is_name = !register::has_known_ending(file) && text.parse::<Versioned>().is_ok();
    is_name.then(|| format!("run `flyte-host run {text}:latest` to run what is registered as `{text}`"))
}

/// Whether an argument means a file: it exists, is a way to one, or is called like one.
fn is_file(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    let path = Path::new(word);
    matches!(&*text, "-" | "." | "..")
        || text.contains(['/', MAIN_SEPARATOR])
        || register::has_known_ending(path)
        || path.is_file()
}

/// The one of the offers that is meant. `all` are those that need no name.
///
/// # Errors
///
/// When there is none, or more than one.
pub(super) fn choose(
    offers: &[Offer],
    name: Option<&Versioned>,
    kind: Option<EntityKind>,
) -> Result<Offer, Failure> {
    let of_kind: Vec<&Offer> = offers.iter().filter(|offer| is_of_kind(offer, kind)).collect();
    let candidates = match name {
        Some(name) => best(of_kind.iter().copied().filter(|offer| is_named(offer, name))),
        None => best(of_kind.iter().copied()),
    };
    match candidates.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(unknown(name, kind, &of_kind)),
        many => {
            let names: Vec<String> = many.iter().map(|offer| quoted(offer, name.is_some())).collect();
            let what = if name.is_some() { "versions" } else { "candidates" };
            let example = match name {
                Some(_) => format!("{}:{}", many[0].id.name, many[0].id.version),
                None => many[0].id.name.clone(),
            };
            Err(Failure::new(Exit::Usage, format!("the files hold several {what}: {}", names.join(", ")))
                .hint(format!("add one of these names: `flyte-host run FILES {example}`")))
        }
    }
}

fn is_of_kind(offer: &Offer, kind: Option<EntityKind>) -> bool {
    match kind {
        // A workflow is run by its launch plan.
        Some(EntityKind::Workflow) => offer.word == EntityKind::Workflow,
        Some(kind) => offer.kind == kind,
        None => true,
    }
}

fn is_named(offer: &Offer, name: &Versioned) -> bool {
    offer.id.name == name.name && name.version.as_ref().is_none_or(|version| offer.id.version == *version)
}

/// Launch plans and workflows without one; tasks only if there are none of these.
fn best<'o>(offers: impl Iterator<Item = &'o Offer>) -> Vec<&'o Offer> {
    let offers: Vec<&Offer> = offers.collect();
    let of = |kind: EntityKind| offers.iter().copied().filter(move |offer| offer.kind == kind);
    let mut best: Vec<&Offer> = of(EntityKind::LaunchPlan).collect();
    let is_bare =
        |workflow: &&Offer| !of(EntityKind::LaunchPlan).any(|plan| plan.id.name == workflow.id.name);
    best.extend(of(EntityKind::Workflow).filter(is_bare));
    if best.is_empty() { of(EntityKind::Task).collect() } else { best }
}

fn unknown(name: Option<&Versioned>, kind: Option<EntityKind>, offers: &[&Offer]) -> Failure {
    let what = kind.map_or_else(|| "workflow, launch plan or task".to_owned(), |kind| kind.to_string());
    let Some(name) = name else {
        return Failure::new(Exit::Failed, format!("the files hold no {what}"));
    };
    let failure = Failure::new(Exit::Failed, format!("the files hold no {what} `{name}`"));
    match flyte_text::closest(&name.name, offers.iter().map(|offer| offer.id.name.as_str())) {
        Some(near) if near != name.name => failure.hint(format!("did you mean `{near}`?")),
        _ => {
            // A workflow and the launch plan that it brings along are called the same.
            let known: BTreeSet<String> =
                offers.iter().map(|offer| quoted(offer, name.version.is_some())).collect();
            let known: Vec<String> = known.into_iter().collect();
            failure.hint((!known.is_empty()).then(|| format!("name one of {}", known.join(", "))))
        }
    }
}

fn quoted(offer: &Offer, with_version: bool) -> String {
    let version = if with_version { format!(":{}", offer.id.version) } else { String::new() };
    format!("{} `{}{version}`", offer.word, offer.id.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_files_whether_they_exist_or_not() {
        for word in [".", "..", "-", "./x", "x.yaml", "x.tar.gz", "X.YML"] {
            let what = What::new(&[word.into()]).unwrap();
            assert_eq!(what, What::Files { files: vec![word.into()], name: None }, "{word}");
        }
        for word in ["hello", "a.b.hello", "hello:v1.0"] {
            assert!(matches!(What::new(&[word.into()]), Ok(What::Name(_))), "{word}");
        }
    }
}
