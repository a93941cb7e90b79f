//! Plugins in pyflyte: what the bridge and a plugin add to the official client, side by side on one machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::client::Bench;
use super::timing::{clean, ratio, shortest, time};
use crate::Result;
use crate::bridge::{Bridge, install, install_release};
use crate::command::{capture, cargo, command, run};
use crate::python::Venv;
use crate::workspace::{Workspace, library_name, program};

/// What `import flytekit` may cost more with the bridge, in milliseconds.
const IMPORT_BUDGET: f64 = 5.0;

/// How many tasks are registered.
const TASKS: usize = 200;

/// Prints the milliseconds of what flytekit imports when the bridge is installed, after all else.
const IMPORT: &str = "\
import sys, time
import flytekit
sys.path.insert(0, sys.argv[1])
start = time.perf_counter()
import flyte_host._register
print((time.perf_counter() - start) * 1e3)
";

/// Prints seconds of one call, for plugins that `FLYTE_PLUGIN` selects or for flytekit's own.
const HOOKS: &str = "\
import sys, timeit
from flytekit.configuration.plugin import get_plugin
from flytekit.core.cache import VersionParameters
plugin = get_plugin()
parameters = VersionParameters(func=lambda: None, container_image='image:v1')
calls = {'secret_requires_group': plugin.secret_requires_group, 'get_default_image': plugin.get_default_image}
policies = plugin.get_default_cache_policies()
if policies:
    calls['version of a policy'] = lambda: policies[0].get_version('salt', parameters)
for name, call in calls.items():
    call()
    print(min(timeit.repeat(call, number=2000, repeat=5)) / 2000, name)
";

/// The official client alone, with the bridge, and with plugins.
struct Official<'a> {
    venv: &'a Venv,
    bridge: &'a Bridge,
    home: &'a Path,
}

/// What an interpreter has besides flytekit.
#[derive(Clone, Copy)]
enum With<'a> {
    Nothing,
    Bridge,
    Plugin(&'a Path),
}

impl Official<'_> {
    fn program(&self, name: &str, with: With<'_>) -> Command {
        let mut official = clean(&self.venv.program(name), self.home);
        self.set(&mut official, with);
        official.env("FLYTE_SDK_LOGGING_LEVEL", "50");
        official
    }

    fn set(&self, official: &mut Command, with: With<'_>) {
        if !matches!(with, With::Nothing) {
            official.env("PYTHONPATH", &self.bridge.site);
        }
        if let With::Plugin(plugin) = with {
            official.env("FLYTE_PLUGIN", plugin);
        }
    }
}

/// Runs the measurements. Debug builds only show that they run.
pub(super) fn measure(workspace: &Workspace, is_debug: bool) -> Result {
    let bridge = wheel(workspace, is_debug)?;
    let mut build = cargo("build");
    build.args(["--package", "sample-plugin", "--package", "transport-plugin"]);
    build.args((!is_debug).then_some("--release"));
    run(build.current_dir(&workspace.root))?;
    let built = workspace.target(if is_debug { "debug" } else { "release" });
    let plugin = |name: &str| built.join(library_name(name));
    let venv = Venv::install(workspace)?;
    let home = tempfile::tempdir_in(workspace.target(""))?;
    let official = Official { venv: &venv, bridge: &bridge, home: home.path() };
    println!("\n━━ plugins in pyflyte ━━");
    help(&official, &plugin("sample-plugin"))?;
    let import = import(&official)?;
    hooks(&official, &plugin("sample-plugin"))?;
    register(workspace, &official, &built, &plugin("transport-plugin"))?;
    match import > IMPORT_BUDGET {
        true => {
            Err(format!("`import flytekit` costs {import:.1} ms more, over {IMPORT_BUDGET:.0} ms").into())
        }
        false => Ok(()),
    }
}

fn wheel(workspace: &Workspace, is_debug: bool) -> Result<Bridge> {
    if is_debug { install(workspace) } else { install_release(workspace) }
}

/// `pyflyte --help`.
fn help(official: &Official<'_>, sample: &Path) -> Result {
    let help =
        |with: With<'_>| shortest([(); 7].map(|()| time(official.program("pyflyte", with).arg("--help"))));
    // Once before, so that Python has compiled every module.
    help(With::Plugin(sample))?;
    let alone = help(With::Nothing)?;
    row("pyflyte --help", alone, None);
    row("  with the bridge", help(With::Bridge)?, Some(alone));
    row("  with the sample plugin", help(With::Plugin(sample))?, Some(alone));
    Ok(())
}

