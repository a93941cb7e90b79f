//! `cargo xtask demo`: the six hooks at work, each as the same command without and with the Acme plugin.
//!
//! Everything printed after a `$` line is the real output of that command. A command that ends otherwise than the
//! step says fails the demo.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Result;
use crate::command::{cargo, command, run, shown};
use crate::python::Venv;
use crate::workspace::{Workspace, library_name, program};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Use debug builds, which a machine that just ran the tests has already
    #[arg(long)]
    debug: bool,
}

/// One hook, shown by commands.
struct Step {
    hook: &'static str,
    /// What to look for.
    about: &'static str,
    commands: &'static [Shown],
}

/// A command line, and how it must end.
struct Shown {
    line: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    /// Exit code with the built-in default; `None` where the command makes no sense without a plugin.
    built_in: Option<i32>,
    /// Exit code with the Acme plugin.
    acme: i32,
}

impl Shown {
    /// A command that succeeds either way, and prints something else.
    const fn both(line: &'static [&'static str]) -> Self {
        Self { line, variables: &[], built_in: Some(0), acme: 0 }
    }
}

/// The file that the official `pyflyte package` makes of `workflow.py`.
const PACKAGE: &str = "package.tgz";

const STEPS: [Step; 7] = [
    Step {
        hook: "a plugin is a file in a folder",
        about: "chosen by FLYTE_PLUGIN, by its bare name",
        commands: &[Shown::both(&["plugin", "list"])],
    },
    Step {
        hook: "get_remote",
        about: "where the CLI connects to; Acme sends everyone who names a staging endpoint there",
        commands: &[
            Shown::both(&["config", "show"]),
            Shown {
                variables: &[("MY_STAGING_ENDPOINT", "staging.acme.example")],
                ..Shown::both(&["config", "show"])
            },
        ],
    },
    Step {
        hook: "configure_cli",
        about: "the company's own commands, in help as in use",
        commands: &[
            Shown::both(&["--help"]),
            Shown { built_in: Some(2), ..Shown::both(&["my-custom-command"]) },
            Shown { built_in: Some(2), ..Shown::both(&["my-group", "sub-command"]) },
        ],
    },
    Step {
        hook: "secret_requires_group",
        about: "a secret without a group is refused, unless the company says otherwise",
        commands: &[Shown { built_in: Some(1), ..Shown::both(&["register", "--dry-run", "secret.yaml"]) }],
    },
    Step {
        hook: "get_default_image",
        about: "the image of a task that names none",
        commands: &[Shown {
            built_in: Some(1),
            ..Shown::both(&["register", "--dry-run", "no-image.yaml", "-o", "yaml"])
        }],
    },
    Step {
        hook: "get_default_cache_policies",
        about: "the cache version of a task that brings none; a package of the official client keeps its own",
        commands: &[
            Shown::both(&["register", "--dry-run", "task.yaml", "-o", "yaml"]),
            Shown::both(&["register", "--dry-run", "--version", "v1", PACKAGE, "-o", "yaml"]),
        ],
    },
    Step {
        hook: "get_auth_success_html",
        about: "the page that the browser shows after sign-in",
        commands: &[Shown { built_in: None, ..Shown::both(&["plugin", "show", "acme"]) }],
    },
];

pub(crate) fn run_demo(workspace: &Workspace, args: &Args) -> Result {
    let mut build = cargo("build");
    build.args(["--package", "flyte-host", "--package", "sample-plugin"]);
    build.args((!args.debug).then_some("--release")).current_dir(&workspace.root);
    run(&mut build)?;
    let built = workspace.target(if args.debug { "debug" } else { "release" });
    let stage = Stage::set_up(workspace, &built)?;
    for (number, step) in (1..).zip(&STEPS) {
        println!("\n\n━━ {number}. {} ━━ {}", step.hook, step.about);
        for command in step.commands {
            if let Some(code) = command.built_in {
                stage.play("built-in default", command, None, code)?;
            }
            stage.play("with the Acme plugin", command, Some("acme"), command.acme)?;
        }
    }
    println!("\n\nEvery command ended as expected. Files of this demo: {}", stage.folder.display());
    Ok(())
}

/// A home directory with the plugin in place, and the files to register.
struct Stage {
    host: PathBuf,
    home: PathBuf,
    /// Where the commands run, and the files to register are.
    folder: PathBuf,
}

impl Stage {
    fn set_up(workspace: &Workspace, built: &Path) -> Result<Self> {
        let all = workspace.target("demo");
        if all.exists() {
            fs::remove_dir_all(&all)?;
        }
        let stage =
            Self { host: program(built, "flyte-host"), home: all.join("home"), folder: all.join("files") };
        fs::create_dir_all(&stage.folder)?;
        for entry in fs::read_dir(workspace.path("xtask/demo"))? {
            let entry = entry?;
            fs::copy(entry.path(), stage.folder.join(entry.file_name()))?;
        }
        if let Err(error) = stage.package(workspace) {
            println!("\nleft out, a package of the official client: {error}");
        }
        let plugins = stage.home.join(".flyte/plugins");
        fs::create_dir_all(&plugins)?;
        let plugin = plugins.join(library_name("acme"));
        fs::copy(built.join(library_name("sample-plugin")), &plugin)?;
        println!("\n{} is the sample plugin, dropped into the plugins directory", plugin.display());
        Ok(stage)
    }

    /// `package.tgz`, made by the official client.
    fn package(&self, workspace: &Workspace) -> Result {
        let venv = Venv::install(workspace)?;
        let mut pyflyte = command(venv.program("pyflyte"));
        pyflyte.args(["--pkgs", "workflow", "package", "--source", ".", "--output", PACKAGE, "--force"]);
        pyflyte.args(["--image", "docker.example/acme/report:1"]);
        pyflyte.current_dir(&self.folder).env("HOME", &self.home);
        run(&mut pyflyte)
    }

    /// Prints one command as one would type it, runs it with its output on ours, and compares its exit code.
    fn play(&self, who: &str, step: &Shown, plugin: Option<&str>, expected: i32) -> Result {
        if step.line.contains(&PACKAGE) && !self.folder.join(PACKAGE).exists() {
            return Ok(());
        }
        let typed = |program: &Path| {
            let mut host = Command::new(program);
            host.env_clear().args(step.line).envs(step.variables.iter().copied());
            host.envs(plugin.map(|name| ("FLYTE_PLUGIN", name)));
            host
        };
        println!("\n── {who}\n$ {}", shown(&typed(Path::new("flyte-host"))));
        let mut host = typed(&self.host);
        let terminal = ["PATH", "TERM", "NO_COLOR", "COLUMNS"];
        host.envs(terminal.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        let status = host.env("HOME", &self.home).current_dir(&self.folder).stdin(Stdio::null()).status()?;
        if status.code() == Some(expected) {
            return Ok(());
        }
        Err(format!("the demo expected exit code {expected} here, and the command ended with {status}")
            .into())
    }
}
