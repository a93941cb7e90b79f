//! `plugin update`, and the releases that `plugin list --outdated` compares.

use std::collections::BTreeMap;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;
use plugin_store::{LockFile, LockedPlugin, choose::Wanted};
use semver::Version;
use serde_json::{Value, json};

use super::{
    install::{self, FileOptions},
    installer::{self, Installer, host},
    names,
    repositories::{FetchedIndex, Fetcher, repositories},
};
use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// Update installed plugins
#[derive(Args, Debug)]
pub(super) struct UpdateArgs {
    /// Names of installed plugins [default: all from repositories]
    #[arg(add = ArgValueCompleter::new(names::installed))]
    names: Vec<String>,
}

/// Runs `plugin update`.
pub(super) async fn run(args: &UpdateArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut installer = Installer::new(context)?;
    let names = chosen(&args.names, &installer.lock)?;
    if names.is_empty() {
        context.ui.note("no plugins were installed by `flyte-host plugin install`\n");
    }
    let fetcher = Fetcher::new(context)?;
    let indices = indices(&fetcher, context, &installer.lock, &names).await?;
    let mut done = Vec::new();
    for name in &names {
        let current = installer.lock.plugins[name].current.clone();
        let Some(fetched) = indices.get(&current.source) else {
            context.ui.note(format_args!(
                "`{name}` was installed from `{}`; install its next version from there\n",
                current.source
            ));
            continue;
        };
        // Updates do not go back: a release that was withdrawn stays until there is a newer one.
        let newer =
            newest(fetched, name, &installer.lock.plugins[name]).filter(|newest| *newest > current.version);
        if newer.is_none() && !is_listed(fetched, name, &current.version) {
            context.ui.note(format_args!(
                "`{name}` {} is no longer in `{}`, which has no newer version\n",
                current.version, current.source
            ));
            continue;
        }
        let version = newer.unwrap_or(current.version);
        let wanted = Wanted { version: Some(version), channel: current.channel };
        let options = FileOptions::default();
        let installed =
            install::install_release(&mut installer, &fetcher, fetched, name, &wanted, &options).await?;
        done.push(installed);
    }
    install::report(context.ui, &done)
}

fn chosen(names: &[String], lock: &LockFile) -> Result<Vec<String>, CommandError> {
    if let Some(name) = names.iter().find(|name| !lock.plugins.contains_key(*name)) {
        return Err(not_installed(name, lock));
    }
    Ok(if names.is_empty() { lock.plugins.keys().cloned().collect() } else { names.to_vec() })
}

/// The failure for a plugin that is not in the lock file.
pub(super) fn not_installed(name: &str, lock: &LockFile) -> CommandError {
    let similar = flyte_text::closest(name, lock.plugins.keys().map(String::as_str));
    let hint = match similar {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => "run `flyte-host plugin list` to see what is installed".to_owned(),
    };
    CommandError::new(
        Exit::Failed,
        format_args!("plugin `{name}` was not installed by `flyte-host plugin install`"),
    )
    .hint(hint)
}

/// The indices of the repositories from which plugins were installed, by address.
async fn indices(
    fetcher: &Fetcher<'_>,
    context: &Context<'_>,
    lock: &LockFile,
    names: &[String],
) -> Result<BTreeMap<String, FetchedIndex>, CommandError> {
    let mut indices = BTreeMap::new();
    for name in names {
        let source = &lock.plugins[name].current.source;
        if indices.contains_key(source) || lock.repository(source).is_none() {
            continue;
        }
        for repository in repositories(context, Some(source))? {
            indices.insert(source.clone(), fetcher.index(&repository, lock).await?);
        }
    }
    Ok(indices)
}

/// Whether an index has a version of a plugin.
fn is_listed(fetched: &FetchedIndex, name: &str, version: &Version) -> bool {
    let plugin = fetched.index.plugin(name);
    plugin.is_some_and(|plugin| plugin.releases.iter().any(|release| release.version == *version))
}

/// The newest version that fits this machine.
fn newest(fetched: &FetchedIndex, name: &str, plugin: &LockedPlugin) -> Option<Version> {
    let wanted = Wanted { version: None, channel: plugin.current.channel.clone() };
    let chosen = host().choose(fetched.index.plugin(name)?, &wanted);
    chosen.ok().map(|(release, _)| release.version.clone())
}

/// Prints the installed plugins for which there is a newer version. Runs `plugin list --outdated`.
pub(super) async fn list_outdated(context: &Context<'_>) -> Result<(), CommandError> {
    let lock = installer::lock_file()?;
    let names: Vec<String> = lock.plugins.keys().cloned().collect();
    let fetcher = Fetcher::new(context)?;
    let indices = indices(&fetcher, context, &lock, &names).await?;
    let outdated: Vec<(&String, &LockedPlugin, Version)> = lock
        .plugins
        .iter()
        .filter_map(|(name, plugin)| {
            let newest = newest(indices.get(&plugin.current.source)?, name, plugin)?;
            (newest > plugin.current.version).then_some((name, plugin, newest))
        })
        .collect();
    match context.ui.format() {
        Format::Table if outdated.is_empty() => {
            context.ui.note("no newer versions\n");
            Ok(())
        }
        Format::Table => {
            let row = |(name, plugin, newest): &(&String, &LockedPlugin, Version)| {
                let current = &plugin.current;
                vec![(*name).clone(), current.version.to_string(), newest.to_string(), current.source.clone()]
            };
            context.ui.table(&["NAME", "INSTALLED", "NEWEST", "SOURCE"], outdated.iter().map(row))
        }
        Format::Name => {
            context.ui.print(outdated.iter().map(|(name, ..)| format!("{name}\n")).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            let object = |(name, plugin, newest): &(&String, &LockedPlugin, Version)| {
                json!({
                    "name": name,
                    "version": plugin.current.version.to_string(),
                    "newestVersion": newest.to_string(),
                    "source": plugin.current.source,
                })
            };
            context.ui.structured(&Value::Array(outdated.iter().map(object).collect()))
        }
    }
}
