//! The positional arguments of `run`: a name, or files and optionally a name in them.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    path::{MAIN_SEPARATOR, Path, PathBuf},
};

use flyte_client::register::{self, EntityKind};

use crate::ui::{error::CommandError, exit_code::Exit};
use crate::{commands::register::runnable::Runnable, flyte::entity::VersionedName};

/// The parsed positional arguments.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum RunArguments {
    /// Files to register first, the version of entities without one, and the entity of them to run.
    Files {
        files: Vec<PathBuf>,
        version: Option<String>,
        name: Option<VersionedName>,
        kind: Option<EntityKind>,
    },
    /// A registered entity.
    Name { name: VersionedName, kind: Option<EntityKind> },
}

impl RunArguments {
    /// Separates files from names.
    ///
    /// # Errors
    ///
    /// More than one name, an invalid one, or two versions.
    pub(super) fn new(
        words: &[OsString],
        version: Option<&String>,
        kind: Option<EntityKind>,
    ) -> Result<Self, CommandError> {
        let (files, names): (Vec<&OsString>, Vec<&OsString>) = words.iter().partition(|word| is_file(word));
        let names: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        if names.len() > 1 {
            let names = names.join("`, `");
            return Err(CommandError::new(Exit::Usage, format!("cannot run more than one name: `{names}`"))
                .hint("write a file with its ending or as `./FILE`".to_owned()));
        }
        let parse = |name: &String| {
            let name = name
                .parse()
                .map_err(|reason| CommandError::new(Exit::Usage, format!("invalid name `{name}`: {reason}")));
            name as Result<VersionedName, CommandError>
        };
        let name = names.first().map(parse).transpose()?;
        match name {
            Some(name) if files.is_empty() => Ok(Self::Name { name: name.with_version(version)?, kind }),
            name => {
                let files = files.into_iter().map(PathBuf::from).collect();
                Ok(Self::Files { files, version: version.cloned(), name, kind })
            }
        }
    }
}

/// The hint for a name that is read as a file because a file of that name exists.
pub(super) fn file_hint(files: &[PathBuf]) -> Option<String> {
    let [file] = files else { return None };
    let text = file.to_str().filter(|text| !text.contains(['/', MAIN_SEPARATOR]) && *text != "-")?;
    let is_name = !register::has_known_ending(file) && text.parse::<VersionedName>().is_ok();
    is_name.then(|| format!("run `flyte-host run {text}:latest` to run the registered `{text}`"))
}

/// Whether an argument is a file: it exists, is a path, or has a known file extension.
fn is_file(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    let path = Path::new(word);
    matches!(&*text, "-" | "." | "..")
        || text.contains(['/', MAIN_SEPARATOR])
        || register::has_known_ending(path)
        || path.is_file()
}

/// Selects the entity to run by name and kind.
///
/// # Errors
///
/// No match, or several.
pub(super) fn choose_runnable(
    runnables: &[Runnable],
    name: Option<&VersionedName>,
    kind: Option<EntityKind>,
) -> Result<Runnable, CommandError> {
    let of_kind: Vec<&Runnable> = runnables.iter().filter(|runnable| is_of_kind(runnable, kind)).collect();
    let candidates = match name {
        Some(name) => preferred(of_kind.iter().copied().filter(|runnable| is_named(runnable, name))),
        None => preferred(of_kind.iter().copied()),
    };
    match candidates.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(unknown_name(name, kind, &of_kind)),
        many => {
            let names: Vec<String> = many.iter().map(|runnable| quoted(runnable, name.is_some())).collect();
            let what = if name.is_some() { "versions" } else { "candidates" };
            let example = match name {
                Some(_) => format!("{}:{}", many[0].id.name, many[0].id.version),
                None => many[0].id.name.clone(),
            };
            Err(CommandError::new(
                Exit::Usage,
                format!("the files contain several {what}: {}", names.join(", ")),
            )
            .hint(format!("add one of these names: `flyte-host run FILES {example}`")))
        }
    }
}

fn is_of_kind(runnable: &Runnable, kind: Option<EntityKind>) -> bool {
    match kind {
        // A workflow is run through its launch plan.
        Some(EntityKind::Workflow) => runnable.shown_kind == EntityKind::Workflow,
        Some(kind) => runnable.kind == kind,
        None => true,
    }
}

fn is_named(runnable: &Runnable, name: &VersionedName) -> bool {
    runnable.id.name == name.name
        && name.version.as_ref().is_none_or(|version| runnable.id.version == *version)
}

/// Launch plans and workflows without one; tasks only without these.
fn preferred<'o>(runnables: impl Iterator<Item = &'o Runnable>) -> Vec<&'o Runnable> {
    let runnables: Vec<&Runnable> = runnables.collect();
    let of = |kind: EntityKind| runnables.iter().copied().filter(move |runnable| runnable.kind == kind);
    let mut best: Vec<&Runnable> = of(EntityKind::LaunchPlan).collect();
    let is_bare =
        |workflow: &&Runnable| !of(EntityKind::LaunchPlan).any(|plan| plan.id.name == workflow.id.name);
    best.extend(of(EntityKind::Workflow).filter(is_bare));
    if best.is_empty() { of(EntityKind::Task).collect() } else { best }
}

fn unknown_name(
    name: Option<&VersionedName>,
    kind: Option<EntityKind>,
    runnables: &[&Runnable],
) -> CommandError {
    let what = kind.map_or_else(|| "workflow, launch plan or task".to_owned(), |kind| kind.to_string());
    let Some(name) = name else {
        return CommandError::new(Exit::Failed, format!("the files contain no {what}"));
    };
    let failure = CommandError::new(Exit::Failed, format!("the files contain no {what} `{name}`"));
    match flyte_text::closest(&name.name, runnables.iter().map(|runnable| runnable.id.name.as_str())) {
        Some(near) if near != name.name => failure.hint(format!("did you mean `{near}`?")),
        _ => {
            // A workflow and its launch plan have the same name.
            let known: BTreeSet<String> =
                runnables.iter().map(|runnable| quoted(runnable, name.version.is_some())).collect();
            let known: Vec<String> = known.into_iter().collect();
            failure.hint((!known.is_empty()).then(|| format!("name one of {}", known.join(", "))))
        }
    }
}

fn quoted(runnable: &Runnable, with_version: bool) -> String {
    let version = if with_version { format!(":{}", runnable.id.version) } else { String::new() };
    format!("{} `{}{version}`", runnable.shown_kind, runnable.id.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_files_whether_they_exist_or_not() {
        for word in [".", "..", "-", "./x", "x.yaml", "x.tar.gz", "X.YML"] {
            let what = RunArguments::new(&[word.into()], None, None).unwrap();
            let expected =
                RunArguments::Files { files: vec![word.into()], version: None, name: None, kind: None };
            assert_eq!(what, expected, "{word}");
        }
        for word in ["hello", "a.b.hello", "hello:v1.0"] {
            let what = RunArguments::new(&[word.into()], None, None);
            assert!(matches!(what, Ok(RunArguments::Name { .. })), "{word}");
        }
    }
}
