//! What signs in for real in the tests: an identity provider from npm, Chromium and a keyring from Debian's
//! packages.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::command::{capture, command, run};
use crate::debian;
use crate::stamp::made_once;
use crate::workspace::Workspace;

/// Where Debian puts it, and most others as well.
const CHROMIUM: &str = "/usr/bin/chromium";

/// The folder whose `node_modules` are those of the tests' lock file, as npm installs it and nothing else.
pub(crate) fn node_modules(workspace: &Workspace) -> Result<PathBuf> {
    let sources = workspace.path("tests/fixtures/sign_in");
    let wanted = |name: &str| fs::read(sources.join(name));
    let version = capture(command("node").arg("--version"))?;
    let inputs = [version.into_bytes(), wanted("package.json")?, wanted("package-lock.json")?].concat();
    made_once(workspace.target("fixtures/sign_in"), &inputs, |folder| {
        fs::create_dir_all(folder)?;
        for name in ["package.json", "package-lock.json"] {
            fs::copy(sources.join(name), folder.join(name))?;
        }
        let mut npm = command("npm");
        // Nothing that a package brings runs before the tests do.
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--cache"]);
        run(npm.arg(workspace.target("npm-cache")).current_dir(folder))
    })
}

/// Chromium: that of the system, else Debian's, unpacked below `target/`.
pub(crate) fn chromium(workspace: &Workspace) -> Result<PathBuf> {
    if Path::new(CHROMIUM).exists() {
        return Ok(CHROMIUM.into());
    }
    let wanted = debian::best(["chromium", "fonts-dejavu-core"])?;
    let version = wanted.first().map_or("", debian::Package::upstream);
    let folder = workspace.target("toolchains").join(format!("chromium-{version}"));
    let tree = debian::unpack(&wanted, folder)?;
    // Letters of the tree, where the system has none.
    let letters = tree.join("fonts.conf");
    let folders = ["/usr/share/fonts".into(), tree.join("usr/share/fonts")];
    let folders = folders.map(|folder| format!("<dir>{}</dir>", folder.display())).concat();
    let cache = tree.join("fonts-cache");
    let cache = format!("<cachedir>{}</cachedir>", cache.display());
    fs::write(&letters, format!("<fontconfig>{folders}{cache}</fontconfig>\n"))?;
    let variables = [("FONTCONFIG_FILE", letters.display().to_string())];
    let script = debian::script(&tree, "usr/lib/chromium/chromium", &variables)?;
    capture(command(&script).args(["--headless", "--no-sandbox", "--version"]))?;
    Ok(script)
}

/// The folder below which `usr/bin/gnome-keyring-daemon` is: that of the system, else one below `target/`.
pub(crate) fn keyring(workspace: &Workspace) -> Result<PathBuf> {
    if Path::new("/usr/bin/gnome-keyring-daemon").exists() {
        return Ok("/".into());
    }
    let wanted = debian::best(["gnome-keyring", "dbus-daemon"])?;
    let version = wanted.first().map_or("", debian::Package::upstream);
    debian::unpack(&wanted, workspace.target("toolchains").join(format!("gnome-keyring-{version}")))
}
