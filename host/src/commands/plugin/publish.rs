//! `plugin publish`: a folder that any web server can serve as a repository.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::SignedDuration;
use plugin_host::{
    LoadError,
    preflight::{self, Findings, HostTarget, System},
};
use plugin_store::{
    index::STABLE,
    publish::{Publication, Published, ReleaseOptions},
    sign::{SigningKey, public_key_path},
};
use semver::Version;
use serde_json::{Value, json};

use super::repositories::store_failure;
use crate::{
    context::Context,
    env,
    ui::{error::CommandError, exit_code::Exit, output::Format, stream::Stream},
};

/// Publish plugins in a folder that a web server serves
#[derive(Args, Debug)]
pub(super) struct PublishArgs {
    /// Folder of the repository
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Plugin files to add, for any platform
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Secret key of minisign to sign with
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Create the secret key, and the public key beside it
    #[arg(long)]
    new_key: bool,
    /// Name of a new repository [default: the name of the folder]
    #[arg(long)]
    name: Option<String>,
    /// Channel of the added releases
    #[arg(long, default_value = STABLE)]
    channel: String,
    /// Oldest version of flyte-host that the added releases work with
    #[arg(long, value_name = "VERSION")]
    minimum_host: Option<Version>,
    /// Withdraw a release; it stays for those who ask for its version
    #[arg(long, value_name = "NAME@VERSION")]
    yank: Vec<String>,
    /// Restore a withdrawn release
    #[arg(long, value_name = "NAME@VERSION")]
    unyank: Vec<String>,
    /// Days after which users refuse this index [default: never]
    #[arg(long, value_name = "DAYS")]
    valid_days: Option<u32>,
}

/// Runs `plugin publish`.
pub(super) fn run(args: &PublishArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let key = signing_key(args, context)?;
    let mut publication =
        Publication::open(&args.folder, args.name.as_deref(), &key).map_err(store_failure)?;
    let options = ReleaseOptions { channel: args.channel.clone(), minimum_host: args.minimum_host.clone() };
    let mut published = Vec::new();
    for file in &args.files {
        let findings = inspect(file)?;
        published.push(publication.add(file, &findings, &options, &key).map_err(store_failure)?);
    }
    let mut withdrawn = Vec::new();
    for (releases, yanked) in [(&args.yank, true), (&args.unyank, false)] {
        for release in releases {
            yank(&mut publication, release, yanked)?;
            withdrawn.push((release, yanked));
        }
    }
    let valid_for = args.valid_days.map(|days| SignedDuration::from_hours(i64::from(days) * 24));
    publication.write(&key, valid_for).map_err(store_failure)?;
    let index = publication.index();
    match context.ui.format() {
        Format::Table => {
            for published in &published {
                let Published { name, version, target, is_unchanged, .. } = published;
                let verb = if *is_unchanged { "unchanged:" } else { "added" };
                context.ui.note(format_args!("{verb} `{name}` {version} for {target}\n"));
            }
            for (release, yanked) in withdrawn {
                let verb = if yanked { "withdrew" } else { "restored" };
                context.ui.note(format_args!("{verb} `{release}`\n"));
            }
            context.ui.note(format_args!(
                "published repository `{}`, serial number {}, in `{}`, signed by key {}\n",
                index.repository,
                index.serial,
                args.folder.display(),
                key.public().number()
            ));
            Ok(())
        }
        Format::Name => {
            context.ui.print(published.iter().map(|it| format!("{}\n", it.name)).collect::<String>())
        }
        Format::Json | Format::Yaml => context.ui.structured(&json!({
            "repository": index.repository,
            "serial": index.serial,
            "key": key.public().text(),
            "files": published.iter().map(object).collect::<Vec<_>>(),
        })),
    }
}

fn object(published: &Published) -> Value {
    json!({
        "name": published.name,
        "version": published.version.to_string(),
        "target": published.target,
        "path": published.path,
        "sha256": published.sha256,
        "unchanged": published.is_unchanged,
    })
}

