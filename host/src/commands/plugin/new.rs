//! `plugin new`: the crate of a new plugin, from the template in `host/template`.

mod dependency;
mod from_python;
mod name;
mod template;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use clap::{Args, builder::PossibleValuesParser};
use plugin_abi::Hook;
use serde_json::json;

use self::{dependency::PluginAbi, from_python::PythonPlugin, name::PluginName, template::Template};
use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// Create the crate of a new plugin
#[derive(Args, Debug)]
pub(super) struct NewArgs {
    /// Name of the plugin, or a path that ends in it; the crate is written there
    #[arg(value_name = "NAME")]
    path: PathBuf,

    /// Hooks to override, separated by commas [default: all]
    #[arg(long, value_name = "HOOKS", value_delimiter = ',', value_parser = hook_names())]
    hooks: Vec<String>,

    /// Source of the crate `plugin-abi`: a folder, a git URL or a version [default: the checkout that
    /// `flyte-host` is in]
    #[arg(long, value_name = "SOURCE")]
    plugin_abi: Option<String>,

    /// Copy the constant answers of a flytekit plugin; its other hooks are listed
    #[arg(long, value_name = "MODULE:CLASS")]
    from_python: Option<String>,

    /// Python interpreter that has the plugin and flytekit
    #[arg(long, value_name = "PROGRAM", default_value = "python3", requires = "from_python")]
    python: PathBuf,
}

fn hook_names() -> PossibleValuesParser {
    PossibleValuesParser::new(Hook::ALL.iter().map(|hook| hook.name()))
}

pub(super) fn run(args: &NewArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let name = PluginName::from_path(&args.path)?;
    let plugin_abi = match &args.plugin_abi {
        Some(source) => PluginAbi::parse(source)?,
        None => PluginAbi::of_checkout()?,
    };
    let python =
        args.from_python.as_deref().map(|source| PythonPlugin::read(&args.python, source)).transpose()?;
    let is_wanted = |hook: &Hook| match &python {
        None if args.hooks.is_empty() => true,
        Some(python) if python.hooks().any(|read| read == *hook) => true,
        _ => args.hooks.iter().any(|name| name == hook.name()),
    };
    let hooks: Vec<Hook> = Hook::ALL.iter().copied().filter(is_wanted).collect();
    let files =
        Template { name: &name, hooks: &hooks, plugin_abi: &plugin_abi, python: python.as_ref() }.files();
    write_crate(&args.path, &files).map_err(|error| not_created(&name, &args.path, error))?;
    report(&name, &hooks, &args.path, python.as_ref(), context)
}

/// Writes the files below another name and renames the folder, so that the crate is whole or missing.
fn write_crate(folder: &Path, files: &[(&str, String)]) -> io::Result<()> {
    if folder.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(parent)?;
    let partial = tempfile::Builder::new().prefix(".plugin-").tempdir_in(parent)?;
    let root = partial.path().join("crate");
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&root))?;
        fs::write(path, text)?;
    }
    fs::rename(&root, folder)
}

fn not_created(name: &PluginName, folder: &Path, error: io::Error) -> CommandError {
    let failed = CommandError::new(Exit::Failed, format_args!("could not create plugin `{name}`"));
    match error.kind() {
        io::ErrorKind::AlreadyExists => failed
            .caused_by(format!("`{}` already exists", folder.display()))
            .hint("choose another name, or pass a path such as `plugins/NAME`".to_owned()),
        _ => failed.caused_by(format!("could not write `{}`", folder.display())).caused_by(error),
    }
}

fn report(
    name: &PluginName,
    hooks: &[Hook],
    folder: &Path,
    python: Option<&PythonPlugin>,
    context: &Context<'_>,
) -> Result<(), CommandError> {
    let hooks: Vec<&str> = hooks.iter().map(|hook| hook.name()).collect();
    let unread = python.map_or(&[][..], |python| &python.unread);
    match context.ui.format() {
        Format::Name => context.ui.print(format_args!("{}\n", folder.display())),
        Format::Json | Format::Yaml => {
            let mut created = json!({ "name": name.as_str(), "path": folder, "hooks": hooks });
            if python.is_some() {
                let unread =
                    unread.iter().map(|(hook, reason)| json!({ "hook": hook.name(), "reason": reason }));
                created["unread"] = unread.collect();
            }
            context.ui.structured(&created)
        }
        Format::Table => {
            for (hook, reason) in unread {
                let reason = flyte_text::sanitize_line(reason);
                context.ui.note(format_args!("not copied: `{hook}`: {reason}\n"));
            }
            if python.is_some_and(|python| python.has_secret) {
                context.ui.note(format_args!("not copied: the client secret of `get_remote`\n"));
            }
            context.ui.note(format_args!(
                "created plugin `{name}` in `{}`\n\
                 hint: run `cargo test` and `cargo build --release` there, then `flyte-host plugin show \
                 ./target/release/{}`\n",
                folder.display(),
                name.file(),
            ));
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_folder_or_file_is_kept() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("acme");
        fs::write(&path, "mine").unwrap();
        let error = write_crate(&path, &[("a", "b".to_owned())]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_failure_leaves_no_file_behind() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("acme");
        write_crate(&path, &[("a", "b".to_owned()), ("a/c", "d".to_owned())]).unwrap_err();
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn missing_folders_above_are_created() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a/b/acme");
        write_crate(&path, &[("src/lib.rs", "b".to_owned())]).unwrap();
        assert_eq!(fs::read_to_string(path.join("src/lib.rs")).unwrap(), "b");
    }
}
