//! The native half of the bridge under Valgrind: every function of it, called from Python without flytekit.

use std::path::Path;
use std::process::Command;

use super::{VALGRIND_ERROR, build_all};
use crate::Result;
use crate::bridge;
use crate::command::{command, shown};
use crate::python::Venv;
use crate::workspace::{Workspace, library_name};

/// One run of the script.
struct Run {
    /// Plugins, the first in front.
    plugins: &'static [&'static str],
    /// Variables that choose what they do.
    variables: &'static [(&'static str, &'static str)],
}

const RUNS: [Run; 4] = [
    Run { plugins: &["wrapper", "transport", "commands", "sample"], variables: &[] },
    Run {
        plugins: &["faulty"],
        variables: &[("FAULT", "panic:get_default_image,error:get_auth_success_html,panic:configure_cli")],
    },
    Run {
        plugins: &["faulty"],
        variables: &[("FAULT", "invalid:get_remote,answer:get_default_cache_policies,panic:get_version")],
    },
    Run { plugins: &["transport"], variables: &[("TRANSPORT", "panic:GetTask")] },
];

/// What each run prints in the end.
const END: &str = "finished\n";

/// Valgrind's exit code for a memory error.
const FOUND: i32 = 99;

pub(super) fn valgrind(workspace: &Workspace) -> Result {
    build_all(workspace)?;
    let site = bridge::install(workspace)?.site;
    let python = Venv::install(workspace)?.program("python");
    let home = tempfile::tempdir()?;
    let native = || {
        let mut native = watched(workspace, &python, &site, home.path());
        native.arg(workspace.path("tests/fixtures/bridge/native.py"));
        native
    };
    for Run { plugins, variables } in RUNS {
        let library = |name: &&str| workspace.target("debug").join(library_name(&format!("{name}-plugin")));
        let chain = std::env::join_paths(plugins.iter().map(library))?;
        let mut native = native();
        native.env("FLYTE_PLUGIN", chain).envs(variables.iter().copied());
        let (status, printed) = finished(&mut native)?;
        if status != Some(0) || !printed.contains(END) {
            return Err(format!("`{}` ended with {status:?}:\n{printed}", shown(&native)).into());
        }
    }
    // A checker that cannot fail proves nothing.
    match finished(native().arg("control"))? {
        (Some(FOUND), _) => Ok(()),
        (status, printed) => {
            Err(format!("Valgrind does not see a read of freed memory: {status:?}, {printed}").into())
        }
    }
}

/// Python under Valgrind. `python.supp` leaves out what the interpreter itself does with memory that it has
/// not written, which compilers make of its number parser.
fn watched(workspace: &Workspace, python: &Path, site: &Path, home: &Path) -> Command {
    let mut valgrind = command("valgrind");
    valgrind.args(["--quiet", "--leak-check=no", "--num-callers=40", VALGRIND_ERROR]);
    let suppressions = workspace.path("tests/fixtures/bridge/python.supp");
    valgrind.arg(format!("--suppressions={}", suppressions.display())).arg(python);
    // Python's own allocator would hide what is read after it was freed.
    valgrind.env("PYTHONMALLOC", "malloc").env("PYTHONPATH", site).env("HOME", home);
    valgrind.env("PYTHONDONTWRITEBYTECODE", "1").env_remove("FLYTE_PLUGIN").current_dir(home);
    valgrind
}

/// The exit code, and all that was printed.
fn finished(command: &mut Command) -> Result<(Option<i32>, String)> {
    eprintln!("\n$ {}", shown(command));
    let output = command.output()?;
    let printed = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    Ok((output.status.code(), printed.into_owned()))
}