fn signing_key(args: &PublishArgs, context: &Context<'_>) -> Result<SigningKey, CommandError> {
    if is_inside(&args.key, &args.folder) {
        let message = format!("could not publish `{}`: it contains the secret key", args.folder.display());
        return Err(CommandError::new(Exit::Usage, message)
            .hint(format!("keep `{}` outside of the folder, which users can read", args.key.display())));
    }
    let password = env::text(env::PLUGIN_KEY_PASSWORD);
    if args.new_key {
        let key = SigningKey::create(&args.key, password).map_err(store_failure)?;
        if context.ui.format() == Format::Table {
            context.ui.note(format_args!(
                "created secret key `{}` and public key `{}`\n",
                args.key.display(),
                public_key_path(&args.key).display()
            ));
        }
        return Ok(key);
    }
    let ask = || match password {
        Some(password) => Ok(password),
        None if context.ui.streams().is_terminal(Stream::Err) => {
            context.ui.note(format_args!("password of `{}`: ", args.key.display()));
            plugin_store::sign::ask_password()
        }
        None => Err("it is encrypted, and there is no password".to_owned()),
    };
    SigningKey::read(&args.key, ask).map_err(store_failure)
}

/// Whether a key's file, which need not exist, is in a folder or below it.
fn is_inside(key: &Path, folder: &Path) -> bool {
    let parent = key.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let paths = (parent.canonicalize(), folder.canonicalize());
    matches!(paths, (Ok(parent), Ok(folder)) if parent.starts_with(&folder))
}

fn yank(publication: &mut Publication, release: &str, yanked: bool) -> Result<(), CommandError> {
    let parsed = release.split_once('@').and_then(|(name, version)| Some((name, version.parse().ok()?)));
    let is_known = parsed.is_some_and(|(name, version)| publication.set_yanked(name, &version, yanked));
    if is_known {
        return Ok(());
    }
    let hint = "use a name and a version such as `acme@1.2.0`".to_owned();
    Err(CommandError::new(Exit::Failed, format_args!("release `{release}` not found in the repository"))
        .hint(hint))
}

/// Checks a file for the platform that it was built for.
fn inspect(file: &Path) -> Result<Findings, CommandError> {
    let target = preflight::read_passport(file).map_err(LoadError::from)?.target().to_owned();
    let host = host_target(&target).ok_or_else(|| {
        let message = format!("could not publish `{}`: its target is `{target}`", file.display());
        CommandError::new(Exit::PluginUnusable, message)
            .hint("build the plugin for Linux, macOS or Windows".to_owned())
    })?;
    Ok(preflight::inspect(file, &host).map_err(LoadError::from)?)
}

/// A machine of a plugin's target, with any glibc.
fn host_target(triple: &str) -> Option<HostTarget> {
    let system = [("-linux-", System::Linux), ("-darwin", System::MacOs), ("-windows-", System::Windows)];
    let (_, system) = system.into_iter().find(|(part, _)| triple.contains(part))?;
    let cpu = ["x86_64", "aarch64"].into_iter().find(|cpu| triple.starts_with(&format!("{cpu}-")))?;
    let c_library = match system {
        System::Linux => {
            ["gnu", "musl"].into_iter().find(|name| triple.ends_with(&format!("-linux-{name}")))?
        }
        _ => "",
    };
    Some(HostTarget {
        system,
        cpu,
        is_64: true,
        big_endian: false,
        c_library,
        glibc: None,
        ..HostTarget::current()
    })
}

#[cfg(test)]
mod tests {
    use super::{host_target, is_inside};

    #[test]
    fn targets_of_three_systems_are_published() {
        for target in ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"] {
            assert!(host_target(target).is_some(), "{target}");
        }
        assert!(host_target("riscv64gc-unknown-linux-gnu").is_none());
    }

    #[test]
    fn a_key_is_not_in_the_folder_that_is_published() {
        let folder = tempfile::tempdir().unwrap();
        let site = folder.path().join("site");
        std::fs::create_dir(&site).unwrap();
        assert!(is_inside(&site.join("acme.key"), &site) && is_inside(&site.join("../site/a.key"), &site));
        assert!(!is_inside(&folder.path().join("acme.key"), &site));
        assert!(!is_inside(&folder.path().join("acme.key"), &folder.path().join("new")));
    }
}
