//! `plugin search`.

use clap::Args;
use plugin_store::{IndexedPlugin, LockFile, choose::Wanted};
use serde_json::{Value, json};

use super::{
    installer::{self, host},
    repositories::{FetchedIndex, Fetcher, repositories},
};
use crate::{
    context::Context,
    ui::{error::CommandError, exit_code::Exit, output::Format},
};

/// Search the repositories for plugins
#[derive(Args, Debug)]
pub(super) struct SearchArgs {
    /// Part of a name or description [default: list all plugins]
    text: Option<String>,
    /// Name, URL or folder of the repository [default: all repositories of the settings]
    #[arg(long, value_name = "REPOSITORY")]
    repository: Option<String>,
}

/// Runs `plugin search`.
pub(super) async fn run(args: &SearchArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let lock = installer::lock_file()?;
    let chosen = repositories(context, args.repository.as_deref())?;
    if chosen.is_empty() {
        return Err(CommandError::new(Exit::Failed, "no repositories are configured").hint(
            "add a table `[[repositories]]` to `~/.flyte/host.toml`, or pass `--repository URL`".to_owned(),
        ));
    }
    let fetched = Fetcher::new(context)?.indices(&chosen, &lock).await?;
    let text = args.text.as_deref().unwrap_or_default().to_lowercase();
    let matches = |plugin: &&IndexedPlugin| {
        let description = plugin.description.as_deref().unwrap_or_default();
        plugin.name.contains(&text) || description.to_lowercase().contains(&text)
    };
    let found: Vec<(&FetchedIndex, &IndexedPlugin)> = fetched
        .iter()
        .flat_map(|fetched| fetched.index.plugins.iter().filter(matches).map(move |plugin| (fetched, plugin)))
        .collect();
    match context.ui.format() {
        Format::Table if found.is_empty() => {
            context.ui.note("no plugins found\n");
            Ok(())
        }
        Format::Table => {
            let row = |(fetched, plugin): &(&FetchedIndex, &IndexedPlugin)| row(fetched, plugin, &lock);
            context
                .ui
                .table(&["NAME", "VERSION", "INSTALLED", "REPOSITORY", "DESCRIPTION"], found.iter().map(row))
        }
        Format::Name => {
            context.ui.print(found.iter().map(|(_, plugin)| format!("{}\n", plugin.name)).collect::<String>())
        }
        Format::Json | Format::Yaml => {
            let object = |(fetched, plugin): &(&FetchedIndex, &IndexedPlugin)| object(fetched, plugin, &lock);
            context.ui.structured(&Value::Array(found.iter().map(object).collect()))
        }
    }
}

/// The newest version that fits this machine.
fn version(plugin: &IndexedPlugin) -> Option<String> {
    let chosen = host().choose(plugin, &Wanted::default());
    chosen.ok().map(|(release, _)| release.version.to_string())
}

fn installed_version(plugin: &IndexedPlugin, lock: &LockFile) -> Option<String> {
    lock.plugins.get(&plugin.name).map(|locked| locked.current.version.to_string())
}

fn row(fetched: &FetchedIndex, plugin: &IndexedPlugin, lock: &LockFile) -> Vec<String> {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    vec![
        plugin.name.clone(),
        or_dash(version(plugin)),
        or_dash(installed_version(plugin, lock)),
        fetched.index.repository.clone(),
        plugin.description.as_deref().map(flyte_text::sanitize_line).unwrap_or_default().into_owned(),
    ]
}

fn object(fetched: &FetchedIndex, plugin: &IndexedPlugin, lock: &LockFile) -> Value {
    let release = |release: &plugin_store::Release| {
        json!({
            "version": release.version.to_string(),
            "channel": release.channel,
            "yanked": release.yanked,
            "protocol": release.protocol,
            "targets": release.files.iter().map(|file| &file.target).collect::<Vec<_>>(),
        })
    };
    json!({
        "name": plugin.name,
        "version": version(plugin),
        "installedVersion": installed_version(plugin, lock),
        "description": plugin.description,
        "homepage": plugin.homepage,
        "license": plugin.license,
        "repository": fetched.index.repository,
        "url": fetched.locked.url,
        "key": fetched.key.text(),
        "releases": plugin.releases.iter().map(release).collect::<Vec<_>>(),
    })
}
