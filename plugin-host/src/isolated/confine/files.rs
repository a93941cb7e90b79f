//! Files, abstract sockets and signals: Landlock.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus, PathBeneath, PathFd,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetStatus, Scope,
};

use crate::isolated::settings::Isolation;

/// What is asked for; an older kernel restricts less, which is reported.
const WANTED: ABI = ABI::V6;

/// What libraries read: themselves, and what they are configured by.
const SYSTEM: [&str; 15] = [
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/share",
    "/nix/store",
    "/gnu/store",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/etc/nsswitch.conf",
    "/etc/passwd",
    "/proc/self",
];
/// What a connection needs besides.
const NETWORK: [&str; 9] = [
    "/etc/ca-certificates",
    "/etc/gai.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/pki",
    "/etc/resolv.conf",
    "/etc/services",
    "/etc/ssl",
    "/run/systemd/resolve",
];
const DEVICES: [&str; 5] = ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

/// Restricts this thread and those that it starts; returns what the kernel cannot restrict.
pub(super) fn restrict(isolation: &Isolation, library: &Path) -> io::Result<Vec<String>> {
    let rules = ruleset(isolation, library).map_err(io::Error::other)?;
    let status = rules.restrict_self().map_err(io::Error::other)?;
    Ok(match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Vec::new(),
        (RulesetStatus::PartiallyEnforced, LandlockStatus::Available { effective_abi, .. }) => vec![format!(
            "the kernel restricts only some accesses to files: it has Landlock {}, and {} has all",
            effective_abi as i32, WANTED as i32
        )],
        _ => vec!["the kernel cannot restrict access to files: it lacks Landlock".to_owned()],
    })
}

fn ruleset(isolation: &Isolation, library: &Path) -> Result<RulesetCreated, landlock::RulesetError> {
    let mut ruleset = Ruleset::default().set_compatibility(CompatLevel::BestEffort);
    ruleset = ruleset.handle_access(AccessFs::from_all(WANTED))?.scope(Scope::from_all(WANTED))?;
    if !isolation.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(WANTED))?;
    }
    let read = AccessFs::from_read(WANTED);
    let mut rules = ruleset.create()?;
    for path in readable(isolation, library) {
        rules = allow(rules, &path, read)?;
    }
    for path in DEVICES {
        rules = allow(rules, Path::new(path), AccessFs::from_file(WANTED))?;
    }
    for path in &isolation.write {
        rules = allow(rules, path, AccessFs::from_all(WANTED))?;
    }
    Ok(rules)
}

/// Allows an access to a file, or to a folder and what is in it; what does not exist needs no rule.
fn allow(
    rules: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, landlock::RulesetError> {
    let Ok(opened) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
    rules.add_rule(PathBeneath::new(opened, access))
}

fn readable(isolation: &Isolation, library: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = SYSTEM.iter().map(PathBuf::from).collect();
    if isolation.network {
        paths.extend(NETWORK.iter().map(PathBuf::from));
    }
    paths.extend(own_folder(library));
    if let Some(folders) = env::var_os("LD_LIBRARY_PATH") {
        paths.extend(env::split_paths(&folders).filter(|folder| folder.is_absolute()));
    }
    paths.extend(isolation.read.iter().cloned());
    paths
}

/// The plugin's folder. Of one that contains the user's home, only its libraries.
fn own_folder(library: &Path) -> Vec<PathBuf> {
    let library = library.canonicalize().unwrap_or_else(|_| library.to_owned());
    let Some(folder) = library.parent() else { return vec![library] };
    let home = env::home_dir().and_then(|home| home.canonicalize().ok());
    if !home.is_some_and(|home| home.starts_with(folder)) {
        return vec![folder.to_owned()];
    }
    let files = folder.read_dir().into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter(|path| path.is_file() && is_library(path)).collect()
}

fn is_library(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains(env::consts::DLL_SUFFIX))
}