/// What the bridge adds to `import flytekit`, in milliseconds.
fn import(official: &Official<'_>) -> Result<f64> {
    let mut fewest = f64::INFINITY;
    for _ in 0..7 {
        let mut python = official.program("python", With::Nothing);
        let printed = capture(python.args(["-c", IMPORT]).arg(&official.bridge.site))?;
        fewest = fewest.min(printed.trim().parse()?);
    }
    println!("{:<34}{fewest:>9.2} ms (budget {IMPORT_BUDGET:.0} ms)", "import flytekit: the bridge's part");
    Ok(fewest)
}

/// One call of a hook from Python.
fn hooks(official: &Official<'_>, sample: &Path) -> Result {
    for (title, with) in [("flytekit's own", With::Nothing), ("sample plugin", With::Plugin(sample))] {
        let printed = capture(official.program("python", with).args(["-c", HOOKS]))?;
        for line in printed.lines() {
            let (seconds, name) = line.split_once(' ').ok_or("the script prints a number and a name")?;
            let microseconds = seconds.parse::<f64>()? * 1e6;
            println!("{:<34}{microseconds:>9.2} µs   {title}", name);
        }
    }
    Ok(())
}

/// The same tasks, registered with and without a transport of a plugin.
fn register(workspace: &Workspace, official: &Official<'_>, built: &Path, transport: &Path) -> Result {
    let bench = Bench::start(workspace, built)?;
    let mut module = "from flytekit import ContainerTask\n".to_owned();
    for number in 0..TASKS {
        module.push_str(&format!(
            "t{number} = ContainerTask(name='many.{number}', image='example.org/i:1', command=['true'])\n"
        ));
    }
    bench.write("many.py", &module)?;
    let register = |with: With<'_>, version: &str| {
        let times = [1, 2, 3].map(|number| {
            let mut register = bench.official(official.venv, "pyflyte");
            official.set(&mut register, with);
            register.args(["register", "--non-fast", "--image", "example.org/i:1"]);
            register.args(["--version", &format!("{version}-{number}")]);
            time(register.args(["--project", "flytesnacks", "--domain", "development", "many.py"]))
        });
        shortest(times)
    };
    let alone = register(With::Nothing, "alone")?;
    row(&format!("pyflyte register, {TASKS} tasks"), alone, None);
    row("  with the bridge", register(With::Bridge, "bridge")?, Some(alone));
    row("  with a transport plugin", register(With::Plugin(transport), "transport")?, Some(alone));
    Ok(())
}

fn row(name: &str, took: Duration, alone: Option<Duration>) {
    let milliseconds = took.as_secs_f64() * 1e3;
    match alone.map(|alone| alone.as_secs_f64() * 1e3) {
        Some(alone) => println!(
            "{name:<34}{milliseconds:>9.1} ms   {:+.1} ms, {:.3} times",
            milliseconds - alone,
            milliseconds / alone
        ),
        None => println!("{name:<34}{milliseconds:>9.1} ms"),
    }
}

/// From nothing to the result of a first run: a virtual environment and the wheel, beside the compilation.
/// Neither includes downloads.
pub(super) fn measure_install(workspace: &Workspace, is_debug: bool) -> Result {
    let bridge = wheel(workspace, is_debug)?;
    let home = tempfile::tempdir_in(workspace.target(""))?;
    let started = Instant::now();
    let venv = home.path().join("venv");
    capture(command("python3").args(["-m", "venv"]).arg(&venv))?;
    let bin = venv.join("bin");
    let mut pip = command(program(&bin, "python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check"]);
    capture(pip.arg(&bridge.wheel))?;
    first_run(workspace, &program(&bin, "flyte-host"), &home.path().join("wheel"))?;
    let wheel = started.elapsed();
    let started = Instant::now();
    let mut build = cargo("install");
    build.args(["--quiet", "--path", "host", "--root"]).arg(home.path().join("cargo"));
    build.args(is_debug.then_some("--debug"));
    build.env("CARGO_TARGET_DIR", home.path().join("target")).current_dir(&workspace.root);
    run(&mut build)?;
    let built: PathBuf = home.path().join("cargo/bin");
    first_run(workspace, &program(&built, "flyte-host"), &home.path().join("source"))?;
    println!("\n━━ from nothing to a first run ━━");
    ratio("wheel", wheel, "from source", started.elapsed(), 0.0);
    Ok(())
}

/// The demo's workflow in a sandbox of a new home.
fn first_run(workspace: &Workspace, host: &Path, home: &Path) -> Result {
    std::fs::create_dir_all(home)?;
    let mut run = clean(host, home);
    run.env("FLYTE_SANDBOX", "1").arg("run").arg(workspace.path("xtask/demo/hello.yaml"));
    capture(run.args(["--workflow", "acme.demo.hello", "--input", "name=World", "--wait"]))?;
    Ok(())
}
